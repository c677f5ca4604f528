//! The dashboard against the metrics: every query names what is exported, and everything in the table
//! is shown.
//!
//! [`assert_all_exported`] is for the test that has a running server; the tests here need none.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use frameloom::telemetry::metrics::{self, Kind, Metric};
use serde_json::Value;

const DASHBOARD: &str = include_str!("../../grafana/dashboards/frameloom.json");

/// What the metrics-process crate exports.
const PROCESS: [&str; 8] = [
    "process_cpu_seconds_total",
    "process_max_fds",
    "process_open_fds",
    "process_resident_memory_bytes",
    "process_start_time_seconds",
    "process_threads",
    "process_virtual_memory_bytes",
    "process_virtual_memory_max_bytes",
];

/// Labels that Prometheus itself adds or that histograms have.
const COMMON_LABELS: [&str; 3] = ["instance", "job", "le"];

/// What only a machine with a GPU exports.
const OF_GPUS: &str = "frameloom_gpu_";

/// Fails unless each series that the dashboard asks for is in `exposition`, the text of `/metrics` of a machine with a GPU.
///
/// # Panics
/// Naming the series that are missing.
pub fn assert_gpus_exported(exposition: &str) {
    assert_exported(exposition, |name| name.starts_with(OF_GPUS));
}

/// Fails unless each series that the dashboard asks for is in `exposition`, the text of `/metrics` of a machine without a
/// GPU.
///
/// # Panics
/// Naming the series that are missing.
pub fn assert_all_exported(exposition: &str) {
    assert_exported(exposition, |name| !name.starts_with(OF_GPUS));
}

fn assert_exported(exposition: &str, is_looked_for: impl Fn(&str) -> bool) {
    let exported = exported_names(exposition);
    let wanted: BTreeSet<String> = queries()
        .iter()
        .flat_map(|query| selectors(query))
        .map(|s| s.name)
        .filter(|name| is_looked_for(name))
        .collect();
    let missing: Vec<_> = wanted.difference(&exported).collect();
    assert!(
        missing.is_empty(),
        "the dashboard asks for series that are not exported: {missing:?}"
    );
}

/// The names of the series in a text of Prometheus's format.
fn exported_names(exposition: &str) -> BTreeSet<String> {
    let series = exposition
        .lines()
        .filter(|line| !line.starts_with('#') && !line.is_empty());
    series
        .filter_map(|line| line.split(['{', ' ']).next())
        .map(str::to_owned)
        .collect()
}

/// Every query of the dashboard: panels, annotations, and the variables' `label_values`.
fn queries() -> Vec<String> {
    let dashboard: Value = serde_json::from_str(DASHBOARD).unwrap();
    let mut found = Vec::new();
    collect(&dashboard, &mut found);
    found
}

fn collect(value: &Value, into: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            for (name, inner) in fields {
                match (name.as_str(), inner.as_str()) {
                    ("expr" | "definition", Some(query)) => into.push(query.to_owned()),
                    _ => collect(inner, into),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, into)),
        _ => {}
    }
}

/// A series that a query asks for, and the labels that the query expects it to have.
#[derive(Debug, PartialEq, Eq)]
struct Selector {
    name: String,
    labels: BTreeSet<String>,
}

/// One token of PromQL.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    /// A metric, label, function or keyword.
    Word(String),
    /// A quoted string, a number, a duration or a variable: nothing that names anything.
    Literal,
    /// Any other character.
    Sign(char),
}

fn tokens(query: &str) -> Vec<Token> {
    let mut chars = query.chars().peekable();
    let mut found = Vec::new();
    let word = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '_' | ':');
    while let Some(c) = chars.next() {
        match c {
            c if c.is_whitespace() => {}
            '"' | '\'' | '`' => {
                let mut escaped = false;
                for inner in chars.by_ref() {
                    match inner {
                        _ if escaped => escaped = false,
                        '\\' if c != '`' => escaped = true,
                        inner if inner == c => break,
                        _ => {}
                    }
                }
                found.push(Token::Literal);
            }
            c if c.is_ascii_digit() || c == '$' => {
                let rest =
                    |c: &char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '{' | '}');
                let variable = |c: &char| c.is_ascii_alphanumeric() || *c == '_';
                let number = |c: &char| c.is_ascii_alphanumeric() || *c == '.';
                let braced = c == '$' && chars.peek() == Some(&'{');
                let part = |next: &char| {
                    if braced {
                        rest(next)
                    } else if c == '$' {
                        variable(next)
                    } else {
                        number(next)
                    }
                };
                while chars.next_if(part).is_some() {}
                found.push(Token::Literal);
            }
            c if word(&c) => {
                let mut text = String::from(c);
                while let Some(c) = chars.next_if(word) {
                    text.push(c);
                }
                found.push(Token::Word(text));
            }
            c => found.push(Token::Sign(c)),
        }
    }
    found
}

/// Words that stand between operands, and those that are numbers.
const KEYWORDS: [&str; 9] = [
    "and", "or", "unless", "bool", "offset", "atan2", "inf", "nan", "start",
];
/// Words before a list of labels in brackets.
const GROUPINGS: [&str; 6] = [
    "by",
    "without",
    "on",
    "ignoring",
    "group_left",
    "group_right",
];

/// The series of a query. A grouping's labels are expected of every series in the query.
fn selectors(query: &str) -> Vec<Selector> {
    let tokens = tokens(query);
    let mut found: Vec<Selector> = Vec::new();
    let mut grouped = BTreeSet::new();
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        at += 1;
        let Token::Word(word) = token else { continue };
        let next = tokens.get(at);
        let is_grouping = GROUPINGS.contains(&word.as_str());
        if is_grouping && next == Some(&Token::Sign('(')) {
            let (labels, end) = words_until(&tokens, at, ')');
            grouped.extend(labels);
            at = end;
        } else if word == "label_values" {
            let (words, end) = words_until(&tokens, at, ')');
            let [name, labels @ ..] = words.as_slice() else {
                panic!("{query}")
            };
            found.push(Selector {
                name: name.clone(),
                labels: labels.iter().cloned().collect(),
            });
            at = end;
        } else if is_operator(word, next) || is_grouping {
            // Names nothing.
        } else if next == Some(&Token::Sign('{')) {
            let (labels, end) = words_until(&tokens, at, '}');
            found.push(Selector {
                name: word.clone(),
                labels: labels.into_iter().collect(),
            });
            at = end;
        } else {
            found.push(Selector {
                name: word.clone(),
                labels: BTreeSet::new(),
            });
        }
    }
    found
        .iter_mut()
        .for_each(|selector| selector.labels.extend(grouped.iter().cloned()));
    found
}

/// Whether a word is a function, an operator, or an aggregation such as `sum by (…)`.
fn is_operator(word: &str, next: Option<&Token>) -> bool {
    let calls = next == Some(&Token::Sign('('));
    let aggregates =
        matches!(next, Some(Token::Word(next)) if matches!(next.as_str(), "by" | "without"));
    calls || aggregates || KEYWORDS.contains(&word)
}

/// The words up to `close`, and where the token after it is.
fn words_until(tokens: &[Token], at: usize, close: char) -> (Vec<String>, usize) {
    let length = tokens[at..]
        .iter()
        .take_while(|token| **token != Token::Sign(close))
        .count();
    let word = |token: &Token| match token {
        Token::Word(word) => Some(word.clone()),
        _ => None,
    };
    (
        tokens[at..at + length].iter().filter_map(word).collect(),
        at + length + 1,
    )
}

/// Every series that the table exports, with the metric that it belongs to.
fn series() -> BTreeMap<String, &'static Metric> {
    let of = |metric: &'static Metric| {
        let suffixes: &[&str] = match metric.kind {
            Kind::Histogram(_) => &["_bucket", "_sum", "_count"],
            Kind::Counter | Kind::Gauge => &[""],
        };
        suffixes
            .iter()
            .map(move |suffix| (format!("{}{suffix}", metric.name), metric))
    };
    metrics::ALL.iter().flat_map(of).collect()
}

fn faults(query: &str) -> Vec<String> {
    let series = series();
    let judge = |selector: Selector| match series.get(&selector.name) {
        Some(metric) => {
            let known = |label: &&String| {
                !metric.labels.contains(&label.as_str()) && !COMMON_LABELS.contains(&label.as_str())
            };
            let wrong: Vec<_> = selector.labels.iter().filter(known).collect();
            (!wrong.is_empty())
                .then(|| format!("{} has no label {wrong:?}: {query}", selector.name))
        }
        None if PROCESS.contains(&selector.name.as_str()) => None,
        None => Some(format!("{} is not in the table: {query}", selector.name)),
    };
    selectors(query).into_iter().filter_map(judge).collect()
}

#[test]
fn every_query_names_series_and_labels_of_the_table() {
    let faults: Vec<String> = queries().iter().flat_map(|query| faults(query)).collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn every_metric_of_the_table_is_shown() {
    let shown: BTreeSet<String> = queries()
        .iter()
        .flat_map(|query| selectors(query))
        .map(|s| s.name)
        .collect();
    let series = series();
    let is_shown = |metric: &&Metric| shown.iter().any(|name| series.get(name) == Some(metric));
    let hidden: Vec<_> = metrics::ALL
        .iter()
        .filter(|metric| !is_shown(metric))
        .map(|m| m.name)
        .collect();
    assert!(hidden.is_empty(), "{hidden:?}");
}

#[test]
fn every_panel_says_what_it_shows_and_has_its_own_id() {
    let dashboard: Value = serde_json::from_str(DASHBOARD).unwrap();
    let panels = dashboard["panels"].as_array().unwrap();
    let charts = panels.iter().filter(|panel| panel["type"] != "row");
    let silent: Vec<_> = charts
        .filter(|panel| panel["description"].as_str().is_none_or(str::is_empty))
        .collect();
    assert!(silent.is_empty(), "{silent:?}");
    let ids: BTreeSet<_> = panels
        .iter()
        .map(|panel| panel["id"].as_u64().unwrap())
        .collect();
    assert_eq!(ids.len(), panels.len());
}

#[test]
fn selectors_are_found_wherever_a_query_has_them() {
    let query = r#"histogram_quantile(0.95, sum by (stage, le) (rate(a_seconds_bucket{p=~"$p", q!="by (x) y"}[5m] offset 1h))) / on (z) group_left b_total or vector(0) > bool 2"#;
    let names: Vec<String> = selectors(query)
        .into_iter()
        .map(|selector| selector.name)
        .collect();
    assert_eq!(names, ["a_seconds_bucket", "b_total"]);
    let labels: Vec<String> = selectors(query).remove(0).labels.into_iter().collect();
    assert_eq!(labels, ["le", "p", "q", "stage", "z"]);
}

#[test]
fn durations_and_variables_are_not_taken_for_series() {
    let query = "rate(a_total[$__rate_interval]) * 1e3 + increase(b_total[${window}]) - 2.5";
    let names: Vec<String> = selectors(query)
        .into_iter()
        .map(|selector| selector.name)
        .collect();
    assert_eq!(names, ["a_total", "b_total"]);
}

#[test]
fn a_query_for_what_does_not_exist_is_caught() {
    for query in [
        "frameloom_nonsense_total",
        // A histogram has no series of its bare name.
        "frameloom_frame_latency_seconds",
        // A counter has no buckets.
        "rate(frameloom_frames_total_bucket[1m])",
        "sum by (client) (frameloom_viewers)",
        r#"frameloom_viewers{session="1"}"#,
    ] {
        assert_eq!(faults(query).len(), 1, "{query}");
    }
}

#[test]
#[should_panic(expected = "frameloom_viewers")]
fn a_series_that_is_not_exported_is_caught() {
    assert_all_exported(
        "# TYPE frameloom_viewers gauge\nframeloom_frames_total{pipeline=\"world\"} 1\n",
    );
}

/// The query with the dashboard's variables filled in, as Grafana sends it.
fn filled(query: &str) -> String {
    let variables = [
        ("$__rate_interval", "1m"),
        ("$__interval", "1m"),
        ("$pipeline", ".*"),
    ];
    variables
        .iter()
        .fold(query.to_owned(), |query, (name, value)| {
            query.replace(name, value)
        })
}

#[test]
fn prometheus_understands_every_query() {
    let panels = queries()
        .into_iter()
        .filter(|query| !query.starts_with("label_values("));
    let rule = |(index, query): (usize, String)| serde_json::json!({"record": format!("q{index}"), "expr": filled(&query)});
    let rules: Vec<Value> = panels.enumerate().map(rule).collect();
    // JSON is YAML.
    let text = serde_json::json!({"groups": [{"name": "dashboard", "rules": rules}]}).to_string();
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), text).unwrap();
    promtool(&["check", "rules", file.path().to_str().unwrap()]);
}

#[test]
fn the_sample_of_prometheus_is_valid() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/grafana/prometheus.yml");
    promtool(&["check", "config", path]);
}

/// Fails if `promtool` finds fault; says so if it cannot be run.
fn promtool(arguments: &[&str]) {
    match Command::new("promtool").args(arguments).output() {
        Ok(output) => {
            let told = [output.stdout, output.stderr].concat();
            assert!(
                output.status.success(),
                "{}",
                String::from_utf8_lossy(&told)
            );
        }
        Err(why) => {
            eprintln!("skipped: promtool cannot be run ({why}); install the prometheus package");
        }
    }
}

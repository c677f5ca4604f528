//! Habits that a reader relies on, held by reading the sources: how files open, how long they are,
//! how logs are worded and what they never carry, and that each dependency has its reason.

use std::collections::BTreeSet;

use crate::sources::{self, Source, Token};

/// Files may not be longer, tests and comments aside; a reader should hold one in mind.
const MOST_LINES: usize = 500;

/// Levels that are on in production.
const LOUD: [&str; 3] = ["info", "warn", "error"];
const QUIET: [&str; 2] = ["debug", "trace"];

/// What belongs to the user: never a field at a loud level. `image.len()` is a number, and fine.
const PRIVATE: [&str; 9] = [
    "prompt",
    "negative_prompt",
    "image",
    "image_base64",
    "picture",
    "jpeg",
    "body",
    "payload",
    "token",
];

/// One call of a logging macro.
struct LogCall {
    level: String,
    /// The tokens between the parentheses.
    arguments: Vec<Token>,
    /// The message as written, without quotes; empty when there is none.
    message: String,
    line: usize,
}

fn log_calls(source: &Source) -> Vec<LogCall> {
    let tokens = source.tokens();
    let is_level = |text: &str| LOUD.contains(&text) || QUIET.contains(&text);
    let text = |at: usize| tokens.get(at).map_or("", |token| token.text.as_str());
    let opens = |at: &usize| is_level(text(*at)) && text(at + 1) == "!" && text(at + 2) == "(";
    (0..tokens.len())
        .filter(opens)
        .map(|at| log_call(source, &tokens, at))
        .collect()
}

fn log_call(source: &Source, tokens: &[Token], at: usize) -> LogCall {
    let mut depth = 0_i32;
    let inside = |token: &&Token| {
        depth += i32::from(token.text == "(") - i32::from(token.text == ")");
        depth >= 0
    };
    let arguments: Vec<Token> = tokens[at + 3..]
        .iter()
        .take_while(inside)
        .cloned()
        .collect();
    let message = last_string(source, &arguments).unwrap_or_default();
    LogCall {
        level: tokens[at].text.clone(),
        arguments,
        message,
        line: tokens[at].line,
    }
}

/// The last argument, if it is a string.
fn last_string(source: &Source, arguments: &[Token]) -> Option<String> {
    let quotes: Vec<&Token> = arguments
        .iter()
        .filter(|token| token.text == "\"")
        .collect();
    let [.., open, close] = quotes.as_slice() else {
        return None;
    };
    let after = arguments.iter().filter(|token| token.at > close.at);
    let is_last = after.clone().all(|token| token.text == ",");
    is_last.then(|| source.text[open.at + 1..close.at].to_owned())
}

fn wording_faults(call: &LogCall) -> Option<&'static str> {
    let message = call.message.as_str();
    let first = message.split_whitespace().next()?;
    // A name in capitals, such as SIGTERM or JPEG, may come first.
    let sentence = first.starts_with(char::is_uppercase) && first.chars().any(char::is_lowercase);
    match message {
        _ if sentence => Some("begins with a capital letter"),
        _ if message.ends_with(['.', '!']) => Some("ends with a full stop"),
        _ if message.contains('{') => Some("interpolates: use a field"),
        _ => None,
    }
}

fn private_field(call: &LogCall) -> Option<&str> {
    let loud = LOUD.contains(&call.level.as_str());
    let pairs = call
        .arguments
        .iter()
        .zip(call.arguments.iter().skip(1).map(Some).chain([None]));
    let mut given = pairs.filter(|(token, next)| {
        let is_number_of = next.is_some_and(|next| next.text == ".");
        PRIVATE.contains(&token.text.as_str()) && !is_number_of
    });
    given
        .next()
        .filter(|_| loud)
        .map(|(token, _)| token.text.as_str())
}

fn log_faults(source: &Source) -> Vec<String> {
    let judge = |call: LogCall| {
        let wording = wording_faults(&call).map(|why| format!("{:?} {why}", call.message));
        let private = private_field(&call).map(|field| format!("`{field}` at {}", call.level));
        let why = wording.or(private)?;
        Some(format!("{}:{}: {why}", source.path, call.line))
    };
    log_calls(source).into_iter().filter_map(judge).collect()
}

#[test]
fn log_messages_are_lower_case_facts_with_fields_and_carry_nothing_private() {
    let faults: Vec<String> = sources::all().iter().flat_map(log_faults).collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn a_log_call_against_the_habits_is_caught() {
    for call in [
        r#"info!("Listening");"#,
        r#"debug!(session, "frame dropped.");"#,
        r#"warn!(%why, "cannot read {path}");"#,
        r#"info!(prompt, "session started");"#,
        r#"tracing::error!(text = %request.prompt, "refused");"#,
        r#"warn!(image = ?request.image_base64, "refused")"#,
    ] {
        let source = Source::parse("src/session/x.rs", call);
        assert_eq!(log_faults(&source).len(), 1, "{call}");
    }
}

#[test]
fn a_log_call_by_the_habits_is_not_caught() {
    for call in [
        r#"info!(session = %id, bytes = image.len(), "session started");"#,
        r#"debug!(prompt, "session started");"#,
        r#"warn!("SIGTERM received, draining");"#,
        r#"info!(image_bytes, "image refused", );"#,
    ] {
        let source = Source::parse("src/session/x.rs", call);
        assert_eq!(log_faults(&source), Vec::<String>::new(), "{call}");
    }
}

#[test]
fn every_file_says_first_what_it_is_responsible_for() {
    let all = sources::all();
    let silent: Vec<_> = all
        .iter()
        .filter(|source| !source.raw.starts_with("//! "))
        .collect();
    let paths: Vec<_> = silent.iter().map(|source| &source.path).collect();
    assert!(paths.is_empty(), "{paths:?}");
}

#[test]
fn no_file_is_too_long_to_hold_in_mind() {
    let lines = |source: &Source| {
        source
            .code
            .lines()
            .filter(|line| !line.trim().is_empty())
            .count()
    };
    let all = sources::all();
    let long: Vec<_> = all
        .iter()
        .filter(|source| lines(source) > MOST_LINES)
        .collect();
    let paths: Vec<_> = long
        .iter()
        .map(|source| (&source.path, lines(source)))
        .collect();
    assert!(paths.is_empty(), "{paths:?}");
}

#[test]
fn every_dependency_has_its_reason_and_no_reason_is_left_over() {
    let read =
        |name| std::fs::read_to_string(format!("{}/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap();
    let manifest: toml::Table = read("Cargo.toml").parse().unwrap();
    let tables = ["dependencies", "dev-dependencies", "build-dependencies"];
    let names = |table: &str| {
        manifest
            .get(table)
            .and_then(|table| table.as_table())
            .cloned()
    };
    let used: BTreeSet<String> = tables
        .into_iter()
        .filter_map(names)
        .flatten()
        .map(|(name, _)| name)
        .collect();
    let page = read("docs/dependencies.md");
    let row = |line: &str| Some(line.strip_prefix("| `")?.split_once('`')?.0.to_owned());
    let explained: BTreeSet<String> = page.lines().filter_map(row).collect();
    assert_eq!(used, explained);
}

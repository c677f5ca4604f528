//! Golden transcripts: requests, and the exact answers that they get.
//!
//! A file of `tests/golden` is a list of exchanges. `>>> METHOD path` begins a request, `<<< status reason` its answer; both
//! go on with headers, an empty line and a body. An answer may have more headers than it names; `!name` says that one is not
//! there. `{{name}}` in an answer takes whatever stands there the first time and must be the same later; in a request it is
//! filled in. `{{*}}` stands for anything each time. Lines that begin with `#` before a request are comments.

use std::{collections::HashMap, fmt::Write as _};

use super::http::{Answer, Request};

/// Values of the placeholders.
pub type Values = HashMap<String, String>;

#[derive(Debug, Default)]
struct Exchange {
    request: Part,
    answer: Part,
}

/// Either half of an exchange.
#[derive(Debug, Default)]
struct Part {
    first: String,
    headers: Vec<String>,
    body: String,
}

/// Plays a transcript against a listener.
///
/// # Panics
/// At the first answer that differs, showing both.
pub fn play(addr: &str, transcript: &str, mut values: Values) {
    for Exchange { request, answer } in parse(transcript) {
        let got = send(addr, &request, &values);
        if let Err(why) = compare(&answer, &got, &mut values) {
            let what = &request.first;
            panic!(
                "{what}: {why}\n\nexpected\n{answer:#?}\n\ngot\n{}",
                show(&got)
            );
        }
    }
}

fn parse(transcript: &str) -> Vec<Exchange> {
    let mut exchanges: Vec<Exchange> = Vec::new();
    for block in transcript.split("\n>>> ").skip(1) {
        let (request, answer) = block.split_once("\n<<< ").expect("an answer a request");
        let answer = without_comments(answer);
        let (request, answer) = (Part::parse(request), Part::parse(&answer));
        exchanges.push(Exchange { request, answer });
    }
    assert!(!exchanges.is_empty(), "a transcript holds exchanges");
    exchanges
}

/// Comments stand before the next request, thus at the end of this answer.
fn without_comments(answer: &str) -> String {
    let lines: Vec<_> = answer.lines().collect();
    let end = lines
        .iter()
        .rposition(|line| !line.starts_with('#') && !line.is_empty());
    lines[..end.map_or(0, |end| end + 1)].join("\n")
}

impl Part {
    fn parse(text: &str) -> Self {
        let (head, body) = text.split_once("\n\n").unwrap_or((text, ""));
        let mut head = head.lines().map(str::to_owned);
        Self {
            first: head.next().unwrap_or_default(),
            headers: head.collect(),
            body: body.trim_end_matches('\n').to_owned(),
        }
    }
}

fn send(addr: &str, request: &Part, values: &Values) -> Answer {
    let fill = |text: &str| {
        values.iter().fold(text.to_owned(), |text, (name, value)| {
            text.replace(&format!("{{{{{name}}}}}"), value)
        })
    };
    let (first, body) = (fill(&request.first), fill(&request.body));
    let (method, path) = first.split_once(' ').expect("a method and a path");
    let mut built = Request::new(method, path);
    for line in &request.headers {
        let (name, value) = line.split_once(": ").expect("a header");
        built = built.header(name, value);
    }
    // A POST says how long its body is, also when there is none.
    if method == "POST" || !body.is_empty() {
        built = built.body("", body);
    }
    built.send(addr)
}

fn compare(expected: &Part, got: &Answer, values: &mut Values) -> Result<(), String> {
    let first = format!("{} {}", got.head.status, got.head.reason);
    if first != expected.first {
        return Err(format!("the status is {first}"));
    }
    for line in &expected.headers {
        if let Some(name) = line.strip_prefix('!') {
            match got.head.get(name) {
                Some(value) => return Err(format!("there is a header {name}: {value}")),
                None => continue,
            }
        }
        let (name, value) = line.split_once(": ").expect("a header");
        let is = got.head.get(name);
        if !is.is_some_and(|is| matches(value, is, values)) {
            return Err(format!("the header {name} is {is:?}"));
        }
    }
    if matches(&expected.body, &got.text(), values) {
        Ok(())
    } else {
        Err("the body differs".into())
    }
}

/// Whether a text is as the pattern says; takes the values of placeholders that are met for the first time.
fn matches(pattern: &str, text: &str, values: &mut Values) -> bool {
    let Some((before, rest)) = pattern.split_once("{{") else {
        return pattern == text;
    };
    let (name, after) = rest.split_once("}}").expect("a closed placeholder");
    let Some(text) = text.strip_prefix(before) else {
        return false;
    };
    if let Some(known) = values.get(name) {
        let known = known.clone();
        return text
            .strip_prefix(&known)
            .is_some_and(|text| matches(after, text, values));
    }
    // Up to what follows in the pattern.
    let stop = after.split("{{").next().unwrap_or_default();
    let end = if stop.is_empty() {
        text.len()
    } else {
        match text.find(stop) {
            Some(end) => end,
            None => return false,
        }
    };
    let (value, text) = text.split_at(end);
    if name != "*" {
        values.insert(name.to_owned(), value.to_owned());
    }
    matches(after, text, values)
}

fn show(answer: &Answer) -> String {
    let mut text = format!("{} {}\n", answer.head.status, answer.head.reason);
    for (name, value) in &answer.head.headers {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{name}: {value}");
    }
    text + "\n" + &answer.text()
}

#[test]
fn a_placeholder_is_taken_once_and_then_holds() {
    let mut values = Values::new();
    assert!(matches(r#"{"id":"{{a}}"}"#, r#"{"id":"x1"}"#, &mut values));
    assert_eq!(values["a"], "x1");
    assert!(matches(
        "Stream {{a}} not found",
        "Stream x1 not found",
        &mut values
    ));
    assert!(!matches(
        "Stream {{a}} not found",
        "Stream x2 not found",
        &mut values
    ));
}

//! Findings as text and as JSON. Pure.

use super::findings::{Finding, Mark};
use serde::Serialize;
use std::fmt::Write as _;

/// Letters of a line; a word that is longer stands alone.
const WIDTH: usize = 100;
/// The columns before the text: the mark's, and the least of the subject's.
const MARK: usize = 10;
const SUBJECT: usize = 13;

/// What all of it comes to.
pub fn verdict(findings: &[Finding]) -> String {
    let troubles = findings.iter().filter(|f| f.mark == Mark::Trouble).count();
    match troubles {
        0 => "The server can run here.".to_owned(),
        1 => "The server cannot run here as its settings ask: 1 trouble.".to_owned(),
        n => format!("The server cannot run here as its settings ask: {n} troubles."),
    }
}

/// Aligned lines, each finding's fix below it, and the verdict last.
pub fn text(findings: &[Finding], verdict: impl AsRef<str>) -> String {
    let longest = findings.iter().map(|f| f.subject.chars().count()).max();
    let subject = longest.unwrap_or(0).max(SUBJECT) + 2;
    let mut text = String::new();
    for finding in findings {
        let head = format!("{:MARK$}{:subject$}", word(finding.mark), finding.subject);
        wrapped(&mut text, &head, &finding.text);
        if let Some(fix) = &finding.fix {
            let head = format!("{:MARK$}{:>subject$}", "", "fix:  ");
            wrapped(&mut text, &head, fix);
        }
    }
    if !verdict.as_ref().is_empty() {
        text.push('\n');
        text.push_str(verdict.as_ref());
        text.push('\n');
    }
    text
}

fn word(mark: Mark) -> &'static str {
    match mark {
        Mark::Ok => "ok",
        Mark::NotUsed => "not used",
        Mark::Trouble => "TROUBLE",
    }
}

/// The words of `text` behind `head`, on as many lines as they need, all beginning in the same column.
fn wrapped(to: &mut String, head: &str, text: &str) {
    let indent = head.chars().count();
    to.push_str(head);
    let mut column = indent;
    for word in text.split_whitespace() {
        let length = word.chars().count();
        if column > indent && column + 1 + length > WIDTH {
            write!(to, "\n{:indent$}", "").expect("a String takes any text");
            column = indent;
        } else if column > indent {
            to.push(' ');
            column += 1;
        }
        to.push_str(word);
        column += length;
    }
    to.push('\n');
}

#[derive(Serialize)]
struct Report<'a> {
    can_run: bool,
    findings: &'a [Finding],
}

/// One object: `can_run`, and the findings in order.
///
/// # Errors
/// Never, for findings are texts.
pub fn json(findings: &[Finding]) -> serde_json::Result<String> {
    let can_run = findings.iter().all(|f| f.mark != Mark::Trouble);
    serde_json::to_string(&Report { can_run, findings })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings() -> Vec<Finding> {
        let long = "word ".repeat(40);
        vec![
            Finding::ok("rten", "built in"),
            Finding::unused("nvml", long.clone(), "do this"),
            Finding::trouble("a subject that is long", long, "do that"),
        ]
    }

    #[test]
    fn texts_begin_in_one_column_and_no_line_is_too_long() {
        let text = text(&findings(), "Well.");
        let column = text.lines().next().unwrap().find("built").unwrap();
        for line in text
            .lines()
            .filter(|line| !line.is_empty() && *line != "Well.")
        {
            assert!(line.len() <= WIDTH, "{line}");
            let (before, after) = line.split_at(column);
            assert!(before.ends_with(' ') && !after.starts_with(' '), "{line}");
        }
        assert!(text.ends_with("\n\nWell.\n"), "{text}");
    }

    #[test]
    fn a_fix_stands_below_what_it_mends() {
        let text = text(&findings(), "");
        let lines: Vec<_> = text.lines().collect();
        let fix = lines.iter().position(|line| line.ends_with("do this"));
        assert!(lines[fix.unwrap()].contains("fix: "), "{text}");
        assert!(lines[fix.unwrap() - 1].trim().starts_with("word"), "{text}");
    }

    #[test]
    fn programs_get_the_same_as_people() {
        let json: serde_json::Value = serde_json::from_str(&json(&findings()).unwrap()).unwrap();
        assert_eq!(json["can_run"], false);
        assert_eq!(json["findings"][1]["mark"], "not-used");
        assert_eq!(json["findings"][1]["fix"], "do this");
        assert_eq!(json["findings"][0]["fix"], serde_json::Value::Null);
    }
}

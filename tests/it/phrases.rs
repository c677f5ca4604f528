//! `frameloom bench referee` from outside: what it prints of a file of bouts, and how it ends.

use flate2::{Compression, write::GzEncoder};
use serde_json::{Value, json};
use std::{
    fs,
    io::Write as _,
    process::{Command, Output},
};

const SIGNAL: &str = " 0.001s | Phrase recording started\n 1.800s | HIT: Left scores on Right!\n \
    1.900s | HIT: Simultaneous valid hits!\n 1.950s | Phrase recording ended\n\
    Scores -> Fencer 1: HIT, Fencer 2: HIT\n";

/// Two seconds in which the left fencer goes forward by `left` a frame, and the right one by `right`.
fn bout(id: &str, human: Value, left: f64, right: f64) -> Value {
    let rows = |start: f64, step: f64| {
        let row = |frame| vec![start + step * f64::from(frame); 17];
        (0..30).map(row).collect::<Vec<_>>()
    };
    json!({
        "id": id, "fps": 15.0, "signal": SIGNAL, "human_winner": human,
        "keypoints": {
            "left_x": rows(2.0, left), "left_y": rows(1.0, 0.0),
            "right_x": rows(6.0, -right), "right_y": rows(1.0, 0.0),
        },
    })
}

fn judge(lines: &[String], flags: &[&str]) -> Output {
    judge_file(lines.join("\n").as_bytes(), flags)
}

fn judge_file(bytes: &[u8], flags: &[&str]) -> Output {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("phrases.jsonl");
    fs::write(&file, bytes).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_frameloom"));
    command.args(["bench", "referee", "--phrases"]).arg(&file);
    command.args(flags).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// Two that agree with the human, one that does not, and two without a human winner.
fn lines() -> Vec<String> {
    [
        bout("a", json!("left"), 0.1, -0.1),
        bout("b", json!("right"), -0.1, 0.1),
        bout("c", json!("right"), 0.1, -0.1),
        bout("d", json!("abstain"), 0.1, -0.1),
        bout("e", json!(null), 0.1, -0.1),
    ]
    .map(|bout| bout.to_string())
    .to_vec()
}

#[test]
fn every_bout_has_a_line_and_the_agreement_is_the_last_one() {
    let output = judge(&lines(), &[]);
    assert!(output.status.success());
    let printed = text(&output.stdout);
    let lines: Vec<&str> = printed.lines().collect();
    assert_eq!(lines.len(), 6, "{printed}");
    for (line, start) in lines.iter().zip([
        "a left left left 0.",
        "b right right right 0.",
        "c right left left 0.",
        "d abstain left left 0.",
        "e none left left 0.",
    ]) {
        assert!(line.starts_with(start), "{line}");
    }
    assert_eq!(lines[5], "agreement rules-v1 2/3 rules-v2 2/3 abstained 0");
}

#[test]
fn a_line_that_cannot_be_read_is_told_and_the_others_are_judged() {
    let mut lines = lines();
    lines[1] = "{ no".to_owned();
    lines[2] =
        r#"{"id": "c", "human_winner": "right", "keypoints": null, "signal": ""}"#.to_owned();
    let output = judge(&lines, &[]);
    assert_eq!(output.status.code(), Some(1));
    let faults = text(&output.stderr);
    assert!(faults.contains("line 2: not a JSON object"), "{faults}");
    assert!(
        faults.contains("line 3: keypoints: missing or null"),
        "{faults}"
    );
    let printed = text(&output.stdout);
    assert!(
        printed.contains("c right abstain abstain 0.000\n"),
        "{printed}"
    );
    let last = "agreement rules-v1 1/2 rules-v2 1/2 abstained 1\n";
    assert!(printed.ends_with(last), "{printed}");
}

#[test]
fn a_human_s_word_that_is_none_of_the_known_ones_does_not_count() {
    let odd = [json!("Left"), json!("draw"), json!(1), json!(null)];
    let odd = odd.map(|human| bout("odd", human, 0.1, -0.1).to_string());
    let output = judge(&[lines(), odd.to_vec()].concat(), &[]);
    let printed = text(&output.stdout);
    assert!(output.status.success(), "{printed}");
    assert_eq!(
        printed.matches("odd none left left 0.").count(),
        4,
        "{printed}"
    );
    let last = "agreement rules-v1 2/3 rules-v2 2/3 abstained 0\n";
    assert!(printed.ends_with(last), "{printed}");
    let told = text(&output.stderr);
    assert_eq!(told.matches("human_winner: neither").count(), 3, "{told}");
}

#[test]
fn a_file_that_is_cut_off_is_judged_as_far_as_it_goes() {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::none());
    gzip.write_all(lines().join("\n").as_bytes()).unwrap();
    let mut bytes = gzip.finish().unwrap();
    // In the middle of the fourth bout.
    bytes.truncate(bytes.len() * 7 / 10);
    let output = judge_file(&bytes, &[]);
    assert_eq!(output.status.code(), Some(1));
    let told = text(&output.stderr);
    assert!(told.contains("any further"), "{told}");
    let printed = text(&output.stdout);
    assert!(printed.starts_with("a left left left 0."), "{printed}");
    let last = "agreement rules-v1 2/3 rules-v2 2/3 abstained 0\n";
    assert!(printed.ends_with(last), "{printed}");
    assert_eq!(printed.lines().count(), 4, "{printed}");
}

#[test]
fn a_reader_that_has_seen_enough_ends_it_quietly() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("phrases.jsonl");
    fs::write(&file, lines().join("\n")).unwrap();
    let (reader, writer) = std::io::pipe().unwrap();
    // Nobody reads: the first line already finds the pipe broken.
    drop(reader);
    let mut command = Command::new(env!("CARGO_BIN_EXE_frameloom"));
    command.args(["bench", "referee", "--phrases"]).arg(&file);
    let output = command.stdout(writer).output().unwrap();
    assert_eq!(text(&output.stderr), "");
    assert!(output.status.success(), "{}", output.status);
}

#[test]
fn a_cross_validation_ends_with_the_same_line() {
    let bouts = (0..12).map(|at| {
        let lead = 0.02 + 0.005 * f64::from(at);
        let id = format!("bout-{at}");
        match at % 2 {
            0 => bout(&id, json!("left"), 0.1 + lead, 0.1),
            _ => bout(&id, json!("right"), 0.1, 0.1 + lead),
        }
    });
    let lines: Vec<String> = bouts.map(|bout| bout.to_string()).collect();
    let output = judge(
        &lines,
        &["--cross-validate", "--folds", "3", "--rounds", "2"],
    );
    let printed = text(&output.stdout);
    assert!(output.status.success(), "{printed}");
    assert!(
        printed.contains("2 rounds of 3 parts: 12.0 ± 0.0 of 12 (100.0 %)"),
        "{printed}"
    );
    assert!(
        printed
            .lines()
            .last()
            .unwrap()
            .starts_with("agreement rules-v1 "),
        "{printed}"
    );
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let output = Command::new(env!("CARGO_BIN_EXE_frameloom"))
        .args(["bench", "referee", "--phrases", "/nowhere/phrases.jsonl"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    let expected = "frameloom: cannot open /nowhere/phrases.jsonl: ";
    assert!(text(&output.stderr).starts_with(expected));
}

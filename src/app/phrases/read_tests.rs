//! What the reader of bouts makes of good and bad files.

use super::*;
use flate2::{Compression, write::GzEncoder};
use serde_json::{Value, json};
use std::io::{Cursor, Write as _};

const SIGNAL: &str = "Recording started at 2025-10-17 20:52:43\n 0.001s | Phrase recording started\n 1.0s | HIT: Simultaneous valid hits!\n";

/// A bout of two frames, in which the first keypoint of the left fencer is not seen.
fn line() -> Value {
    let row = vec![Some(1.5); KEYPOINTS];
    let mut holed = row.clone();
    holed[0] = None;
    json!({
        "id": "a", "fps": 15.0, "signal": SIGNAL, "human_winner": "left",
        "keypoints": { "left_x": [holed, row], "left_y": [row, row], "right_x": [row, row], "right_y": [row, row] },
    })
}

fn read(bytes: Vec<u8>) -> Vec<Entry> {
    let phrases = Phrases::open(Cursor::new(bytes)).unwrap();
    phrases.map(|entry| entry.unwrap()).collect()
}

fn one(line: &Value) -> Entry {
    read(line.to_string().into_bytes()).remove(0)
}

fn without(field: &str) -> Value {
    let mut line = line();
    line[field] = Value::Null;
    line
}

fn fault_of(line: &Value) -> String {
    one(line).bout.unwrap_err().to_string()
}

#[test]
fn a_bout_is_read_with_its_day() {
    let entry = one(&line());
    let bout = entry.bout.unwrap();
    assert_eq!(entry.name.unwrap().human, Human::Winner(Side::Left));
    assert_eq!(bout.day, "2025-10-17");
    assert_eq!(bout.tracks.frames(), 2);
    assert_eq!(bout.tracks.left[0][0], None);
    assert_eq!(bout.tracks.left[1][0], Some(Point { x: 1.5, y: 1.5 }));
}

#[test]
fn a_gzip_file_reads_as_a_plain_one() {
    let plain = format!("{}\n\n{}\n", line(), line()).into_bytes();
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(&plain).unwrap();
    let (plain, gzip) = (read(plain), read(gzip.finish().unwrap()));
    assert_eq!(gzip.len(), 2);
    assert_eq!(gzip[1].line, 3);
    assert_eq!(
        gzip[1].bout.as_ref().unwrap(),
        plain[1].bout.as_ref().unwrap()
    );
}

#[test]
fn a_broken_line_is_told_and_the_next_one_read() {
    let entries = read(format!("{{ no\n{}\n", line()).into_bytes());
    assert!(entries[0].name.is_none());
    let fault = entries[0].bout.as_ref().unwrap_err().to_string();
    assert!(fault.starts_with("not a JSON object: "), "{fault}");
    assert!(entries[1].bout.is_ok());
}

#[test]
fn a_gzip_file_that_ends_early_is_an_error() {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(line().to_string().as_bytes()).unwrap();
    let mut bytes = gzip.finish().unwrap();
    bytes.truncate(40);
    let mut phrases = Phrases::open(Cursor::new(bytes)).unwrap();
    assert!(phrases.next().unwrap().is_err());
}

#[test]
fn a_nan_of_python_s_is_a_point_that_is_not_seen() {
    let text = line().to_string().replace("null", "NaN");
    let entry = read(text.into_bytes()).remove(0);
    let bout = entry.bout.unwrap();
    assert_eq!(bout.tracks.left[0][0], None);
    assert_eq!(bout.tracks.left[1][0], Some(Point { x: 1.5, y: 1.5 }));
}

#[test]
fn what_is_missing_is_named_and_the_bout_keeps_its_name() {
    for (field, fault) in [
        ("keypoints", "keypoints: missing or null"),
        ("signal", "signal: missing or null"),
    ] {
        assert_eq!(fault_of(&without(field)), fault);
        assert!(one(&without(field)).name.is_some());
    }
    assert_eq!(
        fault_of(&without("id")),
        "id: missing, or neither a text nor a number"
    );
}

#[test]
fn without_a_rate_the_rate_is_that_of_the_rules() {
    assert!(one(&without("fps")).bout.is_ok());
}

#[test]
fn rows_of_another_shape_are_told_with_their_place() {
    let mut short = line();
    short["keypoints"]["right_y"][1] = json!([1.0, 2.0]);
    assert_eq!(
        fault_of(&short),
        "keypoints.right: row 1 has not 17 keypoints"
    );
    let mut uneven = line();
    uneven["keypoints"]["left_x"] = json!([]);
    assert_eq!(fault_of(&uneven), "keypoints.left: 0 rows of x, 2 of y");
    let mut words = line();
    words["keypoints"]["left_x"] = json!("far left");
    assert!(fault_of(&words).starts_with("keypoints: invalid type"));
}

#[test]
fn a_rate_of_nothing_is_told() {
    let mut line = line();
    line["fps"] = json!(0.0);
    assert_eq!(fault_of(&line), "fps: not above 0");
}

#[test]
fn a_signal_that_is_none_is_told() {
    let mut line = line();
    line["signal"] = json!("nothing");
    assert_eq!(fault_of(&line), "signal: Could not find start time in a");
}

#[test]
fn humans_may_abstain_or_say_nothing_and_nothing_else() {
    for (winner, human) in [
        (json!("right"), Human::Winner(Side::Right)),
        (json!("abstain"), Human::Abstain),
        (json!(null), Human::None),
    ] {
        let mut line = line();
        line["human_winner"] = winner;
        assert_eq!(one(&line).name.unwrap().human, human);
    }
    for winner in [json!("Left"), json!("draw"), json!(1)] {
        let mut line = line();
        line["human_winner"] = winner;
        let entry = one(&line);
        assert_eq!(entry.name.unwrap().human, Human::None);
        assert!(entry.bout.is_ok(), "the bout is there all the same");
        let expected =
            "human_winner: neither \"left\", \"right\", \"abstain\" nor null; not counted";
        assert_eq!(entry.remark.unwrap().to_string(), expected);
    }
}

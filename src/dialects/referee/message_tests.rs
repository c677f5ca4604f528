use super::*;
use proptest::prelude::*;
use serde_json::{Value, json};

fn start() -> Value {
    json!({"type": "session_start", "session_id": "my_session", "fps": 30.0, "width": 1920, "height": 1080})
}

fn frame() -> Value {
    json!({"type": "frame", "session_id": "my_session", "frame_number": 7, "timestamp": 1699276800.123})
}

/// `message` with one field set, or taken away.
fn with(mut message: Value, field: &str, value: Option<Value>) -> String {
    let fields = message.as_object_mut().unwrap();
    match value {
        Some(value) => drop(fields.insert(field.into(), value)),
        None => drop(fields.remove(field)),
    }
    message.to_string()
}

#[test]
fn every_type_of_the_original_is_known() {
    for name in [
        "session_start",
        "session_end",
        "session_abort",
        "frame",
        "frame_ack",
        "signal",
        "signal_ack",
        "process_start",
        "process_progress",
        "process_complete",
        "error",
        "ping",
        "pong",
    ] {
        assert!(kind(&format!(r#"{{"type":"{name}"}}"#)).is_ok(), "{name}");
    }
}

#[test]
fn what_has_no_known_type_cannot_be_read() {
    for text in [
        "",
        "{",
        "[]",
        "5",
        "null",
        "{}",
        r#"{"type":5}"#,
        r#"{"type":"dance"}"#,
        r#"{"type":"Ping"}"#,
        "{} {}",
    ] {
        assert!(kind(text).is_err(), "{text}");
    }
    let long = format!(r#"{{"type":"{}"}}"#, "x".repeat(10_000));
    assert!(kind(&long).unwrap_err().len() < 400);
}

#[test]
fn a_start_needs_no_more_than_the_guides_example_sends() {
    let start = Start::parse(&start().to_string()).unwrap();
    let bout = start.bout;
    assert_eq!(
        (bout.id.as_str(), bout.fps, bout.width, bout.height),
        ("my_session", 30.0, 1920, 1080)
    );
    assert_eq!((bout.expected_frames, start.resume), (None, false));
    assert_eq!((bout.include_keypoints, bout.save_overlay), (false, true));
}

#[test]
fn a_start_tells_which_field_is_missing() {
    for field in ["session_id", "fps", "width", "height"] {
        let why = Start::parse(&with(start(), field, None)).unwrap_err();
        assert!(why.contains(field), "{why}");
    }
}

#[test]
fn a_start_takes_no_other_types() {
    for (field, value) in [
        ("session_id", json!(5)),
        ("fps", json!("30")),
        ("fps", json!(0)),
        ("width", json!(-1920)),
        ("width", json!(1920.5)),
        ("height", json!("1080")),
        ("height", json!(0)),
        ("expected_frames", json!(-1)),
        ("expected_frames", json!("many")),
        ("video_format", json!(24)),
        ("resume", json!("yes")),
    ] {
        assert!(
            Start::parse(&with(start(), field, Some(value.clone()))).is_err(),
            "{field}: {value}"
        );
    }
}

#[test]
fn what_is_null_is_as_if_it_were_not_there() {
    for field in ["expected_frames", "video_format", "resume"] {
        assert!(
            Start::parse(&with(start(), field, Some(Value::Null))).is_ok(),
            "{field}"
        );
    }
}

#[test]
fn a_session_id_is_a_name_and_never_a_path() {
    let long = "x".repeat(129);
    for id in [
        "",
        ".",
        "..",
        "../x",
        "a/b",
        "a\\b",
        "/etc/passwd",
        "a\u{0}",
        "a\n",
        &long,
    ] {
        let why = Start::parse(&with(start(), "session_id", Some(json!(id)))).unwrap_err();
        assert!(why.contains("session_id"), "{why}");
    }
}

#[test]
fn a_frame_has_the_originals_defaults() {
    let head = FrameHead::parse(&frame().to_string()).unwrap();
    assert_eq!(
        head,
        FrameHead {
            number: 7,
            encoding: Ok(Encoding::Jpeg),
            size: 0
        }
    );
}

#[test]
fn a_frame_is_jpeg_png_or_raw() {
    for (name, encoding) in [
        ("jpeg", Encoding::Jpeg),
        ("jpg", Encoding::Jpeg),
        ("png", Encoding::Png),
        ("raw", Encoding::Raw),
    ] {
        let head = FrameHead::parse(&with(frame(), "encoding", Some(json!(name)))).unwrap();
        assert_eq!(head.encoding, Ok(encoding));
    }
    let head = FrameHead::parse(&with(frame(), "encoding", Some(json!("webp")))).unwrap();
    assert_eq!(head.encoding, Err("unknown encoding 'webp'".into()));
}

#[test]
fn a_frame_tells_which_field_is_missing_or_wrong() {
    for field in ["session_id", "frame_number", "timestamp"] {
        let why = FrameHead::parse(&with(frame(), field, None)).unwrap_err();
        assert!(why.contains(field), "{why}");
    }
    for (field, value) in [
        ("frame_number", json!(-1)),
        ("frame_number", json!("0")),
        ("timestamp", json!("now")),
        ("size", json!(-5)),
        ("encoding", json!(1)),
    ] {
        assert!(
            FrameHead::parse(&with(frame(), field, Some(value))).is_err(),
            "{field}"
        );
    }
}

#[test]
fn an_end_needs_the_number_of_frames() {
    assert_eq!(
        end(r#"{"type":"session_end","session_id":"a","total_frames":1800}"#),
        Ok(1800)
    );
    assert!(
        end(r#"{"type":"session_end","session_id":"a"}"#)
            .unwrap_err()
            .contains("total_frames")
    );
    assert!(
        end(r#"{"type":"session_end","total_frames":3}"#)
            .unwrap_err()
            .contains("session_id")
    );
}

#[test]
fn a_signals_filename_is_a_name_and_never_a_path() {
    let signal = |name: &str| {
        json!({"type": "signal", "session_id": "a", "filename": name, "size": 5}).to_string()
    };
    assert_eq!(
        SignalHead::parse(&signal("phrase.txt")).unwrap().filename,
        "phrase.txt"
    );
    for name in ["", "..", "../phrase.txt", "a/b.txt", "a\\b.txt", "a\r"] {
        assert!(
            SignalHead::parse(&signal(name))
                .unwrap_err()
                .contains("filename"),
            "{name:?}"
        );
    }
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in "\\PC{0,200}") {
        drop((kind(&text), Start::parse(&text), FrameHead::parse(&text), end(&text), SignalHead::parse(&text)));
    }

    #[test]
    fn no_field_makes_it_panic(field in "(session_id|fps|width|frame_number|size|encoding|resume)", value in "[\\[\\]{}\",:0-9a-z.e\\\\u-]{0,30}") {
        let text = format!(r#"{{"session_id":"a","fps":1,"width":1,"height":1,"frame_number":1,"timestamp":1,"{field}":{value}}}"#);
        drop((Start::parse(&text), FrameHead::parse(&text)));
    }
}

use super::*;
use crate::session::SessionId;
use proptest::prelude::*;
use serde_json::{Value, json};

const LIMITS: Limits = Limits {
    text: 1_000,
    frame: 5_000,
    signal: 100,
};

const FRAME: &str = r#"{"type":"frame","session_id":"my_session","frame_number":3,"timestamp":1.5,"encoding":"raw"}"#;
const SIGNAL: &str =
    r#"{"type":"signal","session_id":"my_session","filename":"phrase.txt","size":4}"#;
/// A raw frame of 2×1 pixels.
const PIXELS: &[u8] = &[0; 6];

fn bout() -> BoutSpec {
    BoutSpec {
        id: SessionId::new("my_session"),
        fps: 30.0,
        width: 2,
        height: 1,
        expected_frames: None,
        include_keypoints: false,
        save_overlay: true,
        input_video: None,
        sound: None,
    }
}

fn open() -> Conversation {
    let mut conversation = Conversation::new(LIMITS);
    conversation.opened(&bout(), 4_000, None);
    conversation
}

fn json_of(reply: &Reply) -> Value {
    serde_json::from_str(&reply.text).unwrap()
}

fn said(turn: Turn) -> (Value, bool) {
    match turn {
        Turn::Say(reply) | Turn::Flawed(reply) => (json_of(&reply), reply.ends),
        other => panic!("{other:?}"),
    }
}

/// What a text leads to, nothing having been missed before it.
fn text(conversation: &mut Conversation, text: &str) -> Turn {
    let (missed, turn) = conversation.text(text);
    assert_eq!(missed, None);
    turn
}

/// The code, whether it is recoverable, and whether the connection ends.
fn refused(turn: Turn) -> (String, bool, bool) {
    let (json, ends) = said(turn);
    assert_eq!(json["type"], "error");
    (
        json["error_code"].as_str().unwrap().to_owned(),
        json["recoverable"].as_bool().unwrap(),
        ends,
    )
}

#[test]
fn a_ping_is_answered_before_any_session() {
    let turn = text(&mut Conversation::new(LIMITS), r#"{"type": "ping"}"#);
    assert_eq!(said(turn), (json!({"type": "pong"}), false));
}

#[test]
fn a_start_asks_for_a_session() {
    let start =
        r#"{"type":"session_start","session_id":"my_session","fps":30.0,"width":2,"height":1}"#;
    let Turn::Ask(Ask::Open(start)) = text(&mut Conversation::new(LIMITS), start) else {
        panic!()
    };
    assert_eq!(
        start,
        Start {
            bout: bout(),
            resume: false
        }
    );
}

#[test]
fn a_frame_is_asked_to_be_kept_when_its_bytes_have_come() {
    let mut conversation = open();
    assert_eq!(text(&mut conversation, FRAME), Turn::Wait);
    let keep = Ask::Keep {
        number: 3,
        encoding: Encoding::Raw,
        announced: 0,
    };
    assert_eq!(conversation.binary(PIXELS), Turn::Ask(keep));
}

#[test]
fn what_is_no_message_ends_the_conversation() {
    for bad in ["", "{", "[]", r#"{"type":"dance"}"#, r#"{"no":"type"}"#] {
        let turn = text(&mut open(), bad);
        assert_eq!(
            refused(turn),
            ("INVALID_MESSAGE".into(), false, true),
            "{bad}"
        );
    }
    let (json, _) = said(text(&mut Conversation::new(LIMITS), "{"));
    assert!(
        json["error_message"]
            .as_str()
            .unwrap()
            .starts_with("Invalid message format: ")
    );
    assert_eq!(json["session_id"], Value::Null);
}

#[test]
fn bytes_that_nobody_announced_end_the_conversation() {
    for mut conversation in [open(), Conversation::new(LIMITS)] {
        let (json, ends) = said(conversation.binary(PIXELS));
        assert_eq!(
            (json["error_code"].as_str(), ends),
            (Some("PROTOCOL_ERROR"), true)
        );
        assert_eq!(json["error_message"], "Expected text message with metadata");
    }
}

#[test]
fn what_needs_a_session_is_refused_without_one() {
    let end = r#"{"type":"session_end","session_id":"a","total_frames":1}"#;
    for (message, words) in [
        (FRAME, "No active session, send SESSION_START first"),
        (end, "No active session"),
        (SIGNAL, "No active session"),
        (
            r#"{"type":"frame"}"#,
            "No active session, send SESSION_START first",
        ),
    ] {
        let (json, ends) = said(text(&mut Conversation::new(LIMITS), message));
        assert_eq!(
            (json["error_code"].as_str(), ends),
            (Some("NO_ACTIVE_SESSION"), true)
        );
        assert_eq!(json["error_message"], words);
    }
}

#[test]
fn each_type_has_its_own_code_for_a_missing_field() {
    for (message, code, recoverable) in [
        (
            r#"{"type":"session_start","session_id":"a"}"#,
            "SESSION_START_FAILED",
            false,
        ),
        (
            r#"{"type":"session_start","session_id":"../a","fps":1,"width":1,"height":1}"#,
            "SESSION_START_FAILED",
            false,
        ),
        (
            r#"{"type":"frame","session_id":"a"}"#,
            "FRAME_PROCESSING_FAILED",
            true,
        ),
        (
            r#"{"type":"session_end","session_id":"a"}"#,
            "SESSION_END_FAILED",
            false,
        ),
        (
            r#"{"type":"signal","session_id":"a"}"#,
            "INVALID_MESSAGE",
            false,
        ),
        (
            r#"{"type":"signal","session_id":"a","filename":"../x","size":1}"#,
            "INVALID_MESSAGE",
            false,
        ),
    ] {
        let turn = text(&mut open(), message);
        assert_eq!(
            refused(turn),
            (code.into(), recoverable, !recoverable),
            "{message}"
        );
    }
}

#[test]
fn what_only_the_server_says_is_unknown_and_the_conversation_goes_on() {
    for name in [
        "session_abort",
        "pong",
        "frame_ack",
        "process_complete",
        "error",
    ] {
        let (json, ends) = said(text(&mut open(), &format!(r#"{{"type":"{name}"}}"#)));
        assert_eq!(
            (json["error_code"].as_str(), ends),
            (Some("UNKNOWN_MESSAGE_TYPE"), false)
        );
        assert_eq!(
            json["error_message"],
            format!("Unknown message type: {name}")
        );
    }
}

#[test]
fn a_bad_frame_gets_one_error_and_the_next_one_is_kept() {
    let mut conversation = open();
    for bytes in [&[][..], &[0; 5], b"\xFF\xD8\xFF"] {
        assert_eq!(text(&mut conversation, FRAME), Turn::Wait);
        let (json, ends) = said(conversation.binary(bytes));
        let words = (json["error_code"].as_str(), json["error_message"].as_str());
        assert_eq!(
            words,
            (
                Some("FRAME_PROCESSING_FAILED"),
                Some("Failed to decode frame 3")
            )
        );
        assert!(!ends && json["recoverable"] == true && json["detail"].is_string());
    }
    assert_eq!(text(&mut conversation, FRAME), Turn::Wait);
    assert!(matches!(
        conversation.binary(PIXELS),
        Turn::Ask(Ask::Keep { .. })
    ));
}

#[test]
fn a_frame_of_an_unknown_encoding_is_refused_with_its_bytes() {
    let mut conversation = open();
    assert_eq!(
        text(&mut conversation, &FRAME.replace("raw", "webp")),
        Turn::Wait
    );
    let (json, ends) = said(conversation.binary(PIXELS));
    assert_eq!(
        (json["detail"].as_str(), ends),
        (Some("unknown encoding 'webp'"), false)
    );
}

#[test]
fn a_frame_whose_bytes_do_not_come_is_refused_and_the_text_that_came_is_heard() {
    let mut conversation = open();
    assert_eq!(text(&mut conversation, FRAME), Turn::Wait);
    let (missed, turn) = conversation.text(r#"{"type":"ping"}"#);
    let missed = json_of(&missed.unwrap());
    assert_eq!(
        (&missed["error_code"], &missed["recoverable"]),
        (&json!("FRAME_PROCESSING_FAILED"), &json!(true))
    );
    assert_eq!(said(turn).0, json!({"type": "pong"}));
}

#[test]
fn a_signal_whose_bytes_do_not_come_ends_the_conversation() {
    let mut conversation = open();
    assert_eq!(text(&mut conversation, SIGNAL), Turn::Wait);
    let turn = text(&mut conversation, r#"{"type":"ping"}"#);
    assert_eq!(refused(turn), ("PROCESSING_FAILED".into(), false, true));
}

#[test]
fn a_signal_asks_for_the_verdict_if_it_is_not_too_long() {
    let mut conversation = open();
    assert_eq!(text(&mut conversation, SIGNAL), Turn::Wait);
    let judge = Ask::Judge {
        filename: "phrase.txt".into(),
    };
    assert_eq!(conversation.binary(&[b'x'; 100]), Turn::Ask(judge));
    assert_eq!(text(&mut conversation, SIGNAL), Turn::Wait);
    assert_eq!(
        refused(conversation.binary(&[b'x'; 101])),
        ("INVALID_MESSAGE".into(), false, true)
    );
}

#[test]
fn a_message_may_be_as_long_as_what_is_due() {
    let mut conversation = open();
    assert_eq!(conversation.longest(), 1_000);
    assert_eq!(text(&mut conversation, FRAME), Turn::Wait);
    assert_eq!(conversation.longest(), 4_000);
    conversation.binary(PIXELS);
    assert_eq!(text(&mut conversation, SIGNAL), Turn::Wait);
    assert_eq!(conversation.longest(), 1_000);
}

#[test]
fn what_is_too_long_is_told_by_what_was_due() {
    let mut conversation = open();
    let is_text = conversation.too_long(true);
    assert!(is_text.ends && is_text.text.contains("INVALID_MESSAGE"));
    let is_binary = json_of(&conversation.too_long(false));
    assert_eq!(
        (&is_binary["error_code"], &is_binary["error_message"]),
        (
            &json!("PROTOCOL_ERROR"),
            &json!("Expected text message with metadata")
        )
    );
    assert_eq!(text(&mut conversation, FRAME), Turn::Wait);
    let frame = conversation.too_long(false);
    assert!(
        frame.ends && frame.text.contains("Frame 3 is larger than 5000 bytes"),
        "{}",
        frame.text
    );
    let text = conversation.text(&" ".repeat(1_001)).1;
    assert_eq!(refused(text), ("INVALID_MESSAGE".into(), false, true));
}

#[test]
fn a_frame_that_no_session_has_memory_for_is_one_that_cannot_be_decoded() {
    let mut conversation = open();
    assert_eq!(conversation.thrown_away(), 0);
    assert_eq!(text(&mut conversation, FRAME), Turn::Wait);
    assert_eq!(conversation.thrown_away(), 5_000);
    let (json, ends) = said(conversation.thrown(4_500));
    assert_eq!(json["error_message"], "Failed to decode frame 3");
    assert!(!ends && json["recoverable"] == true, "{json}");
    assert_eq!(conversation.thrown_away(), 0, "and a text is due again");
}

#[test]
fn the_flow_of_the_guide_is_told_in_its_own_words() {
    let mut conversation = Conversation::new(LIMITS);
    let stats = SessionStats {
        session_id: "my_session".into(),
        frames_received: 1800,
        ..SessionStats::default()
    };
    let validation = Validation {
        valid: true,
        issues: vec![],
        frame_count: 1800,
        missing_frames: 0,
        duplicate_frames: 0,
        out_of_order_frames: 0,
        has_signal: false,
    };
    let step = Step {
        stage: "fisheye",
        progress: 0.5,
        message: "Correcting fisheye distortion...".into(),
    };
    let mut told = vec![
        conversation.opened(&bout(), 4_000, None).text,
        conversation.kept(0, Noted::Received).text,
        conversation.kept(0, Noted::Duplicate).text,
        conversation.ended(&validation).text,
    ];
    told.extend(conversation.judging().map(|reply| reply.text));
    told.push(conversation.progress(&step).text);
    let complete = conversation
        .concluded(r#"{"decision":{"winner":"left"}}"#, &stats)
        .text;
    assert_eq!(
        told.join("\n"),
        include_str!("../../../tests/golden/referee/flow.jsonl").trim_end()
    );
    let complete: Value = serde_json::from_str(&complete).unwrap();
    assert_eq!(complete["type"], "process_complete");
    assert_eq!(complete["result"]["decision"]["winner"], "left");
    assert_eq!(
        complete["result"]["streaming_stats"]["frames_received"],
        1800
    );
}

#[test]
fn after_the_verdict_no_session_is_meant() {
    let mut conversation = open();
    conversation.concluded("{}", &SessionStats::default());
    assert_eq!(
        refused(text(&mut conversation, FRAME)).0,
        "NO_ACTIVE_SESSION"
    );
}

#[test]
fn a_resumed_session_says_where_it_goes_on() {
    let resumed = Resumed {
        next_frame: 10,
        missing: vec![3, 4],
    };
    let reply = Conversation::new(LIMITS).opened(&bout(), 4_000, Some(&resumed));
    let expected = json!({"type": "session_started", "session_id": "my_session", "next_frame": 10, "missing": [3, 4]});
    assert_eq!(json_of(&reply), expected);
}

#[test]
fn a_result_that_is_too_long_for_clients_leaves_out_its_tables() {
    let table = "1,".repeat(600_000);
    let result = format!(r#"{{"decision":{{"winner":"left"}},"keypoints":[{table}1]}}"#);
    let reply = open().concluded(&result, &SessionStats::default());
    assert!(reply.text.len() < super::super::reply::LONGEST);
    let json = json_of(&reply);
    assert_eq!(json["result"]["left_out"], json!(["keypoints"]));
    assert_eq!(json["result"]["decision"]["winner"], "left");
}

proptest! {
    #[test]
    fn nothing_that_comes_makes_it_panic(messages in prop::collection::vec((any::<bool>(), "\\PC{0,60}", 0..4_usize), 0..20)) {
        let mut conversation = open();
        for (is_text, noise, which) in messages {
            match (is_text, which) {
                (true, 0) => drop(conversation.text(FRAME)),
                (true, 1) => drop(conversation.text(SIGNAL)),
                (true, _) => drop(conversation.text(&noise)),
                (false, 0) => drop(conversation.binary(PIXELS)),
                (false, _) => drop(conversation.binary(noise.as_bytes())),
            }
            conversation.too_long(is_text);
            if which == 2 {
                drop(conversation.thrown(9));
            }
        }
    }
}

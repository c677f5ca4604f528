//! The guide's flow word by word, and what [`super::wire`] does not say of other ways through it.

use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use super::client::{Client, SIDE, SIGNAL, end, head, jpeg, server, start, with};
use crate::support::{http::get, pictures, server::Server};

fn streamed(server: &Server, numbers: &[u64]) -> (Vec<Value>, Value) {
    let mut client = Client::start(server, "a");
    for number in numbers {
        client.frame(*number);
    }
    client.ask(&end(numbers.len() as u64));
    client.signal("phrase.txt", SIGNAL.as_bytes());
    client.verdict()
}

#[test]
fn a_new_bout_of_a_name_has_nothing_of_the_one_before() {
    let server = server("");
    let numbers: Vec<u64> = (0..12).collect();
    streamed(&server, &numbers);
    let is_there = |name: &str| {
        let path = format!("/artifacts/a/streamed_video_{name}");
        get(server.addr("main"), &path).status() == 200
    };
    assert!(is_there("keypoints.csv"));
    let mut client = Client::start(&server, "a");
    client.frame(0);
    assert!(is_there("keypoints.csv"), "it stays until there is another");
    let one_light = SIGNAL.replace("Fencer 1: HIT", "Fencer 1: MISS");
    client.signal("phrase.txt", one_light.as_bytes());
    assert_eq!(client.verdict().1["status"], "skipped");
    assert!(!is_there("keypoints.csv"));
}

/// What a connection is told after this text, when it ends.
fn after(server: &Server, text: &str) -> (String, String) {
    let mut client = Client::connect(server);
    client.0.say(text);
    client.refusal()
}

#[test]
fn a_bout_is_streamed_and_judged_message_by_message_as_in_the_guide() {
    let server = server("");
    let mut client = Client::connect(&server);
    assert_eq!(
        client.ask(&json!({"type": "ping"})),
        json!({"type": "pong"})
    );
    client.ask(&start("a"));
    for number in 0..12 {
        let ack = json!({"type": "frame_ack", "session_id": "a", "frame_number": number, "status": "received"});
        assert_eq!(client.frame(number), ack);
    }
    let ended = client.ask(&end(12));
    assert_eq!(
        ended,
        json!({"type": "session_ended", "session_id": "a", "validation": {"valid": true, "issues": [],
            "frame_count": 12, "missing_frames": 0, "duplicate_frames": 0, "out_of_order_frames": 0,
            "has_signal": false}})
    );
    client.signal("phrase.txt", SIGNAL.as_bytes());
    let (said, result) = client.verdict();
    assert_eq!(
        said[0],
        json!({"type": "signal_ack", "session_id": "a", "status": "received"})
    );
    assert_eq!(said[1], json!({"type": "process_start", "session_id": "a"}));
    assert!(
        said[2..]
            .iter()
            .all(|message| message["type"] == "process_progress"
                && message["stage"].is_string()
                && message["message"].is_string())
    );
    assert_eq!(
        result["decision"]["winner"], "abstain",
        "the model sees nobody"
    );
    assert_eq!(result["streaming_stats"]["frames_received"], 12);
    assert_eq!(result["streaming_stats"]["completed"], true);
}

#[test]
fn the_order_in_which_frames_come_does_not_change_the_result() {
    let decided = |numbers: Vec<u64>| {
        let server = server("");
        let (_, result) = streamed(&server, &numbers);
        (
            result["decision"].clone(),
            result["metadata"]["frames_processed"].clone(),
        )
    };
    assert_eq!(decided((0..14).collect()), decided((0..14).rev().collect()));
}

#[test]
fn frames_may_be_jpeg_png_or_raw_in_either_form() {
    let server = server("");
    let mut client = Client::start(&server, "a");
    let bare = vec![90; (SIDE * SIDE * 3) as usize];
    let words = [SIDE, SIDE, 3].map(u32::to_le_bytes).concat();
    let with_header = [words, bare.clone()].concat();
    let forms = [
        ("jpeg", jpeg()),
        ("jpg", jpeg()),
        ("png", pictures::png(SIDE, SIDE)),
        ("raw", bare),
        ("raw", with_header),
    ];
    for (number, (encoding, bytes)) in forms.into_iter().enumerate() {
        client.give(
            &with(head(number as u64), "encoding", json!(encoding)),
            bytes,
        );
        assert_eq!(client.0.text()["status"], "received", "{encoding}");
    }
}

#[test]
fn what_becomes_of_frames_is_counted() {
    let server = server("");
    let mut client = Client::start(&server, "a");
    for number in [0, 1, 1] {
        client.frame(number);
    }
    client.give(&head(2), *b"no picture");
    assert_eq!(client.0.text()["error_code"], "FRAME_PROCESSING_FAILED");
    let text = get(server.addr("admin"), "/metrics").text();
    for (outcome, frames) in [
        ("received", 2),
        ("duplicate", 1),
        ("flawed", 1),
        ("refused", 0),
    ] {
        let line = format!(
            "frameloom_ingest_frames_total{{pipeline=\"referee\",outcome=\"{outcome}\"}} {frames}\n"
        );
        assert!(text.contains(&line), "{line} is not in {text}");
    }
}

#[test]
fn the_log_tells_how_far_straightening_is_where_it_shall() {
    let server = server("fisheye_progress = true\n");
    let mut client = Client::start(&server, "a");
    (0..100).for_each(|number| drop(client.frame(number)));
    server.await_printed("frames straightened");
}

#[test]
fn pings_of_the_protocol_are_answered() {
    let server = server("");
    let mut client = Client::start(&server, "a");
    client.0.0.send(Message::Ping(vec![1, 2].into())).unwrap();
    assert_eq!(client.0.0.read().unwrap(), Message::Pong(vec![1, 2].into()));
}

#[test]
fn a_shutdown_tells_clients_that_the_service_restarts() {
    let server = server("");
    let mut client = Client::start(&server, "a");
    client.frame(0);
    server.signal(rustix::process::Signal::TERM);
    assert_eq!(
        client.0.ending().1,
        crate::support::socket::Ending::Code(1012)
    );
}

#[test]
fn nothing_is_resumed_that_is_not_there() {
    let server = server("");
    let resumed = with(start("nobody"), "resume", json!(true)).to_string();
    assert_eq!(after(&server, &resumed).0, "SESSION_START_FAILED");
}

#[test]
fn an_end_without_its_number_fails() {
    let server = server("");
    let mut client = Client::start(&server, "a");
    client.say(&json!({"type": "session_end", "session_id": "a"}));
    assert_eq!(client.refusal().0, "SESSION_END_FAILED");
}

#[test]
fn a_signals_name_is_no_path() {
    let server = server("");
    for name in ["../../etc/passwd", "a/b.txt", ""] {
        let mut client = Client::connect(&server);
        client.ask(&start(&format!("s{}", name.len())));
        client.say(&json!({"type": "signal", "session_id": "a", "filename": name, "size": 1}));
        assert_eq!(client.refusal().0, "INVALID_MESSAGE", "{name}");
    }
}

#[test]
fn a_frame_that_is_too_large_is_refused_in_words_that_arrive() {
    let server = server("frame_bytes = 100000\n");
    let mut client = Client::start(&server, "a");
    client.give(&head(0), vec![0; 50_000_000]);
    assert_eq!(client.refusal().0, "FRAME_PROCESSING_FAILED");
}

#[test]
fn a_signal_is_fetched_as_bytes_whatever_page_its_name_makes_of_it() {
    let server = server("");
    let mut client = Client::start(&server, "a");
    (0..10).for_each(|number| drop(client.frame(number)));
    client.signal("phrase.html", SIGNAL.as_bytes());
    client.verdict();
    let answer = get(server.addr("main"), "/artifacts/a/phrase.html");
    let head = |name| answer.head.get(name);
    assert_eq!(
        (answer.status(), answer.text().as_str()),
        (200, SIGNAL),
        "the signal is one of the files that are kept"
    );
    assert_eq!(head("content-type"), Some("application/octet-stream"));
    assert_eq!(head("x-content-type-options"), Some("nosniff"));
}

//! Everything that a client can say wrong, against a real server: one answer in the dialect's own form, and nobody else notices.

use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use super::{
    client::start,
    support::{Client, House, SIDE, SIGNAL, frame},
};
use crate::support::{
    pictures,
    server::{Server, look_again},
    socket::{Ending, Socket},
};

struct Room {
    _house: House,
    server: Server,
}

fn room() -> Room {
    room_with("")
}

fn room_with(settings: &str) -> Room {
    let house = House::new();
    let server = house.launch(settings).start();
    Room {
        _house: house,
        server,
    }
}

fn connect(room: &Room) -> Socket {
    Socket::at(room.server.addr("main"), "/stream")
}

fn send(socket: &mut Socket, bytes: Vec<u8>) {
    socket.0.send(Message::binary(bytes)).unwrap();
}

/// The one error that this text gets, and how the socket ends after it.
fn answer(socket: &mut Socket, text: &str) -> Value {
    socket.say(text);
    socket.text()
}

fn is_error(answer: &Value, code: &str, message: &str, recoverable: bool) {
    assert_eq!(answer["type"], "error", "{answer}");
    assert_eq!(answer["error_code"], code, "{answer}");
    let text = answer["error_message"].as_str().unwrap();
    assert!(text.contains(message), "{answer}");
    assert_eq!(answer["recoverable"], recoverable, "{answer}");
}

fn ends(mut socket: Socket) {
    let (texts, ending) = socket.ending();
    assert!(texts.is_empty(), "one error is enough: {texts:?}");
    assert_eq!(ending, Ending::Code(1000));
}

/// Goes on with a session as soon as the server has noticed that its last connection has gone.
fn resumed(room: &Room, id: &'static str) -> (Client, Value) {
    loop {
        let (client, answer) = Client::resume(&room.server, id);
        let message = answer["error_message"].as_str().unwrap_or_default();
        if !message.contains("in use by another connection") {
            return (client, answer);
        }
        look_again();
    }
}

#[test]
fn a_ping_is_answered_before_any_session() {
    let room = room();
    let mut socket = connect(&room);
    assert_eq!(
        answer(&mut socket, r#"{"type":"ping"}"#),
        json!({"type": "pong"})
    );
}

#[test]
fn bytes_where_a_text_is_due_are_a_protocol_error() {
    let room = room();
    let mut socket = connect(&room);
    send(&mut socket, vec![1, 2, 3]);
    let error = socket.text();
    is_error(
        &error,
        "PROTOCOL_ERROR",
        "Expected text message with metadata",
        false,
    );
    ends(socket);
}

#[test]
fn what_is_no_json_and_what_has_no_known_type_is_an_invalid_message() {
    let room = room();
    for text in ["{", "[]", r#"{"type":"dance"}"#, r#"{"no":"type"}"#] {
        let mut socket = connect(&room);
        is_error(
            &answer(&mut socket, text),
            "INVALID_MESSAGE",
            "Invalid message format",
            false,
        );
        ends(socket);
    }
}

#[test]
fn a_known_type_that_nobody_asks_of_a_server_is_told_and_the_session_goes_on() {
    let room = room();
    let mut client = Client::start(&room.server, "bout");
    let error = client.ask(&json!({"type": "session_abort", "session_id": "bout"}));
    is_error(&error, "UNKNOWN_MESSAGE_TYPE", "session_abort", true);
    assert_eq!(client.frame(0)["status"], "received");
}

#[test]
fn without_a_session_there_are_no_frames_no_end_and_no_signal() {
    let room = room();
    let frame = r#"{"type":"frame","session_id":"x","frame_number":0,"timestamp":0.0}"#;
    let end = r#"{"type":"session_end","session_id":"x","total_frames":0}"#;
    let signal = r#"{"type":"signal","session_id":"x","filename":"x.txt","size":1}"#;
    for text in [frame, end, signal] {
        let mut socket = connect(&room);
        is_error(
            &answer(&mut socket, text),
            "NO_ACTIVE_SESSION",
            "No active session",
            false,
        );
        ends(socket);
    }
}

#[test]
fn a_session_needs_its_fields_and_numbers_that_make_sense() {
    let room = room();
    let missing = json!({"type": "session_start", "session_id": "a", "fps": 15.0, "width": 64});
    let mut zero = start("a");
    zero["fps"] = json!(0.0);
    let mut huge = start("a");
    huge["width"] = json!(1_000_000);
    for message in [missing, zero, huge] {
        let mut socket = connect(&room);
        let error = answer(&mut socket, &message.to_string());
        is_error(&error, "SESSION_START_FAILED", "", false);
        ends(socket);
    }
}

#[test]
fn names_that_are_paths_are_refused() {
    let room = room();
    for id in [
        "../escape",
        "a/b",
        "..",
        "",
        "line\nbreak",
        &"x".repeat(129),
    ] {
        let mut socket = connect(&room);
        let error = answer(&mut socket, &start(id).to_string());
        let words = "session_id must be a name of 1 to 128 bytes without path parts";
        is_error(&error, "SESSION_START_FAILED", words, false);
    }
    let mut client = Client::start(&room.server, "bout");
    client.frame(0);
    let signal =
        json!({"type": "signal", "session_id": "bout", "filename": "../../etc/x", "size": 1});
    let words = "filename must be a name of 1 to 128 bytes without path parts";
    is_error(&client.ask(&signal), "INVALID_MESSAGE", words, false);
    let (_, answer) = Client::resume(&room.server, "bout");
    assert_eq!(
        answer["next_frame"], 1,
        "the session stays resumable: {answer}"
    );
}

#[test]
fn a_second_session_of_the_same_name_is_refused_and_the_first_goes_on() {
    let room = room();
    let mut first = Client::start(&room.server, "bout");
    let mut socket = connect(&room);
    let error = answer(&mut socket, &start("bout").to_string());
    is_error(
        &error,
        "SESSION_START_FAILED",
        "Session bout already exists",
        false,
    );
    let (_, resumed) = Client::resume(&room.server, "bout");
    is_error(
        &resumed,
        "SESSION_START_FAILED",
        "another connection",
        false,
    );
    assert_eq!(first.frame(0)["status"], "received");
}

#[test]
fn more_sessions_or_more_memory_than_there_may_be_are_refused_in_the_originals_words() {
    let room = room_with("max_sessions = 1\nmemory_mb = 64");
    let first = Client::start(&room.server, "one");
    let mut socket = connect(&room);
    let error = answer(&mut socket, &start("two").to_string());
    is_error(
        &error,
        "SESSION_START_FAILED",
        "Maximum concurrent sessions reached (1)",
        false,
    );
    drop(first);
    let mut large = start("three");
    (large["width"], large["height"]) = (json!(3840), json!(2160));
    let room = room_with("memory_mb = 64");
    let mut socket = connect(&room);
    let error = answer(&mut socket, &large.to_string());
    is_error(
        &error,
        "SESSION_START_FAILED",
        "Maximum memory limit reached (64.0 MB)",
        false,
    );
}

#[test]
fn a_frame_that_is_no_picture_of_the_session_gets_one_error_and_is_sent_again() {
    let room = room();
    let mut client = Client::start(&room.server, "bout");
    let png = pictures::png(SIDE, SIDE);
    let mut cut = frame(3);
    cut.truncate(cut.len() / 2);
    let wrong = [
        ("jpeg", Vec::new()),
        ("jpeg", b"not a picture at all".to_vec()),
        ("jpeg", png),
        ("jpeg", cut),
        ("jpeg", pictures::jpeg(32, SIDE)),
        ("raw", vec![0; 100]),
    ];
    for (encoding, bytes) in wrong {
        client.send(3, encoding, &bytes);
        let error = client.socket.text();
        is_error(
            &error,
            "FRAME_PROCESSING_FAILED",
            "Failed to decode frame 3",
            true,
        );
    }
    assert_eq!(client.frame(2)["status"], "received");
    assert_eq!(client.frame(4)["status"], "received");
    assert_eq!(client.end()["missing_frames"], 1);
    assert_eq!(client.frame(3)["status"], "received");
    assert_eq!(client.end()["missing_frames"], 0);
}

#[test]
fn frames_may_come_in_any_order_twice_and_with_holes() {
    let room = room();
    let mut client = Client::start(&room.server, "bout");
    for (number, status) in [
        (5, "received"),
        (3, "received"),
        (5, "duplicate"),
        (9, "received"),
    ] {
        assert_eq!(client.frame(number)["status"], status);
    }
    let validation = client.end();
    let expected = json!({
        "valid": false, "frame_count": 3, "missing_frames": 4, "duplicate_frames": 1, "out_of_order_frames": 1, "has_signal": false,
    });
    for (field, value) in expected.as_object().unwrap() {
        assert_eq!(&validation[field], value, "{field}: {validation}");
    }
    let issues = validation["issues"].to_string();
    assert!(issues.contains("Missing frames: [4, 6, 7, 8]"), "{issues}");
    assert!(
        issues.contains("Too few frames: 3 (minimum 10)"),
        "{issues}"
    );
}

#[test]
fn a_size_that_is_not_the_frames_is_only_a_warning() {
    let room = room();
    let mut client = Client::start(&room.server, "bout");
    let head = json!({"type": "frame", "session_id": "bout", "frame_number": 0, "timestamp": 0.0, "size": 7});
    client.socket.say(&head.to_string());
    send(&mut client.socket, frame(0));
    assert_eq!(client.socket.text()["status"], "received");
    room.server
        .await_printed("a frame has another size than announced");
}

#[test]
fn numbers_that_jump_and_the_frames_that_a_client_counted_are_logged_and_no_more() {
    let room = room_with("[log]\nlevel = \"debug\"");
    let mut client = Client::start(&room.server, "bout");
    for number in [0, 10] {
        assert_eq!(client.frame(number)["status"], "received");
    }
    client.end();
    room.server.await_printed("all frames have been sent");
    let jumps = || room.server.printed().contains("frame numbers jump");
    assert!(!jumps(), "ten further is no jump");
    assert_eq!(client.frame(21)["status"], "received");
    room.server.await_printed("frame numbers jump");
}

#[test]
fn raw_frames_are_taken_with_and_without_their_header() {
    let room = room();
    let mut client = Client::start(&room.server, "bout");
    let pixels = vec![90; (SIDE * SIDE * 3) as usize];
    let header: Vec<u8> = [SIDE, SIDE, 3]
        .iter()
        .flat_map(|n| n.to_le_bytes())
        .collect();
    for (number, bytes) in [(0, pixels.clone()), (1, [header, pixels].concat())] {
        client.send(number, "raw", &bytes);
        assert_eq!(client.socket.text()["status"], "received");
    }
    assert_eq!(client.end()["frame_count"], 2);
}

#[test]
fn a_frame_without_its_bytes_costs_that_frame_alone() {
    let room = room();
    let mut client = Client::start(&room.server, "bout");
    let head = json!({"type": "frame", "session_id": "bout", "frame_number": 0, "timestamp": 0.0});
    client.socket.say(&head.to_string());
    let error = client.ask(&json!({"type": "ping"}));
    is_error(&error, "FRAME_PROCESSING_FAILED", "", true);
    assert_eq!(client.socket.text(), json!({"type": "pong"}));
    assert_eq!(client.frame(0)["status"], "received");
}

#[test]
fn a_client_that_pipelines_two_hundred_frames_is_answered_in_order() {
    let room = room();
    let mut client = Client::start(&room.server, "bout");
    for number in 0..200 {
        client.send(number, "jpeg", &frame(number));
    }
    for number in 0..200 {
        let ack = client.socket.text();
        assert_eq!(
            (&ack["frame_number"], &ack["status"]),
            (&json!(number), &json!("received"))
        );
    }
    let result = client.verdict();
    assert_eq!(
        result["streaming_stats"]["frames_received"], 200,
        "{result}"
    );
}

#[test]
fn one_connection_carries_bouts_one_after_another() {
    let room = room();
    let mut client = Client::start(&room.server, "one");
    client.frame(0);
    assert_eq!(client.verdict()["decision"]["winner"], "abstain");
    client.id = "two";
    let started = client.ask(&start("two"));
    assert_eq!(started["type"], "session_started", "{started}");
    client.frame(0);
    client.verdict();
}

#[test]
fn a_signal_before_any_frame_is_judged_as_what_it_is() {
    let room = room();
    let mut client = Client::start(&room.server, "bout");
    client.signal(SIGNAL);
    is_error(&client.last(), "PROCESSING_FAILED", "", false);
}

#[test]
fn a_signal_of_a_hundred_megabytes_is_refused_in_words_that_arrive() {
    let room = room();
    let mut client = Client::start(&room.server, "bout");
    client.frame(0);
    let head =
        json!({"type": "signal", "session_id": "bout", "filename": "x.txt", "size": 100_000_000});
    client.socket.say(&head.to_string());
    // The server may stop listening in the middle of it.
    let _sent = client.socket.0.send(Message::binary(vec![0; 100_000_000]));
    is_error(
        &client.last(),
        "INVALID_MESSAGE",
        "the signal is larger than",
        false,
    );
    let (_, answer) = resumed(&room, "bout");
    assert_eq!(answer["next_frame"], 1, "{answer}");
}

#[test]
fn a_signal_that_does_not_parse_is_told_in_the_parsers_words() {
    let room = room();
    let mut client = Client::start(&room.server, "bout");
    client.frame(0);
    client.signal("nothing of use");
    let error = client.last();
    is_error(
        &error,
        "PROCESSING_FAILED",
        "Could not find start time in bout.txt",
        false,
    );
    let (mut client, _) = Client::resume(&room.server, "bout");
    assert_eq!(client.verdict()["decision"]["winner"], "abstain");
}

#[test]
fn a_phrase_with_one_light_is_skipped_with_the_originals_reason() {
    let room = room();
    let mut client = Client::start(&room.server, "bout");
    client.frame(0);
    client.signal(
        " 0.001s | Phrase recording started\n 1.000s | HIT: Left scores on Right!\n\
         Scores -> Fencer 1: MISS, Fencer 2: HIT\n  1.900s | Confirmed result winner: Right\n",
    );
    let mut told = Vec::new();
    let result = loop {
        let message = client.socket.text();
        if message["type"] == "process_complete" {
            break message["result"].clone();
        }
        if message["type"] == "process_progress" {
            let stage = message["stage"].as_str().unwrap().to_owned();
            told.push((stage, message["progress"].as_f64().unwrap()));
        }
    };
    assert_eq!(result["status"], "skipped", "{result}");
    let reason = "Only one fencer recorded a valid hit; nothing to adjudicate.";
    assert_eq!(result["reason"], reason, "{result}");
    assert_eq!(result["declared_winner"], "right", "{result}");
    let ends = ["decision", "overlay"].map(|stage| told.contains(&(stage.to_owned(), 1.0)));
    assert_eq!(ends, [true, true], "{told:?}");
}

#[test]
fn progress_names_the_five_stages_in_order_each_to_its_end() {
    let room = room();
    let mut client = Client::start(&room.server, "bout");
    (0..12).for_each(|number| assert_eq!(client.frame(number)["status"], "received"));
    client.signal(SIGNAL);
    let mut told: Vec<(String, f64)> = Vec::new();
    for kind in ["signal_ack", "process_start"] {
        assert_eq!(client.socket.text()["type"], kind);
    }
    loop {
        let message = client.socket.text();
        if message["type"] == "process_complete" {
            break;
        }
        assert_eq!(message["type"], "process_progress", "{message}");
        let stage = message["stage"].as_str().unwrap().to_owned();
        told.push((stage, message["progress"].as_f64().unwrap()));
    }
    let mut begun: Vec<&str> = Vec::new();
    for (stage, _) in &told {
        if !begun.contains(&stage.as_str()) {
            begun.push(stage);
        }
    }
    let stages = [
        "video_reconstruction",
        "fisheye",
        "yolo",
        "decision",
        "overlay",
    ];
    assert_eq!(begun, stages, "{told:?}");
    for stage in stages {
        let of = told.iter().filter(|(name, _)| name == stage);
        let parts: Vec<f64> = of.map(|(_, part)| *part).collect();
        assert_eq!(
            (parts.first(), parts.last()),
            (Some(&0.0), Some(&1.0)),
            "{stage}: {parts:?}"
        );
        assert!(parts.is_sorted(), "{stage}: {parts:?}");
    }
}

#[test]
fn where_streaming_is_off_the_socket_says_so_and_closes() {
    let room = room_with("enabled = false");
    let mut socket = connect(&room);
    let error = socket.text();
    is_error(
        &error,
        "STREAMING_DISABLED",
        "Please upload a complete video via /analyze",
        false,
    );
    assert_eq!(error["session_id"], Value::Null);
    ends(socket);
}

#[test]
fn a_client_that_stops_in_the_middle_of_a_frame_leaves_what_was_acknowledged() {
    let room = room();
    let mut client = Client::start(&room.server, "bout");
    client.frame(0);
    let head = json!({"type": "frame", "session_id": "bout", "frame_number": 1, "timestamp": 0.0});
    client.socket.say(&head.to_string());
    // A binary message of 1,000 bytes of which 10 come, and then nothing more.
    let half = [&[0x82, 0xFE, 0x03, 0xE8, 0, 0, 0, 0][..], &[0; 10]].concat();
    std::io::Write::write_all(client.socket.0.get_mut(), &half).unwrap();
    drop(client);
    let (mut client, answer) = resumed(&room, "bout");
    assert_eq!(answer["next_frame"], 1, "{answer}");
    assert_eq!(client.frame(1)["status"], "received");
}

//! The line itself: messages that are longer than they may be, broken ones, and what a socket costs.

use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use super::client::{Client, SIDE, head, server, start, with, words};
use crate::support::{server::Server, socket::Ending};

/// Bytes of the server that are in memory.
fn resident(server: &Server) -> usize {
    let pages = std::fs::read_to_string(format!("/proc/{}/statm", server.pid())).unwrap();
    let pages: usize = pages.split(' ').nth(1).unwrap().parse().unwrap();
    pages * rustix::param::page_size()
}

fn raw(number: u64) -> Value {
    with(head(number), "encoding", json!("raw"))
}

#[test]
fn a_frame_that_is_larger_than_any_of_its_session_gets_one_error_and_is_sent_again() {
    let server = server("");
    let mut client = Client::start(&server, "a");
    let large = SIDE as usize * 5;
    client.give(&raw(0), vec![90; 3 * large * large]);
    let error = client.0.text();
    assert_eq!(
        words(&error),
        (
            "FRAME_PROCESSING_FAILED".into(),
            "Failed to decode frame 0".into()
        )
    );
    assert_eq!(error["recoverable"], true, "{error}");
    assert!(error["detail"].is_string(), "{error}");
    assert_eq!(client.frame(0)["status"], "received");
    // Sent without waiting, a wrong one among sound ones.
    for (number, side) in [(1, SIDE as usize), (2, large), (3, SIDE as usize)] {
        client.give(&raw(number), vec![90; 3 * side * side]);
    }
    let answers: Vec<Value> = (0..3).map(|_| client.0.text()["type"].clone()).collect();
    assert_eq!(answers, ["frame_ack", "error", "frame_ack"]);
}

#[test]
fn a_frame_that_is_larger_than_any_may_be_ends_the_connection_and_not_the_session() {
    let server = server("frame_bytes = 100000\n");
    let mut client = Client::start(&server, "a");
    client.frame(0);
    client.give(&raw(1), vec![0; 100_001]);
    let (code, message) = client.refusal();
    assert_eq!(code, "FRAME_PROCESSING_FAILED");
    assert_eq!(message, "Frame 1 is larger than 100000 bytes");
    let resumed = Client::connect(&server).ask(&with(start("a"), "resume", json!(true)));
    assert_eq!(resumed["next_frame"], 1, "{resumed}");
}

#[test]
fn what_is_too_long_where_a_text_is_due_is_told_by_what_it_is() {
    let server = server("");
    let mut client = Client::start(&server, "a");
    client.send(vec![0; 5_000]);
    assert_eq!(
        client.refusal(),
        (
            "PROTOCOL_ERROR".into(),
            "Expected text message with metadata".into()
        )
    );
    let mut client = Client::connect(&server);
    client.0.say(&" ".repeat(5_000));
    assert_eq!(
        client.refusal(),
        (
            "INVALID_MESSAGE".into(),
            "Invalid message format: more than 4096 bytes".into()
        )
    );
}

#[test]
fn broken_messages_end_with_the_code_that_says_so() {
    let server = server("");
    // With masks of zeros: a text that is no UTF-8, an opcode that nobody knows, a ping in parts.
    for (bytes, code) in [
        (&[0x81, 0x82, 0, 0, 0, 0, 0xC3, 0x28][..], 1007),
        (&[0x83, 0x80, 0, 0, 0, 0], 1002),
        (&[0x09, 0x80, 0, 0, 0, 0], 1002),
    ] {
        let mut client = Client::connect(&server);
        std::io::Write::write_all(client.0.0.get_mut(), bytes).unwrap();
        let (texts, ending) = client.0.ending();
        assert_eq!(texts.last().unwrap()["error_code"], "PROTOCOL_ERROR");
        assert_eq!(ending, Ending::Code(code));
    }
}

#[test]
fn a_client_without_a_session_costs_next_to_nothing() {
    const CLIENTS: usize = 64;
    let server = server("");
    let mut clients: Vec<Client> = (0..=CLIENTS).map(|_| Client::connect(&server)).collect();
    let mut ping = |which: std::ops::Range<usize>| {
        for client in &mut clients[which] {
            client.0.0.send(Message::Ping(vec![1].into())).unwrap();
            client.0.0.read().unwrap();
        }
    };
    // The first has the server fetch what they all share.
    ping(0..1);
    let before = resident(&server);
    ping(1..CLIENTS + 1);
    let each = resident(&server).saturating_sub(before) / CLIENTS;
    assert!(each < 64 * 1024, "{each} bytes each");
}

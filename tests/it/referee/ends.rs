//! Sessions that end while their client is connected: it is told why, and what the session held is free.

use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use super::client::{Client, server, words};
use crate::support::{
    http::{Request, get},
    server::{Server, look_again},
    socket::Ending,
};

/// Folders of sessions that nobody has any more, and the memory that is reserved.
fn left(server: &Server) -> (Value, Value) {
    let spool = Request::new("GET", "/admin/spool").send(server.addr("admin"));
    let stats = get(server.addr("main"), "/streaming/stats").json();
    (
        spool.json()["leftovers"].clone(),
        stats["total_memory_mb"].clone(),
    )
}

/// The next text, while the client does nothing but keep the line open.
fn pinging(client: &mut Client) -> Value {
    loop {
        client.0.0.send(Message::Ping(vec![1].into())).unwrap();
        if let Message::Text(text) = client.0.0.read().unwrap() {
            return serde_json::from_str(&text).unwrap();
        }
    }
}

#[test]
fn a_client_that_only_keeps_its_line_open_is_told_that_its_session_timed_out() {
    let server = server("session_timeout_s = 1\n");
    let mut client = Client::start(&server, "a");
    client.frame(0);
    let (code, message) = words(&pinging(&mut client));
    assert_eq!(code, "PROCESSING_FAILED");
    assert!(
        message.starts_with("Session timeout: no activity for "),
        "{message}"
    );
    assert_eq!(client.0.ending(), (Vec::new(), Ending::Code(1000)));
    while left(&server) != (json!([]), json!(0.0)) {
        look_again();
    }
    Client::start(&server, "a");
}

#[test]
fn a_client_whose_session_an_operator_ends_is_told_so() {
    let server = server("");
    let mut client = Client::start(&server, "a");
    client.frame(0);
    let ended = Request::new("DELETE", "/admin/sessions/a").send(server.addr("admin"));
    assert!(ended.status() < 300, "{}", ended.status());
    assert_eq!(
        client.refusal(),
        (
            "PROCESSING_FAILED".into(),
            "The session was ended by an operator".into()
        )
    );
    Client::start(&server, "a");
}

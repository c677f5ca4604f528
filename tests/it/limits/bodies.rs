//! Bodies and heads that are too large, too deep, too slow, or never finished.

use super::{costs_nothing_lasting, start, uploads_hold_nothing};
use crate::support::{
    http::{Connection, Request, post},
    observe::{eventually, metric},
    server::Server,
    world::{self, World},
};

const MIB: usize = 1 << 20;

/// The head of a `/start_stream` request that goes on as `headers` say.
fn head(headers: &str) -> Vec<u8> {
    let start =
        "POST /start_stream HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n";
    format!("{start}{headers}\r\n").into_bytes()
}

#[test]
fn deep_json_is_refused_and_costs_nothing_lasting() {
    let server = Server::start();
    let deep = format!(r#"{{"prompt": {}"#, "[".repeat(4 * MIB));
    costs_nothing_lasting(&server, || {
        let answer = start(&server, &deep);
        assert_eq!(answer.status(), 400);
        assert!(
            answer.error().starts_with("400 Bad Request"),
            "{}",
            answer.error()
        );
    });
}

#[test]
fn a_body_that_says_it_is_too_long_is_refused_before_it_is_sent() {
    let server = Server::start();
    let mut connection = Connection::open(server.addr("gamecraft"));
    connection
        .write(&head("Content-Length: 33554433\r\n"))
        .unwrap();
    let answer = connection.answer().unwrap();
    assert_eq!(answer.status(), 413);
    assert_eq!(answer.error(), "the body must be at most 33554432 bytes");
    assert_eq!(answer.head.get("access-control-allow-origin"), Some("*"));
}

#[test]
fn an_action_is_no_longer_than_an_action_may_be() {
    let server = Server::start();
    let body = format!(r#"{{"action":[{}0]}}"#, "0,".repeat(32 * 1024));
    let answer = post(server.addr("gamecraft"), "/control/stream_1", &body);
    assert_eq!(answer.status(), 413);
    assert_eq!(answer.error(), "the body must be at most 65536 bytes");
}

#[test]
fn a_body_in_chunks_is_refused_where_it_gets_too_long_and_costs_nothing_lasting() {
    let server = Server::with_settings("[limits]\nbody_bytes = 1048576\nimage_bytes = 65536\n");
    let chunk = [b"10000\r\n", &vec![b' '; 0x10000][..], b"\r\n"].concat();
    costs_nothing_lasting(&server, || {
        let mut connection = Connection::open(server.addr("gamecraft"));
        connection
            .write(&head("Transfer-Encoding: chunked\r\n"))
            .unwrap();
        // The server may answer and close before it was sent everything.
        let _ = (0..40).try_for_each(|_| connection.write(&chunk));
        assert_eq!(connection.answer().unwrap().status(), 413);
    });
}

#[test]
fn a_chunked_body_of_less_is_read() {
    let server = Server::start();
    let mut connection = Connection::open(server.addr("gamecraft"));
    connection
        .write(&head("Transfer-Encoding: chunked\r\n"))
        .unwrap();
    connection.write(b"1\r\n{\r\n1\r\n}\r\n0\r\n\r\n").unwrap();
    assert_eq!(connection.answer().unwrap().status(), 200);
}

#[test]
fn an_upload_beyond_the_memory_of_all_uploads_is_refused_until_there_is_room() {
    let server = Server::with_settings(
        "[limits]\nupload_memory_bytes = 1048576\nbody_bytes = 1000000\nimage_bytes = 65536\n",
    );
    let mut holding = Connection::open(server.addr("gamecraft"));
    holding.write(&head("Content-Length: 900001\r\n")).unwrap();
    holding.write(&vec![b' '; 900_000]).unwrap();
    let other = format!(r#"{{"colour":"{}"}}"#, "x".repeat(300_000));
    eventually("the first holds its memory", || {
        metric(&server, "frameloom_upload_memory_bytes", &[]) >= 900_000.0
    });
    let refused = start(&server, &other);
    assert_eq!(refused.status(), 503);
    assert_eq!(refused.error(), "all memory for uploads is in use");
    assert_eq!(refused.head.get("retry-after"), Some("1"));
    let counted = metric(
        &server,
        "frameloom_admission_rejected_total",
        &["reason=\"memory\""],
    );
    assert_eq!(counted, 1.0);
    drop(holding);
    uploads_hold_nothing(&server);
    assert_eq!(start(&server, &other).status(), 200);
}

#[test]
fn uploads_that_are_announced_and_do_not_come_keep_nobody_out() {
    let server = Server::with_settings(
        "[limits]\nupload_memory_bytes = 1048576\nbody_bytes = 1000000\nimage_bytes = 65536\n",
    );
    let _waiting = [(); 4].map(|()| {
        let mut connection = Connection::open(server.addr("gamecraft"));
        let announced = [head("Content-Length: 900000\r\n"), b"{".to_vec()].concat();
        connection.write(&announced).unwrap();
        connection
    });
    eventually("they are being read", || {
        metric(&server, "frameloom_upload_memory_bytes", &[]) >= 4.0 * 65536.0
    });
    let other = format!(r#"{{"colour":"{}"}}"#, "x".repeat(300_000));
    assert_eq!(start(&server, &other).status(), 200);
}

#[test]
fn a_client_that_vanishes_amid_its_upload_leaves_no_memory_held() {
    let server = Server::start();
    costs_nothing_lasting(&server, || {
        let mut connection = Connection::open(server.addr("gamecraft"));
        connection
            .write(&head("Content-Length: 9000000\r\n"))
            .unwrap();
        connection.write(&vec![b' '; MIB]).unwrap();
    });
}

#[test]
fn a_body_that_does_not_come_in_time_is_refused_with_408() {
    let server = Server::with_settings("[limits]\nbody_timeout_ms = 300\n");
    let mut connection = Connection::open(server.addr("gamecraft"));
    connection.write(&head("Content-Length: 100\r\n")).unwrap();
    connection.write(b"{").unwrap();
    let answer = connection.answer().unwrap();
    assert_eq!(
        (answer.status(), answer.error().as_str()),
        (408, "the body did not come in time")
    );
    assert!(
        connection.is_closed_by_server(),
        "what still comes is no request"
    );
    uploads_hold_nothing(&server);
}

#[test]
fn a_head_that_does_not_come_in_time_ends_the_connection() {
    let server = Server::with_settings("[limits]\nheader_timeout_ms = 300\n");
    let mut connection = Connection::open(server.addr("gamecraft"));
    connection
        .write(b"GET /health HTTP/1.1\r\nHost: loc")
        .unwrap();
    assert!(connection.is_closed_by_server());
}

#[test]
fn a_connection_that_never_says_anything_is_ended() {
    let server = Server::with_settings("[limits]\nheader_timeout_ms = 300\n");
    assert!(Connection::open(server.addr("gamecraft")).is_closed_by_server());
}

#[test]
fn a_second_head_that_does_not_come_in_time_ends_the_connection_too() {
    // Long enough that the first head comes in time on a busy machine.
    let server =
        Server::with_settings("[limits]\nheader_timeout_ms = 3000\nkeep_alive_ms = 3000\n");
    let mut connection = Connection::open(server.addr("gamecraft"));
    connection
        .write(&Request::new("GET", "/health").bytes())
        .unwrap();
    assert_eq!(connection.answer().unwrap().status(), 200);
    connection
        .write(b"GET /health HTTP/1.1\r\nHost: loc")
        .unwrap();
    assert!(connection.is_closed_by_server());
}

#[test]
fn an_idle_connection_is_ended() {
    let server = Server::with_settings("[limits]\nkeep_alive_ms = 300\n");
    let mut connection = Connection::open(server.addr("gamecraft"));
    connection
        .write(&Request::new("GET", "/health").bytes())
        .unwrap();
    assert_eq!(connection.answer().unwrap().status(), 200);
    assert!(connection.is_closed_by_server());
}

#[test]
fn a_head_without_end_is_refused() {
    let server = Server::start();
    costs_nothing_lasting(&server, || {
        let mut connection = Connection::open(server.addr("gamecraft"));
        let line = format!("X-Filler: {}\r\n", "x".repeat(1000));
        let _ = connection.write(b"GET /health HTTP/1.1\r\n");
        let _ = (0..1000).try_for_each(|_| connection.write(line.as_bytes()));
        if let Ok(answer) = connection.answer() {
            assert!((400..500).contains(&answer.status()), "{}", answer.status());
        }
    });
}

#[test]
fn what_is_no_http_is_refused() {
    let server = Server::start();
    let mut connection = Connection::open(server.addr("gamecraft"));
    connection
        .write(b"\x16\x03\x01\x02\x00\x01\x00 hello\r\n\r\n")
        .unwrap();
    assert!(connection.is_closed_by_server());
    assert_eq!(metric(&server, "frameloom_sessions", &[]), 0.0);
}

#[test]
fn a_refused_upload_leaves_the_next_request_on_the_line_in_order() {
    let server = Server::start();
    let mut connection = Connection::open(server.addr("gamecraft"));
    let bad = Request::new("POST", "/start_stream").body("text/plain", world::small());
    connection.write(&bad.bytes()).unwrap();
    assert_eq!(connection.answer().unwrap().status(), 415);
    connection
        .write(&Request::new("GET", "/health").bytes())
        .unwrap();
    assert_eq!(connection.answer().unwrap().json()["status"], "healthy");
}

#[test]
fn a_socket_that_vanishes_leaves_no_viewer() {
    let server = Server::with_settings("[gamecraft]\nstill_repeat_ms = 100\n");
    let world = World::start(&server);
    let mut socket = world.socket();
    socket.text();
    drop(socket);
    eventually("nobody watches", || world.describe()["viewers"] == 0);
}

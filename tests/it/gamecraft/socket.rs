//! The WebSocket twin: what it says, what it takes, and how it ends.

use crate::support::{
    http::{Request, get},
    observe::eventually,
    pictures,
    server::Server,
    socket::{Ending, Socket},
    world::{self, World},
};
use rustix::process::Signal;
use serde_json::json;
use tokio_tungstenite::tungstenite::{
    Message,
    protocol::frame::{
        Frame as Part,
        coding::{Data, OpCode},
    },
};

#[test]
fn it_begins_by_saying_what_draws_the_world() {
    let server = Server::start();
    let world = World::start(&server);
    let hello = world.socket().text();
    let known = json!({
        "type": "world", "stream_id": world.id, "model": "world-box", "title": "World box 1",
        "engine": hello["engine"], "kind": "analytic", "fps": 30, "width": 64, "height": 64,
        // A plain gradient: open ground, its horizon half way up.
        "scene": {"horizon": 0.5, "mode": "open"}
    });
    assert_eq!(hello, known);
    assert!(
        hello["engine"]
            .as_str()
            .unwrap()
            .starts_with("rten on cpu0")
    );
}

#[test]
fn the_first_frame_is_the_start_picture() {
    let server = Server::start();
    let frame = World::start(&server).socket().frame();
    assert!(frame.is_start() && !frame.is_repeat());
    assert_eq!((frame.action, frame.width, frame.height), (0, 64, 64));
    assert!(pictures::difference(&frame.jpeg, &pictures::jpeg(64, 64)) < 6.0);
}

#[test]
fn a_frame_carries_the_number_of_its_action_and_where_its_time_went() {
    let server = Server::start();
    let mut socket = World::start(&server).socket();
    socket.say(r#"{"action":"w","speed":1,"id":18446744073709551615}"#);
    let frame = socket.frame_where(|frame| frame.action == u64::MAX);
    let [.., infer, _download, encode, _send] = frame.stages;
    assert!(infer > 0 && encode > 0, "{:?}", frame.stages);
    assert!(!frame.is_start() && !frame.is_repeat());
}

#[test]
fn frame_numbers_only_grow() {
    let server = Server::start();
    let mut socket = World::start(&server).socket();
    socket.say(r#"{"action":"d","speed":1,"id":1}"#);
    let numbers: Vec<u64> = (0..6).map(|_| socket.frame().id).collect();
    assert!(numbers.is_sorted_by(|a, b| a < b), "{numbers:?}");
}

#[test]
fn a_ping_comes_back_with_its_own_time_and_the_servers() {
    let server = Server::start();
    let mut socket = World::start(&server).socket();
    socket.text();
    socket.say(r#"{"type":"ping","t":1234.5678}"#);
    let pong = socket.text();
    assert_eq!(
        (&pong["type"], &pong["t"]),
        (&json!("pong"), &json!(1234.5678))
    );
    assert!(pong["server_us"].as_u64().unwrap() > 1_700_000_000_000_000);
}

#[test]
fn a_ping_of_the_protocol_is_answered_by_the_protocol() {
    let server = Server::start();
    let mut socket = World::start(&server).socket();
    socket
        .0
        .send(Message::Ping("are you there".into()))
        .unwrap();
    loop {
        if let Message::Pong(payload) = socket.0.read().unwrap() {
            assert_eq!(&payload[..], b"are you there");
            return;
        }
    }
}

#[test]
fn a_change_of_scene_shows_although_nobody_moves() {
    let server = Server::with_settings("[gamecraft]\nstill_repeat_ms = 60000\n");
    let world = World::start(&server);
    let mut socket = world.socket();
    let start = socket.frame();
    socket.say(r#"{"type":"scene","horizon":0.3,"mode":"room"}"#);
    let frame = socket.frame();
    assert!(frame.id > start.id && !frame.is_repeat() && !frame.is_start());
}

#[test]
fn a_text_that_cannot_be_used_gets_an_error_and_harms_nothing() {
    let server = Server::start();
    let mut socket = World::start(&server).socket();
    socket.text();
    let deep = "[".repeat(3_000);
    for (text, begins) in [
        ("", "400 Bad Request"),
        ("w", "400 Bad Request"),
        (deep.as_str(), "400 Bad Request"),
        (
            r#"{"action":"x"}"#,
            "Invalid action. Must be one of ['w', 'a', 's', 'd']",
        ),
        (
            r#"{"action":"w","speed":3.5}"#,
            "speed must be a number from 0 to 3",
        ),
        (
            r#"{"type":"scene","horizon":2}"#,
            "horizon must be a number from 0 to 1",
        ),
        (
            r#"{"type":"scene","mode":"sea"}"#,
            "mode must be room, street, open or flat",
        ),
        (r#"{"type":"dance"}"#, "type must be"),
    ] {
        socket.say(text);
        let answer = socket.text();
        let error = answer["error"].as_str().unwrap_or_default();
        assert!(error.starts_with(begins), "{text:.80}: {answer}");
    }
    socket.say(r#"{"action":"w","id":5}"#);
    socket.frame_where(|frame| frame.action == 5);
}

#[test]
fn a_binary_message_is_refused_with_1003() {
    let server = Server::start();
    let mut socket = World::start(&server).socket();
    socket.0.send(Message::binary(vec![1, 2, 3])).unwrap();
    assert_eq!(socket.ending().1, Ending::Code(1003));
}

#[test]
fn a_message_that_is_too_long_is_refused_with_1009() {
    let server = Server::with_settings("[limits]\nws_message_bytes = 1024\n");
    let mut socket = World::start(&server).socket();
    socket.say(&"x".repeat(5000));
    assert_eq!(socket.ending().1, Ending::Code(1009));
}

#[test]
fn a_text_that_is_no_utf8_is_refused_with_1007() {
    let server = Server::start();
    let mut socket = World::start(&server).socket();
    send_part(
        &mut socket,
        OpCode::Data(Data::Text),
        true,
        &[b'"', 0xff, b'"'],
    );
    assert_eq!(socket.ending().1, Ending::Code(1007));
}

#[test]
fn a_text_in_several_frames_is_put_together() {
    let server = Server::start();
    let mut socket = World::start(&server).socket();
    send_part(
        &mut socket,
        OpCode::Data(Data::Text),
        false,
        br#"{"action":"#,
    );
    send_part(
        &mut socket,
        OpCode::Data(Data::Continue),
        false,
        br#""w","id""#,
    );
    send_part(&mut socket, OpCode::Data(Data::Continue), true, b":77}");
    socket.frame_where(|frame| frame.action == 77);
}

#[test]
fn frames_of_a_text_that_are_too_long_together_are_refused_with_1009() {
    let server = Server::with_settings("[limits]\nws_message_bytes = 1024\n");
    let mut socket = World::start(&server).socket();
    send_part(&mut socket, OpCode::Data(Data::Text), false, &[b' '; 700]);
    send_part(
        &mut socket,
        OpCode::Data(Data::Continue),
        false,
        &[b' '; 700],
    );
    assert_eq!(socket.ending().1, Ending::Code(1009));
}

#[test]
fn a_binary_message_in_several_frames_is_refused_with_1003() {
    let server = Server::start();
    let mut socket = World::start(&server).socket();
    send_part(&mut socket, OpCode::Data(Data::Binary), false, &[0; 10]);
    assert_eq!(socket.ending().1, Ending::Code(1003));
}

#[test]
fn a_stopped_stream_closes_its_sockets_with_1000() {
    let server = Server::start();
    let world = World::start(&server);
    let mut socket = world.socket();
    socket.text();
    world.stop();
    assert_eq!(socket.ending().1, Ending::Code(1000));
}

#[test]
fn a_client_that_closes_gets_its_code_back_and_leaves_no_viewer() {
    let server = Server::start();
    let world = World::start(&server);
    let mut socket = world.socket();
    socket.text();
    socket.0.close(None).unwrap();
    assert_ne!(socket.ending().1, Ending::Cut);
    eventually("nobody watches", || world.describe()["viewers"] == 0);
}

#[test]
fn a_shutdown_is_announced_and_closes_with_1012() {
    let mut server = Server::start();
    let mut socket = World::start(&server).socket();
    socket.text();
    server.signal(Signal::TERM);
    let (texts, ending) = socket.ending();
    assert_eq!(texts, [json!({"type": "draining", "deadline_ms": 1900})]);
    assert_eq!(ending, Ending::Code(1012));
    assert!(server.await_exit().success());
}

#[test]
fn a_socket_that_does_not_read_skips_to_the_newest_frame_and_holds_up_nobody() {
    let server = Server::with_settings(
        "[gamecraft]\npacing = false\naction_hold_ms = 60000\n\
         [limits]\nsend_buffer_bytes = 16384\nwrite_timeout_ms = 600000\n",
    );
    let world = World::with(&server, &world::sized(256, 256));
    let (mut stalled, mut reading) = (world.socket(), world.socket());
    let first = stalled.frame().id;
    world.press("w");
    // Far more than all buffers between the server and the client hold.
    let newest = reading.frame_where(|frame| frame.id > first + 300).id;
    let caught_up = std::iter::repeat_with(|| stalled.frame().id).take_while(|id| *id < newest);
    let stale = caught_up.count() as u64;
    assert!(stale < 100, "{stale} stale frames of {}", newest - first);
}

#[test]
fn a_plain_request_on_its_path_is_refused() {
    let server = Server::start();
    let world = World::start(&server);
    let answer = get(server.addr("gamecraft"), &format!("/ws/world/{}", world.id));
    assert_eq!(answer.status(), 400);
    assert!(!answer.error().is_empty(), "{}", answer.text());
}

#[test]
fn a_handshake_of_another_version_is_refused() {
    let server = Server::start();
    let world = World::start(&server);
    let request = Request::new("GET", &format!("/ws/world/{}", world.id))
        .header("Upgrade", "websocket")
        .header("Connection", "Upgrade")
        .header("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==")
        .header("Sec-WebSocket-Version", "12");
    let answer = request.send(server.addr("gamecraft"));
    assert_eq!(answer.status(), 400);
    eventually("nobody watches", || world.describe()["viewers"] == 0);
}

#[test]
fn the_same_socket_is_there_under_the_main_listener() {
    let server = Server::start();
    let world = World::start(&server);
    let path = format!("/d/gamecraft/ws/world/{}", world.id);
    let mut socket = Socket::at(server.addr("main"), &path);
    assert_eq!(socket.text()["stream_id"], world.id.as_str());
}

fn send_part(socket: &mut Socket, kind: OpCode, is_last: bool, payload: &[u8]) {
    let part = Part::message(payload.to_vec(), kind, is_last);
    socket.0.send(Message::Frame(part)).unwrap();
}

//! The way from a handshake to the stream, and that other sockets of the listener are as they were.

use super::client::server;
use crate::support::{
    http::{Connection, Request},
    server::Server,
    socket::Socket,
    world::World,
};

fn handshake(path: &str) -> Request {
    Request::new("GET", path)
        .header("Upgrade", "websocket")
        .header("Sec-WebSocket-Version", "13")
        .header("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==")
}

/// The status that a handshake gets.
fn status(server: &Server, request: Request) -> u16 {
    let mut connection = Connection::open(server.addr("main"));
    let request = request.header("Connection", "Upgrade");
    connection.write(&request.bytes()).unwrap();
    connection.head().unwrap().status
}

#[test]
fn the_handshake_is_answered_as_the_standard_says() {
    let server = server("");
    let mut connection = Connection::open(server.addr("main"));
    let request = handshake("/stream")
        .header("Connection", "keep-alive, Upgrade")
        .header("Sec-WebSocket-Extensions", "permessage-deflate");
    connection.write(&request.bytes()).unwrap();
    let head = connection.head().unwrap();
    assert_eq!(head.status, 101);
    // The example of RFC 6455, section 1.3.
    assert_eq!(
        head.get("sec-websocket-accept"),
        Some("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")
    );
    assert_eq!(
        head.get("sec-websocket-extensions"),
        None,
        "nothing is compressed"
    );
}

#[test]
fn the_world_is_still_reached_through_the_same_listener() {
    let server = server("");
    let world = World::start(&server);
    let id = &world.id;
    let path = format!("/d/gamecraft/ws/world/{id}");
    let mut socket = Socket::at(server.addr("main"), &path);
    assert_eq!(socket.text()["type"], "world");
    socket.frame();
    let missing = handshake("/d/gamecraft/ws/world/nothing");
    assert_eq!(status(&server, missing), 404);
}

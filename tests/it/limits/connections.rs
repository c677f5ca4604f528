//! Connections beyond the limit of a listener.

use crate::support::{
    http::{Connection, Request, get},
    observe::{eventually, metric},
    server::Server,
};

const FOUR: &str = "[limits]\nconnections = 4\n[server]\nworkers = 2\n";

/// A connection that has been answered and is kept.
fn kept(server: &Server) -> Option<Connection> {
    let mut connection = Connection::open(server.addr("gamecraft"));
    connection
        .write(&Request::new("GET", "/livez").bytes())
        .ok()?;
    let answer = connection.answer().ok()?;
    assert_eq!(answer.status(), 200);
    Some(connection)
}

#[test]
fn one_connection_too_many_is_closed_at_once_and_counted() {
    let server = Server::with_settings(FOUR);
    let _four: Vec<_> = (0..4).map(|_| kept(&server).unwrap()).collect();
    assert!(kept(&server).is_none(), "a fifth is not served");
    let refused = || {
        metric(
            &server,
            "frameloom_connections_refused_total",
            &["\"gamecraft\""],
        )
    };
    assert_eq!(refused(), 1.0);
    assert_eq!(
        metric(&server, "frameloom_connections", &["\"gamecraft\""]),
        4.0
    );
}

#[test]
fn a_full_listener_does_not_touch_the_others() {
    let server = Server::with_settings(FOUR);
    let _four: Vec<_> = (0..4).map(|_| kept(&server).unwrap()).collect();
    assert!(kept(&server).is_none());
    assert_eq!(get(server.addr("main"), "/livez").status(), 200);
}

#[test]
fn there_is_room_again_when_a_connection_has_gone() {
    let server = Server::with_settings(FOUR);
    let mut four: Vec<_> = (0..4).map(|_| kept(&server).unwrap()).collect();
    assert!(kept(&server).is_none());
    four.pop();
    eventually("another is served", || kept(&server).is_some());
}

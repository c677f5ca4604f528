//! The process: how it starts, what it says, and how it ends.

mod log;
mod pid;
mod runtime;
mod start;
mod stop;

use std::net::{SocketAddr, TcpListener};

/// A listener on a port that nobody else has.
fn taken_port() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let at = listener.local_addr().unwrap();
    (listener, at)
}

/// A port that was free a moment ago.
fn free_port() -> String {
    taken_port().1.port().to_string()
}

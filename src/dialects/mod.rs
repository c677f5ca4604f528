//! The wire protocols: bytes to commands and events, and back. Pure: no sockets, no actors, no clocks.

pub mod gamecraft;
pub mod referee;

use crate::{media::EncodedFrame, session::Media};
use bytes::Bytes;
use std::time::{Duration, Instant};

/// What a WebSocket speaks; the socket itself (`http/ws.rs`) knows only this.
pub trait SocketDialect: Unpin + 'static {
    /// What is said first.
    fn hello(&self) -> Option<String>;

    /// A text came at `now`; `unix` is the same moment on the wall clock.
    fn receive(&mut self, text: &str, now: Instant, unix: Duration) -> Received;

    /// A frame, as it is sent at `now`.
    fn frame(&mut self, frame: &EncodedFrame, now: Instant, unix: Duration) -> Bytes;

    /// Input was not taken; the text says why.
    fn refused(&self, why: &str) -> String;

    /// The server shuts down, at the latest in `within`.
    fn draining(&self, within: Duration) -> String;
}

/// What a text from a client asks.
#[derive(Clone, Debug, PartialEq)]
pub enum Received {
    /// Input for the session.
    Offer(Media),
    /// An answer that needs no session.
    Reply(String),
}

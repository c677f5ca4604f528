//! What the dialect answers when all is well.

use super::{control::Control, start::Params};
use serde::Serialize;
use serde_json::Value;

/// Answer to `/start_stream`.
#[derive(Debug, Serialize)]
pub struct Started<'a> {
    /// The stream's name.
    pub stream_id: &'a str,
    /// Always `started`.
    pub status: &'static str,
    /// The effective parameters.
    pub params: &'a Params,
}

/// Answer to `/control`.
#[derive(Debug, Serialize)]
pub struct ActionSent<'a> {
    /// The stream's name.
    pub stream_id: &'a str,
    /// The key, in lower case.
    pub action: &'static str,
    /// As it was given.
    pub speed: &'a Value,
    /// Always `action_sent`.
    pub status: &'static str,
}

/// Answer to `/stop_stream`.
#[derive(Debug, Serialize)]
pub struct Stopped<'a> {
    /// Always `stopped`.
    pub status: &'static str,
    /// The stream's name.
    pub stream_id: &'a str,
}

/// Answer to `/health`: the original's three fields, and what is true beyond them.
#[derive(Debug, Serialize)]
pub struct Health<'a> {
    /// `healthy`, or `unhealthy` while the world's model is not ready.
    pub status: &'static str,
    /// Whether the model is loaded and has answered a warm-up.
    pub worker_ready: bool,
    /// Streams that exist.
    pub active_streams: usize,
    /// The model that draws.
    pub model: &'a str,
    /// How it stands.
    pub model_state: &'a str,
    /// What runs it.
    pub engine: &'a str,
}

impl<'a> Started<'a> {
    /// A stream was made.
    pub fn new(stream_id: &'a str, params: &'a Params) -> Self {
        Self {
            stream_id,
            status: "started",
            params,
        }
    }
}

impl<'a> ActionSent<'a> {
    /// An action was taken.
    pub fn new(stream_id: &'a str, control: &'a Control) -> Self {
        let action = control.direction.key();
        Self {
            stream_id,
            action,
            speed: control.speed_echo(),
            status: "action_sent",
        }
    }
}

impl<'a> Stopped<'a> {
    /// A stream was stopped.
    pub fn new(stream_id: &'a str) -> Self {
        Self {
            status: "stopped",
            stream_id,
        }
    }
}

/// The path under which an inline picture is known to clients of the original, which saved it there; we keep it in memory.
pub fn saved_path(stream_id: &str) -> String {
    format!("./streaming_results/input/{stream_id}.png")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialects::gamecraft::control;

    #[test]
    fn an_action_is_echoed_as_it_was_given() {
        let control = control::parse(br#"{"action":"W","speed":1}"#).unwrap();
        let json = serde_json::to_string(&ActionSent::new("stream_1", &control)).unwrap();
        assert_eq!(
            json,
            r#"{"stream_id":"stream_1","action":"w","speed":1,"status":"action_sent"}"#
        );
    }
}

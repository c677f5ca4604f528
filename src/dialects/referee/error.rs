//! What is refused: the original's codes and words, and whether the conversation goes on.
//!
//! Invariant: a fault that is not recoverable ends the connection, and no other does.

use crate::media::picture::FrameFlaw;
use serde::Serialize;
use std::time::Duration;

/// The code of an error, as it is written on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Code {
    /// Something else than a text where a text was due.
    ProtocolError,
    /// A text that cannot be read.
    InvalidMessage,
    /// No session was opened.
    SessionStartFailed,
    /// A message that needs a session came without one.
    NoActiveSession,
    /// A frame was not taken.
    FrameProcessingFailed,
    /// The end of the frames was not taken.
    SessionEndFailed,
    /// No verdict was reached.
    ProcessingFailed,
    /// A message that only the server sends.
    UnknownMessageType,
    /// A failure of ours.
    InternalError,
    /// No streaming here.
    StreamingDisabled,
}

/// An error on its way to the client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// What kind.
    pub code: Code,
    /// Words for people, the original's where it has some.
    pub message: String,
    /// What is known beyond them.
    pub detail: Option<String>,
    /// Whether the conversation goes on.
    pub recoverable: bool,
}

impl Fault {
    fn ends(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            detail: None,
            recoverable: false,
        }
    }

    fn goes_on(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            detail: None,
            recoverable: true,
        }
    }

    /// A binary message where metadata was due.
    pub fn expected_text() -> Self {
        Self::ends(Code::ProtocolError, "Expected text message with metadata")
    }

    /// What came is no message of the WebSocket protocol.
    pub fn broken_line(why: impl std::fmt::Display) -> Self {
        Self::ends(
            Code::ProtocolError,
            format!("Broken WebSocket message: {why}"),
        )
    }

    /// A text that cannot be read.
    pub fn invalid(why: impl std::fmt::Display) -> Self {
        Self::ends(
            Code::InvalidMessage,
            format!("Invalid message format: {why}"),
        )
    }

    /// No session was opened; the text is the original's where it has one.
    pub fn start(why: impl Into<String>) -> Self {
        Self::ends(Code::SessionStartFailed, why)
    }

    /// There is a session of this name.
    pub fn exists(id: &str) -> Self {
        Self::start(format!("Session {id} already exists"))
    }

    /// As many sessions as there may be.
    pub fn full(max: usize) -> Self {
        Self::start(format!("Maximum concurrent sessions reached ({max})"))
    }

    /// The memory of all sessions is reserved.
    pub fn no_memory(limit_bytes: usize) -> Self {
        let megabytes = limit_bytes as f64 / super::stats::MIB;
        Self::start(format!("Maximum memory limit reached ({megabytes:.1} MB)"))
    }

    /// A frame came before a session.
    pub fn no_session_for_frame() -> Self {
        Self::ends(
            Code::NoActiveSession,
            "No active session, send SESSION_START first",
        )
    }

    /// Another message came before a session.
    pub fn no_session() -> Self {
        Self::ends(Code::NoActiveSession, "No active session")
    }

    /// A frame was not taken; its number is still free.
    pub fn frame(why: impl Into<String>) -> Self {
        Self::goes_on(Code::FrameProcessingFailed, why)
    }

    /// A frame's bytes are no picture of this session.
    pub fn undecodable(number: u64, flaw: &FrameFlaw) -> Self {
        Self {
            detail: Some(flaw.to_string()),
            ..Self::frame(format!("Failed to decode frame {number}"))
        }
    }

    /// A frame's bytes are more than any frame of this session has, and were not held.
    pub fn oversize(number: u64, bytes: u64, limit: usize) -> Self {
        let detail =
            format!("it has {bytes} bytes, but a frame of this session has at most {limit}");
        Self {
            detail: Some(detail),
            ..Self::frame(format!("Failed to decode frame {number}"))
        }
    }

    /// A frame is longer than may be; what follows it on the line cannot be read any more.
    pub fn frame_too_long(number: u64, limit: usize) -> Self {
        let message = format!("Frame {number} is larger than {limit} bytes");
        Self::ends(Code::FrameProcessingFailed, message)
    }

    /// The end of the frames was not taken.
    pub fn end(why: impl Into<String>) -> Self {
        Self::ends(Code::SessionEndFailed, why)
    }

    /// No verdict was reached.
    pub fn processing(why: impl Into<String>) -> Self {
        Self::ends(Code::ProcessingFailed, why)
    }

    /// Nothing came to a session for so long.
    pub fn silent(idle: Duration) -> Self {
        let seconds = idle.as_secs_f64();
        Self::processing(format!("Session timeout: no activity for {seconds:.1}s"))
    }

    /// A message that only the server sends.
    pub fn unknown_type(kind: &str) -> Self {
        Self::goes_on(
            Code::UnknownMessageType,
            format!("Unknown message type: {kind}"),
        )
    }

    /// A failure of ours.
    pub fn internal(why: impl Into<String>) -> Self {
        Self::ends(Code::InternalError, why)
    }

    /// No streaming here.
    pub fn disabled() -> Self {
        Self::ends(
            Code::StreamingDisabled,
            "Real-time streaming is disabled. Please upload a complete video via /analyze.",
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_written_as_the_original_writes_them() {
        for (code, text) in [
            (Code::ProtocolError, "PROTOCOL_ERROR"),
            (Code::InvalidMessage, "INVALID_MESSAGE"),
            (Code::SessionStartFailed, "SESSION_START_FAILED"),
            (Code::NoActiveSession, "NO_ACTIVE_SESSION"),
            (Code::FrameProcessingFailed, "FRAME_PROCESSING_FAILED"),
            (Code::SessionEndFailed, "SESSION_END_FAILED"),
            (Code::ProcessingFailed, "PROCESSING_FAILED"),
            (Code::UnknownMessageType, "UNKNOWN_MESSAGE_TYPE"),
            (Code::InternalError, "INTERNAL_ERROR"),
            (Code::StreamingDisabled, "STREAMING_DISABLED"),
        ] {
            assert_eq!(serde_json::to_value(code).unwrap(), text);
        }
    }

    #[test]
    fn only_frames_and_unknown_types_leave_the_conversation_going() {
        assert!(Fault::frame("").recoverable && Fault::unknown_type("pong").recoverable);
        for fault in [
            Fault::expected_text(),
            Fault::invalid(""),
            Fault::full(10),
            Fault::no_session(),
            Fault::end(""),
            Fault::processing(""),
            Fault::internal(""),
            Fault::disabled(),
        ] {
            assert!(!fault.recoverable, "{fault:?}");
        }
    }

    #[test]
    fn limits_are_told_in_the_originals_words() {
        assert_eq!(
            Fault::full(10).message,
            "Maximum concurrent sessions reached (10)"
        );
        assert_eq!(
            Fault::no_memory(2048 << 20).message,
            "Maximum memory limit reached (2048.0 MB)"
        );
    }
}

//! What the server says on the stream's socket.
//!
//! Invariant: no text is as long as [`LONGEST`], the limit at which the usual Python client drops the connection.

use super::{document::Document, error::Fault, stats::SessionStats};
use crate::session::Validation;
use serde::Serialize;

/// Bytes at which clients of the `websockets` library refuse a message.
pub const LONGEST: usize = 1 << 20;

/// A text for the client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// The text.
    pub text: String,
    /// Whether the connection ends after it.
    pub ends: bool,
}

/// What became of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// It is kept.
    Received,
    /// Its number was held already.
    Duplicate,
}

/// Where an upload goes on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Resumed {
    /// The highest number held, and 1.
    pub next_frame: u64,
    /// The holes below it, the first of them.
    pub missing: Vec<u64>,
}

/// What is said, by its type.
#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum Notice<'a> {
    SessionStarted {
        session_id: &'a str,
        #[serde(flatten)]
        resumed: Option<&'a Resumed>,
    },
    FrameAck {
        session_id: &'a str,
        frame_number: u64,
        status: Status,
    },
    SessionEnded {
        session_id: &'a str,
        validation: Judged<'a>,
    },
    SignalAck {
        session_id: &'a str,
        status: Status,
    },
    ProcessStart {
        session_id: &'a str,
    },
    ProcessProgress {
        session_id: &'a str,
        stage: &'a str,
        progress: f32,
        message: &'a str,
    },
    ProcessComplete {
        session_id: &'a str,
        result: &'a Document<'a>,
    },
    Error {
        session_id: Option<&'a str>,
        error_code: super::Code,
        error_message: &'a str,
        recoverable: bool,
        #[serde(skip_serializing_if = "Option::is_none")]
        detail: Option<&'a str>,
    },
    Pong,
}

/// A [`Validation`] on the wire.
#[derive(Serialize)]
pub(super) struct Judged<'a> {
    valid: bool,
    issues: &'a [String],
    frame_count: u64,
    missing_frames: u64,
    duplicate_frames: u64,
    out_of_order_frames: u64,
    has_signal: bool,
}

impl<'a> From<&'a Validation> for Judged<'a> {
    fn from(judged: &'a Validation) -> Self {
        Self {
            valid: judged.valid,
            issues: &judged.issues,
            frame_count: judged.frame_count,
            missing_frames: judged.missing_frames,
            duplicate_frames: judged.duplicate_frames,
            out_of_order_frames: judged.out_of_order_frames,
            has_signal: judged.has_signal,
        }
    }
}

impl Notice<'_> {
    pub(super) fn text(&self) -> String {
        // Strings, numbers and JSON that was read as such always serialise.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// As a reply after which the conversation goes on.
    pub(super) fn reply(&self) -> Reply {
        Reply {
            text: self.text(),
            ends: false,
        }
    }
}

impl Reply {
    /// An error, of this session if one is known.
    pub fn error(session: Option<&str>, fault: &Fault) -> Self {
        let notice = Notice::Error {
            session_id: session,
            error_code: fault.code,
            error_message: &fault.message,
            recoverable: fault.recoverable,
            detail: fault.detail.as_deref(),
        };
        Self {
            text: notice.text(),
            ends: !fault.recoverable,
        }
    }

    /// The verdict: the result with the session's own counts. Tables that would make it too long are left out, and named.
    pub(super) fn complete(session: &str, result: &str, stats: &SessionStats) -> Self {
        let Some(mut document) = Document::parse(result) else {
            return Self::error(
                Some(session),
                &Fault::internal("the result is no JSON object"),
            );
        };
        document.set("streaming_stats", stats);
        let whole = |document: &Document<'_>| {
            let result = document;
            Notice::ProcessComplete {
                session_id: session,
                result,
            }
            .reply()
        };
        let mut reply = whole(&document);
        while reply.text.len() >= LONGEST && document.leave_out_the_longest() {
            reply = whole(&document);
        }
        reply
    }
}

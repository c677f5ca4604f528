//! The messages of `/stream`, from a client's side.
//!
//! Only shapes: who says what when is [`super::stream`]'s. Invariant: fields that the server may add are ignored, and only
//! those without which nothing can go on are required.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What the client says.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Request<'a> {
    /// Opens a session, or goes on with one.
    SessionStart {
        /// Its name.
        session_id: &'a str,
        /// Frames a second.
        fps: f64,
        /// Pixels in a row.
        width: u32,
        /// Rows.
        height: u32,
        /// How many frames will come, where known.
        #[serde(skip_serializing_if = "Option::is_none")]
        expected_frames: Option<u64>,
        /// What raw frames hold; the protocol knows one value.
        video_format: &'static str,
        /// Whether the session is there already, from a connection that broke.
        #[serde(skip_serializing_if = "is_false")]
        resume: bool,
        /// Whether the result shall hold the keypoints.
        #[serde(skip_serializing_if = "is_false")]
        include_keypoints: bool,
        /// `false`: no overlay video.
        #[serde(skip_serializing_if = "is_true")]
        save_overlay: bool,
    },
    /// Announces a frame; its bytes follow.
    Frame {
        /// The session.
        session_id: &'a str,
        /// Its number; the first is 0.
        frame_number: u64,
        /// When it was sent, in seconds since 1970.
        timestamp: f64,
        /// `jpeg`, `png` or `raw`.
        encoding: &'static str,
        /// JPEG quality, where it was encoded here.
        #[serde(skip_serializing_if = "Option::is_none")]
        quality: Option<u32>,
        /// Bytes that follow.
        size: usize,
    },
    /// Says that no more frames come.
    SessionEnd {
        /// The session.
        session_id: &'a str,
        /// How many there were.
        total_frames: u64,
    },
    /// Announces the signal file; its bytes follow.
    Signal {
        /// The session.
        session_id: &'a str,
        /// The file's name, without a path.
        filename: &'a str,
        /// Bytes that follow.
        size: usize,
    },
}

/// What the server says.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Reply {
    /// The session is open.
    SessionStarted(Started),
    /// The answer for a frame.
    FrameAck {
        /// Its number.
        frame_number: u64,
        /// `received` or `duplicate`.
        #[serde(default)]
        status: String,
    },
    /// All frames are in.
    SessionEnded {
        /// What is thought of them.
        #[serde(default)]
        validation: Validation,
    },
    /// The signal is in.
    SignalAck {},
    /// The analysis begins.
    ProcessStart {},
    /// How far it is.
    ProcessProgress {
        /// Which stage.
        stage: String,
        /// 0 to 1.
        #[serde(default)]
        progress: f64,
        /// The server's words.
        #[serde(default)]
        message: String,
    },
    /// The result.
    ProcessComplete {
        /// The whole document.
        result: Value,
    },
    /// Something went wrong.
    Error(Refusal),
    /// Anything else: later servers may say more.
    #[serde(other)]
    Other,
}

/// What an opened session says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct Started {
    /// Of a resumed one: the highest number held, plus 1.
    pub next_frame: Option<u64>,
    /// Of a resumed one: the holes below it.
    #[serde(default)]
    pub missing: Vec<u64>,
}

/// What the server thinks of the frames.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Validation {
    /// Whether there is nothing to say against them.
    pub valid: bool,
    /// What there is to say.
    pub issues: Vec<String>,
    /// How many are held.
    pub frame_count: u64,
}

/// The server's `error`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Refusal {
    /// Such as `SESSION_START_FAILED`.
    pub error_code: String,
    /// Its words.
    #[serde(default)]
    pub error_message: String,
    /// Whether the session goes on.
    #[serde(default)]
    pub recoverable: bool,
    /// What exactly is wrong, where a server says more than the original.
    #[serde(default)]
    pub detail: Option<String>,
}

impl Refusal {
    /// All its words.
    #[must_use]
    pub fn words(&self) -> String {
        match &self.detail {
            Some(detail) => format!("{}: {detail}", self.error_message),
            None => self.error_message.clone(),
        }
    }
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde hands fields over by reference"
)]
const fn is_false(flag: &bool) -> bool {
    !*flag
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde hands fields over by reference"
)]
const fn is_true(flag: &bool) -> bool {
    *flag
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_plain_start_says_what_the_guide_s_client_says_and_no_more() {
        let start = Request::SessionStart {
            session_id: "p",
            fps: 15.0,
            width: 64,
            height: 48,
            expected_frames: Some(9),
            video_format: "bgr24",
            resume: false,
            include_keypoints: false,
            save_overlay: true,
        };
        let expected = json!({"type": "session_start", "session_id": "p", "fps": 15.0, "width": 64, "height": 48,
            "expected_frames": 9, "video_format": "bgr24"});
        assert_eq!(serde_json::to_value(start).unwrap(), expected);
    }

    #[test]
    fn a_reply_may_say_more_than_is_known() {
        let text =
            r#"{"type":"frame_ack","session_id":"p","frame_number":3,"status":"received","new":1}"#;
        let ack = Reply::FrameAck {
            frame_number: 3,
            status: "received".to_owned(),
        };
        assert_eq!(serde_json::from_str::<Reply>(text).unwrap(), ack);
        let text = r#"{"type":"something_new","a":1}"#;
        assert_eq!(serde_json::from_str::<Reply>(text).unwrap(), Reply::Other);
    }

    #[test]
    fn a_first_start_has_nothing_to_resume() {
        let text = r#"{"type":"session_started","session_id":"p"}"#;
        let started = Reply::SessionStarted(Started::default());
        assert_eq!(serde_json::from_str::<Reply>(text).unwrap(), started);
    }
}

//! What a client may say, message by message.
//!
//! A message is read in two steps: its type, then the fields of that type, because what is wrong with a field has another
//! error code for each type. Unknown fields are ignored.

use super::fields;
use crate::{
    media::{Encoding, spool::is_name},
    session::{BoutSpec, SessionId},
};
use serde::Deserialize;
use std::borrow::Cow;

/// The type of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Opens a session.
    SessionStart,
    /// Announces a frame's bytes.
    Frame,
    /// All frames have been sent.
    SessionEnd,
    /// Announces the signal's bytes.
    Signal,
    /// Asks for an answer.
    Ping,
    /// Known, but nobody asks it of a server.
    SessionAbort,
    /// The server's.
    FrameAck,
    /// The server's.
    SignalAck,
    /// The server's.
    ProcessStart,
    /// The server's.
    ProcessProgress,
    /// The server's.
    ProcessComplete,
    /// The server's.
    Error,
    /// The server's.
    Pong,
}

/// `session_start`: what is announced, and whether a broken upload goes on.
#[derive(Clone, Debug, PartialEq)]
pub struct Start {
    /// The bout.
    pub bout: BoutSpec,
    /// Whether a session of this name is there and shall be resumed.
    pub resume: bool,
}

/// `frame`: how the bytes that follow are to be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FrameHead {
    /// Its number.
    pub number: u64,
    /// How it is encoded; an encoding that is not known is refused with the bytes that follow.
    pub encoding: Result<Encoding, String>,
    /// Bytes that the client says will follow; 0 if it does not say.
    pub size: u64,
}

/// `signal`: which file follows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignalHead {
    /// Its name, which is a name and no path.
    pub filename: String,
}

#[derive(Deserialize)]
struct Head<'a> {
    #[serde(rename = "type", borrow)]
    kind: Cow<'a, str>,
}

#[derive(Deserialize)]
struct StartFields<'a> {
    #[serde(borrow)]
    session_id: Cow<'a, str>,
    #[serde(deserialize_with = "fields::fps")]
    fps: f64,
    #[serde(deserialize_with = "fields::side")]
    width: u32,
    #[serde(deserialize_with = "fields::side")]
    height: u32,
    #[serde(default, deserialize_with = "fields::maybe_whole")]
    expected_frames: Option<u64>,
    #[serde(default, rename = "video_format")]
    _video_format: Option<Cow<'a, str>>,
    #[serde(default)]
    resume: Option<bool>,
    #[serde(default)]
    include_keypoints: Option<bool>,
    #[serde(default)]
    save_overlay: Option<bool>,
}

#[derive(Deserialize)]
struct FrameFields<'a> {
    #[serde(borrow, rename = "session_id")]
    _session_id: Cow<'a, str>,
    #[serde(deserialize_with = "fields::whole")]
    frame_number: u64,
    #[serde(rename = "timestamp")]
    _timestamp: f64,
    #[serde(borrow, default)]
    encoding: Option<Cow<'a, str>>,
    #[serde(default, rename = "quality", deserialize_with = "fields::maybe_whole")]
    _quality: Option<u64>,
    #[serde(default, deserialize_with = "fields::maybe_whole")]
    size: Option<u64>,
}

#[derive(Deserialize)]
struct EndFields<'a> {
    #[serde(borrow, rename = "session_id")]
    _session_id: Cow<'a, str>,
    #[serde(deserialize_with = "fields::whole")]
    total_frames: u64,
}

#[derive(Deserialize)]
struct SignalFields<'a> {
    #[serde(borrow, rename = "session_id")]
    _session_id: Cow<'a, str>,
    filename: String,
    #[serde(rename = "size", deserialize_with = "fields::whole")]
    _size: u64,
}

/// The type of a message.
///
/// # Errors
/// What is wrong with it, for `INVALID_MESSAGE`.
pub fn kind(text: &str) -> Result<Kind, String> {
    let head: Head<'_> = serde_json::from_str(text).map_err(|e| e.to_string())?;
    let name = serde::de::value::StrDeserializer::<serde::de::value::Error>::new(&head.kind);
    Kind::deserialize(name)
        .map_err(|_| format!("'{}' is not a valid MessageType", shorten(&head.kind)))
}

impl Kind {
    /// The name on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::SessionStart => "session_start",
            Self::Frame => "frame",
            Self::SessionEnd => "session_end",
            Self::Signal => "signal",
            Self::Ping => "ping",
            Self::SessionAbort => "session_abort",
            Self::FrameAck => "frame_ack",
            Self::SignalAck => "signal_ack",
            Self::ProcessStart => "process_start",
            Self::ProcessProgress => "process_progress",
            Self::ProcessComplete => "process_complete",
            Self::Error => "error",
            Self::Pong => "pong",
        }
    }
}

impl Start {
    /// Reads the fields of a `session_start`.
    ///
    /// # Errors
    /// The first field that is missing or wrong.
    pub fn parse(text: &str) -> Result<Self, String> {
        let fields: StartFields<'_> = read(text)?;
        if !is_name(&fields.session_id) {
            return Err("session_id must be a name of 1 to 128 bytes without path parts and control characters".into());
        }
        Ok(Self {
            bout: BoutSpec {
                id: SessionId::new(&*fields.session_id),
                fps: fields.fps,
                width: fields.width,
                height: fields.height,
                expected_frames: fields.expected_frames,
                include_keypoints: fields.include_keypoints.unwrap_or(false),
                save_overlay: fields.save_overlay.unwrap_or(true),
                input_video: None,
                sound: None,
            },
            resume: fields.resume.unwrap_or(false),
        })
    }
}

impl FrameHead {
    /// Reads the fields of a `frame`.
    ///
    /// # Errors
    /// The first field that is missing or wrong.
    pub fn parse(text: &str) -> Result<Self, String> {
        let fields: FrameFields<'_> = read(text)?;
        Ok(Self {
            number: fields.frame_number,
            encoding: encoding(fields.encoding.as_deref()),
            size: fields.size.unwrap_or(0),
        })
    }
}

fn encoding(name: Option<&str>) -> Result<Encoding, String> {
    match name.unwrap_or("jpeg") {
        "jpeg" | "jpg" => Ok(Encoding::Jpeg),
        "png" => Ok(Encoding::Png),
        "raw" => Ok(Encoding::Raw),
        other => Err(format!("unknown encoding '{}'", shorten(other))),
    }
}

/// The `total_frames` of a `session_end`.
///
/// # Errors
/// The first field that is missing or wrong.
pub fn end(text: &str) -> Result<u64, String> {
    read::<EndFields<'_>>(text).map(|fields| fields.total_frames)
}

impl SignalHead {
    /// Reads the fields of a `signal`.
    ///
    /// # Errors
    /// The first field that is missing or wrong, or a filename that is more than a name.
    pub fn parse(text: &str) -> Result<Self, String> {
        let SignalFields { filename, .. } = read(text)?;
        if is_name(&filename) {
            return Ok(Self { filename });
        }
        Err(
            "filename must be a name of 1 to 128 bytes without path parts and control characters"
                .into(),
        )
    }
}

fn read<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, String> {
    serde_json::from_str(text).map_err(|e| e.to_string())
}

/// What a client wrote, short enough to be told back.
fn shorten(text: &str) -> String {
    const LONGEST: usize = 64;
    let mut short: String = text.chars().take(LONGEST).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}

#[cfg(test)]
#[path = "message_tests.rs"]
mod tests;

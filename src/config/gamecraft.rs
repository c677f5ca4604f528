//! `[gamecraft]`: the interactive world dialect.

use std::fmt;
use std::num::{NonZeroU32, NonZeroUsize};
use std::path::PathBuf;
use std::time::Duration;

use super::read::Reader;

/// The interactive world dialect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gamecraft {
    /// Streams at the same time.
    pub max_streams: NonZeroUsize,
    /// What happens to the next one.
    pub on_full: OnFull,
    /// What `Retry-After` says when a stream is refused, in whole seconds.
    pub retry_after: Duration,
    /// How long an action holds when no further one comes.
    pub action_hold: Duration,
    /// A world that stands still sends its last picture again after this long.
    pub still_repeat: Duration,
    /// Frames in a second.
    pub fps: NonZeroU32,
    /// Whether frames leave at `fps`, or as soon as they are drawn.
    pub pacing: bool,
    /// JPEG quality, 1 to 100.
    pub jpeg_quality: u8,
    /// The one directory that a client may name files in.
    pub assets_dir: PathBuf,
    /// The model that draws.
    pub model: ModelName,
}

/// What happens to a stream beyond the limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnFull {
    /// It is refused with 503; running ones go on.
    Refuse,
    /// The oldest ones end to make room.
    EvictOldest,
}

/// A model's name: lower-case letters, digits, `-`, `_` and `.`, beginning with a letter or digit,
/// 64 characters at most. So it is always a name inside one directory.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ModelName(String);

impl ModelName {
    /// The name, if it is one.
    pub fn parse(text: &str) -> Option<Self> {
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
        let fits = text.len() <= 64 && text.starts_with(plain);
        let clean = text
            .chars()
            .all(|c| plain(c) || matches!(c, '-' | '_' | '.'));
        (fits && clean).then(|| Self(text.to_owned()))
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ModelName {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl Gamecraft {
    pub(super) fn read(reader: &mut Reader<'_>) -> Self {
        let on_full = [
            ("refuse", OnFull::Refuse),
            ("evict-oldest", OnFull::EvictOldest),
        ];
        let retry_after_s: u64 = reader.number("gamecraft.retry_after_s", 1..=3_600);
        let fps = reader.number("gamecraft.fps", 1..=120);
        Self {
            max_streams: reader.count("gamecraft.max_streams", 100_000),
            on_full: reader.choice("gamecraft.on_full", on_full),
            retry_after: Duration::from_secs(retry_after_s),
            action_hold: reader.millis("gamecraft.action_hold_ms", 1..=60_000),
            still_repeat: reader.millis("gamecraft.still_repeat_ms", 100..=60_000),
            fps: NonZeroU32::new(fps).unwrap_or(NonZeroU32::MIN),
            pacing: reader.switch("gamecraft.pacing"),
            jpeg_quality: reader.number("gamecraft.jpeg_quality", 1..=100),
            assets_dir: reader.text(
                "gamecraft.assets_dir",
                "a directory",
                PathBuf::new(),
                directory,
            ),
            model: reader.text(
                "gamecraft.model",
                NAME,
                ModelName(String::new()),
                ModelName::parse,
            ),
        }
    }
}

const NAME: &str = "a model's name: lower-case letters, digits, \"-\", \"_\" and \".\"";

/// A directory's path; not the empty one, which would mean the working directory by accident.
pub(super) fn directory(text: &str) -> Option<PathBuf> {
    (!text.is_empty()).then(|| PathBuf::from(text))
}

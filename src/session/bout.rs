//! What a client says of a bout before its frames come, and what it says when they have.

use super::SessionId;
use crate::media::video::Sound;

/// A bout as its client announces it.
#[derive(Clone, Debug, PartialEq)]
pub struct BoutSpec {
    /// The client's name for it: a name, never a path.
    pub id: SessionId,
    /// Frames a second, in [`Self::FPS`].
    pub fps: f64,
    /// Pixels in a row.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// Frames that the client means to send, if it said so.
    pub expected_frames: Option<u64>,
    /// Whether the result shall hold the table of keypoints.
    pub include_keypoints: bool,
    /// Whether the overlay video is wanted.
    pub save_overlay: bool,
    /// Name of the video that its frames were taken from; none where they were streamed.
    pub input_video: Option<String>,
    /// That video, if its sound shall be kept.
    pub sound: Option<Sound>,
}

impl BoutSpec {
    /// Whether its client can come back and go on: not with a video that came as a whole.
    #[must_use]
    pub const fn is_resumable(&self) -> bool {
        self.input_video.is_none()
    }

    /// Frames a second that a bout may have. A film whose frames are more than a second apart shows no touch, and every rule
    /// works on fifteen rows a second: of slower films the table would be larger than the film.
    pub const FPS: std::ops::RangeInclusive<f64> = 1.0..=1_000.0;
}

/// The scoring device's file, which ends a bout.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignalFile {
    /// Its name: a name, never a path.
    pub filename: String,
    /// Its text as it came.
    pub bytes: Vec<u8>,
}

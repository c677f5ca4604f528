//! What a bout holds in memory, counted before it is held: a session reserves all of it, or does not open.
//!
//! The numbers follow from the types that are kept and from the rules' own bounds, never from what a client says of itself
//! afterwards. Frames lie on disk and count only while they are worked on.

use super::{
    places::MOST_MISSING,
    pose::{MOST_KEPT, Person},
    tracking::TrackedFrame,
    tracks::{FPS, MOST_ROWS, Skeleton},
};
use crate::{media::spool::FrameRef, session::BoutSpec};

/// A message may be so much larger than its picture would be without compression: headers, tables, comments.
const MESSAGE_SLACK: usize = 64 * 1024;

/// What a connection reads ahead of the message that is due.
const AHEAD: usize = 256 * 1024;

/// Bytes a pixel while a frame is decoded: the picture (3), the corrected picture (3), what the decoder holds of it (3) and the
/// corrected JPEG, which is below a byte and a half at the quality that is kept.
const BYTES_A_PIXEL: usize = 11;

/// A row of the table, both fencers', and the series of numbers that the rules take from it: some thirty of 16 bytes.
const ROW: usize = 2 * size_of::<Skeleton>() + 512;

/// What is kept of where a frame is: in the spool as it came, straightened, and on its way to the study; and when in the bout.
/// Nodes of a tree that grows at its end are half full.
const PLACES: usize = 2 * 3 * size_of::<(u64, FrameRef)>() + size_of::<(u64, u64)>();

/// What a frame's persons take while they are kept, and its two fencers once they are found.
const PERSONS: usize =
    size_of::<Vec<Person>>() + MOST_KEPT * size_of::<Person>() + size_of::<TrackedFrame>();

/// How a server is set, as far as memory depends on it.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// Bytes of a frame's message, at most.
    pub frame_bytes: usize,
    /// Bytes of the signal, at most.
    pub signal_bytes: usize,
    /// Frames that are decoded at a time.
    pub decoders: usize,
    /// Bytes of all tensors between the decoders and the engine.
    pub tensors: usize,
}

/// Bytes of a bout's longest message.
pub fn message(bout: &BoutSpec, settings: &Settings) -> usize {
    (3 * pixels(bout) + MESSAGE_SLACK).min(settings.frame_bytes)
}

/// Bytes that a bout can hold at a time but for those of [`a_frame`].
pub fn opening(bout: &BoutSpec, settings: &Settings) -> usize {
    let message = message(bout, settings);
    // The verdict's videos are drawn when nothing is decoded any more, by one thread.
    let decoding = settings.decoders.max(1) * (message + BYTES_A_PIXEL * pixels(bout));
    // The signal comes when the last frame has been read: its message, and its copy that is kept until the verdict.
    let received = message.max(2 * settings.signal_bytes);
    let missing = MOST_MISSING as usize * ROW;
    let resampled = (missing as f64 * rows_a_frame(bout.fps)) as usize;
    AHEAD + received + decoding + settings.tensors + missing + resampled.min(MOST_ROWS * ROW)
}

/// Bytes that each frame of a bout costs until the verdict is there: its places, its persons, its rows at the bout's rate and at
/// the rules' own.
pub fn a_frame(fps: f64) -> usize {
    PLACES + PERSONS + ROW + (ROW as f64 * rows_a_frame(fps)) as usize
}

/// Rows at the rules' rate that one frame makes.
fn rows_a_frame(fps: f64) -> f64 {
    FPS / fps
}

fn pixels(bout: &BoutSpec) -> usize {
    bout.width as usize * bout.height as usize
}

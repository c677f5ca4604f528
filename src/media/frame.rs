//! A finished frame and the names it goes by.
//!
//! Plain data: nothing here encodes, orders or delivers. Invariant: a frame is never changed after
//! it was made; a repeat of the same picture is a new frame with its own id.

use std::time::Instant;

use bytes::Bytes;

use super::stage::StageTimes;

/// The number of a frame within its session; rises with every frame sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FrameId(pub u64);

/// The client's own number for an action; 0 where there was none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ActionId(pub u64);

/// Why a frame exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FrameKind {
    /// The picture that the session began with.
    Start,
    /// Drawn by the session's model.
    Live,
    /// The last picture again, because nothing moves.
    Repeat,
}

/// A frame ready for a socket. Cloning shares the JPEG's bytes.
#[derive(Clone, Debug)]
pub struct EncodedFrame {
    /// Its number in the session.
    pub id: FrameId,
    /// How many frames the session had shown with this one: a gap in it is a frame that a viewer missed.
    pub shown: u64,
    /// The action it answers.
    pub action: ActionId,
    /// Pixels in a row.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// A whole JPEG file.
    pub jpeg: Bytes,
    /// Where its time went so far.
    pub stages: StageTimes,
    /// When the JPEG was ready: the start of the stage "send".
    pub finished: Instant,
    /// Why it exists.
    pub kind: FrameKind,
}

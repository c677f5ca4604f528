//! The buffer's inbox besides `WorkDone` and `Encoded`, and what it tells its session.

use crate::{
    actors::{keeper::KeptView, post::Bounded},
    media::{ActionId, EncodedFrame, FrameId, StageTimes},
    session::{EndReason, Media},
};
use actix::prelude::*;
use std::{sync::Arc, time::Duration};
use tokio::sync::watch;

/// Front end → buffer: here is input. Awaited, one pending a socket.
#[derive(Message, Debug)]
#[rtype(result = "Result<(), OfferError>")]
pub struct Offer(pub Media);

/// Why input was not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OfferError {
    /// The session has ended, or is about to.
    #[error("the session takes no input any more")]
    Gone,
    /// More input than one client may send.
    #[error("too many requests")]
    TooFast {
        /// When it would be taken.
        retry_after: Duration,
    },
}

/// Front end → buffer: show me the frames. Awaited.
#[derive(Message, Debug)]
#[rtype(result = "Result<Viewer, SubscribeError>")]
pub struct Subscribe;

/// Why nobody more can watch.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SubscribeError {
    /// The session has ended, or is about to.
    #[error("the session has ended")]
    Gone,
    /// As many as the limit allows watch already.
    #[error("the stream has as many viewers as it may have")]
    TooMany,
}

/// One viewer's view: always the newest frame, `None` before the first. Closed when the session has ended.
///
/// Dropping it tells the buffer.
#[derive(Debug)]
pub struct Viewer {
    /// The newest frame.
    pub frames: watch::Receiver<Option<Arc<EncodedFrame>>>,
    /// Tells the buffer when it is dropped.
    pub seat: ViewerSeat,
}

/// A viewer's place among those that the limit allows.
#[derive(Debug)]
pub struct ViewerSeat(pub(super) Option<Recipient<Unsubscribe>>);

/// Viewer → buffer. Bounded: once a [`ViewerSeat`].
#[derive(Message, Debug)]
#[rtype(result = "()")]
pub struct Unsubscribe;

/// Session → buffer: take input, or take no more. Bounded: once each a session.
#[derive(Message, Clone, Copy, Debug)]
#[rtype(result = "()")]
pub enum Ingress {
    /// Take input from now on.
    Open,
    /// Take no more; what is in flight finishes.
    Close,
}

/// Session → buffer: end, for this reason. Bounded: once a session.
#[derive(Message, Debug)]
#[rtype(result = "()")]
pub struct Shut(pub EndReason);

/// Buffer → session. Bounded: one a change of state of the buffer, never one a frame.
#[derive(Message, Clone, Debug, PartialEq)]
#[rtype(result = "()")]
pub enum Report {
    /// Something moves again.
    Ingested,
    /// A frame succeeded after one that failed.
    Recovered,
    /// A piece of work failed; the text says how.
    WorkFailed(String),
    /// Nothing moves any more.
    Rested,
    /// Whether anybody watches has changed.
    Watched(bool),
    /// Nothing is in flight any more, and no input is taken.
    WorkDrained,
    /// The session has done what it was opened for, or cannot: end it.
    Over(EndReason),
    /// The buffer has gone.
    Died,
}

/// Anybody → buffer: how do you stand? Awaited.
#[derive(Message, Debug)]
#[rtype(result = "BufferView")]
pub struct Inspect;

/// How a buffer stands.
#[derive(Clone, Debug, Default)]
pub struct BufferView {
    /// Frames shown so far, the start picture and repeats included.
    pub frames: u64,
    /// Viewers now.
    pub viewers: usize,
    /// Pieces of work in flight.
    pub in_flight: usize,
    /// Pieces of input that a newer one replaced before they were used.
    pub replaced: u64,
    /// The last frames that the engine drew, oldest first.
    pub recent: Vec<FrameRecord>,
}

impl BufferView {
    /// The same of a session that shows nothing and keeps all: its frames are those that it holds.
    pub fn of_kept(kept: &KeptView) -> Self {
        Self {
            frames: kept.counts.frames,
            in_flight: kept.under_way,
            ..Self::default()
        }
    }
}

/// What is remembered of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrameRecord {
    /// The frame.
    pub frame: FrameId,
    /// The action that it answered.
    pub action: ActionId,
    /// Where its time went.
    pub stages: StageTimes,
}

impl Bounded for Unsubscribe {}
impl Bounded for Ingress {}
impl Bounded for Shut {}
impl Bounded for Report {}

#[cfg(test)]
impl ViewerSeat {
    /// A seat in front of nothing, for tests of what sits on it.
    pub fn of_nobody() -> Self {
        Self(None)
    }
}

impl Drop for ViewerSeat {
    fn drop(&mut self) {
        if let Some(buffer) = self.0.take() {
            crate::actors::post::post(&buffer, Unsubscribe);
        }
    }
}

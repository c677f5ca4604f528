//! The keeper's inbox besides `WorkDone`, and what it answers.

use super::intake::{Desk, Intake};
use crate::{
    actors::post::Bounded,
    session::{BoutSpec, EndReason, SignalFile, Stages},
};
use actix::prelude::*;
use std::{sync::Arc, time::Duration};
use tokio::sync::{oneshot, watch};

/// Front end → keeper: the right to write. Awaited.
#[derive(Message, Debug)]
#[rtype(result = "Result<Intake, IntakeError>")]
pub struct TakeIntake;

/// Why a session's input cannot be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IntakeError {
    /// Another connection has the right.
    #[error("another connection is sending to this session")]
    Busy,
    /// All has been sent, or the session has ended.
    #[error("the session takes no input any more")]
    Gone,
}

/// Intake → keeper: its holder has gone. Bounded: once a [`TakeIntake`].
#[derive(Message)]
#[rtype(result = "()")]
pub struct IntakeHome(pub(super) Desk);

/// Intake → keeper: frames have come. Bounded: at most one unread at a time.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Arrived;

/// Front end → keeper: all has been sent; judge. Awaited; the right to write goes home with it.
#[derive(Message)]
#[rtype(result = "Result<Watching, IntakeError>")]
pub struct Conclude {
    pub(super) desk: Desk,
    pub(super) signal: SignalFile,
}

/// Watches a session that is being judged.
#[derive(Debug)]
pub struct Watching {
    /// How far it is.
    pub stages: watch::Receiver<Stages>,
    /// What it came to; dropped unanswered if the session ended for another reason.
    pub outcome: oneshot::Receiver<Outcome>,
}

/// What a session came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The result, a JSON object. The session has ended.
    Concluded {
        /// The object.
        document: String,
    },
    /// The signal could not be read. The session keeps its frames and waits for a better one.
    BadSignal(String),
    /// What came cannot be judged, or a failure of ours. The session has ended.
    Failed(String),
}

/// How a session ended that somebody was still writing to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ended {
    /// Why.
    pub reason: EndReason,
    /// How long nothing had come by then.
    pub idle: Duration,
}

/// Anybody → keeper: how do you stand? Awaited.
#[derive(Message, Debug)]
#[rtype(result = "KeptView")]
pub struct InspectKept;

/// How a session that keeps its input stands.
#[derive(Clone, Debug)]
pub struct KeptView {
    /// What its client announced.
    pub bout: Arc<BoutSpec>,
    /// What has come.
    pub counts: Counts,
    /// Whether the signal has come.
    pub has_signal: bool,
    /// Time since it was opened.
    pub age: Duration,
    /// Time since the last frame or signal.
    pub idle: Duration,
    /// Frames studied.
    pub studied: u64,
    /// Frames under way.
    pub under_way: usize,
    /// Frames that could not be decoded so far.
    pub undecodable: Vec<u64>,
    /// Bytes of memory reserved.
    pub memory_bytes: usize,
}

/// What has come to a session.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Distinct frames held.
    pub frames: u64,
    /// Frames that came, duplicates included.
    pub total: u64,
    /// Frames that were held already.
    pub duplicates: u64,
    /// Frames below the highest number so far.
    pub out_of_order: u64,
    /// Holes between the lowest and the highest number.
    pub missing: u64,
    /// Bytes in the spool.
    pub spooled_bytes: u64,
}

impl Bounded for IntakeHome {}
impl Bounded for Arrived {}

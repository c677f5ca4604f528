//! A piece of work on its way from a buffer through scheduler and device and back, and the messages that carry it.
//!
//! Invariant: whoever holds [`Work`] owes exactly one answer, and dropping it is an answer too.

use super::{
    credit::Credit,
    post::{Bounded, post},
};
use crate::{
    engine::{EngineKey, Item, ItemDone, ItemState, Outputs, RunError, RunTimes},
    media::{ActionId, FrameId, StageTimes},
    session::{Class, SessionId},
};
use actix::prelude::*;
use std::time::Instant;

/// What a frame carries along besides its tensors.
#[derive(Clone, Copy, Debug)]
pub struct Tag {
    /// The frame.
    pub frame: FrameId,
    /// The action that it answers.
    pub action: ActionId,
    /// Where its time went so far.
    pub stages: StageTimes,
    /// When the last stage ended.
    pub mark: Instant,
}

/// One frame to be drawn.
#[derive(Debug)]
pub struct Work {
    /// The session that it belongs to.
    pub session: SessionId,
    /// The engine that it needs.
    pub key: EngineKey,
    /// What its deadline means.
    pub class: Class,
    /// When it must be finished to be of use.
    pub deadline: Instant,
    /// Its times.
    pub tag: Tag,
    /// Its tensors and its state.
    pub item: Item,
    completion: Completion,
}

/// Why work was not done.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WorkError {
    /// Its deadline had passed before it could start; it was not run.
    #[error("not run, its deadline had passed")]
    Expired,
    /// Its session has gone; it was not run.
    #[error("not run, its session has gone")]
    Abandoned,
    /// The engine failed on it.
    #[error(transparent)]
    Run(#[from] RunError),
    /// Whoever held it died.
    #[error("the work was lost")]
    Lost,
}

/// Answers exactly once, also when it is dropped.
#[derive(Debug)]
struct Completion(Option<Owed>);

#[derive(Debug)]
struct Owed {
    session: SessionId,
    tag: Tag,
    credit: Credit,
    reply_to: Recipient<WorkDone>,
}

/// Buffer → scheduler. Bounded: owns a [`Credit`].
#[derive(Message, Debug)]
#[rtype(result = "()")]
pub struct Submit(pub Work);

/// Scheduler → device. Bounded: owns one of the device's slots, and a credit an item.
#[derive(Message, Debug)]
#[rtype(result = "()")]
pub struct RunBatch {
    /// All of this engine.
    pub key: EngineKey,
    /// One item a session at most, where the engine has state.
    pub work: Vec<Work>,
    /// Free again when the batch is answered.
    pub slot: Credit,
}

/// Device → buffer. Still owns the credit: it is given back when egress has taken the frame.
#[derive(Message, Debug)]
#[rtype(result = "()")]
pub struct WorkDone {
    /// The session that it belongs to.
    pub session: SessionId,
    /// Its times.
    pub tag: Tag,
    /// What the engine gave.
    pub outcome: Result<Outputs, WorkError>,
    /// The session's state, back home.
    pub state: ItemState,
    /// The right to go on to egress.
    pub credit: Credit,
}

/// Device → scheduler. Bounded: one a slot that was given back.
#[derive(Message, Debug)]
#[rtype(result = "()")]
pub struct SlotFree;

impl Bounded for Submit {}
impl Bounded for RunBatch {}
impl Bounded for WorkDone {}
impl Bounded for SlotFree {}

/// All that [`Work::new`] needs.
#[derive(Debug)]
pub struct WorkOrder {
    /// The session that it belongs to.
    pub session: SessionId,
    /// The engine that it needs.
    pub key: EngineKey,
    /// What its deadline means.
    pub class: Class,
    /// When it must be finished to be of use.
    pub deadline: Instant,
    /// Its times.
    pub tag: Tag,
    /// Its tensors and its state.
    pub item: Item,
    /// The right to be in flight.
    pub credit: Credit,
    /// Where the answer goes.
    pub reply_to: Recipient<WorkDone>,
}

// === impl Work ===

impl Work {
    /// Work that owes an answer from now on.
    pub fn new(order: WorkOrder) -> Self {
        let WorkOrder {
            session,
            key,
            class,
            deadline,
            tag,
            item,
            credit,
            reply_to,
        } = order;
        let owed = Owed {
            session: session.clone(),
            tag,
            credit,
            reply_to,
        };
        Self {
            session,
            key,
            class,
            deadline,
            tag,
            item,
            completion: Completion(Some(owed)),
        }
    }

    /// Answers without a run: the state goes home as it came.
    pub fn refuse(self, why: WorkError) {
        let Self {
            item,
            tag,
            mut completion,
            ..
        } = self;
        completion.answer(tag, Err(why), item.state);
    }

    /// Takes the tensors for the run, and leaves what owes the answer.
    pub fn start(self) -> (Item, Running) {
        (
            self.item,
            Running {
                tag: self.tag,
                completion: self.completion,
            },
        )
    }
}

/// Work whose tensors are on a device: it still owes its answer.
#[derive(Debug)]
pub struct Running {
    /// Its times.
    pub tag: Tag,
    completion: Completion,
}

impl Running {
    /// Answers with what the device gave.
    pub fn finish(self, done: ItemDone, now: Instant) {
        use crate::media::Stage::{Download, Infer, Upload};
        let Self {
            mut tag,
            mut completion,
        } = self;
        let RunTimes {
            upload,
            infer,
            download,
        } = done.times;
        for (stage, time) in [(Upload, upload), (Infer, infer), (Download, download)] {
            tag.stages.set(stage, time);
        }
        tag.mark = now;
        completion.answer(tag, done.outcome.map_err(WorkError::Run), done.state);
    }

    /// Answers that the device failed; the state was on it.
    pub fn fail(self, why: RunError) {
        let Self {
            tag,
            mut completion,
        } = self;
        completion.answer(tag, Err(WorkError::Run(why)), ItemState::Lost);
    }
}

// === impl Completion ===

impl Completion {
    fn answer(&mut self, tag: Tag, outcome: Result<Outputs, WorkError>, state: ItemState) {
        if let Some(Owed {
            session,
            credit,
            reply_to,
            ..
        }) = self.0.take()
        {
            post(
                &reply_to,
                WorkDone {
                    session,
                    tag,
                    outcome,
                    state,
                    credit,
                },
            );
        }
    }
}

impl Drop for Completion {
    fn drop(&mut self) {
        if let Some(tag) = self.0.as_ref().map(|owed| owed.tag) {
            self.answer(tag, Err(WorkError::Lost), ItemState::Lost);
        }
    }
}

#[cfg(test)]
#[path = "work_tests.rs"]
mod tests;

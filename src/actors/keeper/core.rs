//! Which kept frame is studied next, and when all have been. Pure: no actor, no clock, no spool.
//!
//! Invariant: every frame that came is waiting, under way or studied; none is twice, none is lost.

use crate::media::spool::FrameRef;
use std::collections::{BTreeMap, HashMap};

/// A frame that an engine failed on is tried so often; then the session fails, since it promised to lose nothing.
pub const TRIES: u32 = 3;

/// The pure half of a keeper.
#[derive(Debug, Default)]
pub struct Core {
    waiting: BTreeMap<u64, FrameRef>,
    under_way: HashMap<u64, FrameRef>,
    failures: HashMap<u64, u32>,
    studied: u64,
    attached: bool,
    sealed: bool,
    /// Whether frames are studied before the last has come.
    overlap: bool,
}

/// What an engine's failure on a frame means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AfterFailure {
    /// The frame waits again.
    Again,
    /// It failed too often.
    GiveUp,
}

impl Core {
    /// Nothing has come yet.
    pub fn new(overlap: bool) -> Self {
        Self {
            overlap,
            ..Self::default()
        }
    }

    /// The engines take this session's work.
    pub fn attach(&mut self) {
        self.attached = true;
    }

    /// No more frames will come.
    pub fn seal(&mut self) {
        self.sealed = true;
    }

    /// A frame came.
    pub fn arrive(&mut self, frame: FrameRef) {
        self.waiting.insert(frame.number, frame);
    }

    /// Whether a frame could start.
    pub fn may_start(&self) -> bool {
        self.attached && (self.overlap || self.sealed) && !self.waiting.is_empty()
    }

    /// Starts the lowest frame that waits.
    pub fn start(&mut self) -> Option<FrameRef> {
        if !self.may_start() {
            return None;
        }
        let (number, frame) = self.waiting.pop_first()?;
        self.under_way.insert(number, frame);
        Some(frame)
    }

    /// A frame has been studied.
    pub fn finish(&mut self, number: u64) {
        if self.under_way.remove(&number).is_some() {
            self.failures.remove(&number);
            self.studied += 1;
        }
    }

    /// An engine failed on a frame.
    pub fn fail(&mut self, number: u64) -> AfterFailure {
        let Some(frame) = self.under_way.remove(&number) else {
            return AfterFailure::Again;
        };
        let failures = self.failures.entry(number).or_default();
        *failures += 1;
        if *failures >= TRIES {
            return AfterFailure::GiveUp;
        }
        self.waiting.insert(number, frame);
        AfterFailure::Again
    }

    /// Whether all frames came and all are studied.
    pub fn is_complete(&self) -> bool {
        self.sealed && self.attached && self.waiting.is_empty() && self.under_way.is_empty()
    }

    /// Frames studied.
    pub fn studied(&self) -> u64 {
        self.studied
    }

    /// Frames that came.
    pub fn arrived(&self) -> u64 {
        self.studied + (self.waiting.len() + self.under_way.len()) as u64
    }

    /// Frames under way.
    pub fn under_way(&self) -> usize {
        self.under_way.len()
    }
}

#[cfg(test)]
#[path = "core_tests.rs"]
mod tests;

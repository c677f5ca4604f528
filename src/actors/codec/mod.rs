//! Pools of named threads: one turns outputs into JPEG, another does what may not block an arbiter.
//!
//! They are two, so that a client's large picture, which takes a second to decode, never holds up the frames of others.
//! A job that panics costs its own answer and nothing else: without the catch a `SyncArbiter` would lose a thread for good
//! while its address stays alive.

use super::{
    credit::Credit,
    post::{Bounded, post},
    priority,
    work::Tag,
};
use crate::{
    engine::Outputs,
    media::{
        Rgb8,
        jpeg::{Encoder, Quality, Subsampling},
    },
    pipelines::Finish,
};
use actix::prelude::*;
use bytes::Bytes;
use std::{
    num::NonZeroUsize,
    panic::{AssertUnwindSafe, catch_unwind},
};

/// Buffer → pool. Bounded: owns a [`Credit`].
#[derive(Message)]
#[rtype(result = "()")]
pub struct Encode {
    /// The frame's times.
    pub tag: Tag,
    /// What the engine gave.
    pub outputs: Outputs,
    /// From outputs to a picture.
    pub finish: Finish,
    /// How it leaves.
    pub quality: (Quality, Subsampling),
    /// The right to be in flight.
    pub credit: Credit,
    /// Where the JPEG goes.
    pub reply_to: Recipient<Encoded>,
}

/// Pool → buffer. Bounded: owns the credit of its [`Encode`].
#[derive(Message, Debug)]
#[rtype(result = "()")]
pub struct Encoded {
    /// The frame's times.
    pub tag: Tag,
    /// The JPEG, or what went wrong.
    pub outcome: Result<Bytes, String>,
    /// Given back when egress has taken the frame.
    pub credit: Credit,
}

impl Bounded for Encode {}
impl Bounded for Encoded {}

/// Any work that would block an arbiter; awaited, so bounded by those who await it.
pub struct Run<T>(Box<dyn FnOnce() -> T + Send>);

/// The job panicked; the pool is well.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an internal fault spoiled this job")]
pub struct JobPanicked;

impl<T> Run<T> {
    /// Wraps a job.
    pub fn new(job: impl FnOnce() -> T + Send + 'static) -> Self {
        Self(Box::new(job))
    }
}

impl<T: Send + 'static> Message for Run<T> {
    type Result = Result<T, JobPanicked>;
}

/// One thread of the pool: its encoders and the picture that it uses again.
#[derive(Default)]
pub struct CodecThread {
    encoders: Vec<((Quality, Subsampling), Encoder)>,
    picture: Rgb8,
}

impl CodecThread {
    /// Starts a pool of so many threads of this name.
    pub fn start_pool(name: &'static str, threads: NonZeroUsize) -> Addr<Self> {
        Self::start_threads(name, threads, Self::default)
    }

    /// The same of threads that step back for all others: for work that nobody watches live.
    pub fn start_pool_behind(name: &'static str, threads: NonZeroUsize) -> Addr<Self> {
        Self::start_threads(name, threads, || {
            priority::step_back(priority::BEHIND);
            Self::default()
        })
    }

    /// `begin` runs on each of the threads.
    fn start_threads(
        name: &'static str,
        threads: NonZeroUsize,
        begin: impl Fn() -> Self + Send + Sync + 'static,
    ) -> Addr<Self> {
        let named = move || std::thread::Builder::new().name(name.into());
        SyncArbiter::start_with_thread_builder(threads.get(), named, begin)
    }

    fn encode(
        &mut self,
        outputs: Outputs,
        finish: Finish,
        quality: (Quality, Subsampling),
    ) -> Result<Bytes, String> {
        finish(outputs, &mut self.picture).map_err(|e| e.to_string())?;
        let at = self
            .encoders
            .iter()
            .position(|(q, _)| *q == quality)
            .unwrap_or_else(|| {
                self.encoders
                    .push((quality, Encoder::new(quality.0, quality.1)));
                self.encoders.len() - 1
            });
        self.encoders[at]
            .1
            .encode(&self.picture)
            .map_err(|e| e.to_string())
    }
}

impl Actor for CodecThread {
    type Context = SyncContext<Self>;
}

impl Handler<Encode> for CodecThread {
    type Result = ();

    fn handle(&mut self, message: Encode, _: &mut Self::Context) {
        let Encode {
            tag,
            outputs,
            finish,
            quality,
            credit,
            reply_to,
        } = message;
        let outcome = catch_unwind(AssertUnwindSafe(|| self.encode(outputs, finish, quality)));
        let outcome = outcome.unwrap_or_else(|_| {
            *self = Self::default();
            Err(JobPanicked.to_string())
        });
        post(
            &reply_to,
            Encoded {
                tag,
                outcome,
                credit,
            },
        );
    }
}

impl<T: Send + 'static> Handler<Run<T>> for CodecThread {
    type Result = Result<T, JobPanicked>;

    fn handle(&mut self, Run(job): Run<T>, _: &mut Self::Context) -> Self::Result {
        catch_unwind(AssertUnwindSafe(job)).map_err(|_| JobPanicked)
    }
}

#[cfg(test)]
mod tests;

//! A device: an actor in front, and behind it one named OS thread that owns engines and slots.
//!
//! The actor only passes on; the thread ([`thread`]) does everything that blocks. A CUDA device is this same pair with
//! another backend: its context, streams and engines are born and die on that thread.

mod loaded;
#[cfg(test)]
mod tests;
mod thread;

use super::{
    board::Board,
    credit::Credits,
    post::Bounded,
    scheduler::{DeviceChanged, Seat},
    work::{RunBatch, SlotFree},
};
use crate::engine::{Backend, DeviceSpec, EngineKey, LoadError, Model};
use actix::prelude::*;
use std::{
    num::NonZeroUsize,
    sync::{
        Arc,
        mpsc::{SyncSender, sync_channel},
    },
};
use thread::{Command, DeviceThread};
use tokio::sync::oneshot;

/// Requests for new slots that may wait for the thread; one more is refused.
const PREPARES_WAITING: usize = 256;

/// Scheduler → device: make slots of this shape. Awaited; the answer is the engine's largest batch.
#[derive(Message, Debug)]
#[rtype(result = "Result<NonZeroUsize, LoadError>")]
pub struct Prepare(pub EngineKey);

/// Scheduler → device: nobody needs this shape any more. Bounded: once for each shape that was prepared.
#[derive(Message, Debug)]
#[rtype(result = "()")]
pub struct Release(pub EngineKey);

impl Bounded for Release {}

/// What a device needs to start.
pub struct DeviceConfig {
    /// Name and threads.
    pub spec: DeviceSpec,
    /// Batches that it takes at a time.
    pub slots: NonZeroUsize,
    /// What it loads at once, and with what.
    pub models: Vec<(Model, Arc<dyn Backend>)>,
    /// Where it says how its models stand.
    pub board: Board,
    /// Failures in a row after which a model is given up.
    pub max_failures: usize,
    /// Told of every free slot.
    pub free: Recipient<SlotFree>,
    /// Told when the device stops or resumes serving.
    pub changed: Recipient<DeviceChanged>,
    /// Told once, when every model has come up or failed.
    pub settled: Option<oneshot::Sender<()>>,
}

/// The actor in front of the thread.
pub struct Device {
    inbox: SyncSender<Command>,
}

impl Device {
    /// Starts thread and actor; loading goes on in the thread while the answer is used.
    ///
    /// # Errors
    /// If the system has no thread left.
    pub fn start(config: DeviceConfig) -> std::io::Result<Seat> {
        let (inbox, commands) = sync_channel(config.slots.get() + PREPARES_WAITING);
        let (name, slots) = (config.spec.name.clone(), config.slots);
        let models = config
            .models
            .iter()
            .map(|(model, _)| Arc::from(model.name()))
            .collect();
        thread::enter(&config);
        // Engines need not be `Send`: they are born on their thread.
        std::thread::Builder::new()
            .name(name.clone())
            .spawn(move || DeviceThread::new(config, commands).run())?;
        let front = Self { inbox }.start();
        Ok(Seat {
            name,
            models,
            slots: Credits::new(slots),
            run: front.clone().recipient(),
            prepare: front.clone().recipient(),
            release: front.recipient(),
            serves: true,
        })
    }
}

impl Actor for Device {
    type Context = Context<Self>;
}

impl Handler<RunBatch> for Device {
    type Result = ();

    fn handle(&mut self, batch: RunBatch, _: &mut Self::Context) {
        // A batch that the thread does not take is dropped here, and each of its items is answered by that.
        if self.inbox.try_send(Command::Run(batch)).is_err() {
            tracing::error!("device thread takes no batch");
        }
    }
}

impl Handler<Prepare> for Device {
    type Result = ResponseFuture<Result<NonZeroUsize, LoadError>>;

    fn handle(&mut self, Prepare(key): Prepare, _: &mut Self::Context) -> Self::Result {
        let (reply, answer) = oneshot::channel();
        let sent = self.inbox.try_send(Command::Prepare { key, reply });
        Box::pin(async move {
            let gone = || {
                LoadError::new(
                    "the device does not answer",
                    "see the log for its last failure",
                )
            };
            sent.map_err(|_| {
                LoadError::new(
                    "too many sessions wait for the device",
                    "try again in a moment",
                )
            })?;
            answer.await.map_err(|_| gone())?
        })
    }
}

impl Handler<Release> for Device {
    type Result = ();

    fn handle(&mut self, Release(key): Release, _: &mut Self::Context) {
        // If the thread is too busy to hear it, the slot stays until the shape is prepared and released again.
        drop(self.inbox.try_send(Command::Release(key)));
    }
}

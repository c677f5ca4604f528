//! A device: an actor in front, and behind it one named OS thread that owns engines and slots.
//!
//! The actor only passes on; the thread ([`thread`]) does everything that blocks. A CUDA device is this same pair with
//! another backend: its context, streams and engines are born and die on that thread.

mod loaded;
#[cfg(test)]
mod scope_tests;
#[cfg(test)]
mod tests;
mod thread;

use super::{
    board::Board,
    credit::Credits,
    post::{Bounded, post},
    scheduler::{DeviceChanged, Lost, Seat},
    work::{RunBatch, SlotFree},
};
use crate::engine::{Admission, Backend, DeviceSpec, EngineKey, LoadError, Model, Platform};
use actix::prelude::*;
use std::{
    collections::HashSet,
    num::NonZeroUsize,
    sync::{
        Arc,
        mpsc::{SyncSender, sync_channel},
    },
    time::Duration,
};
use thread::{Command, DeviceThread};
use tokio::sync::oneshot;

/// Requests for new slots that may wait for the thread; one more is refused.
const PREPARES_WAITING: NonZeroUsize = NonZeroUsize::new(256).expect("not zero");

/// Shapes that a device has slots for at once; one more is refused. Each takes memory, and a client chooses its size.
const SHAPES: NonZeroUsize = NonZeroUsize::new(256).expect("not zero");

/// Scheduler → device: make slots of this shape, and room for a session. Awaited.
#[derive(Message, Debug)]
#[rtype(result = "Result<Prepared, LoadError>")]
pub struct Prepare(pub EngineKey);

/// Device → scheduler: what a session may do there.
#[derive(Debug)]
pub struct Prepared {
    /// Items that the engine takes at once.
    pub max_batch: NonZeroUsize,
    /// The session's memory; to be held for as long as it is attached.
    pub admission: Admission,
}

/// Scheduler → device: nobody needs this shape any more. Bounded: once for each shape that was prepared.
#[derive(Message, Debug)]
#[rtype(result = "()")]
pub struct Release(pub EngineKey);

impl Bounded for Release {}

/// What a device needs to start.
pub struct DeviceConfig {
    /// Name and threads.
    pub spec: DeviceSpec,
    /// What its thread stands on.
    pub platform: Box<dyn Platform>,
    /// Batches that it takes at a time.
    pub slots: NonZeroUsize,
    /// How long its thread looks again and again for what runs, before it looks every 50 µs.
    pub spin: Duration,
    /// What it loads at once, and with what.
    pub models: Vec<(Model, Arc<dyn Backend>)>,
    /// Where it says how its models stand.
    pub board: Board,
    /// Failures in a row after which a model is given up.
    pub max_failures: usize,
    /// Told of every free slot.
    pub free: Recipient<SlotFree>,
    /// Told when the device stops serving.
    pub changed: Recipient<DeviceChanged>,
    /// Told once, when every model has come up or failed.
    pub settled: Option<oneshot::Sender<()>>,
}

/// The actor in front of the thread.
///
/// The channel to the thread is as long as all that can be in it: batches own a slot, requests for slots one of
/// [`PREPARES_WAITING`], releases one of [`SHAPES`]; a release that finds none is told later.
pub struct Device {
    name: String,
    inbox: SyncSender<Command>,
    prepares: Credits,
    releases: Credits,
    /// Shapes that nobody needs, of which the thread could not be told yet.
    unreleased: HashSet<EngineKey>,
    free: Recipient<SlotFree>,
    changed: Recipient<DeviceChanged>,
}

impl Device {
    /// Starts thread and actor; loading goes on in the thread while the answer is used.
    ///
    /// # Errors
    /// If the system has no thread left.
    pub fn start(config: DeviceConfig) -> std::io::Result<Seat> {
        let (name, slots) = (config.spec.name.clone(), config.slots);
        let (inbox, commands) = sync_channel(slots.get() + PREPARES_WAITING.get() + SHAPES.get());
        let models = config
            .models
            .iter()
            .map(|(model, _)| Arc::from(model.name()))
            .collect();
        thread::enter(&config);
        let front = Self {
            name: name.clone(),
            inbox,
            prepares: Credits::new(PREPARES_WAITING),
            releases: Credits::new(SHAPES),
            unreleased: HashSet::new(),
            free: config.free.clone(),
            changed: config.changed.clone(),
        };
        // Engines need not be `Send`: they are born on their thread.
        std::thread::Builder::new()
            .name(name.clone())
            .spawn(move || DeviceThread::new(config, commands).run())?;
        let front = front.start();
        Ok(Seat {
            name,
            models,
            slots: Credits::new(slots),
            run: front.clone().recipient(),
            prepare: front.clone().recipient(),
            release: front.recipient(),
            serves: true,
            is_substitute: false,
        })
    }
}

impl Device {
    /// Tells the thread of shapes that nobody needs, as far as it can be told now.
    fn release(&mut self) {
        while let Some(key) = self.unreleased.iter().next().cloned() {
            let Some(_credit) = self.releases.try_take() else {
                return;
            };
            self.unreleased.remove(&key);
            let release = Command::Release { key, _credit };
            if self.inbox.try_send(release).is_err() {
                return self.thread_has_gone();
            }
        }
    }

    /// The thread has gone for good: nobody else would say so.
    fn thread_has_gone(&self) {
        tracing::error!(device = %self.name, "device thread has gone");
        let changed = DeviceChanged {
            device: self.name.clone(),
            lost: Lost::Everything,
        };
        post(&self.changed, changed);
        post(&self.free, SlotFree);
    }
}

impl Actor for Device {
    type Context = Context<Self>;
}

impl Handler<RunBatch> for Device {
    type Result = ();

    fn handle(&mut self, batch: RunBatch, _: &mut Self::Context) {
        self.release();
        if let Err(unsent) = self.inbox.try_send(Command::Run(batch)) {
            // Each item is answered by being dropped, and the slot is free before the scheduler hears of it.
            drop(unsent);
            self.thread_has_gone();
        }
    }
}

impl Handler<Prepare> for Device {
    type Result = ResponseFuture<Result<Prepared, LoadError>>;

    fn handle(&mut self, Prepare(key): Prepare, _: &mut Self::Context) -> Self::Result {
        let gone = || {
            LoadError::new(
                "the device does not answer",
                "see the log for its last failure",
            )
        };
        let Some(waiting) = self.prepares.try_take() else {
            let why = "too many sessions wait for the device";
            return Box::pin(fut::ready(Err(LoadError::new(
                why,
                "try again in a moment",
            ))));
        };
        let (reply, answer) = oneshot::channel();
        if self
            .inbox
            .try_send(Command::Prepare { key, reply })
            .is_err()
        {
            self.thread_has_gone();
            return Box::pin(fut::ready(Err(gone())));
        }
        Box::pin(async move {
            let answer = answer.await.map_err(|_| gone())?;
            drop(waiting);
            answer
        })
    }
}

impl Handler<Release> for Device {
    type Result = ();

    fn handle(&mut self, Release(key): Release, _: &mut Self::Context) {
        self.unreleased.insert(key);
        self.release();
    }
}

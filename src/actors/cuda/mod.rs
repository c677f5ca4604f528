//! A GPU: the actor that holds its admission and its health, in front of the device that runs its batches.
//!
//! Batches go straight to the device's own front; what passes here is what may be refused or must be known: requests for
//! slots and sessions, and that the device stops serving. The thread behind owns context, streams, engines and slots
//! ([`crate::engine::cuda`]). Not responsible for which session goes where.

mod admission;
mod health;
#[cfg(test)]
mod tests;

pub use health::{GpuView, Gpus, Health};

use super::{
    board::Board,
    device::{Device, DeviceConfig, Prepare, Prepared},
    post::post,
    scheduler::{DeviceChanged, Seat},
    work::SlotFree,
};
use crate::{
    engine::{
        Backend, DeviceSpec, LoadError, Model,
        cuda::{
            Gpu, GpuPlatform,
            nvml::{Sample, Watcher},
        },
    },
    telemetry::{
        GpuMeters, Label,
        labels::{ClockDomain, MemoryOwner},
    },
};
use actix::prelude::*;
use admission::Room;
use std::{num::NonZeroUsize, sync::Arc, time::Duration};
use tokio::sync::oneshot;

/// What a GPU needs to start.
pub struct CudaConfig {
    /// The GPU.
    pub gpu: Arc<Gpu>,
    /// Its name, such as `cuda0`, and its number.
    pub spec: DeviceSpec,
    /// Batches that it has at a time.
    pub slots: NonZeroUsize,
    /// How long its thread looks again and again for what runs.
    pub spin: Duration,
    /// What it loads at once, and with what.
    pub models: Vec<(Model, Arc<dyn Backend>)>,
    /// Where it says how its models stand.
    pub board: Board,
    /// Where it says how it is itself.
    pub gpus: Gpus,
    /// Failures in a row after which a model is given up.
    pub max_failures: usize,
    /// Bytes that are left to others.
    pub reserve: usize,
    /// Who asks NVML, where that is installed.
    pub watcher: Option<Watcher>,
    /// How often its state is told.
    pub every: Duration,
    /// Told of every free slot.
    pub free: Recipient<SlotFree>,
    /// Told when the device stops serving.
    pub changed: Recipient<DeviceChanged>,
    /// Told once, when every model has come up or failed.
    pub settled: Option<oneshot::Sender<()>>,
}

/// The actor.
pub struct Cuda {
    gpu: Arc<Gpu>,
    name: String,
    health: Health,
    reserve: usize,
    watcher: Option<Watcher>,
    every: Duration,
    meters: GpuMeters,
    gpus: Gpus,
    device: Recipient<Prepare>,
    changed: Recipient<DeviceChanged>,
}

impl Cuda {
    /// Starts the actor, the device behind it, and the device's thread.
    ///
    /// # Errors
    /// If the system has no thread left.
    pub fn start(config: CudaConfig) -> std::io::Result<Seat> {
        let context = Context::<Self>::new();
        let front = context.address();
        let name = config.spec.name.clone();
        let seat = Device::start(DeviceConfig {
            spec: config.spec,
            platform: Box::new(GpuPlatform::new(Arc::clone(&config.gpu))),
            slots: config.slots,
            spin: config.spin,
            models: config.models,
            board: config.board,
            max_failures: config.max_failures,
            free: config.free,
            changed: front.clone().recipient(),
            settled: config.settled,
        })?;
        context.run(Self {
            meters: GpuMeters::new(&Label::configured(&name)),
            gpu: config.gpu,
            name,
            health: Health::Well,
            reserve: config.reserve,
            watcher: config.watcher,
            every: config.every,
            gpus: config.gpus,
            device: seat.prepare.clone(),
            changed: config.changed,
        });
        Ok(Seat {
            prepare: front.recipient(),
            ..seat
        })
    }

    /// Tells how the GPU is: to metrics, and to whoever asks for all of them.
    fn tell(&self) {
        let sample = self.sample();
        let memory = self.gpu.memory();
        self.meters.up(self.health.serves());
        for (owner, bytes) in [
            (MemoryOwner::Engine, memory.engines),
            (MemoryOwner::Slot, memory.slots),
            (MemoryOwner::Session, memory.sessions),
            (MemoryOwner::Pinned, memory.pinned),
        ] {
            self.meters.ours(owner, bytes);
        }
        self.meters.graph_fallbacks(self.gpu.graph_fallbacks());
        self.meter(&sample);
        self.gpus
            .enter(GpuView::new(&self.name, &self.gpu, &self.health, sample));
    }

    /// What NVML did not tell stays as it was.
    fn meter(&self, sample: &Sample) {
        let meters = &self.meters;
        if let Some(ratio) = sample.utilisation {
            meters.utilisation(ratio);
        }
        if let Some((taken, size)) = sample.memory {
            meters.memory(taken, size);
        }
        if let Some(celsius) = sample.celsius {
            meters.temperature(f64::from(celsius));
        }
        if let Some(watts) = sample.watts {
            meters.power(watts);
        }
        if let Some(megahertz) = sample.graphics_megahertz {
            meters.clock(ClockDomain::Graphics, megahertz);
        }
        if let Some(megahertz) = sample.memory_megahertz {
            meters.clock(ClockDomain::Memory, megahertz);
        }
    }

    fn sample(&self) -> Sample {
        let newest = self.watcher.as_ref().and_then(Watcher::newest);
        newest.unwrap_or_default()
    }

    /// Whether there is room for what a session needs.
    fn admit(&self) -> Result<(), LoadError> {
        self.health.admit()?;
        Room::of(&self.gpu, self.sample().memory).admit(self.reserve)
    }
}

impl Actor for Cuda {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        self.tell();
        ctx.run_interval(self.every, |cuda, _| cuda.tell());
    }
}

impl Handler<Prepare> for Cuda {
    type Result = ResponseFuture<Result<Prepared, LoadError>>;

    fn handle(&mut self, prepare: Prepare, _: &mut Self::Context) -> Self::Result {
        if let Err(refused) = self.admit() {
            return Box::pin(fut::ready(Err(refused)));
        }
        let prepared = self.device.send(prepare);
        Box::pin(async move {
            prepared.await.unwrap_or_else(|e| {
                let fix = "see the log for its last failure";
                Err(LoadError::new(
                    format!("the device does not answer: {e}"),
                    fix,
                ))
            })
        })
    }
}

impl Handler<DeviceChanged> for Cuda {
    type Result = ();

    fn handle(&mut self, changed: DeviceChanged, _: &mut Self::Context) {
        self.health = self.health.after(&changed.lost);
        self.tell();
        post(&self.changed, changed);
    }
}

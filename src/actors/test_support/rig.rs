//! A real device with scripted models and fake ears.

use super::{Received, eventually, inbox};
use crate::{
    actors::{
        board::Board,
        device::{Device, DeviceConfig},
        scheduler::{DeviceChanged, Lost, Seat},
        work::{RunBatch, SlotFree, Work},
    },
    engine::{
        Backend, DeviceSpec, EngineKey, HostPlatform, LoadError, LoadState, Manifest, Model,
        Platform, Repository,
        scripted::{MANIFEST, Scripted},
    },
};
use std::{num::NonZeroUsize, sync::Arc};

/// A device, and what it told.
pub struct Rig {
    /// The device as a scheduler has it.
    pub seat: Seat,
    /// How its models stand.
    pub board: Board,
    /// Slots that it gave back.
    pub free: Received<SlotFree>,
    /// Whether it serves.
    pub changed: Received<DeviceChanged>,
}

/// A scripted model of this name.
pub fn model(name: &str) -> Model {
    let text = MANIFEST.replace("name = \"scripted\"", &format!("name = \"{name}\""));
    let mut repository = Repository::default();
    repository.insert(Manifest::parse(&text).unwrap(), Vec::new());
    repository.get(name).unwrap().clone()
}

/// A device of so many slots that gives a model up after two failures.
pub fn device(slots: usize, models: &[(&str, &Scripted)]) -> Rig {
    device_of(slots, 2, models)
}

/// A device of so many slots that gives a model up after so many failures.
pub fn device_of(slots: usize, max_failures: usize, models: &[(&str, &Scripted)]) -> Rig {
    device_on(Box::new(HostPlatform), slots, max_failures, models)
}

/// The same on a platform.
pub fn device_on(
    platform: Box<dyn Platform>,
    slots: usize,
    max_failures: usize,
    models: &[(&str, &Scripted)],
) -> Rig {
    let (free, freed) = inbox();
    let (changed, heard) = inbox();
    let board = Board::default();
    let backend = |scripted: &Scripted| Arc::new(scripted.clone()) as Arc<dyn Backend>;
    let models = models.iter().map(|(name, s)| (model(name), backend(s)));
    let seat = Device::start(DeviceConfig {
        spec: DeviceSpec {
            name: "test0".into(),
            threads: NonZeroUsize::MIN,
            gpu: None,
        },
        platform,
        spin: std::time::Duration::ZERO,
        slots: NonZeroUsize::new(slots).unwrap(),
        models: models.collect(),
        board: board.clone(),
        max_failures,
        free,
        changed,
        settled: None,
    });
    Rig {
        seat: seat.unwrap(),
        board,
        free: freed,
        changed: heard,
    }
}

impl Rig {
    /// Makes slots of a shape.
    pub async fn prepare(&self, key: &EngineKey) -> Result<NonZeroUsize, LoadError> {
        let prepare = crate::actors::device::Prepare(key.clone());
        let prepared = self.seat.prepare.send(prepare).await.unwrap();
        prepared.map(|prepared| prepared.max_batch)
    }

    /// Runs a batch in a free slot.
    pub fn run(&self, key: &EngineKey, work: Vec<Work>) {
        let slot = self.seat.slots.try_take().expect("a free slot");
        let key = key.clone();
        crate::actors::post::post(&self.seat.run, RunBatch { key, work, slot });
    }

    /// What the device has told so far that it lost.
    pub fn lost(&mut self) -> Vec<Lost> {
        let told = self.changed.now().into_iter();
        told.map(|changed| changed.lost).collect()
    }

    /// Waits until the board says so of a model.
    pub async fn until(&self, model: &str, is: impl Fn(&LoadState) -> bool) -> LoadState {
        let state = || self.board.best(model).unwrap();
        eventually("the model's state", || is(&state())).await;
        state()
    }
}

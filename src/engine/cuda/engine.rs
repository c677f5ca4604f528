//! An engine of any machine: its slots, and what all slots of a shape share.

use super::{
    gpu::{Gpu, Owner},
    machine::{Layout, Machine, Port},
    memory::Claim,
    pinned::PinnedPool,
    ptx::PixelKernels,
    slot::{CudaSlot, Parts},
    state::StatePool,
};
use crate::engine::{Admission, Engine, EngineKey, LoadError, Slot};
use std::{
    cell::Cell,
    collections::HashMap,
    num::NonZeroUsize,
    rc::Rc,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

/// Engines so far in this process: each has a number, and so have its states.
static ENGINES: AtomicU64 = AtomicU64::new(0);

/// Frames that a session has on their way to its clients at most: the credits that the actors give it.
const FRAMES_OUT: usize = 2;

/// A loaded model on a GPU.
pub struct CudaEngine<M> {
    // Dropped before what its slots are made of.
    shapes: HashMap<EngineKey, Rc<Shared>>,
    machine: M,
    kernels: PixelKernels,
    gpu: Arc<Gpu>,
    number: u64,
    _code: Claim,
}

/// What all slots of one shape share: states, and frames that leave.
pub struct Shared {
    /// States of sessions.
    pub states: StatePool,
    /// For each output that is a picture.
    pub pictures: Vec<Option<PinnedPool>>,
    /// Frames that slots have in the making.
    making: Cell<usize>,
    home: Arc<super::state::Home>,
}

/// A slot's share in the frames that are being made.
pub struct Making {
    shared: Rc<Shared>,
    batch: usize,
}

impl Drop for Making {
    fn drop(&mut self) {
        let making = &self.shared.making;
        making.set(making.get().saturating_sub(self.batch));
    }
}

impl<M: Machine> CudaEngine<M> {
    /// An engine around a machine that has loaded its weights.
    ///
    /// # Errors
    /// If our kernels for pictures cannot be loaded.
    pub fn new(gpu: &Arc<Gpu>, machine: M) -> Result<Self, LoadError> {
        let (kernels, code) = Claim::measured(gpu, Owner::Engine, PixelKernels::load)?;
        Ok(Self {
            shapes: HashMap::new(),
            machine,
            kernels,
            gpu: Arc::clone(gpu),
            number: ENGINES.fetch_add(1, Ordering::Relaxed) + 1,
            _code: code,
        })
    }

    fn shared(&mut self, key: &EngineKey, layout: &Layout) -> Result<Rc<Shared>, LoadError> {
        if let Some(shared) = self.shapes.get(key) {
            return Ok(Rc::clone(shared));
        }
        let home = self.gpu.home(key);
        let states = StatePool::open(&self.gpu, self.number, &layout.states, Arc::clone(&home))?;
        let picture = |outlet: &Port| {
            let pool = || PinnedPool::new(&self.gpu, outlet.leaving());
            outlet.pixels.map(|_| pool())
        };
        let shared = Rc::new(Shared {
            states,
            pictures: layout.outlets.iter().map(picture).collect(),
            making: Cell::new(0),
            home,
        });
        shared.provide_pictures(0)?;
        self.shapes.insert(key.clone(), Rc::clone(&shared));
        Ok(shared)
    }
}

impl Shared {
    /// Takes memory for the frames of all sessions and slots, and of so many sessions more.
    fn provide_pictures(&self, more: usize) -> Result<(), LoadError> {
        let count = self.frames(more);
        self.pictures
            .iter()
            .flatten()
            .try_for_each(|pool| pool.provide(count))
    }

    fn frames(&self, more: usize) -> usize {
        self.making.get() + FRAMES_OUT * (self.home.admitted() + more)
    }

    /// A slot makes so many frames at a time, for as long as it holds what this gives.
    ///
    /// # Errors
    /// If the memory for them is not there.
    pub fn join(self: &Rc<Self>, batch: usize) -> Result<Making, LoadError> {
        self.making.set(self.making.get() + batch);
        let making = Making {
            shared: Rc::clone(self),
            batch,
        };
        self.provide_pictures(0)?;
        Ok(making)
    }

    fn trim(&self) {
        self.states.trim();
        let count = self.frames(0);
        self.pictures
            .iter()
            .flatten()
            .for_each(|pool| pool.trim(count));
    }
}

impl<M: Machine> Engine for CudaEngine<M> {
    fn slot(&mut self, key: &EngineKey) -> Result<Box<dyn Slot>, LoadError> {
        let layout = self.machine.layout(key)?;
        let shared = self.shared(key, &layout)?;
        let gpu = Arc::clone(&self.gpu);
        // Contexts and graphs take memory that only the difference tells.
        let (slot, claim) = Claim::measured(&gpu, Owner::Slot, || {
            let parts = Parts::take(&gpu, layout, shared, self.kernels.clone())?;
            let program = self.machine.program(key, parts.buffers())?;
            CudaSlot::new(parts, program).map(Box::new)
        })?;
        Ok(slot.with(claim))
    }

    fn max_batch(&self) -> NonZeroUsize {
        self.machine.max_batch()
    }

    fn admit(&mut self, key: &EngineKey) -> Result<Admission, LoadError> {
        let layout = self.machine.layout(key)?;
        let shared = self.shared(key, &layout)?;
        shared.states.provide(1)?;
        shared.provide_pictures(1)?;
        Ok(Admission::new(shared.home.admit()))
    }

    fn tidy(&mut self) {
        self.shapes.values().for_each(|shared| shared.trim());
        // A slot of the shape has it too, and keeps it.
        self.shapes
            .retain(|_, shared| Rc::strong_count(shared) > 1 || !shared.home.is_idle());
        self.gpu.forget_idle_homes();
    }
}

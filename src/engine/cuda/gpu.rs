//! One GPU: its context on its device's thread, and the account of its memory.
//!
//! Invariants: only the thread that entered the device frees what was taken there, whoever drops it; what was taken before a
//! restart went with the old context and is never freed in the new one.

use super::{
    driver::Facts,
    fault::Code,
    memory::{self, Raw},
    state::Home,
};
use crate::engine::{EngineKey, LoadError, Platform, Scope};
use cust::{
    context::{Context, CurrentContext},
    device::Device,
};
use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    thread::ThreadId,
};

/// What a piece of memory is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner {
    /// Weights and code: there as long as the engine.
    Engine,
    /// Buffers of fixed shapes.
    Slot,
    /// Recurrent state of a session, in use or set aside.
    Session,
}

/// Bytes that are taken on a GPU, by what they are for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MemoryUse {
    /// Weights and code.
    pub engines: usize,
    /// Buffers of fixed shapes.
    pub slots: usize,
    /// States of sessions.
    pub sessions: usize,
    /// Host memory that the GPU reads and writes by itself.
    pub pinned: usize,
}

/// One GPU. Shared by its platform, its backends, and everything that was taken on it.
#[derive(Debug)]
pub struct Gpu {
    facts: Facts,
    /// Bytes by [`Owner`], and pinned bytes last.
    used: [AtomicUsize; 4],
    /// Grows with every context.
    generation: AtomicU64,
    thread: Mutex<Option<ThreadId>>,
    /// What other threads dropped.
    litter: Mutex<Vec<Raw>>,
    /// Batch sizes of slots for which no graph could be captured, so far.
    fallbacks: AtomicU64,
    /// States of sessions, by shape; they outlive engines.
    homes: Mutex<HashMap<EngineKey, Arc<Home>>>,
    /// Whether work is captured into graphs.
    captures: bool,
}

/// Enters and restarts a GPU's context; lives on the device's thread.
#[derive(Debug)]
pub struct GpuPlatform {
    gpu: Arc<Gpu>,
    context: Option<Context>,
}

impl Gpu {
    /// A GPU that the driver has told of; nothing is made on it yet.
    pub fn new(facts: Facts) -> Arc<Self> {
        Self::with(facts, true)
    }

    /// The same, where work is put on the stream piece by piece: to see what graphs bring.
    pub fn without_graphs(facts: Facts) -> Arc<Self> {
        Self::with(facts, false)
    }

    fn with(facts: Facts, captures: bool) -> Arc<Self> {
        Arc::new(Self {
            facts,
            captures,
            used: Default::default(),
            generation: AtomicU64::new(0),
            thread: Mutex::new(None),
            litter: Mutex::default(),
            fallbacks: AtomicU64::new(0),
            homes: Mutex::default(),
        })
    }

    /// What the driver says about it.
    pub fn facts(&self) -> &Facts {
        &self.facts
    }

    /// What its memory is used for now.
    pub fn memory(&self) -> MemoryUse {
        let [engines, slots, sessions, pinned] =
            [0, 1, 2, 3].map(|at| self.used[at].load(Ordering::Relaxed));
        MemoryUse {
            engines,
            slots,
            sessions,
            pinned,
        }
    }

    /// How often a graph could not be captured, so that its work is put on the stream piece by piece.
    pub fn graph_fallbacks(&self) -> u64 {
        self.fallbacks.load(Ordering::Relaxed)
    }

    pub(super) fn captures(&self) -> bool {
        self.captures
    }

    pub(super) fn count_fallback(&self) {
        self.fallbacks.fetch_add(1, Ordering::Relaxed);
    }

    /// Where the states of this shape are kept.
    pub(super) fn home(&self, key: &EngineKey) -> Arc<Home> {
        Arc::clone(lock(&self.homes).entry(key.clone()).or_default())
    }

    /// Forgets the shapes of which nobody has a state, or may have one.
    pub(super) fn forget_idle_homes(&self) {
        lock(&self.homes).retain(|_, home| Arc::strong_count(home) > 1 || !home.is_idle());
    }

    pub(super) fn generation(&self) -> u64 {
        self.generation.load(Ordering::Relaxed)
    }

    /// The account for memory of this owner; `None` is pinned host memory.
    pub(super) fn account(&self, owner: Option<Owner>) -> &AtomicUsize {
        &self.used[owner.map_or(3, |owner| owner as usize)]
    }

    /// Whether this is the device's thread.
    pub(super) fn is_here(&self) -> bool {
        *lock(&self.thread) == Some(std::thread::current().id())
    }

    /// Keeps what another thread dropped until the device's thread frees it.
    pub(super) fn leave(&self, raw: Raw) {
        lock(&self.litter).push(raw);
    }

    /// Frees what other threads dropped.
    pub(super) fn collect(&self) {
        let litter = std::mem::take(&mut *lock(&self.litter));
        litter.into_iter().for_each(|raw| raw.free(self));
    }
}

impl GpuPlatform {
    /// The platform of this GPU, not entered yet.
    pub fn new(gpu: Arc<Gpu>) -> Self {
        Self { gpu, context: None }
    }
}

impl Platform for GpuPlatform {
    fn enter(&mut self) -> Result<(), LoadError> {
        let doing = "making a context on the device";
        let device =
            Device::get_device(self.gpu.facts.ordinal).map_err(|e| Code::from(e).load(doing))?;
        let context = Context::new(device).map_err(|e| Code::from(e).load(doing))?;
        CurrentContext::set_current(&context).map_err(|e| Code::from(e).load(doing))?;
        self.context = Some(context);
        *lock(&self.gpu.thread) = Some(std::thread::current().id());
        Ok(())
    }

    fn restart(&mut self) -> Result<(), LoadError> {
        let doing = "resetting the device's context";
        self.gpu.collect();
        self.gpu.generation.fetch_add(1, Ordering::Relaxed);
        let homes: Vec<_> = lock(&self.gpu.homes).values().cloned().collect();
        homes.iter().for_each(|home| home.clear());
        drop(self.context.take());
        let device =
            Device::get_device(self.gpu.facts.ordinal).map_err(|e| Code::from(e).load(doing))?;
        // SAFETY: no engine of ours is alive, and the generation has changed, so nothing that was taken in the old context is
        // touched again.
        unsafe { Context::reset(&device) }.map_err(|e| Code::from(e).load(doing))?;
        self.enter()
    }

    fn tidy(&mut self) {
        self.gpu.collect();
    }

    fn is_lost(&self) -> bool {
        // A context that has died answers every call with the error that killed it.
        let asked = memory::ask();
        self.context.is_some() && asked.is_err_and(|code| code.scope() == Scope::Device)
    }
}

impl Drop for GpuPlatform {
    fn drop(&mut self) {
        if self.gpu.is_here() {
            self.gpu.collect();
            *lock(&self.gpu.thread) = None;
        }
        // What is dropped from now on went with the context.
        self.gpu.generation.fetch_add(1, Ordering::Relaxed);
    }
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

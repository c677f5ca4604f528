//! An engine of any machine: its slots, and its sessions' states.

use super::{
    gpu::Gpu,
    machine::{Layout, Machine},
    slot::{CudaSlot, Parts},
    state::StatePool,
};
use crate::engine::{Admission, Engine, EngineKey, LoadError, Slot};
use std::{
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

/// A loaded model on a GPU.
pub struct CudaEngine<M> {
    gpu: Arc<Gpu>,
    machine: M,
    number: u64,
    pools: HashMap<EngineKey, Rc<StatePool>>,
}

impl<M: Machine> CudaEngine<M> {
    /// An engine around a machine that has loaded its weights.
    pub fn new(gpu: &Arc<Gpu>, machine: M) -> Self {
        Self {
            gpu: Arc::clone(gpu),
            machine,
            number: ENGINES.fetch_add(1, Ordering::Relaxed),
            pools: HashMap::new(),
        }
    }

    fn pool(&mut self, key: &EngineKey, layout: &Layout) -> Rc<StatePool> {
        let fresh = || StatePool::new(&self.gpu, self.number, &layout.states);
        Rc::clone(self.pools.entry(key.clone()).or_insert_with(fresh))
    }
}

impl<M: Machine> Engine for CudaEngine<M> {
    fn slot(&mut self, key: &EngineKey) -> Result<Box<dyn Slot>, LoadError> {
        let layout = self.machine.layout(key)?;
        let pool = self.pool(key, &layout);
        let parts = Parts::take(&self.gpu, layout, pool)?;
        let program = self.machine.program(key, parts.buffers())?;
        Ok(Box::new(CudaSlot::new(parts, program)?))
    }

    fn max_batch(&self) -> NonZeroUsize {
        self.machine.max_batch()
    }

    fn admit(&mut self, key: &EngineKey) -> Result<Admission, LoadError> {
        let layout = self.machine.layout(key)?;
        self.pool(key, &layout).admit()
    }

    fn tidy(&mut self) {
        self.pools.values().for_each(|pool| pool.trim());
        // A slot of the shape has its pool too, and keeps it.
        self.pools
            .retain(|_, pool| Rc::strong_count(pool) > 1 || !pool.is_idle());
    }
}

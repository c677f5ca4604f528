//! Recurrent state of sessions in device memory.
//!
//! A session's state is a [`GpuState`]: a block for each state tensor, moved with its work. Its successor is written to the
//! slot's spare blocks and exchanged with it only when the run has succeeded. Invariants: no state is in two places; memory
//! for a session's state is set aside when the session is admitted; whoever drops a state, on any thread, gives it back.

use super::{
    gpu::{Gpu, Owner, lock},
    machine::StatePort,
    memory::Block,
};
use crate::engine::{Admission, LoadError};
use std::{
    rc::Rc,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

/// One session's state: a block for each state tensor, in the order of the layout.
#[derive(Debug)]
pub struct GpuState {
    /// Its tensors.
    pub blocks: Vec<Block>,
    /// The engine that made it; another engine knows nothing of its memory.
    pub engine: u64,
    home: Arc<Home>,
}

/// States of one shape.
pub struct StatePool {
    gpu: Arc<Gpu>,
    engine: u64,
    /// Bytes of each tensor.
    bytes: Vec<usize>,
    home: Arc<Home>,
}

#[derive(Debug, Default)]
struct Home {
    /// States that nobody has.
    free: Mutex<Vec<Vec<Block>>>,
    /// States that exist.
    made: AtomicUsize,
    /// Sessions that are admitted.
    admitted: AtomicUsize,
}

/// One admitted session; not so any more when dropped.
struct Place(Arc<Home>);

impl StatePool {
    /// An empty pool for states of these tensors, made by this engine.
    pub fn new(gpu: &Arc<Gpu>, engine: u64, states: &[StatePort]) -> Rc<Self> {
        Rc::new(Self {
            gpu: Arc::clone(gpu),
            engine,
            bytes: states.iter().map(|state| state.port.bytes).collect(),
            home: Arc::default(),
        })
    }

    /// Sets memory aside for one session more.
    ///
    /// # Errors
    /// What is needed and what is free, if it is not there.
    pub fn admit(&self) -> Result<Admission, LoadError> {
        if self.bytes.is_empty() {
            return Ok(Admission::default());
        }
        let home = &self.home;
        let admitted = home.admitted.load(Ordering::Relaxed) + 1;
        while home.made.load(Ordering::Relaxed) < admitted {
            let blocks = self.blocks(Owner::Session)?;
            home.made.fetch_add(1, Ordering::Relaxed);
            lock(&home.free).push(blocks);
        }
        home.admitted.fetch_add(1, Ordering::Relaxed);
        Ok(Admission::new(Place(Arc::clone(home))))
    }

    /// A state for a session that begins: one that was set aside, or new memory for one that was never admitted.
    ///
    /// # Errors
    /// If there is no memory.
    pub fn begin(&self) -> Result<GpuState, LoadError> {
        let free = lock(&self.home.free).pop();
        let blocks = match free {
            Some(blocks) => blocks,
            None => {
                let blocks = self.blocks(Owner::Session)?;
                self.home.made.fetch_add(1, Ordering::Relaxed);
                blocks
            }
        };
        Ok(GpuState {
            blocks,
            engine: self.engine,
            home: Arc::clone(&self.home),
        })
    }

    /// Blocks for one state.
    ///
    /// # Errors
    /// If there is no memory.
    pub fn blocks(&self, owner: Owner) -> Result<Vec<Block>, LoadError> {
        let what = match owner {
            Owner::Session => "a session's state",
            _ => "a slot's copy of a state",
        };
        let block = |bytes: &usize| Block::take(&self.gpu, *bytes, owner, what);
        self.bytes.iter().map(block).collect()
    }

    /// The engine whose states these are.
    pub fn engine(&self) -> u64 {
        self.engine
    }

    /// Frees what no admitted session will need.
    pub fn trim(&self) {
        let home = &self.home;
        while home.made.load(Ordering::Relaxed) > home.admitted.load(Ordering::Relaxed) {
            let Some(blocks) = lock(&home.free).pop() else {
                return;
            };
            drop(blocks);
            home.made.fetch_sub(1, Ordering::Relaxed);
        }
    }

    /// Whether nobody has or may have a state of this shape.
    pub fn is_idle(&self) -> bool {
        self.home.made.load(Ordering::Relaxed) == 0
            && self.home.admitted.load(Ordering::Relaxed) == 0
    }
}

impl Drop for GpuState {
    fn drop(&mut self) {
        lock(&self.home.free).push(std::mem::take(&mut self.blocks));
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.admitted.fetch_sub(1, Ordering::Relaxed);
    }
}

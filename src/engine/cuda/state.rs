//! Recurrent state of sessions in device memory.
//!
//! A session's state is a [`GpuState`]: a block for each state tensor, moved with its work. Its successor is written to the
//! slot's spare blocks and exchanged with it only when the run has succeeded. Invariants: no state is in two places; memory
//! for a session's state is set aside when the session is admitted; whoever drops a state, on any thread, gives it back.
//!
//! A [`Home`] outlives the engine whose states it keeps: sessions that were admitted to an engine that broke are admitted to its
//! successor.

use super::{
    gpu::{Gpu, Owner, lock},
    machine::StatePort,
    memory::Block,
};
use crate::engine::LoadError;
use std::sync::{Arc, Mutex};

/// One session's state: a block for each state tensor, in the order of the layout.
#[derive(Debug)]
pub struct GpuState {
    /// Its tensors.
    pub blocks: Vec<Block>,
    /// The engine that made it; another engine knows nothing of its memory.
    pub engine: u64,
    home: Arc<Home>,
}

/// States of one shape, for one engine.
pub struct StatePool {
    gpu: Arc<Gpu>,
    engine: u64,
    /// Bytes of each tensor.
    bytes: Vec<usize>,
    home: Arc<Home>,
}

/// Where the states of one shape are when no session has them, and how many sessions may have one.
#[derive(Debug, Default)]
pub struct Home(Mutex<Inside>);

#[derive(Debug, Default)]
struct Inside {
    /// Whose states these are.
    engine: u64,
    /// States that nobody has.
    free: Vec<Vec<Block>>,
    /// States of this engine that somebody has.
    out: usize,
    /// Sessions that are admitted.
    admitted: usize,
}

/// One admitted session; not so any more when dropped.
pub struct Place(Arc<Home>);

// === impl Home ===

impl Home {
    /// Sessions that are admitted.
    pub fn admitted(&self) -> usize {
        lock(&self.0).admitted
    }

    /// Counts a session that was given what it needs.
    pub fn admit(self: &Arc<Self>) -> Place {
        lock(&self.0).admitted += 1;
        Place(Arc::clone(self))
    }

    /// Forgets all states: their engine has gone, or their context.
    pub fn clear(&self) {
        let mut inside = lock(&self.0);
        inside.out = 0;
        let free = std::mem::take(&mut inside.free);
        drop(inside);
        drop(free);
    }

    /// Whether nobody has or may have a state of this shape.
    pub fn is_idle(&self) -> bool {
        let inside = lock(&self.0);
        inside.admitted == 0 && inside.out == 0 && inside.free.is_empty()
    }
}

// === impl StatePool ===

impl StatePool {
    /// The states of these tensors, made by this engine, with memory for all sessions that are admitted.
    ///
    /// # Errors
    /// If that memory is not there.
    pub fn open(
        gpu: &Arc<Gpu>,
        engine: u64,
        states: &[StatePort],
        home: Arc<Home>,
    ) -> Result<Self, LoadError> {
        home.clear();
        lock(&home.0).engine = engine;
        let pool = Self {
            gpu: Arc::clone(gpu),
            engine,
            bytes: states.iter().map(|state| state.port.bytes).collect(),
            home,
        };
        pool.provide(0)?;
        Ok(pool)
    }

    /// Takes memory until there is a state for each session that is admitted and for so many more.
    ///
    /// # Errors
    /// What is needed and what is free, if it is not there.
    pub fn provide(&self, more: usize) -> Result<(), LoadError> {
        if self.bytes.is_empty() {
            return Ok(());
        }
        while self.missing(more) {
            let blocks = self.blocks(Owner::Session)?;
            lock(&self.home.0).free.push(blocks);
        }
        Ok(())
    }

    /// A session that has ended may still have its state, on its way home: it is not counted on.
    fn missing(&self, more: usize) -> bool {
        let inside = lock(&self.home.0);
        let lingering = inside.out.saturating_sub(inside.admitted);
        inside.free.len() + inside.out < inside.admitted + more + lingering
    }

    /// A state for a session that begins: one that was set aside, or new memory for one that was never admitted.
    ///
    /// # Errors
    /// If there is no memory.
    pub fn begin(&self) -> Result<GpuState, LoadError> {
        let free = lock(&self.home.0).free.pop();
        let blocks = match free {
            Some(blocks) => blocks,
            None => self.blocks(Owner::Session)?,
        };
        lock(&self.home.0).out += 1;
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
        loop {
            let mut inside = lock(&self.home.0);
            let spare = match inside.free.len() + inside.out > inside.admitted {
                true => inside.free.pop(),
                false => None,
            };
            drop(inside);
            if spare.is_none() {
                return;
            }
        }
    }
}

/// Its engine has gone: nobody will begin with what it kept.
impl Drop for StatePool {
    fn drop(&mut self) {
        let is_ours = lock(&self.home.0).engine == self.engine;
        if is_ours {
            self.home.clear();
        }
    }
}

impl Drop for GpuState {
    fn drop(&mut self) {
        let blocks = std::mem::take(&mut self.blocks);
        let mut inside = lock(&self.home.0);
        // One of an engine that has gone is not a state any more, only memory.
        if inside.engine == self.engine && inside.out > 0 {
            inside.out -= 1;
            inside.free.push(blocks);
        } else {
            drop(inside);
            drop(blocks);
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut inside = lock(&self.0.0);
        inside.admitted = inside.admitted.saturating_sub(1);
    }
}

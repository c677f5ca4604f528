//! The lens corrections of the bouts that are open, and of a few that were: one map a size of picture.
//!
//! Invariant: the memory of every map is reserved for as long as it lives. A map that no bout uses is kept for the next bout of
//! its size until somebody needs the memory.

use crate::{
    media::{
        ByteBudget, Lease,
        lens::{Fisheye, Remap},
    },
    pipelines::OpenFault,
};
use std::{
    collections::HashMap,
    ops::Deref,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// Maps that are kept though no bout uses them.
const IDLE: usize = 4;

/// What making a map takes, in sizes of the map: it and the points that it is made from.
const MAKING: usize = 3;

/// The memory of all bouts, and the maps in it.
#[derive(Debug)]
pub struct Lenses {
    lens: Option<Fisheye>,
    budget: ByteBudget,
    made: Mutex<HashMap<(u32, u32), Arc<Lens>>>,
}

/// A map, and the memory that it owns.
#[derive(Debug)]
pub struct Lens {
    remap: Remap,
    _memory: Option<Lease>,
}

// === impl Lenses ===

impl Lenses {
    /// Corrections of `lens`; without one, pictures pass as they are.
    pub fn new(lens: Option<Fisheye>, budget: ByteBudget) -> Self {
        Self {
            lens,
            budget,
            made: Mutex::default(),
        }
    }

    /// Reserves memory for a bout. Maps that nobody uses give way.
    pub fn reserve(&self, bytes: usize) -> Option<Lease> {
        self.budget.try_lease(bytes).or_else(|| {
            self.made().retain(|_, lens| lens.is_used());
            self.budget.try_lease(bytes)
        })
    }

    /// The lens for pictures of this size; computed once, in tens of milliseconds.
    ///
    /// # Errors
    /// If there is no memory for it, or no such correction.
    pub fn of(&self, width: u32, height: u32) -> Result<Arc<Lens>, OpenFault> {
        if let Some(lens) = self.made().get(&(width, height)) {
            return Ok(Arc::clone(lens));
        }
        // Outside the lock: two bouts of a new size may both compute it, and neither waits for the other.
        let lens = Arc::new(self.make(width, height)?);
        let mut made = self.made();
        if made.values().filter(|lens| !lens.is_used()).count() >= IDLE {
            made.retain(|_, lens| lens.is_used());
        }
        // Whoever was first has it, so that there is one of a size.
        Ok(Arc::clone(made.entry((width, height)).or_insert(lens)))
    }

    fn make(&self, width: u32, height: u32) -> Result<Lens, OpenFault> {
        let Some(lens) = &self.lens else {
            return Ok(Lens {
                remap: Remap::identity(width, height),
                _memory: None,
            });
        };
        let map = usize::try_from(Remap::most_bytes(width, height)).unwrap_or(usize::MAX);
        let memory = self.reserve(map.saturating_mul(MAKING));
        let mut memory = memory.ok_or(OpenFault::NoMemory)?;
        let remap = Remap::fisheye(width, height, lens);
        let remap = remap.map_err(|e| OpenFault::Invalid(e.to_string()))?;
        memory.shrink_to(remap.bytes());
        Ok(Lens {
            remap,
            _memory: Some(memory),
        })
    }

    /// A map is put in whole or not at all.
    fn made(&self) -> MutexGuard<'_, HashMap<(u32, u32), Arc<Lens>>> {
        self.made.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Lens {
    /// Whether a bout has it.
    fn is_used(self: &Arc<Self>) -> bool {
        Arc::strong_count(self) > 1
    }
}

impl Deref for Lens {
    type Target = Remap;

    fn deref(&self) -> &Remap {
        &self.remap
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LENS: Fisheye = Fisheye {
        strength: -0.18,
        balance: 0.0,
    };

    fn lenses(bytes: usize) -> (Lenses, ByteBudget) {
        let budget = ByteBudget::new(bytes);
        (Lenses::new(Some(LENS), budget.clone()), budget)
    }

    #[test]
    fn a_map_holds_its_bytes_and_bouts_of_a_size_share_it() {
        let (lenses, budget) = lenses(1 << 20);
        let first = lenses.of(64, 36).unwrap();
        let held = budget.capacity() - budget.free();
        assert_eq!(held, first.bytes());
        let second = lenses.of(64, 36).unwrap();
        assert!(Arc::ptr_eq(&first, &second));
        assert_eq!(budget.capacity() - budget.free(), held);
    }

    #[test]
    fn a_map_that_does_not_fit_is_refused_and_holds_nothing() {
        let (lenses, budget) = lenses(64 * 36 * 8);
        assert!(matches!(lenses.of(64, 36), Err(OpenFault::NoMemory)));
        assert_eq!(budget.free(), budget.capacity());
    }

    #[test]
    fn a_map_that_nobody_uses_gives_way_and_one_in_use_does_not() {
        let (lenses, budget) = lenses(64 * 36 * 8 * MAKING);
        let used = lenses.of(64, 36).unwrap();
        assert!(lenses.reserve(budget.capacity()).is_none());
        drop(used);
        assert!(lenses.reserve(budget.capacity()).is_some());
    }

    #[test]
    fn idle_maps_do_not_gather() {
        let (lenses, _) = lenses(8 << 20);
        for width in 32..64 {
            drop(lenses.of(width, 32).unwrap());
            assert!(lenses.made().len() <= IDLE + 1);
        }
    }

    #[test]
    fn pictures_that_pass_as_they_are_take_no_memory() {
        let budget = ByteBudget::new(0);
        let lenses = Lenses::new(None, budget);
        assert!(lenses.of(1920, 1080).unwrap().is_identity());
    }
}

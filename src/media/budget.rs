//! Memory shared by all sessions, owned piece by piece.
//!
//! Counts bytes; allocates none. Invariant: the bytes of all live leases and the free bytes add
//! up to the capacity, because a [`Lease`] cannot be copied and gives its bytes back when dropped.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A number of bytes that leases are taken from. Clones share the same bytes.
#[derive(Clone, Debug)]
pub struct ByteBudget(Arc<Pool>);

#[derive(Debug)]
struct Pool {
    capacity: usize,
    free: AtomicUsize,
}

/// The right to hold some bytes of a [`ByteBudget`]; dropping it gives them back.
#[must_use = "a dropped lease gives its bytes back at once"]
#[derive(Debug)]
pub struct Lease {
    pool: Arc<Pool>,
    bytes: usize,
}

// === impl ByteBudget ===

impl ByteBudget {
    /// A budget of `capacity` bytes, all free.
    #[must_use]
    pub fn new(capacity: usize) -> Self {
        let free = AtomicUsize::new(capacity);
        Self(Arc::new(Pool { capacity, free }))
    }

    /// Takes `bytes` if that many are free; never waits.
    ///
    /// `None` means that others hold too much now, or, when `bytes` is above
    /// [`capacity`](Self::capacity), that it can never succeed.
    #[must_use]
    pub fn try_lease(&self, bytes: usize) -> Option<Lease> {
        // Relaxed: the counter guards no other memory, and read-modify-writes of one atomic are
        // totally ordered, so two takers cannot both get the last bytes.
        self.0
            .free
            .try_update(Ordering::Relaxed, Ordering::Relaxed, |free| {
                free.checked_sub(bytes)
            })
            .ok()?;
        Some(Lease {
            pool: Arc::clone(&self.0),
            bytes,
        })
    }

    /// Bytes that nobody holds at this moment.
    #[must_use]
    pub fn free(&self) -> usize {
        self.0.free.load(Ordering::Relaxed)
    }

    /// Bytes in all, held or free.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.0.capacity
    }
}

// === impl Lease ===

impl Lease {
    /// Bytes held.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Gives back all but `bytes`; a larger number than is held changes nothing.
    ///
    /// For a size that is known only after the work: lease the upper bound, then shrink.
    pub fn shrink_to(&mut self, bytes: usize) {
        let surplus = self.bytes.saturating_sub(bytes);
        self.bytes -= surplus;
        self.pool.free.fetch_add(surplus, Ordering::Relaxed);
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.pool.free.fetch_add(self.bytes, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_dropped_lease_gives_its_bytes_back() {
        let budget = ByteBudget::new(100);
        let lease = budget.try_lease(60).expect("60 of 100 are free");
        assert_eq!(budget.free(), 40);
        drop(lease);
        assert_eq!(budget.free(), 100);
    }

    #[test]
    fn a_lease_above_what_is_free_is_refused_and_takes_nothing() {
        let budget = ByteBudget::new(100);
        let _held = budget.try_lease(60).expect("60 of 100 are free");
        assert!(budget.try_lease(41).is_none());
        assert_eq!(budget.free(), 40);
        assert!(budget.try_lease(usize::MAX).is_none());
    }

    #[test]
    fn shrinking_gives_back_the_surplus_once() {
        let budget = ByteBudget::new(100);
        let mut lease = budget.try_lease(80).expect("80 of 100 are free");
        lease.shrink_to(30);
        assert_eq!((lease.bytes(), budget.free()), (30, 70));
        lease.shrink_to(50);
        assert_eq!((lease.bytes(), budget.free()), (30, 70));
        drop(lease);
        assert_eq!(budget.free(), 100);
    }

    #[test]
    fn threads_that_compete_never_hold_more_than_the_capacity() {
        let budget = ByteBudget::new(10);
        let held = AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..2_000 {
                        if let Some(lease) = budget.try_lease(3) {
                            assert!(held.fetch_add(3, Ordering::SeqCst) + 3 <= 10);
                            held.fetch_sub(3, Ordering::SeqCst);
                            drop(lease);
                        }
                    }
                });
            }
        });
        assert_eq!(budget.free(), budget.capacity());
    }

    proptest! {
        #[test]
        fn held_and_free_bytes_always_add_up(steps in prop::collection::vec((0usize..4, 0usize..600), 0..80)) {
            let budget = ByteBudget::new(1_000);
            let mut held: Vec<Lease> = Vec::new();
            for (step, bytes) in steps {
                match (step, held.is_empty()) {
                    (0 | 1, _) => held.extend(budget.try_lease(bytes)),
                    (2, false) => drop(held.swap_remove(bytes % held.len())),
                    (3, false) => { let i = bytes % held.len(); held[i].shrink_to(bytes / 2) }
                    _ => {}
                }
                let total: usize = held.iter().map(Lease::bytes).sum();
                prop_assert_eq!(total + budget.free(), budget.capacity());
            }
        }
    }
}

//! The right to one piece of work in flight: what bounds every mailbox, since mailboxes bound nothing.

use std::{num::NonZeroUsize, sync::Arc};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// A fixed number of credits; clones share them.
#[derive(Clone, Debug)]
pub struct Credits {
    free: Arc<Semaphore>,
    of: usize,
}

/// One credit. Not `Clone`; carried inside the work; dropping it gives it back.
#[must_use = "a dropped credit is given back at once"]
#[derive(Debug)]
pub struct Credit {
    _permit: OwnedSemaphorePermit,
}

impl Credits {
    /// `n` credits, all free.
    pub fn new(n: NonZeroUsize) -> Self {
        Self {
            free: Arc::new(Semaphore::new(n.get())),
            of: n.get(),
        }
    }

    /// Takes one if one is free; never waits.
    pub fn try_take(&self) -> Option<Credit> {
        Arc::clone(&self.free)
            .try_acquire_owned()
            .ok()
            .map(|permit| Credit { _permit: permit })
    }

    /// Credits that are out.
    pub fn in_flight(&self) -> usize {
        self.of - self.free.available_permits()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_credit_is_free_again_only_when_it_is_dropped() {
        let credits = Credits::new(NonZeroUsize::new(2).unwrap());
        let (a, b) = (credits.try_take(), credits.try_take());
        assert!(a.is_some() && b.is_some() && credits.try_take().is_none());
        drop(a);
        assert_eq!(credits.in_flight(), 1);
        assert!(credits.try_take().is_some());
    }
}

//! Which work runs next. Pure, and alone in its file: a better policy replaces this one and nothing else.
//!
//! Earliest deadline first across engines; a batch is as large as the engine takes; work of a class that late frames do not
//! serve is answered unrun once its deadline has passed.

use crate::session::Class;
use std::{collections::BTreeMap, num::NonZeroUsize, time::Instant};

/// The work that waits for one engine, by deadline and then by arrival.
#[derive(Debug)]
pub struct EngineQueue<T> {
    waiting: BTreeMap<(Instant, u64), (Class, T)>,
    max_batch: NonZeroUsize,
    arrivals: u64,
}

/// What the policy needs to know of a queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// The earliest deadline in the queue.
    pub deadline: Instant,
    /// Items waiting.
    pub waiting: usize,
    /// Items at once, at most.
    pub max_batch: NonZeroUsize,
}

/// The queue to serve and how many of its items to take; `None` if nothing waits.
///
/// `heads` are the non-empty queues with their places.
pub fn choose<K>(heads: impl Iterator<Item = (K, Head)>) -> Option<(K, usize)> {
    let (key, head) = heads.min_by_key(|(_, head)| head.deadline)?;
    Some((key, head.waiting.min(head.max_batch.get())))
}

// === impl EngineQueue ===

impl<T> EngineQueue<T> {
    /// An empty queue of an engine that takes so many items at once.
    pub fn new(max_batch: NonZeroUsize) -> Self {
        Self {
            waiting: BTreeMap::new(),
            max_batch,
            arrivals: 0,
        }
    }

    /// Adds work.
    pub fn push(&mut self, deadline: Instant, class: Class, work: T) {
        self.arrivals += 1;
        self.waiting
            .insert((deadline, self.arrivals), (class, work));
    }

    /// What the policy needs to know; `None` if nothing waits.
    pub fn head(&self) -> Option<Head> {
        let ((deadline, _), _) = self.waiting.first_key_value()?;
        Some(Head {
            deadline: *deadline,
            waiting: self.waiting.len(),
            max_batch: self.max_batch,
        })
    }

    /// Takes the `n` most urgent items.
    pub fn take(&mut self, n: usize) -> Vec<T> {
        (0..n)
            .map_while(|_| self.waiting.pop_first())
            .map(|(_, (_, work))| work)
            .collect()
    }

    /// Takes everything whose deadline has passed and that is of no use late.
    pub fn take_expired(&mut self, now: Instant) -> Vec<T> {
        let due = self.waiting.range(..=(now, u64::MAX));
        let expired: Vec<_> = due
            .filter(|(_, (class, _))| expires(*class))
            .map(|(key, _)| *key)
            .collect();
        expired
            .iter()
            .filter_map(|key| self.waiting.remove(key))
            .map(|(_, work)| work)
            .collect()
    }

    /// Takes everything that fits the description.
    pub fn take_where(&mut self, unwanted: impl Fn(&T) -> bool) -> Vec<T> {
        let keys: Vec<_> = self
            .waiting
            .iter()
            .filter(|(_, (_, work))| unwanted(work))
            .map(|(key, _)| *key)
            .collect();
        keys.iter()
            .filter_map(|key| self.waiting.remove(key))
            .map(|(_, work)| work)
            .collect()
    }

    /// Items waiting.
    pub fn len(&self) -> usize {
        self.waiting.len()
    }

    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }
}

fn expires(class: Class) -> bool {
    match class {
        Class::Interactive | Class::Live => true,
        Class::Lossless | Class::Background => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::time::Duration;

    fn queue(max: usize, deadlines: &[u64], t0: Instant) -> EngineQueue<u64> {
        let mut q = EngineQueue::new(NonZeroUsize::new(max).unwrap());
        deadlines
            .iter()
            .for_each(|d| q.push(t0 + Duration::from_millis(*d), Class::Interactive, *d));
        q
    }

    #[test]
    fn the_most_urgent_engine_runs_a_batch_as_large_as_it_takes() {
        let t0 = Instant::now();
        let (mut a, b) = (queue(2, &[30, 10, 20], t0), queue(8, &[15], t0));
        let heads = [("a", a.head().unwrap()), ("b", b.head().unwrap())];
        assert_eq!(choose(heads.into_iter()), Some(("a", 2)));
        assert_eq!(a.take(2), [10, 20]);
        let heads = [("a", a.head().unwrap()), ("b", b.head().unwrap())];
        assert_eq!(choose(heads.into_iter()), Some(("b", 1)));
        assert_eq!(choose(std::iter::empty::<(&str, Head)>()), None);
    }

    #[test]
    fn late_work_is_answered_unrun_unless_it_is_lossless() {
        let t0 = Instant::now();
        let mut q = queue(8, &[10, 20, 30], t0);
        q.push(t0, Class::Lossless, 99);
        assert_eq!(q.take_expired(t0 + Duration::from_millis(20)), [10, 20]);
        assert_eq!(q.take(8), [99, 30]);
    }

    proptest! {
        #[test]
        fn nothing_is_lost_doubled_or_run_before_something_more_urgent(
            deadlines in prop::collection::vec(0u64..1000, 0..60), max in 1usize..9, now in 0u64..1000
        ) {
            let t0 = Instant::now();
            let mut q = queue(max, &deadlines, t0);
            let mut seen = q.take_expired(t0 + Duration::from_millis(now));
            prop_assert!(seen.iter().all(|d| *d <= now));
            let mut last = 0;
            while let Some((_, n)) = choose(q.head().map(|h| ((), h)).into_iter()) {
                let batch = q.take(n);
                prop_assert!(!batch.is_empty() && batch.len() <= max);
                for d in &batch { prop_assert!(*d >= last); last = *d; }
                seen.extend(batch);
            }
            let mut all = deadlines.clone();
            all.sort_unstable();
            seen.sort_unstable();
            prop_assert_eq!(seen, all);
        }
    }
}

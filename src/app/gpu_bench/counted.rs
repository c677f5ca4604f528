//! A backend that counts what another runs: batches, items, and the device's time. Adds nothing to a run but three additions.

use crate::engine::{
    Admission, Backend, DeviceSpec, Engine, EngineKey, Item, ItemDone, LoadError, Model, Probe,
    RunTimes, Slot,
};
use std::{
    num::NonZeroUsize,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    task::Poll,
};

/// What ran so far; shared by all who want to know.
#[derive(Debug, Default)]
pub struct Counts {
    batches: AtomicU64,
    items: AtomicU64,
    device_ns: AtomicU64,
}

/// What ran at one moment, or between two.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ran {
    /// Batches.
    pub batches: u64,
    /// Items of them.
    pub items: u64,
    /// What the device says that they took, in nanoseconds.
    pub device_ns: u64,
}

/// The backend in front of the one that runs.
pub struct Counted<B> {
    /// Who runs.
    pub inner: B,
    /// Where it is counted.
    pub counts: Arc<Counts>,
}

struct CountedEngine(Box<dyn Engine>, Arc<Counts>);

struct CountedSlot(Box<dyn Slot>, Arc<Counts>);

impl Counts {
    /// What ran so far.
    pub fn now(&self) -> Ran {
        Ran {
            batches: self.batches.load(Ordering::Relaxed),
            items: self.items.load(Ordering::Relaxed),
            device_ns: self.device_ns.load(Ordering::Relaxed),
        }
    }

    fn count(&self, done: &[ItemDone]) {
        let times = done.first().map(|done| done.times).unwrap_or_default();
        let RunTimes {
            upload,
            infer,
            download,
        } = times;
        let ns = (upload + infer + download).as_nanos();
        self.batches.fetch_add(1, Ordering::Relaxed);
        self.items.fetch_add(done.len() as u64, Ordering::Relaxed);
        self.device_ns
            .fetch_add(u64::try_from(ns).unwrap_or(u64::MAX), Ordering::Relaxed);
    }
}

impl Ran {
    /// What ran since then.
    pub fn since(self, then: Self) -> Self {
        Self {
            batches: self.batches - then.batches,
            items: self.items - then.items,
            device_ns: self.device_ns - then.device_ns,
        }
    }

    /// Items of a batch; not-a-number if none ran.
    pub fn mean_batch(self) -> f64 {
        self.items as f64 / self.batches as f64
    }
}

impl<B: Backend> Backend for Counted<B> {
    fn name(&self) -> &'static str {
        self.inner.name()
    }

    fn probe(&self) -> Probe {
        self.inner.probe()
    }

    fn load(&self, model: &Model, device: &DeviceSpec) -> Result<Box<dyn Engine>, LoadError> {
        let engine = self.inner.load(model, device)?;
        Ok(Box::new(CountedEngine(engine, Arc::clone(&self.counts))))
    }
}

impl Engine for CountedEngine {
    fn slot(&mut self, key: &EngineKey) -> Result<Box<dyn Slot>, LoadError> {
        let slot = self.0.slot(key)?;
        Ok(Box::new(CountedSlot(slot, Arc::clone(&self.1))))
    }

    fn max_batch(&self) -> NonZeroUsize {
        self.0.max_batch()
    }

    fn admit(&mut self, key: &EngineKey) -> Result<Admission, LoadError> {
        self.0.admit(key)
    }

    fn tidy(&mut self) {
        self.0.tidy();
    }
}

impl Slot for CountedSlot {
    fn submit(&mut self, batch: Vec<Item>) {
        self.0.submit(batch);
    }

    fn poll(&mut self) -> Poll<Vec<ItemDone>> {
        let polled = self.0.poll();
        if let Poll::Ready(done) = &polled {
            self.1.count(done);
        }
        polled
    }
}

#[cfg(test)]
mod tests {
    use super::{super::ground, *};
    use crate::engine::{Manifest, Repository, scripted};

    #[test]
    fn batches_and_items_are_counted_and_answers_are_as_they_were() {
        let mut own = Repository::default();
        own.insert(Manifest::parse(scripted::MANIFEST).unwrap(), Vec::new());
        let model = own.get("scripted").unwrap();
        let counted = Counted {
            inner: scripted::Scripted::default(),
            counts: Arc::default(),
        };
        let spec = ground::device(None, NonZeroUsize::MIN);
        let mut engine = counted.load(model, &spec).unwrap();
        let key = model.warmup_key().unwrap();
        let mut slot = engine.slot(&key).unwrap();
        let before = counted.counts.now();
        for items in [1, 3] {
            slot.submit((0..items).map(|_| model.zero_item(&key)).collect());
            let Poll::Ready(done) = slot.poll() else {
                panic!("a script without acts is done at once")
            };
            assert!(done.len() == items && done.iter().all(|d| d.outcome.is_ok()));
        }
        let ran = counted.counts.now().since(before);
        assert_eq!((ran.batches, ran.items), (2, 4));
        assert_eq!(ran.mean_batch(), 2.0);
    }
}

//! One model on a device: its engine, its slots, and how often it failed. Lives on the device's thread.

use super::Prepared;
use crate::{
    actors::{credit::Credit, work::Running},
    engine::{
        Admission, Backend, DeviceSpec, Engine, EngineKey, Item, ItemDone, ItemState, LoadError,
        Model, RunError, RunTimes, Scope, Slot,
    },
    telemetry::{EngineMeters, Label},
};
use std::{
    collections::HashMap,
    num::NonZeroUsize,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    task::Poll,
    time::Instant,
};

/// A model that the device has.
pub struct Loaded {
    pub model: Model,
    pub backend: Arc<dyn Backend>,
    pub meters: EngineMeters,
    pub failures: usize,
    engine: Option<Box<dyn Engine>>,
    /// Slots a shape; the shapes outlive an engine that breaks, and its successor makes their slots again.
    slots: NonZeroUsize,
    shapes: HashMap<EngineKey, Shape>,
}

#[derive(Default)]
struct Shape {
    seats: Vec<SlotSeat>,
    /// Nobody needs it any more; it goes when nothing runs in it.
    released: bool,
}

struct SlotSeat {
    slot: Box<dyn Slot>,
    busy: Option<Busy>,
    /// It failed and takes nothing until another is made in its place.
    spoiled: bool,
}

struct Busy {
    running: Vec<Running>,
    _slot: Credit,
}

/// What became of a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BatchEnd {
    /// Answered, item by item.
    Answered {
        /// Items in it.
        items: usize,
        /// Whether every item failed.
        failed: bool,
    },
    /// Answered, and something must be built anew.
    Broken {
        /// What: a slot, the engine, or everything on the device.
        scope: Scope,
        /// What happened.
        why: String,
    },
}

impl BatchEnd {
    /// What must be built anew, if anything.
    pub fn scope(&self) -> Option<Scope> {
        match self {
            Self::Answered { .. } => None,
            Self::Broken { scope, .. } => Some(*scope),
        }
    }
}

impl Loaded {
    /// Not loaded yet; on this device, with so many slots a shape.
    pub fn new(
        model: Model,
        backend: Arc<dyn Backend>,
        device: &DeviceSpec,
        slots: NonZeroUsize,
    ) -> Self {
        let (name, device) = (Label::configured(model.name()), &device.name);
        let meters = EngineMeters::new(&name, &Label::configured(device));
        Self {
            model,
            backend,
            meters,
            failures: 0,
            engine: None,
            slots,
            shapes: HashMap::new(),
        }
    }

    /// Loads the weights, in place of what is there.
    pub fn load(&mut self, device: &DeviceSpec) -> Result<(), LoadError> {
        self.unload();
        let loaded = catch_unwind(AssertUnwindSafe(|| self.backend.load(&self.model, device)));
        self.engine = Some(loaded.unwrap_or_else(|_| Err(panicked("loading")))?);
        self.shapes.retain(|_, shape| !shape.released);
        let shapes: Vec<_> = self.shapes.keys().cloned().collect();
        shapes
            .iter()
            .try_for_each(|key| self.prepare(key).map(drop))
    }

    /// Drops engine and slots; whatever ran in them is answered by that.
    ///
    /// An engine that broke may panic once more when it is dropped; that changes nothing.
    pub fn unload(&mut self) {
        let seats = self
            .shapes
            .values_mut()
            .flat_map(|shape| shape.seats.drain(..));
        let (slots, busy): (Vec<_>, Vec<_>) = seats.map(|seat| (seat.slot, seat.busy)).unzip();
        drop(busy);
        let engine = self.engine.take();
        let dropped = catch_unwind(AssertUnwindSafe(|| {
            drop(slots);
            drop(engine);
        }));
        if dropped.is_err() {
            tracing::warn!(
                model = self.model.name(),
                "the engine panicked while it was dropped"
            );
        }
    }

    /// Makes the slots of this shape, unless they are there, and sets memory aside for one more session.
    pub fn admit(&mut self, key: &EngineKey) -> Result<Prepared, LoadError> {
        let max_batch = self.prepare(key)?;
        let mut admit = || match self.engine.as_mut() {
            Some(engine) => engine.admit(key),
            None => Ok(Admission::default()),
        };
        let admission = catch_unwind(AssertUnwindSafe(&mut admit))
            .unwrap_or_else(|_| Err(panicked("making room for a session")))?;
        Ok(Prepared {
            max_batch,
            admission,
        })
    }

    /// Shapes that have slots.
    pub fn shapes(&self) -> usize {
        self.shapes.len()
    }

    /// Whether this shape has slots.
    pub fn has(&self, key: &EngineKey) -> bool {
        self.shapes.contains_key(key)
    }

    /// Lets the engine do what may wait until nothing else is to be done.
    pub fn tidy(&mut self) {
        if let Some(engine) = self.engine.as_mut() {
            engine.tidy();
        }
    }

    /// Makes the slots of this shape, unless they are there; gives the engine's largest batch.
    fn prepare(&mut self, key: &EngineKey) -> Result<NonZeroUsize, LoadError> {
        let engine = self
            .engine
            .as_mut()
            .ok_or_else(|| LoadError::new("the model is not loaded", "wait until it is ready"))?;
        let max_batch = engine.max_batch();
        if let Some(shape) = self.shapes.get_mut(key) {
            shape.released = false;
            if !shape.seats.is_empty() {
                return Ok(max_batch);
            }
        }
        let make = || {
            (0..self.slots.get())
                .map(|_| engine.slot(key))
                .collect::<Result<Vec<_>, _>>()
        };
        let slots = catch_unwind(AssertUnwindSafe(make))
            .unwrap_or_else(|_| Err(panicked("making a slot")))?;
        // Entered only now: a shape that cannot be made must not be made again when the engine is rebuilt.
        let seats = slots.into_iter().map(SlotSeat::new);
        self.shapes
            .entry(key.clone())
            .or_default()
            .seats
            .extend(seats);
        Ok(max_batch)
    }

    /// Makes another slot in the place of each that failed.
    pub fn mend_slots(&mut self) -> Result<(), LoadError> {
        let Some(engine) = self.engine.as_mut() else {
            return Ok(());
        };
        for (key, shape) in &mut self.shapes {
            // First, because there may be no memory for both.
            let is_lost = |seat: &mut SlotSeat| seat.spoiled;
            let spoiled: Vec<_> = shape.seats.extract_if(.., is_lost).collect();
            let dropped = catch_unwind(AssertUnwindSafe(|| {
                let count = spoiled.len();
                drop(spoiled);
                count
            }));
            for _ in 0..dropped.map_err(|_| panicked("dropping a slot"))? {
                let made = catch_unwind(AssertUnwindSafe(|| engine.slot(key)));
                let made = made.unwrap_or_else(|_| Err(panicked("making a slot")))?;
                shape.seats.push(SlotSeat::new(made));
            }
        }
        Ok(())
    }

    /// Drops the slots of this shape, as soon as nothing runs in them.
    pub fn release(&mut self, key: &EngineKey) {
        if let Some(shape) = self.shapes.get_mut(key) {
            shape.released = true;
        }
        self.drop_released();
    }

    fn drop_released(&mut self) {
        self.shapes
            .retain(|_, shape| !shape.released || shape.is_busy());
    }

    fn busy_seats(&mut self) -> impl Iterator<Item = &mut SlotSeat> {
        let seats = self.shapes.values_mut().flat_map(|shape| &mut shape.seats);
        seats.filter(|seat| seat.busy.is_some())
    }

    /// Puts a batch into a free slot.
    ///
    /// A panic answers the batch and says that the engine is broken; a batch without a slot is answered at once.
    pub fn submit(
        &mut self,
        key: &EngineKey,
        batch: (Vec<Item>, Vec<Running>),
        credit: Credit,
    ) -> Option<BatchEnd> {
        let (items, running) = batch;
        let seat = self
            .shapes
            .get_mut(key)
            .and_then(|shape| shape.seats.iter_mut().find(|seat| seat.is_free()));
        let Some(seat) = seat else {
            return Some(unrun(items, running, credit));
        };
        seat.busy = Some(Busy {
            running,
            _slot: credit,
        });
        let submitted = catch_unwind(AssertUnwindSafe(|| seat.slot.submit(items)));
        submitted
            .is_err()
            .then(|| self.condemn(Scope::Engine, "the engine panicked"))
    }

    /// Answers what is done.
    pub fn poll(&mut self) -> Vec<BatchEnd> {
        let mut ends = Vec::new();
        let mut panicked = false;
        for seat in self.busy_seats() {
            match catch_unwind(AssertUnwindSafe(|| seat.slot.poll())) {
                Ok(Poll::Pending) => {}
                Ok(Poll::Ready(done)) => {
                    let end = seat.busy.take().map(|busy| answer(busy.running, done));
                    seat.spoiled = matches!(end, Some(BatchEnd::Broken { .. }));
                    ends.extend(end);
                }
                Err(_) => panicked = true,
            }
        }
        if panicked {
            ends.push(self.condemn(Scope::Engine, "the engine panicked"));
        }
        self.drop_released();
        ends
    }

    /// Whether anything runs.
    pub fn is_busy(&self) -> bool {
        self.shapes.values().any(Shape::is_busy)
    }

    /// Runs the model once with zeros, as its manifest says, and waits for the answer.
    pub fn warm_once(&mut self) -> Result<(), LoadError> {
        let unfit = |e: &dyn std::fmt::Display| {
            LoadError::new(
                format!("warm-up failed: {e}"),
                "see the model's card and file",
            )
        };
        let key = self.model.warmup_key().map_err(|e| unfit(&e))?;
        self.prepare(&key)?;
        let item = self.model.zero_item(&key);
        let Some(seat) = self
            .shapes
            .get_mut(&key)
            .and_then(|shape| shape.seats.first_mut())
        else {
            return Ok(());
        };
        let run = || {
            seat.slot.submit(vec![item]);
            loop {
                match seat.slot.poll() {
                    Poll::Ready(done) => return done,
                    Poll::Pending => std::thread::yield_now(),
                }
            }
        };
        let done = catch_unwind(AssertUnwindSafe(run)).map_err(|_| panicked("warming up"))?;
        match done.into_iter().next().map(|done| done.outcome) {
            Some(Ok(_)) => Ok(()),
            Some(Err(e)) => Err(unfit(&e)),
            None => Err(unfit(&"no answer")),
        }
    }

    /// Answers everything that runs, and drops the engine.
    pub fn condemn(&mut self, scope: Scope, why: &str) -> BatchEnd {
        let error = RunError {
            scope,
            message: why.to_owned(),
        };
        let busy = self.busy_seats().filter_map(|seat| seat.busy.take());
        busy.for_each(|busy| fail_all(busy.running, &error));
        self.unload();
        BatchEnd::Broken {
            scope,
            why: why.to_owned(),
        }
    }
}

impl SlotSeat {
    fn new(slot: Box<dyn Slot>) -> Self {
        Self {
            slot,
            busy: None,
            spoiled: false,
        }
    }

    fn is_free(&self) -> bool {
        self.busy.is_none() && !self.spoiled
    }
}

impl Shape {
    fn is_busy(&self) -> bool {
        self.seats.iter().any(|seat| seat.busy.is_some())
    }
}

fn answer(running: Vec<Running>, done: Vec<ItemDone>) -> BatchEnd {
    let now = Instant::now();
    let items = running.len();
    let errors = done.iter().filter_map(|done| done.outcome.as_ref().err());
    let worst = errors.max_by_key(|error| error.scope).cloned();
    let failed = done.iter().all(|done| done.outcome.is_err());
    let states_are_gone = worst.as_ref().is_some_and(|e| e.scope >= Scope::Engine);
    // Should an engine give too few answers, the rest is answered as lost when it is dropped.
    running
        .into_iter()
        .zip(done)
        .for_each(|(running, mut done)| {
            if states_are_gone {
                done.state = ItemState::Lost;
            }
            running.finish(done, now);
        });
    match worst {
        Some(RunError { scope, message }) if scope >= Scope::Slot => BatchEnd::Broken {
            scope,
            why: message,
        },
        _ => BatchEnd::Answered { items, failed },
    }
}

/// Answers work that no slot took; its states are as they came.
pub fn unrun(items: Vec<Item>, running: Vec<Running>, slot: Credit) -> BatchEnd {
    let now = Instant::now();
    let count = items.len();
    for (item, running) in items.into_iter().zip(running) {
        let outcome = Err(RunError::batch("the model is not loaded on the device"));
        running.finish(
            ItemDone {
                outcome,
                state: item.state,
                times: RunTimes::default(),
            },
            now,
        );
    }
    drop(slot);
    BatchEnd::Answered {
        items: count,
        failed: true,
    }
}

fn fail_all(running: Vec<Running>, error: &RunError) {
    running
        .into_iter()
        .for_each(|running| running.fail(error.clone()));
}

fn panicked(doing: &str) -> LoadError {
    LoadError::new(
        format!("the engine panicked while {doing}"),
        "see the log, and try another backend",
    )
}

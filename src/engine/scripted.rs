//! A backend for tests: it inverts pictures, counts its runs in its state, takes as long as it is told and fails on cue.
//!
//! It is never registered by the server: a scripted picture cannot pass for a model's.

use super::{
    backend::{
        Backend, DeviceSpec, Engine, EngineKey, EngineState, Item, ItemDone, ItemState, LoadError,
        Outputs, Probe, RunError, RunTimes, Scope, Slot,
    },
    repository::{Model, Repository},
    tensor::Tensor,
};
use std::{
    collections::VecDeque,
    num::NonZeroUsize,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::Poll,
    time::{Duration, Instant},
};

/// A manifest that fits this backend; its file is empty.
pub const MANIFEST: &str = r#"
schema = 1
name = "scripted"
title = "Scripted"
slot = "test"
kind = "analytic"
version = "1"
file = "none.bin"
sha256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
licence = "Apache-2.0"
card = "card.md"
[batch]
max = 8
[axes]
height = { min = 8, max = 4096, step = 8 }
width = { min = 8, max = 4096, step = 8 }
[[input]]
role = "image"
name = "image"
dtype = "f32"
shape = ["batch", 3, "height", "width"]
[[output]]
role = "frame"
name = "frame"
dtype = "f32"
shape = ["batch", 3, "height", "width"]
[[state]]
input = "image"
output = "frame"
advance = "every-run"
[warmup]
runs = 1
axes = { height = 8, width = 8 }
"#;

/// What a run does.
#[derive(Clone, Debug, Default)]
pub enum Act {
    /// Succeed.
    #[default]
    Run,
    /// Succeed after this long.
    Take(Duration),
    /// Fail with this error: the whole batch, or its first item where the scope is one item.
    Fail(RunError),
    /// Panic in the middle of the run.
    Panic,
    /// Wait until the test lets it go on.
    Hold(Arc<Gate>),
}

/// A gate that a test opens.
#[derive(Debug, Default)]
pub struct Gate {
    open: Mutex<bool>,
    changed: std::sync::Condvar,
}

/// The script and what has been seen; cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Scripted(Arc<Mutex<Script>>);

#[derive(Debug, Default)]
struct Script {
    acts: VecDeque<Act>,
    loads: usize,
    load_failures: usize,
    batches: Vec<usize>,
    max_batch: usize,
}

struct ScriptedEngine(Scripted);

struct ScriptedSlot {
    script: Scripted,
    ready: Option<(Instant, Vec<ItemDone>)>,
}

/// The state of a scripted session: its picture and how often it ran.
struct Counted {
    image: Tensor,
    runs: u64,
}

impl Scripted {
    /// Does these things, one a run, and afterwards succeeds.
    pub fn new(acts: impl IntoIterator<Item = Act>) -> Self {
        let script = Script {
            acts: acts.into_iter().collect(),
            max_batch: 8,
            ..Script::default()
        };
        Self(Arc::new(Mutex::new(script)))
    }

    /// Takes at most so many items at once.
    pub fn with_max_batch(self, max: usize) -> Self {
        self.script().max_batch = max;
        self
    }

    /// Fails to load so many times from the start.
    pub fn failing_to_load(self, times: usize) -> Self {
        self.script().load_failures = times;
        self
    }

    /// A repository that holds the model of [`MANIFEST`].
    pub fn repository() -> Repository {
        let mut repository = Repository::default();
        if let Ok(manifest) = super::Manifest::parse(MANIFEST) {
            repository.insert(manifest, Vec::new());
        }
        repository
    }

    /// How often it was loaded.
    pub fn loads(&self) -> usize {
        self.script().loads
    }

    /// The sizes of all batches so far, warm-up included.
    pub fn batches(&self) -> Vec<usize> {
        self.script().batches.clone()
    }

    /// How often the session that holds this state ran; `None` for another backend's state.
    pub fn runs_of(state: &EngineState) -> Option<u64> {
        state.get::<Counted>().map(|s| s.runs)
    }

    fn script(&self) -> MutexGuard<'_, Script> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Gate {
    /// Lets everybody through, now and later.
    pub fn open(&self) {
        *self.open.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.changed.notify_all();
    }

    fn pass(&self) {
        let guard = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        drop(self.changed.wait_while(guard, |open| !*open));
    }
}

impl Backend for Scripted {
    fn name(&self) -> &'static str {
        "scripted"
    }

    fn probe(&self) -> Probe {
        Probe::Available("scripted, for tests".into())
    }

    fn load(&self, _: &Model, _: &DeviceSpec) -> Result<Box<dyn Engine>, LoadError> {
        let mut script = self.script();
        script.loads += 1;
        if script.loads <= script.load_failures {
            return Err(LoadError::new("the script says so", "change the script"));
        }
        Ok(Box::new(ScriptedEngine(self.clone())))
    }
}

impl Engine for ScriptedEngine {
    fn slot(&mut self, _: &EngineKey) -> Result<Box<dyn Slot>, LoadError> {
        Ok(Box::new(ScriptedSlot {
            script: self.0.clone(),
            ready: None,
        }))
    }

    fn max_batch(&self) -> NonZeroUsize {
        NonZeroUsize::new(self.0.script().max_batch).unwrap_or(NonZeroUsize::MIN)
    }
}

impl Slot for ScriptedSlot {
    fn submit(&mut self, batch: Vec<Item>) {
        let started = Instant::now();
        let act = {
            let mut script = self.script.script();
            script.batches.push(batch.len());
            script.acts.pop_front().unwrap_or_default()
        };
        let mut takes = Duration::ZERO;
        let mut failure = None;
        match act {
            Act::Run => {}
            Act::Take(time) => takes = time,
            Act::Fail(e) => failure = Some(e),
            Act::Panic => panic!("the script says so"),
            Act::Hold(gate) => gate.pass(),
        }
        let answer = |(at, item): (usize, Item)| match &failure {
            Some(e) if e.scope != Scope::Item || at == 0 => ItemDone {
                outcome: Err(e.clone()),
                state: item.state,
                times: RunTimes::default(),
            },
            _ => invert(item, takes),
        };
        let done = batch.into_iter().enumerate().map(answer).collect();
        self.ready = Some((started + takes, done));
    }

    fn poll(&mut self) -> Poll<Vec<ItemDone>> {
        match self.ready.take() {
            Some((at, done)) if Instant::now() >= at => Poll::Ready(done),
            waiting => {
                self.ready = waiting;
                Poll::Pending
            }
        }
    }
}

fn invert(item: Item, infer: Duration) -> ItemDone {
    let times = RunTimes {
        infer,
        ..RunTimes::default()
    };
    let counted = match item.state {
        ItemState::Fresh(mut tensors) => tensors.pop().map(|(_, image)| Counted { image, runs: 0 }),
        ItemState::Kept(mut state) => state.get_mut::<Counted>().map(|s| Counted {
            image: std::mem::replace(&mut s.image, Tensor::zeros(super::DType::F32, vec![])),
            runs: s.runs,
        }),
        ItemState::None | ItemState::Lost => None,
    };
    let Some(Counted { image, runs }) = counted else {
        let outcome = Err(RunError::item("no state"));
        return ItemDone {
            outcome,
            state: ItemState::None,
            times,
        };
    };
    let inverted = image
        .as_f32()
        .map(|v| v.iter().map(|x| 1.0 - x).collect::<Vec<_>>());
    let frame = inverted
        .ok()
        .and_then(|v| Tensor::f32(image.shape().to_vec(), v).ok())
        .unwrap_or(image);
    let outcome = Ok(Outputs::new(vec![(Arc::from("frame"), frame.clone())]));
    ItemDone {
        outcome,
        state: ItemState::Kept(EngineState::new(Counted {
            image: frame,
            runs: runs + 1,
        })),
        times,
    }
}

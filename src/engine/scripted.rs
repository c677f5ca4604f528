//! A backend for tests: it inverts pictures, counts its runs in its state, takes as long as it is told and fails on cue.
//!
//! It is never registered by the server: a scripted picture cannot pass for a model's.

use super::{
    backend::{
        Backend, DeviceSpec, Engine, EngineKey, EngineState, Item, ItemDone, ItemState, LoadError,
        Outputs, Probe, Role, RunError, RunTimes, Scope, Slot,
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
    /// Answer all items but the last.
    Forget,
    /// Wait in `submit` until the test lets it go on, as a runtime on the CPU would.
    Hold(Arc<Gate>),
    /// Return from `submit`, and be pending until the test lets it go on, as a runtime on a GPU would.
    Pend(Arc<Gate>),
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
    slots: usize,
    slots_made: usize,
    drop_panics: bool,
}

struct ScriptedEngine {
    script: Scripted,
    /// How often the model had been loaded when this engine was made: states of others are of no use to it.
    load: usize,
    of: Model,
}

struct ScriptedSlot {
    script: Scripted,
    load: usize,
    /// What a session's picture must look like.
    shape: Vec<usize>,
    running: Option<Running>,
}

/// A batch that was submitted: its answers, and what they wait for.
struct Running {
    until: Instant,
    gate: Option<Arc<Gate>>,
    done: Vec<ItemDone>,
}

/// The state of a scripted session: its picture, how often it ran, and the engine whose memory it stands for.
struct Counted {
    load: usize,
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

    /// Panics whenever a slot is dropped.
    pub fn panicking_on_drop(self) -> Self {
        self.script().drop_panics = true;
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

    /// Slots that exist.
    pub fn slots(&self) -> usize {
        self.script().slots
    }

    /// Slots that were made so far.
    pub fn slots_made(&self) -> usize {
        self.script().slots_made
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

    /// Waits until it is open.
    pub fn pass(&self) {
        let guard = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        drop(self.changed.wait_while(guard, |open| !*open));
    }

    fn is_open(&self) -> bool {
        *self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Backend for Scripted {
    fn name(&self) -> &'static str {
        "scripted"
    }

    fn probe(&self) -> Probe {
        Probe::Available("scripted, for tests".into())
    }

    fn load(&self, model: &Model, _: &DeviceSpec) -> Result<Box<dyn Engine>, LoadError> {
        let mut script = self.script();
        script.loads += 1;
        if script.loads <= script.load_failures {
            return Err(LoadError::new("the script says so", "change the script"));
        }
        model.read()?;
        Ok(Box::new(ScriptedEngine {
            script: self.clone(),
            load: script.loads,
            of: model.clone(),
        }))
    }
}

impl Engine for ScriptedEngine {
    fn slot(&mut self, key: &EngineKey) -> Result<Box<dyn Slot>, LoadError> {
        self.of.check(key)?;
        {
            let mut script = self.script.script();
            script.slots += 1;
            script.slots_made += 1;
        }
        let image = self.of.manifest.input.first();
        Ok(Box::new(ScriptedSlot {
            script: self.script.clone(),
            load: self.load,
            shape: image.map(|spec| spec.shape_at(key)).unwrap_or_default(),
            running: None,
        }))
    }

    fn max_batch(&self) -> NonZeroUsize {
        NonZeroUsize::new(self.script.script().max_batch).unwrap_or(NonZeroUsize::MIN)
    }
}

impl Drop for ScriptedSlot {
    fn drop(&mut self) {
        let panics = {
            let mut script = self.script.script();
            script.slots -= 1;
            script.drop_panics
        };
        assert!(
            !panics || std::thread::panicking(),
            "the script says so, on drop"
        );
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
        let mut forgets = false;
        let mut pends = None;
        match act {
            Act::Run => {}
            Act::Take(time) => takes = time,
            Act::Fail(e) => failure = Some(e),
            Act::Panic => panic!("the script says so"),
            Act::Forget => forgets = true,
            Act::Hold(gate) => gate.pass(),
            Act::Pend(gate) => pends = Some(gate),
        }
        let answer = |(at, item): (usize, Item)| match &failure {
            Some(e) if e.scope != Scope::Item || at == 0 => ItemDone {
                outcome: Err(e.clone()),
                state: item.state,
                times: RunTimes::default(),
            },
            _ => self.invert(item, takes),
        };
        let answered = batch.len() - usize::from(forgets);
        let done = batch
            .into_iter()
            .take(answered)
            .enumerate()
            .map(answer)
            .collect();
        self.running = Some(Running {
            until: started + takes,
            gate: pends,
            done,
        });
    }

    fn poll(&mut self) -> Poll<Vec<ItemDone>> {
        let is_done = |running: &mut Running| {
            let may_go = running.gate.as_ref().is_none_or(|gate| gate.is_open());
            may_go && Instant::now() >= running.until
        };
        match self.running.take_if(is_done) {
            Some(running) => Poll::Ready(running.done),
            None => Poll::Pending,
        }
    }
}

impl ScriptedSlot {
    /// Gives the session's picture inverted, which is then its picture; refuses one that is not as the slot wants it.
    fn invert(&self, item: Item, infer: Duration) -> ItemDone {
        let times = RunTimes {
            infer,
            ..RunTimes::default()
        };
        // A session without state brings its picture along.
        let stateless = matches!(item.state, ItemState::None);
        let (outcome, state) = match self.inverted(&item) {
            Ok((frame, _)) if stateless => {
                let outputs = Outputs::new(vec![(Arc::from("frame"), frame)]);
                (Ok(outputs), ItemState::None)
            }
            Ok((frame, runs)) => {
                let state = EngineState::new(Counted {
                    load: self.load,
                    image: frame.clone(),
                    runs: runs + 1,
                });
                let outputs = Outputs::new(vec![(Arc::from("frame"), frame)]);
                (Ok(outputs), ItemState::Kept(state))
            }
            Err(e) if self.has_gone(&item.state) => (Err(e), ItemState::Lost),
            Err(e) => (Err(e), item.state),
        };
        ItemDone {
            outcome,
            state,
            times,
        }
    }

    fn inverted(&self, item: &Item) -> Result<(Tensor, u64), RunError> {
        if self.has_gone(&item.state) {
            return Err(RunError::item("the state went with an earlier engine"));
        }
        let (pixels, runs) = picture_of(item, &self.shape)?;
        let pixels = pixels.iter().map(|x| 1.0 - x).collect();
        let frame = Tensor::f32(self.shape.clone(), pixels);
        Ok((frame.map_err(|e| RunError::item(e.to_string()))?, runs))
    }

    /// Whether an earlier engine made this state, as if it had been in that one's memory.
    fn has_gone(&self, state: &ItemState) -> bool {
        let ItemState::Kept(state) = state else {
            return false;
        };
        let made_by = state.get::<Counted>().map(|counted| counted.load);
        made_by.is_some_and(|load| load != self.load)
    }
}

fn picture_of<'a>(item: &'a Item, shape: &[usize]) -> Result<(&'a [f32], u64), RunError> {
    let image_in = |tensors: &'a [(Role, Tensor)]| {
        let image = tensors.iter().find(|(role, _)| role == "image");
        image.map(|(_, image)| image)
    };
    let (image, runs) = match &item.state {
        ItemState::Fresh(tensors) => (image_in(tensors), 0),
        ItemState::None => (image_in(&item.inputs), 0),
        ItemState::Kept(state) => match state.get::<Counted>() {
            Some(counted) => (Some(&counted.image), counted.runs),
            None => (None, 0),
        },
        ItemState::Lost => (None, 0),
    };
    let image = image.ok_or_else(|| RunError::item("the item has no tensor of role `image`"))?;
    if image.shape() != shape {
        let have = image.shape();
        return Err(RunError::item(format!(
            "`image` must have the shape {shape:?}, not {have:?}"
        )));
    }
    let pixels = image
        .as_f32()
        .map_err(|e| RunError::item(format!("`image`: {e}")))?;
    Ok((pixels, runs))
}

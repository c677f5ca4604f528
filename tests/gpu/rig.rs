//! One GPU at a time, with the built-in world on it.

use crate::fake_gpu::FakeGpu;
use frameloom::engine::{
    Admission, Backend, Data, DeviceSpec, Engine, EngineKey, Item, ItemDone, ItemState, LoadError,
    Manifest, Model, Repository, Role, Slot, Tensor, cuda::ptx::Ptx,
};
use std::{
    num::NonZeroUsize,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::Poll,
};

/// Side of the pictures, in pixels.
pub const SIDE: usize = 64;
/// Items of a batch.
pub const BATCH: usize = 2;

/// The double is the process's, so tests that fail it take turns.
static TURN: Mutex<()> = Mutex::new(());

/// A clean GPU, and the world's model.
pub struct Rig {
    pub fake: FakeGpu,
    pub model: Model,
    pub key: EngineKey,
    _turn: MutexGuard<'static, ()>,
}

impl Rig {
    pub fn new() -> Self {
        let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
        let repository = Repository::open(None);
        let built_in = repository.get("world-box").unwrap();
        let mut manifest = Manifest::clone(&built_in.manifest);
        manifest.batch.gpu = NonZeroUsize::new(BATCH);
        let mut own = Repository::default();
        own.insert(manifest, built_in.read().unwrap().into_owned());
        let model = own.get("world-box").unwrap().clone();
        Self {
            fake: FakeGpu::clean(),
            key: model.key(&[("height", SIDE), ("width", SIDE)]).unwrap(),
            model,
            _turn: turn,
        }
    }

    /// Loads the model.
    pub fn load(&self) -> Result<Box<dyn Engine>, LoadError> {
        let backend = Ptx::new(Arc::clone(&self.fake.gpu));
        let spec = DeviceSpec {
            name: "cuda0".into(),
            threads: NonZeroUsize::MIN,
            gpu: Some(0),
        };
        backend.load(&self.model, &spec)
    }

    /// An engine with a slot.
    pub fn walk(&self) -> Walk {
        let mut engine = self.load().unwrap();
        Walk {
            slot: engine.slot(&self.key).unwrap(),
            engine,
            key: self.key.clone(),
        }
    }
}

/// A loaded world with one slot.
pub struct Walk {
    // Dropped first: it is the engine's.
    pub slot: Box<dyn Slot>,
    pub engine: Box<dyn Engine>,
    pub key: EngineKey,
}

impl Walk {
    /// Runs a batch to its end.
    pub fn run(&mut self, batch: Vec<Item>) -> Vec<ItemDone> {
        self.slot.submit(batch);
        self.wait().0
    }

    /// Runs one item to its end.
    pub fn one(&mut self, item: Item) -> ItemDone {
        self.run(vec![item]).pop().unwrap()
    }

    /// The answers, and how often they were not there yet.
    pub fn wait(&mut self) -> (Vec<ItemDone>, usize) {
        let mut pending = 0;
        loop {
            match self.slot.poll() {
                Poll::Ready(done) => return (done, pending),
                Poll::Pending => pending += 1,
            }
        }
    }

    pub fn admit(&mut self) -> Admission {
        self.engine.admit(&self.key).unwrap()
    }
}

/// A step ahead of this length.
pub fn step(ahead: f32, state: ItemState) -> Item {
    let row = |role, values: &[f32]| {
        let tensor = Tensor::f32(vec![1, values.len()], values.to_vec());
        (Role::Borrowed(role), tensor.unwrap())
    };
    Item {
        inputs: vec![
            row("pose", &[0.05, 0.0, ahead, 0.02, 0.0, 0.0]),
            row("scene", &[0.5, 1.0, 1.4, 6.0]),
        ],
        state,
        boundary: false,
    }
}

/// The pixels of a picture of stripes.
pub fn stripes() -> Vec<u8> {
    let level = |i: usize| ((i * 37) % 251) as u8;
    (0..SIDE * SIDE * 3).map(level).collect()
}

/// A session that begins with that picture.
pub fn fresh() -> ItemState {
    let tensor = Tensor::new(vec![1, SIDE, SIDE, 3], Data::U8(stripes()));
    ItemState::Fresh(vec![(Role::Borrowed("image"), tensor.unwrap())])
}

/// The pixels of the frame.
pub fn frame(done: &ItemDone) -> Vec<u8> {
    let outputs = done.outcome.as_ref().unwrap();
    outputs.peek("frame").unwrap().as_u8().unwrap().to_vec()
}

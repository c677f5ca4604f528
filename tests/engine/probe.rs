//! Running items by hand: what the device thread does, without actors.

use crate::subject::{Subject, TestModel, subjects};
use frameloom::engine::{
    DeviceSpec, Engine, Item, ItemDone, ItemState, LoadError, Model, Outputs, Role, Slot, Tensor,
};
use std::{num::NonZeroUsize, task::Poll};

/// An engine with one slot.
pub struct Bench<'a> {
    pub test: &'a TestModel,
    pub engine: Box<dyn Engine>,
    slot: Box<dyn Slot>,
}

/// Runs a case on every model of every backend; what it prints says where it failed.
pub fn everywhere(case: impl Fn(&Subject, &mut Bench)) {
    for subject in subjects() {
        for test in &subject.models {
            println!("{} on {}", test.model.name(), subject.backend.name());
            case(&subject, &mut Bench::new(&subject, test));
        }
    }
}

/// Two threads on a device that needs no name.
pub fn device() -> DeviceSpec {
    DeviceSpec {
        name: "test0".into(),
        threads: NonZeroUsize::new(2).unwrap(),
        gpu: None,
    }
}

/// Loads a model that cannot be loaded.
pub fn fault(subject: &Subject, model: &Model) -> LoadError {
    let loaded = subject.backend.load(model, &device());
    loaded.err().expect("it cannot be loaded")
}

impl<'a> Bench<'a> {
    pub fn new(subject: &Subject, test: &'a TestModel) -> Self {
        let mut engine = subject.backend.load(&test.model, &device()).unwrap();
        let slot = engine.slot(&test.key).unwrap();
        Self { test, engine, slot }
    }

    /// Runs a batch and waits for it. Never more than the engine says: what it does then is its own affair.
    pub fn run(&mut self, batch: Vec<Item>) -> Vec<ItemDone> {
        assert!(batch.len() <= self.engine.max_batch().get());
        run(&mut *self.slot, batch)
    }

    /// Runs one item.
    pub fn one(&mut self, item: Item) -> ItemDone {
        self.run(vec![item]).pop().expect("one answer an item")
    }

    /// The session of this number, with this state.
    pub fn item(&self, session: u32, state: ItemState) -> Item {
        Item {
            inputs: (self.test.inputs)(session),
            state,
            boundary: false,
        }
    }

    /// The session of this number, as it begins.
    pub fn fresh(&self, session: u32) -> Item {
        self.item(session, ItemState::Fresh((self.test.fresh)(session)))
    }

    /// The output that is looked at; a picture that comes as pixels as planes.
    pub fn output(&self, done: &ItemDone) -> Tensor {
        let outputs: &Outputs = done.outcome.as_ref().expect("a run that succeeds");
        planes(outputs.peek(self.test.output).expect("its output"))
    }

    /// State that consists of what the output was.
    pub fn state_of(&self, output: Tensor) -> ItemState {
        let role = &self.test.model.manifest.state[0].input;
        ItemState::Fresh(vec![(Role::Owned(role.clone()), output)])
    }
}

/// Pixels as planes of floats, 0 to 1; anything else as it is.
fn planes(tensor: &Tensor) -> Tensor {
    let (&[1, height, width, 3], Ok(bytes)) = (tensor.shape(), tensor.as_u8()) else {
        return tensor.clone();
    };
    let level = |at: usize| {
        let (channel, pixel) = (at / (width * height), at % (width * height));
        f32::from(bytes[pixel * 3 + channel]) / 255.0
    };
    let planes = (0..bytes.len()).map(level).collect();
    Tensor::f32(vec![1, 3, height, width], planes).unwrap()
}

/// Runs a batch in any slot and waits for it.
pub fn run(slot: &mut dyn Slot, batch: Vec<Item>) -> Vec<ItemDone> {
    slot.submit(batch);
    loop {
        match slot.poll() {
            Poll::Ready(done) => return done,
            Poll::Pending => std::thread::yield_now(),
        }
    }
}

/// The largest difference of two tensors of one shape.
pub fn distance(a: &Tensor, b: &Tensor) -> f32 {
    assert_eq!(a.shape(), b.shape());
    let pairs = a.as_f32().unwrap().iter().zip(b.as_f32().unwrap());
    pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}

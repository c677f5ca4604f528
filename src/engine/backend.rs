//! The three traits behind which every runtime lives, and what passes between them and the device actor.
//!
//! A [`Backend`] is a library that may or may not be there; it loads a model as an [`Engine`] (weights, shared); an
//! engine gives [`Slot`]s (fixed shapes, all memory taken at once). A slot is filled, submitted and polled: a CPU slot
//! runs on submit and is ready at once, a GPU slot is ready when its event is. Engines and slots are born and die on the
//! device's own thread, so they need be neither `Send` nor `Sync`.

use super::{repository::Model, tensor::Tensor};
use std::{any::Any, borrow::Cow, fmt, num::NonZeroUsize, sync::Arc, task::Poll, time::Duration};

/// The name under which a pipeline knows a tensor; the manifest maps it to the file's own names.
pub type Role = Cow<'static, str>;

/// Whether a runtime can be used on this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Probe {
    /// It can; the text names library and version.
    Available(String),
    /// It cannot.
    Missing {
        /// Why not.
        why: String,
        /// What a person can do about it.
        fix: String,
    },
}

/// The device that an engine is loaded on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceSpec {
    /// For example `cpu0`; also the name of the device's thread and its label in the metrics.
    pub name: String,
    /// Threads that a model may compute with on the CPU.
    pub threads: NonZeroUsize,
    /// Which GPU it is, by the driver's count; `None` is the CPU.
    pub gpu: Option<u32>,
}

/// One model at one shape: work with equal keys can share a batch.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EngineKey {
    /// The model's name.
    pub model: Arc<str>,
    /// The dynamic axes by name, without the batch.
    pub axes: Arc<[(Arc<str>, usize)]>,
}

/// Recurrent state of one session on one engine, for example a latent in device memory.
///
/// Not `Clone`, and moved with the work: whoever holds it is the only one who can run that session.
pub struct EngineState(Box<dyn Any + Send>);

/// The state that an item brings along.
#[derive(Debug, Default)]
pub enum ItemState {
    /// The model has none.
    #[default]
    None,
    /// The session begins: the state tensors by role, from which the engine makes its own form.
    Fresh(Vec<(Role, Tensor)>),
    /// What an earlier run gave back.
    Kept(EngineState),
    /// It was on a device that failed, and is gone.
    Lost,
}

/// One session's share of a batch.
#[derive(Debug)]
pub struct Item {
    /// Inputs by role, each with a batch dimension of 1; state inputs are not among them.
    pub inputs: Vec<(Role, Tensor)>,
    /// State, if the model has one.
    pub state: ItemState,
    /// Whether this run ends a chunk: state tensors that advance at boundaries are replaced by its outputs.
    pub boundary: bool,
}

/// Outputs by the manifest's roles.
#[derive(Debug, Default)]
pub struct Outputs(Vec<(Arc<str>, Tensor)>);

/// The answer to one item.
#[derive(Debug)]
pub struct ItemDone {
    /// Its outputs, each with a batch dimension of 1.
    pub outcome: Result<Outputs, RunError>,
    /// The state after the run; the state it came with if the run failed. `Lost` if it was made by an engine that has been
    /// rebuilt since, and went with it: its session was not on the device when that failed, and hears of it here.
    pub state: ItemState,
    /// Where the device's time went; the whole batch's, not divided.
    pub times: RunTimes,
}

/// Device time of one batch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RunTimes {
    /// Host to device.
    pub upload: Duration,
    /// The model itself.
    pub infer: Duration,
    /// Device to host.
    pub download: Duration,
}

/// What an error condemns; each takes more along than the one before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scope {
    /// One item; its neighbours in the batch are well.
    Item,
    /// The batch; the slot is well.
    Batch,
    /// The slot: it must be made anew. Engine and states are well.
    Slot,
    /// The engine: it must be built anew, and the states that it made are gone.
    Engine,
    /// Everything on the device, for example when a CUDA context has died: its platform starts again.
    Device,
}

/// A run that failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct RunError {
    /// How far the damage goes.
    pub scope: Scope,
    /// What happened.
    pub message: String,
}

/// A model that could not be loaded, in words for a person.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{why}; {fix}")]
pub struct LoadError {
    /// What is wrong.
    pub why: String,
    /// How to mend it.
    pub fix: String,
}

/// A runtime library.
pub trait Backend: Send + Sync + 'static {
    /// Its name in configuration, health and metrics, for example `rten`.
    fn name(&self) -> &'static str;

    /// Looks whether it can be used. Never panics and never crashes, whatever is installed.
    fn probe(&self) -> Probe;

    /// Loads a model's weights. Called on the device's thread, where the engine stays.
    ///
    /// # Errors
    /// What is wrong with the file or the device, and the cure.
    fn load(&self, model: &Model, device: &DeviceSpec) -> Result<Box<dyn Engine>, LoadError>;
}

/// A loaded model.
pub trait Engine {
    /// Makes a slot for one shape: all allocation and graph capture happen here, none in a run.
    ///
    /// # Errors
    /// If the shape is not the model's, or memory is short.
    fn slot(&mut self, key: &EngineKey) -> Result<Box<dyn Slot>, LoadError>;

    /// Items that a slot takes at once.
    fn max_batch(&self) -> NonZeroUsize;

    /// Sets memory aside for one more session's state at this shape, so that its first frame takes none.
    ///
    /// # Errors
    /// If it is not there: what is needed, and what is free.
    fn admit(&mut self, _: &EngineKey) -> Result<Admission, LoadError> {
        Ok(Admission::default())
    }

    /// Called from time to time while nothing runs: for what may wait, such as giving memory back.
    fn tidy(&mut self) {}
}

/// A session's right to its state's memory on a device; what was set aside is free again when this is dropped, on any thread.
#[derive(Default)]
pub struct Admission(Option<Box<dyn Send>>);

/// What a device needs beside its engines: the ground that they stand on.
///
/// Lives on the device's thread, as they do.
pub trait Platform: Send {
    /// Called on the device's thread before anything is loaded.
    ///
    /// # Errors
    /// If the device cannot be used.
    fn enter(&mut self) -> Result<(), LoadError>;

    /// Begins again after a failure of [`Scope::Device`]; no engine is alive.
    ///
    /// # Errors
    /// If the device cannot be used any more.
    fn restart(&mut self) -> Result<(), LoadError>;

    /// Called from time to time on the device's thread, for what came back from other threads.
    fn tidy(&mut self) {}

    /// Whether it has died, so that nothing succeeds before it is restarted. Asked after something failed.
    fn is_lost(&self) -> bool {
        false
    }
}

/// The CPU: there is nothing to enter.
#[derive(Clone, Copy, Debug, Default)]
pub struct HostPlatform;

impl Platform for HostPlatform {
    fn enter(&mut self) -> Result<(), LoadError> {
        Ok(())
    }

    fn restart(&mut self) -> Result<(), LoadError> {
        Ok(())
    }
}

/// Fixed shapes, fixed buffers, one batch at a time.
pub trait Slot {
    /// Starts a batch of 1 to `max_batch` items. Only called while nothing is in this slot.
    fn submit(&mut self, batch: Vec<Item>);

    /// Looks whether the batch is done; one answer an item, in order. Never blocks.
    fn poll(&mut self) -> Poll<Vec<ItemDone>>;
}

// === impl EngineKey ===

impl EngineKey {
    /// The value of an axis.
    pub fn axis(&self, name: &str) -> Option<usize> {
        self.axes
            .iter()
            .find(|(axis, _)| &**axis == name)
            .map(|(_, n)| *n)
    }
}

impl fmt::Display for EngineKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.model)?;
        self.axes
            .iter()
            .try_for_each(|(axis, n)| write!(f, " {axis}={n}"))
    }
}

impl fmt::Debug for EngineKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EngineKey({self})")
    }
}

// === impl EngineState ===

impl EngineState {
    /// Wraps a backend's own form of state.
    pub fn new<T: Send + 'static>(state: T) -> Self {
        Self(Box::new(state))
    }

    /// The backend's own form, if it is of this type.
    pub fn get<T: 'static>(&self) -> Option<&T> {
        self.0.downcast_ref()
    }

    /// The backend's own form to be changed, if it is of this type.
    pub fn get_mut<T: 'static>(&mut self) -> Option<&mut T> {
        self.0.downcast_mut()
    }
}

impl fmt::Debug for EngineState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EngineState")
    }
}

// === impl Outputs ===

impl Outputs {
    /// Outputs by role.
    pub fn new(tensors: Vec<(Arc<str>, Tensor)>) -> Self {
        Self(tensors)
    }

    /// Takes the output of this role.
    ///
    /// # Errors
    /// If the model gave none.
    pub fn take(&mut self, role: &str) -> Result<Tensor, RunError> {
        let at = self
            .0
            .iter()
            .position(|(r, _)| &**r == role)
            .ok_or_else(|| RunError::item(format!("the model gave no output of role `{role}`")))?;
        Ok(self.0.swap_remove(at).1)
    }

    /// Looks at the output of this role.
    pub fn peek(&self, role: &str) -> Option<&Tensor> {
        self.0
            .iter()
            .find(|(r, _)| &**r == role)
            .map(|(_, tensor)| tensor)
    }
}

// === impl Admission ===

impl Admission {
    /// Gives back what `held` gives back when it is dropped.
    pub fn new(held: impl Send + 'static) -> Self {
        Self(Some(Box::new(held)))
    }
}

impl fmt::Debug for Admission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Admission({})",
            if self.0.is_some() { "held" } else { "nothing" }
        )
    }
}

// === impl RunError, LoadError ===

impl RunError {
    /// Condemns one item.
    pub fn item(message: impl Into<String>) -> Self {
        Self {
            scope: Scope::Item,
            message: message.into(),
        }
    }

    /// Condemns a batch.
    pub fn batch(message: impl Into<String>) -> Self {
        Self {
            scope: Scope::Batch,
            message: message.into(),
        }
    }

    /// Condemns the engine.
    pub fn engine(message: impl Into<String>) -> Self {
        Self {
            scope: Scope::Engine,
            message: message.into(),
        }
    }
}

impl LoadError {
    /// What is wrong, and the cure.
    pub fn new(why: impl Into<String>, fix: impl Into<String>) -> Self {
        Self {
            why: why.into(),
            fix: fix.into(),
        }
    }
}

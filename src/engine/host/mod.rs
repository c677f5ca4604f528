//! Engines whose tensors lie on the host and whose runs end before `submit` returns: what such runtimes have in common.
//!
//! A runtime gives a [`Graph`]; checking items, keeping state, joining and parting batches are done here, so they are the
//! same for all. Knows no runtime. A slot is ready at the first `poll` after each `submit`.

mod batch;
mod pixels;
mod port;
mod state;

use super::{
    backend::{Engine, EngineKey, Item, ItemDone, LoadError, RunError, Slot},
    manifest::TensorSpec,
    repository::Model,
    tensor::Tensor,
};
use batch::Served;
use std::{borrow::Cow, num::NonZeroUsize, rc::Rc, task::Poll};

/// A graph that a runtime has loaded. It lives on its device's thread, and runs there.
pub trait Graph {
    /// Runs it once for a whole batch. Inputs and outputs are in the order of the manifest; types and shapes of the inputs
    /// have been checked against it.
    ///
    /// # Errors
    /// What the runtime says.
    fn run(&self, inputs: &[&Tensor]) -> Result<Vec<Tensor>, RunError>;
}

/// A model on a host runtime.
pub struct HostEngine<G> {
    served: Rc<Served<G>>,
    of: Model,
}

struct HostSlot<G> {
    served: Rc<Served<G>>,
    /// What each input must look like, in the order of the manifest.
    shapes: Vec<Vec<usize>>,
    done: Option<Vec<ItemDone>>,
}

/// The bytes of a model that must be an ONNX file, checked against the manifest's hash.
///
/// # Errors
/// If it is another kind of file, in words that name the runtime; if it is not there or is another one.
pub fn onnx_of(model: &Model, runtime: &str) -> Result<Cow<'static, [u8]>, LoadError> {
    let file = &model.manifest.file;
    if !file.ends_with(".onnx") {
        return Err(LoadError::new(
            format!("{runtime} cannot read {file}"),
            "give it an .onnx file",
        ));
    }
    model.read()
}

/// Finds the graph's own handle for each tensor of the manifest.
///
/// # Errors
/// The first name that the graph does not have.
pub fn find_each<T>(
    specs: &[TensorSpec],
    by_name: impl Fn(&str) -> Option<T>,
) -> Result<Vec<T>, LoadError> {
    let missing = |spec: &TensorSpec| {
        let why = format!(
            "the graph has no `{}`, which model.toml gives the role `{}`",
            spec.name, spec.role
        );
        LoadError::new(why, "correct the name in model.toml")
    };
    specs
        .iter()
        .map(|spec| by_name(&spec.name).ok_or_else(|| missing(spec)))
        .collect()
}

impl<G: Graph + 'static> HostEngine<G> {
    /// Serves a graph as the manifest says.
    pub fn new(of: &Model, graph: G) -> Self {
        Self {
            served: Rc::new(Served::new(&of.manifest, graph)),
            of: of.clone(),
        }
    }
}

impl<G: Graph + 'static> Engine for HostEngine<G> {
    fn slot(&mut self, key: &EngineKey) -> Result<Box<dyn Slot>, LoadError> {
        self.of.check(key)?;
        let inputs = &self.of.manifest.input;
        Ok(Box::new(HostSlot {
            served: Rc::clone(&self.served),
            shapes: inputs.iter().map(|spec| spec.shape_at(key)).collect(),
            done: None,
        }))
    }

    fn max_batch(&self) -> NonZeroUsize {
        self.of.manifest.batch.max
    }
}

impl<G: Graph> Slot for HostSlot<G> {
    fn submit(&mut self, batch: Vec<Item>) {
        self.done = Some(self.served.run_batch(batch, &self.shapes));
    }

    fn poll(&mut self) -> Poll<Vec<ItemDone>> {
        self.done.take().map_or(Poll::Pending, Poll::Ready)
    }
}

//! ONNX Runtime, where this machine has its library: nothing is linked or downloaded when the server is built.
//!
//! [`places`] says where to look, [`library`] has `onnxruntime_find` open what is there, and starts it once a process, [`missing`] says why it
//! cannot be used, [`provider`] which processor runs the graphs, [`graph`] runs them. Items, batches and state are
//! [`super::host`]'s. Whatever is installed, asking for it never ends the process: the file and its version are looked at
//! before the binding `ort`, which panics where its library does not fit, is told of them.

mod graph;
mod library;
mod missing;
mod places;
mod provider;

pub use missing::Missing;
pub use onnxruntime_find::Fault;
pub use places::{Surroundings, in_python};

use super::{
    backend::{Backend, DeviceSpec, Engine, LoadError, Probe},
    host::{HostEngine, onnx_of},
    repository::Model,
};
use graph::OrtGraph;
use library::Library;
use provider::Provider;
use std::path::Path;

/// ONNX Runtime on one processor of this machine, or the reason why there is none.
#[derive(Clone, Debug)]
pub struct Ort {
    library: Result<&'static Library, Missing>,
    provider: Provider,
}

impl Ort {
    /// Looks for the library and opens it; the graphs run on the CPU.
    ///
    /// A path, or else the environment's `ORT_DYLIB_PATH`, ends the search, whether it can be used or not: somebody meant
    /// that one. Otherwise the dynamic linker looks, and then the Python of `VIRTUAL_ENV`.
    pub fn find(path: Option<&Path>, surroundings: &Surroundings) -> Self {
        Self {
            library: library::find(&places::of(path, surroundings)),
            provider: Provider::Cpu,
        }
    }

    /// The same library with its CUDA provider, on the GPU of this number.
    #[must_use]
    pub fn cuda(self, ordinal: u32) -> Self {
        let provider = Provider::Cuda(ordinal);
        Self { provider, ..self }
    }

    /// The same library with its TensorRT provider, on the GPU of this number; CUDA runs what TensorRT does not take.
    #[must_use]
    pub fn tensorrt(self, ordinal: u32) -> Self {
        let provider = Provider::TensorRt(ordinal);
        Self { provider, ..self }
    }

    /// Whether graphs run here: the library is there, and its provider comes up with the smallest graph. Gives version and
    /// path.
    ///
    /// # Errors
    /// Why they do not.
    pub fn ready(&self) -> Result<String, Missing> {
        let library = self.library.clone()?;
        graph::try_out(library, self.provider)?;
        Ok(library.to_string())
    }
}

impl Backend for Ort {
    fn name(&self) -> &'static str {
        self.provider.name()
    }

    fn probe(&self) -> Probe {
        self.ready().map_or_else(Probe::from, Probe::Available)
    }

    fn load(&self, model: &Model, device: &DeviceSpec) -> Result<Box<dyn Engine>, LoadError> {
        let library = self.library.clone()?;
        let bytes = onnx_of(model, "ONNX Runtime")?;
        let graph = OrtGraph::load(library, self.provider, device, &model.manifest, &bytes)?;
        Ok(Box::new(HostEngine::new(model, graph)))
    }
}

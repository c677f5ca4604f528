//! The `ptx` backend: models whose kernels are our own, on any NVIDIA GPU with a driver and nothing more.
//!
//! The kernels are in `../kernels`: CUDA sources, and the PTX that `scripts/kernels` makes of them, which is in the binary. A
//! manifest names them by `kernels`. Not responsible for the model's file: the kernels compute what it does, and the suite of
//! all backends compares them.

mod kernels;
mod world;

pub use kernels::{Floats, PixelKernels, ResizeKernel};

use super::{engine::CudaEngine, gpu::Gpu};
use crate::engine::{Backend, DeviceSpec, Engine, LoadError, Model, Probe, plans::Compute};
use std::sync::Arc;

/// The first kind of GPU that our kernels run on: what their PTX names as its target.
pub const KERNELS_FROM: Compute = Compute { major: 7, minor: 5 };

/// Our own kernels on one GPU.
#[derive(Clone, Debug)]
pub struct Ptx(Arc<Gpu>);

impl Ptx {
    /// The backend for a GPU whose context is current on the thread that loads.
    pub fn new(gpu: Arc<Gpu>) -> Self {
        Self(gpu)
    }

    /// Whether there are kernels for a model.
    pub fn has(model: &Model) -> bool {
        model.manifest.kernels.as_deref() == Some(world::NAME)
    }
}

impl Backend for Ptx {
    fn name(&self) -> &'static str {
        "ptx"
    }

    fn probe(&self) -> Probe {
        Probe::Available(format!(
            "kernels of this server, on {}",
            self.0.facts().name
        ))
    }

    fn load(&self, model: &Model, _: &DeviceSpec) -> Result<Box<dyn Engine>, LoadError> {
        if !Self::has(model) {
            return Err(LoadError::new(
                format!("there are no kernels for {}", model.name()),
                "use a backend that reads its file",
            ));
        }
        // The kernels do not read it, but a model without its file is none.
        model.read()?;
        let world = world::World::load(&self.0, model)?;
        Ok(Box::new(CudaEngine::new(&self.0, world)?))
    }
}

//! The library: found at run time, one runtime for each GPU that uses it.

use super::{
    super::{
        driver::Driver,
        engine::CudaEngine,
        gpu::{Gpu, Owner},
        memory::{Claim, free_and_total},
    },
    machine::TensorRtMachine,
};
use crate::engine::{
    Backend, DeviceSpec, Engine, LoadError, Model, Probe,
    plans::{self, Compute, Target},
};
use std::{path::PathBuf, sync::Arc};
use tensorrt_rs::{Library, Logger, Severity};

/// TensorRT on one GPU.
#[derive(Clone)]
pub struct TensorRt {
    library: Library,
    driver: Driver,
    gpu: Arc<Gpu>,
    logger: Logger,
    /// Where plans lie that were built here.
    plans: PathBuf,
}

impl TensorRt {
    /// TensorRT's log goes to ours. Make one in a program: the library keeps the first that it is given.
    pub fn logger() -> Logger {
        Logger::new(report)
    }

    /// The backend for a GPU whose context is current on the thread that loads.
    pub fn new(
        library: Library,
        (driver, gpu): (Driver, Arc<Gpu>),
        logger: Logger,
        plans: PathBuf,
    ) -> Self {
        Self {
            library,
            driver,
            gpu,
            logger,
            plans,
        }
    }

    /// What a plan must have been built for.
    pub fn target(&self) -> Target {
        Target {
            version: self.library.version(),
            flavour: self.library.flavour(),
            compute: Compute::from(self.gpu.facts().compute),
        }
    }

    /// Whether there is a plan for a model that fits this GPU and library.
    ///
    /// # Errors
    /// Why not, and the command that builds one.
    pub fn has(&self, model: &Model) -> Result<(), LoadError> {
        Ok(plans::find_all(model, &self.plans, &self.target()).map(drop)?)
    }
}

impl Backend for TensorRt {
    fn name(&self) -> &'static str {
        "tensorrt"
    }

    fn probe(&self) -> Probe {
        let (version, path) = (self.library.version(), self.library.path().display());
        Probe::Available(format!("TensorRT {version}, {path}"))
    }

    fn load(&self, model: &Model, _: &DeviceSpec) -> Result<Box<dyn Engine>, LoadError> {
        let plans = plans::find_all(model, &self.plans, &self.target())?;
        let read = |plan: &plans::Plan| plan.read(model);
        let plans = plans.iter().map(read).collect::<Result<Vec<_>, _>>()?;
        let need = plans.iter().map(Vec::len).sum();
        let refused = |e: tensorrt_rs::Error| refused(model, need, &e);
        let runtime = self.library.runtime(self.driver.present(), self.logger);
        let runtime = runtime.map_err(refused)?;
        let load = || plans.iter().map(|plan| runtime.deserialize(plan)).collect();
        let (engines, weights): (Vec<_>, _) =
            Claim::measured(&self.gpu, Owner::Engine, load).map_err(refused)?;
        let machine = TensorRtMachine::new(&self.gpu, model, engines, weights)?;
        Ok(Box::new(CudaEngine::new(&self.gpu, machine)?))
    }
}

/// The library's own words, with what a plan of this size needs and what there is.
fn refused(model: &Model, need: usize, error: &tensorrt_rs::Error) -> LoadError {
    let (free, total) = free_and_total();
    let mib = |bytes: usize| bytes >> 20;
    LoadError::new(
        format!(
            "TensorRT cannot load the plan of {} ({} MiB; {} of the device's {} MiB are free): {error}",
            model.name(),
            mib(need),
            mib(free),
            mib(total),
        ),
        format!(
            "free memory, or build it again: frameloom models build {}",
            model.name()
        ),
    )
}

fn report(severity: Severity, words: &str) {
    match severity {
        Severity::InternalError | Severity::Error => tracing::error!(words, "tensorrt"),
        Severity::Warning => tracing::warn!(words, "tensorrt"),
        Severity::Info => tracing::debug!(words, "tensorrt"),
        _ => tracing::trace!(words, "tensorrt"),
    }
}

//! The GPU that is measured, entered on this thread, and the world's model as the measurements need it.

use super::effort::{Effort, Size};
use crate::{
    config::Config,
    engine::{
        Backend, DeviceSpec, Engine, EngineKey, LoadError, Manifest, Model, Platform as _,
        Repository,
        cuda::{
            Driver, Facts, Gpu, GpuPlatform,
            ptx::{KERNELS_FROM, Ptx},
        },
        manifest::Batch,
        plans::Compute,
    },
};
use std::{num::NonZeroUsize, sync::Arc};

/// The GPU and the model. The context is current on this thread for as long as this lives.
pub struct Ground {
    /// The driver.
    pub driver: Driver,
    /// The GPU, with this thread as its device's thread.
    pub gpu: Arc<Gpu>,
    /// The world, taking batches as large as are measured, and warmed at the first size that is.
    pub model: Model,
    /// The world as it is served.
    pub served: Model,
    _platform: GpuPlatform,
}

impl Ground {
    /// Finds the first GPU that the settings take, and enters it.
    ///
    /// # Errors
    /// Why there is none, in one line.
    pub fn open(config: &Config, effort: &Effort) -> Result<Self, String> {
        let found = Driver::find(config.gpu.driver.as_deref());
        let driver = found.map_err(|absent| absent.to_string())?;
        let ordinal = config.gpu.devices.of(driver.devices()).into_iter().next();
        let ordinal = ordinal.ok_or_else(|| {
            let devices = driver.devices();
            format!("gpu.devices takes none of the {devices} that the driver shows")
        })?;
        let facts = driver.facts(ordinal).map_err(|e| e.to_string())?;
        if Compute::from(facts.compute) < KERNELS_FROM {
            return Err(format!("{} is older than the kernels are for", facts.name));
        }
        let served = world(config)?;
        let model = measured(&served, effort).map_err(|e| e.to_string())?;
        let gpu = Gpu::new(facts);
        let mut platform = GpuPlatform::new(Arc::clone(&gpu));
        platform.enter().map_err(|e| e.to_string())?;
        Ok(Self {
            driver,
            gpu,
            model,
            served,
            _platform: platform,
        })
    }

    /// What the driver says about the GPU.
    pub fn facts(&self) -> &Facts {
        self.gpu.facts()
    }

    /// The GPU by its name.
    pub fn spec(&self) -> DeviceSpec {
        device(Some(self.facts().ordinal), NonZeroUsize::MIN)
    }

    /// The world on our own kernels.
    ///
    /// # Errors
    /// What is wrong, and the cure.
    pub fn ptx(&self) -> Result<Box<dyn Engine>, LoadError> {
        self.ptx_on(&self.gpu)
    }

    /// The same, its work put on the stream piece by piece.
    ///
    /// # Errors
    /// What is wrong, and the cure.
    pub fn ptx_without_graphs(&self) -> Result<Box<dyn Engine>, LoadError> {
        let gpu = Gpu::without_graphs(self.facts().clone());
        let mut platform = GpuPlatform::new(Arc::clone(&gpu));
        platform.enter()?;
        let engine = self.ptx_on(&gpu)?;
        Ok(Box::new(On {
            engine,
            _platform: platform,
        }))
    }

    fn ptx_on(&self, gpu: &Arc<Gpu>) -> Result<Box<dyn Engine>, LoadError> {
        Ptx::new(Arc::clone(gpu)).load(&self.model, &self.spec())
    }

    /// The world at this size.
    ///
    /// # Errors
    /// If its axes do not have it.
    pub fn key(&self, size: Size) -> Result<EngineKey, String> {
        key(&self.model, size)
    }
}

/// An engine with the platform that it stands on.
struct On {
    // Dropped first.
    engine: Box<dyn Engine>,
    _platform: GpuPlatform,
}

impl Engine for On {
    fn slot(&mut self, key: &EngineKey) -> Result<Box<dyn crate::engine::Slot>, LoadError> {
        self.engine.slot(key)
    }

    fn max_batch(&self) -> NonZeroUsize {
        self.engine.max_batch()
    }
}

/// A device by its number; `None` is the CPU.
pub fn device(gpu: Option<u32>, threads: NonZeroUsize) -> DeviceSpec {
    let name = gpu.map_or_else(|| "cpu0".to_owned(), |ordinal| format!("cuda{ordinal}"));
    DeviceSpec { name, threads, gpu }
}

/// A model's key at this size.
///
/// # Errors
/// If its axes do not have it.
pub fn key(model: &Model, size: Size) -> Result<EngineKey, String> {
    let axes = [("height", size.height), ("width", size.width)];
    model.key(&axes).map_err(|e| format!("{size}: {e}"))
}

/// The world that the settings name.
fn world(config: &Config) -> Result<Model, String> {
    let repository = Repository::open(Some(&config.engine.models_dir));
    let name = config.gamecraft.model.as_str();
    let model = repository.get(name).filter(|model| Ptx::has(model));
    let model =
        model.ok_or_else(|| format!("there are no kernels for {name} (gamecraft.model)"))?;
    Ok(model.clone())
}

/// The same with the batches that are measured. A server warms up at its usual size; here the first that is measured will do.
fn measured(served: &Model, effort: &Effort) -> Result<Model, LoadError> {
    let mut manifest = Manifest::clone(&served.manifest);
    let most = NonZeroUsize::new(effort.max_batch).unwrap_or(NonZeroUsize::MIN);
    manifest.batch = Batch {
        max: most,
        gpu: Some(most),
    };
    if let Some(size) = effort.looped.first() {
        manifest
            .warmup
            .axes
            .insert("height".to_owned(), size.height);
        manifest.warmup.axes.insert("width".to_owned(), size.width);
    }
    let file = served.read()?.into_owned();
    let (name, mut own) = (manifest.name.clone(), Repository::default());
    own.insert(manifest, file);
    let model = own.get(&name).cloned();
    model.ok_or_else(|| LoadError::new("the model is gone", "report this"))
}

//! Which devices there are, what each loads, and with what: the CPU always, and every GPU that the settings take.

use super::{assemble::cores, backends::onnxruntime};
use crate::{
    actors::{
        board::Board,
        cuda::{Cuda, CudaConfig, Gpus},
        device::{Device, DeviceConfig},
        scheduler::{Scheduler, Seat},
    },
    config::{BackendChoice, Config, GpuChoice, OrtProvider},
    engine::{
        Backend, DeviceSpec, Engine, HostPlatform, LoadError, Model, Probe,
        cuda::{
            Driver, Gpu,
            nvml::{Telemetry, Watcher},
            ptx::{KERNELS_FROM, Ptx},
            tensorrt::TensorRt,
        },
        ort::Ort,
        plans::{self, Compute},
        rten::Rten,
    },
};
use actix::prelude::*;
use anyhow::Context as _;
use std::{num::NonZeroUsize, path::PathBuf, sync::Arc, time::Duration};
use tensorrt_rs::{Library, Logger};
use tokio::sync::oneshot;

/// A model and what runs it.
type Placed = (Model, Arc<dyn Backend>);

/// One device to be started.
struct Plan {
    spec: DeviceSpec,
    gpu: Option<Arc<Gpu>>,
    models: Vec<Placed>,
}

/// The scheduler, and what tells when every model has come up or failed.
pub struct Started {
    /// The scheduler in front of all devices.
    pub scheduler: Addr<Scheduler>,
    /// One for each device.
    pub settled: Vec<oneshot::Receiver<()>>,
    /// How the GPUs are.
    pub gpus: Gpus,
}

/// Starts every device and the scheduler in front of them.
///
/// All live beside the first sessions: a frame's way from its buffer to a device then wakes one thread, the device's own.
///
/// # Errors
/// If the system has no thread left.
pub fn start(
    config: &Config,
    arbiter: &ArbiterHandle,
    models: &[Model],
    cpu: &Arc<dyn Backend>,
    board: &Board,
) -> anyhow::Result<Started> {
    let gpus = Gpus::default();
    let plans = plan(config, models, cpu);
    let (tell, told) = std::sync::mpsc::channel();
    let (config, board, views) = (config.clone(), board.clone(), gpus.clone());
    let scheduler = Scheduler::start_in_arbiter(arbiter, move |ctx| {
        let start = |plan| start_one(plan, &config, &board, &views, ctx);
        let started: std::io::Result<Vec<_>> = plans.into_iter().map(start).collect();
        let (seats, answer) = match started {
            Ok(started) => {
                let (seats, settled) = started.into_iter().unzip();
                (seats, Ok(settled))
            }
            Err(error) => (Vec::new(), Err(error)),
        };
        // Whoever assembles waits for it.
        let _ = tell.send(answer);
        Scheduler::new(seats)
    });
    let settled = told.recv().context("the scheduler did not start")??;
    Ok(Started {
        scheduler,
        settled,
        gpus,
    })
}

fn start_one(
    plan: Plan,
    config: &Config,
    board: &Board,
    gpus: &Gpus,
    ctx: &Context<Scheduler>,
) -> std::io::Result<(Seat, oneshot::Receiver<()>)> {
    let (settle, settled) = oneshot::channel();
    let (free, changed) = (ctx.address().recipient(), ctx.address().recipient());
    let max_failures = config.engine.max_failures.get();
    let seat = match plan.gpu {
        Some(gpu) => Cuda::start(CudaConfig {
            watcher: watcher(config, &gpu),
            gpu,
            spec: plan.spec,
            slots: config.gpu.slots,
            spin: config.gpu.spin,
            models: plan.models,
            board: board.clone(),
            gpus: gpus.clone(),
            max_failures,
            reserve: config.gpu.reserve_bytes,
            every: config.gpu.watch,
            free,
            changed,
            settled: Some(settle),
        })?,
        None => {
            let seat = Device::start(DeviceConfig {
                spec: plan.spec,
                platform: Box::new(HostPlatform),
                slots: NonZeroUsize::MIN,
                spin: Duration::ZERO,
                models: plan.models,
                board: board.clone(),
                max_failures,
                free,
                changed,
                settled: Some(settle),
            })?;
            Seat {
                is_substitute: true,
                ..seat
            }
        }
    };
    Ok((seat, settled))
}

/// The GPUs first, each with what it can run; then the CPU with everything, which takes sessions while no GPU does.
fn plan(config: &Config, models: &[Model], cpu: &Arc<dyn Backend>) -> Vec<Plan> {
    let (driver, gpus) = match config.engine.backend {
        BackendChoice::Auto => find_gpus(config),
        _ => {
            tracing::info!(why = "engine.backend is not auto", "no gpu is used");
            (None, Vec::new())
        }
    };
    let libraries = driver.filter(|_| !gpus.is_empty());
    let libraries = libraries.map(|driver| Libraries::find(config, driver));
    let on_gpu = |gpu: Arc<Gpu>| {
        let ordinal = gpu.facts().ordinal;
        Plan {
            spec: DeviceSpec {
                name: format!("cuda{ordinal}"),
                threads: NonZeroUsize::MIN,
                gpu: Some(ordinal),
            },
            models: models
                .iter()
                .filter_map(|m| libraries.as_ref()?.place(m, &gpu))
                .collect(),
            gpu: Some(gpu),
        }
    };
    let on_gpus = gpus.into_iter().map(on_gpu);
    let mut plans: Vec<_> = on_gpus.filter(|plan| !plan.models.is_empty()).collect();
    // A plan runs on GPUs alone; where there is none, the CPU's entry says so.
    let is_on_gpu = |model: &&Model| {
        let mut placed = plans.iter().flat_map(|plan: &Plan| &plan.models);
        placed.any(|(other, _)| other.name() == model.name())
    };
    let runs = |model: &&Model| !is_plan(model) || !is_on_gpu(model);
    let on_cpu: Vec<_> = models
        .iter()
        .filter(runs)
        .map(|m| on_cpu(config, m, cpu))
        .collect();
    plans.push(Plan {
        spec: DeviceSpec {
            name: "cpu0".into(),
            threads: config.engine.cpu_threads.resolve(cores()),
            gpu: None,
        },
        gpu: None,
        models: on_cpu,
    });
    plans
}

/// Whether a model's file is a plan, which runs on GPUs alone.
fn is_plan(model: &Model) -> bool {
    plans::origin(model) == Some(plans::Origin::Own)
}

/// What runs a model on the CPU: what the model was measured to prefer, where the settings leave a choice.
fn on_cpu(config: &Config, model: &Model, best: &Arc<dyn Backend>) -> Placed {
    let prefers_rten = model.manifest.prefers.as_deref() == Some(Rten.name());
    let backend: Arc<dyn Backend> = match config.engine.backend {
        _ if is_plan(model) => Arc::new(Unusable(LoadError::new(
            format!(
                "{} is a plan, and no GPU with TensorRT is used",
                model.manifest.file
            ),
            "run `frameloom doctor`; or give the model an .onnx file",
        ))),
        BackendChoice::Auto if prefers_rten => Arc::new(Rten),
        _ => Arc::clone(best),
    };
    (model.clone(), backend)
}

/// The GPUs that the settings take, of those that there are; and who told of them.
fn find_gpus(config: &Config) -> (Option<Driver>, Vec<Arc<Gpu>>) {
    if config.gpu.devices == GpuChoice::None {
        return (None, Vec::new());
    }
    let driver = match Driver::find(config.gpu.driver.as_deref()) {
        Ok(driver) => driver,
        Err(why) => {
            tracing::info!(why = why.to_string(), "no gpu is used");
            return (None, Vec::new());
        }
    };
    let chosen = config.gpu.devices.of(driver.devices());
    if let GpuChoice::These(these) = &config.gpu.devices {
        for ordinal in these.iter().filter(|ordinal| !chosen.contains(ordinal)) {
            tracing::error!(ordinal, "gpu.devices names a gpu that is not there");
        }
    }
    let facts = chosen.into_iter().filter_map(|ordinal| {
        let facts = driver.facts(ordinal);
        let told = |e| tracing::error!(ordinal, error = %e, "this gpu is not used");
        facts.map_err(told).ok()
    });
    (Some(driver), facts.map(Gpu::new).collect())
}

/// The libraries that run models on GPUs, as far as they are there.
struct Libraries {
    driver: Driver,
    tensorrt: Option<(Library, Logger)>,
    ort: Option<Ort>,
    provider: OrtProvider,
    plans: PathBuf,
}

/// Fails a model with the reason why nothing here can run it.
struct Unusable(LoadError);

impl Backend for Unusable {
    fn name(&self) -> &'static str {
        "none"
    }

    fn probe(&self) -> Probe {
        let LoadError { why, fix } = self.0.clone();
        Probe::Missing { why, fix }
    }

    fn load(&self, _: &Model, _: &DeviceSpec) -> Result<Box<dyn Engine>, LoadError> {
        Err(self.0.clone())
    }
}

impl Libraries {
    /// Looks for them; only where there is a GPU to run them on.
    fn find(config: &Config, driver: Driver) -> Self {
        let told = |why: &dyn std::fmt::Display| tracing::info!(%why, "tensorrt is not used");
        let tensorrt = Library::open(config.gpu.tensorrt.as_deref());
        let ort = onnxruntime(config);
        Self {
            driver,
            tensorrt: tensorrt
                .map_err(|why| told(&why))
                .ok()
                .map(|library| (library, TensorRt::logger())),
            ort: ort.ready().is_ok().then_some(ort),
            provider: config.gpu.onnxruntime,
            plans: config.gpu.plans_dir.clone(),
        }
    }

    /// What runs a model on a GPU, if anything does. `app/doctor/choice.rs` tells people the same order.
    fn place(&self, model: &Model, gpu: &Arc<Gpu>) -> Option<Placed> {
        let backend = self
            .kernels(model, gpu)
            .or_else(|| self.plan(model, gpu))
            .or_else(|| self.onnx(model, gpu))?;
        tracing::info!(
            model = model.name(),
            backend = backend.name(),
            gpu = gpu.facts().ordinal,
            "this model runs on a gpu"
        );
        Some((model.clone(), backend))
    }

    /// Our own kernels.
    fn kernels(&self, model: &Model, gpu: &Arc<Gpu>) -> Option<Arc<dyn Backend>> {
        let runs = Ptx::has(model) && Compute::from(gpu.facts().compute) >= KERNELS_FROM;
        runs.then(|| Arc::new(Ptx::new(Arc::clone(gpu))) as Arc<dyn Backend>)
    }

    /// A plan that fits.
    fn plan(&self, model: &Model, gpu: &Arc<Gpu>) -> Option<Arc<dyn Backend>> {
        let (library, logger) = self.tensorrt.clone()?;
        let on = (self.driver, Arc::clone(gpu));
        let tensorrt = TensorRt::new(library, on, logger, self.plans.clone());
        match tensorrt.has(model) {
            Ok(()) => Some(Arc::new(tensorrt)),
            // Nothing else reads it: the model fails with what differs, and with the command that builds it.
            Err(e) if is_plan(model) => Some(Arc::new(Unusable(e))),
            Err(e) => {
                tracing::info!(
                    model = model.name(),
                    why = e.why,
                    fix = e.fix,
                    "no plan is used"
                );
                None
            }
        }
    }

    /// ONNX Runtime with its provider for GPUs.
    fn onnx(&self, model: &Model, gpu: &Arc<Gpu>) -> Option<Arc<dyn Backend>> {
        let is_onnx = model.manifest.file.ends_with(".onnx");
        let ort = self.ort.clone().filter(|_| is_onnx)?;
        let ordinal = gpu.facts().ordinal;
        let ort = match self.provider {
            OrtProvider::Cuda => ort.cuda(ordinal),
            OrtProvider::TensorRt => ort.tensorrt(ordinal),
        };
        match ort.ready() {
            Ok(_) => Some(Arc::new(ort)),
            Err(why) => {
                tracing::info!(model = model.name(), %why, "onnx runtime has no gpu for it");
                None
            }
        }
    }
}

/// Who asks NVML about a GPU, where that is installed.
fn watcher(config: &Config, gpu: &Gpu) -> Option<Watcher> {
    let told = |why: String| tracing::info!(why, "a gpu's load and temperature are not known");
    let telemetry = Telemetry::open(config.gpu.nvml.as_deref());
    let telemetry = telemetry.map_err(told).ok()?;
    let watcher = Watcher::start(telemetry, gpu.facts().clone(), config.gpu.watch);
    watcher.map_err(|e| told(e.to_string())).ok()
}

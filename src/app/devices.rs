//! Which devices there are, what each loads, and with what: the CPU always, and every GPU that the settings take.

use super::{assemble::cores, backends::onnxruntime};
use crate::{
    actors::{
        board::Board,
        cuda::{Cuda, CudaConfig, Gpus},
        device::{Device, DeviceConfig},
        scheduler::{Scheduler, Seat},
    },
    config::{BackendChoice, Config},
    engine::{
        Backend, DeviceSpec, HostPlatform, Model,
        cuda::{
            Driver, Gpu,
            nvml::{Telemetry, Watcher},
            ptx::Ptx,
        },
        ort::Ort,
        rten::Rten,
    },
};
use actix::prelude::*;
use anyhow::Context as _;
use std::{num::NonZeroUsize, sync::Arc, time::Duration};
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
    let gpus = match config.engine.backend {
        BackendChoice::Auto => find_gpus(config),
        _ => Vec::new(),
    };
    // Looked for only where there is a GPU to run it on.
    let ort = (!gpus.is_empty()).then(|| onnxruntime(config));
    let ort = ort.as_ref().filter(|ort| ort.ready().is_ok());
    let on_gpu = |gpu: Arc<Gpu>| {
        let ordinal = gpu.facts().ordinal;
        Plan {
            spec: DeviceSpec {
                name: format!("cuda{ordinal}"),
                threads: NonZeroUsize::MIN,
                gpu: Some(ordinal),
            },
            models: models.iter().filter_map(|m| place(m, &gpu, ort)).collect(),
            gpu: Some(gpu),
        }
    };
    let on_gpus = gpus.into_iter().map(on_gpu);
    let mut plans: Vec<_> = on_gpus.filter(|plan| !plan.models.is_empty()).collect();
    plans.push(Plan {
        spec: DeviceSpec {
            name: "cpu0".into(),
            threads: config.engine.cpu_threads.resolve(cores()),
            gpu: None,
        },
        gpu: None,
        models: models.iter().map(|m| on_cpu(config, m, cpu)).collect(),
    });
    plans
}

/// What runs a model on the CPU: what the model was measured to prefer, where the settings leave a choice.
fn on_cpu(config: &Config, model: &Model, best: &Arc<dyn Backend>) -> Placed {
    let prefers_rten = model.manifest.prefers.as_deref() == Some(Rten.name());
    let backend: Arc<dyn Backend> = match config.engine.backend {
        BackendChoice::Auto if prefers_rten => Arc::new(Rten),
        _ => Arc::clone(best),
    };
    (model.clone(), backend)
}

/// The GPUs that the settings take, of those that there are.
fn find_gpus(config: &Config) -> Vec<Arc<Gpu>> {
    if config.gpu.devices == crate::config::GpuChoice::None {
        return Vec::new();
    }
    let driver = match Driver::find(config.gpu.driver.as_deref()) {
        Ok(driver) => driver,
        Err(why) => {
            tracing::info!(why = why.to_string(), "no gpu is used");
            return Vec::new();
        }
    };
    let chosen = config.gpu.devices.of(driver.devices());
    let facts = chosen.into_iter().filter_map(|ordinal| {
        let facts = driver.facts(ordinal);
        let told = |e| tracing::error!(ordinal, error = %e, "this gpu is not used");
        facts.map_err(told).ok()
    });
    facts.map(Gpu::new).collect()
}

/// What runs a model on a GPU, if anything does: our own kernels, or ONNX Runtime with its provider for CUDA.
fn place(model: &Model, gpu: &Arc<Gpu>, ort: Option<&Ort>) -> Option<Placed> {
    if Ptx::has(model) {
        return Some((model.clone(), Arc::new(Ptx::new(Arc::clone(gpu)))));
    }
    let ort = ort.filter(|_| model.manifest.file.ends_with(".onnx"))?;
    let ort = ort.clone().cuda(gpu.facts().ordinal);
    match ort.ready() {
        Ok(_) => Some((model.clone(), Arc::new(ort))),
        Err(why) => {
            tracing::info!(model = model.name(), %why, "this model is not on the gpu");
            None
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

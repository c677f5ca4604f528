//! What runs a model here, and why nothing faster does. Pure.
//!
//! On GPUs in the order of [`crate::app::order`], as `app/devices.rs` places models: this server's own kernels, a TensorRT plan,
//! ONNX Runtime's provider for CUDA. Then the CPU, with what the model prefers or ONNX Runtime, else rten.

use super::facts::{Device, Facts, ModelFacts, PlanState};
use crate::{app::order::fastest, config::BackendChoice, engine::cuda::ptx::KERNELS_FROM};

/// What runs a model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// In words; `None` if nothing does.
    pub by: Option<String>,
    /// Why nothing faster does, from the fastest.
    pub instead_of: Vec<String>,
    /// What a person can do to have it faster.
    pub fix: Option<String>,
}

/// What runs a model on a GPU, from the fastest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Means {
    Kernels,
    Plan,
    OnnxRuntime,
}

/// What runs this model, and why nothing faster does.
pub fn of(model: &ModelFacts, facts: &Facts) -> Choice {
    let mut choice = Choice {
        by: None,
        instead_of: Vec::new(),
        fix: None,
    };
    choice.by = on_gpus(model, facts, &mut choice).or_else(|| on_cpu(model, facts));
    choice
}

fn on_cpu(model: &ModelFacts, facts: &Facts) -> Option<String> {
    let prefers_rten = model.prefers.as_deref() == Some("rten");
    let by = match facts.backend {
        BackendChoice::OnnxRuntime => "ONNX Runtime on the CPU",
        BackendChoice::Auto if facts.onnxruntime.is_ok() && !prefers_rten => {
            "ONNX Runtime on the CPU"
        }
        BackendChoice::Auto | BackendChoice::Rten => "rten on the CPU",
    };
    let runs = facts.backend != BackendChoice::OnnxRuntime || facts.onnxruntime.is_ok();
    (model.is_onnx() && runs).then(|| by.to_owned())
}

fn on_gpus(model: &ModelFacts, facts: &Facts, choice: &mut Choice) -> Option<String> {
    let used = facts.used();
    if used.is_empty() {
        choice.instead_of.push(no_gpu(facts));
        return None;
    }
    let found = fastest(
        || Some((Means::Kernels, first(&used, |gpu| by_kernels(model, gpu))?)),
        || Some((Means::Plan, first(&used, |gpu| by_plan(model, gpu))?)),
        || Some((Means::OnnxRuntime, on_onnxruntime(model, &used, facts)?)),
    );
    let is_slower = |than: Means| found.as_ref().is_none_or(|(means, _)| *means > than);
    if model.has_kernels && is_slower(Means::Kernels) {
        let old = format!("its kernels need compute capability {KERNELS_FROM}");
        choice.instead_of.push(old);
    }
    if is_slower(Means::Plan) {
        no_plan(model, facts, choice);
    }
    if is_slower(Means::OnnxRuntime) {
        no_onnxruntime(model, facts, choice);
    }
    found.map(|(_, by)| by)
}

fn first(used: &[&Device], by: impl Fn(&Device) -> Option<String>) -> Option<String> {
    used.iter().find_map(|gpu| by(gpu))
}

fn by_kernels(model: &ModelFacts, gpu: &Device) -> Option<String> {
    let runs = model.has_kernels && gpu.compute() >= KERNELS_FROM;
    runs.then(|| format!("this server's own kernels on cuda{}", gpu.ordinal))
}

fn by_plan(model: &ModelFacts, gpu: &Device) -> Option<String> {
    let plan = model.plan_on(gpu.ordinal)?;
    let runs = plan.state == PlanState::Fresh;
    runs.then(|| format!("its TensorRT plan on cuda{}: {}", gpu.ordinal, plan.why))
}

fn on_onnxruntime(model: &ModelFacts, used: &[&Device], facts: &Facts) -> Option<String> {
    let runs = |gpu: &Device| {
        let runs = model.is_onnx() && facts.provider_on(gpu.ordinal)?.is_ok();
        runs.then(|| format!("ONNX Runtime's CUDA provider on cuda{}", gpu.ordinal))
    };
    first(used, runs)
}

fn no_plan(model: &ModelFacts, facts: &Facts, choice: &mut Choice) {
    let plan = model.plans.first();
    match (&facts.tensorrt, plan) {
        (Err(why), _) => choice.instead_of.push(format!("no TensorRT: {why}")),
        (Ok(_), Some(plan)) => {
            choice.instead_of.push(plan.why.clone());
            choice.fix = Some(plan.fix.clone()).filter(|fix| !fix.is_empty());
        }
        (Ok(_), None) => {}
    }
}

fn no_onnxruntime(model: &ModelFacts, facts: &Facts, choice: &mut Choice) {
    let refusal = facts
        .onnxruntime_cuda
        .iter()
        .find_map(|(_, p)| p.as_ref().err());
    let refusal = match (&facts.onnxruntime, refusal) {
        _ if !model.is_onnx() => return,
        (Err((_, fix)), _) => ("there is no ONNX Runtime".to_owned(), fix),
        (Ok(_), Some((why, fix))) => (why.clone(), fix),
        (Ok(_), None) => return,
    };
    let (why, fix) = refusal;
    choice.instead_of.push(why);
    choice.fix.get_or_insert_with(|| fix.clone());
}

fn no_gpu(facts: &Facts) -> String {
    match (&facts.driver, facts.backend) {
        (Err(_), _) => "there is no GPU".to_owned(),
        (Ok(_), BackendChoice::Auto) => "gpu.devices takes none of the GPUs".to_owned(),
        (Ok(_), _) => "engine.backend is not auto, so no GPU is used".to_owned(),
    }
}

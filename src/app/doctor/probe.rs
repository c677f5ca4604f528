//! Looks at everything: asks the libraries, the builder and the repository. Thin: what follows is for others to say.

use super::{
    facts::{
        BuilderProgram, Device, Driver, Facts, ModelFacts, Nvml, PlanFacts, PlanState, Provided,
        TensorRt, Wanted,
    },
    part::{Part, Role, ask},
};
use crate::{
    app::{
        child::{Children, Stopped},
        models::builder::{Builder, NoBuilder},
        referee::pose_model,
        world::world_model,
    },
    config::{Config, PoseModel},
    engine::{
        Model, Repository,
        cuda::ptx::Ptx,
        plans::{self, Compute, Target, Unusable},
    },
};
use serde::de::DeserializeOwned;
use std::path::Path;

/// Everything that can be found out.
///
/// # Errors
/// If nothing can be asked, or somebody ends it.
pub fn look(config: &Config) -> anyhow::Result<Facts> {
    let mut children = Children::new()?;
    let gpu = &config.gpu;
    let driver: Result<Driver, String> =
        library(&mut children, Part::Driver, gpu.driver.as_deref())?;
    let nvml: Result<Nvml, String> = library(&mut children, Part::Nvml, gpu.nvml.as_deref())?;
    let tensorrt = tensorrt(config, &mut children)?;
    let named = config.engine.onnxruntime.as_deref();
    let onnxruntime = ask_onnxruntime(&mut children, Role::new(Part::Onnxruntime, named))?;
    let repository = Repository::open(Some(&config.engine.models_dir));
    let mut facts = Facts {
        gpu: gpu.clone(),
        backend: config.engine.backend,
        names_onnxruntime: named.is_some(),
        driver,
        nvml,
        tensorrt,
        builder: builder(config, &mut children)?,
        onnxruntime,
        onnxruntime_cuda: Vec::new(),
        models: Vec::new(),
        faults: faults(&repository),
        wanted: vec![world(config, &repository), referee(config, &repository)],
    };
    facts.onnxruntime_cuda = providers(&facts, named, &mut children)?;
    let targets = targets(&facts);
    let describe = |model: &Model| of(model, &config.gpu.plans_dir, &targets);
    facts.models = all(config, &repository).iter().map(describe).collect();
    Ok(facts)
}

/// TensorRT's library.
///
/// # Errors
/// If it cannot be asked, or somebody ends it.
pub fn tensorrt(
    config: &Config,
    children: &mut Children,
) -> anyhow::Result<Result<TensorRt, String>> {
    library(children, Part::Tensorrt, config.gpu.tensorrt.as_deref())
}

/// The GPUs that the driver shows, and their kinds.
///
/// # Errors
/// If the driver cannot be asked, or somebody ends it.
pub fn gpus(
    config: &Config,
    children: &mut Children,
) -> anyhow::Result<Result<Vec<(u32, Compute)>, String>> {
    let driver: Result<Driver, String> =
        library(children, Part::Driver, config.gpu.driver.as_deref())?;
    Ok(driver.map(|driver| {
        let devices = driver.devices.iter().flatten();
        devices.map(|gpu| (gpu.ordinal, gpu.compute())).collect()
    }))
}

fn library<T: DeserializeOwned>(
    children: &mut Children,
    part: Part,
    path: Option<&Path>,
) -> anyhow::Result<Result<T, String>> {
    Ok(ask(children, &Role::new(part, path))?.flatten())
}

/// Whether ONNX Runtime runs graphs, where the role says.
fn ask_onnxruntime(
    children: &mut Children,
    role: Role,
) -> anyhow::Result<Result<String, (String, String)>> {
    let answer = ask(children, &role)?;
    Ok(answer.unwrap_or_else(|died| {
        let fix = "install another ONNX Runtime, or remove this one";
        Err((died, fix.to_owned()))
    }))
}

/// Whether its provider for CUDA comes up with the smallest graph, on each GPU that is used: as the server tries it.
fn providers(
    facts: &Facts,
    named: Option<&Path>,
    children: &mut Children,
) -> anyhow::Result<Vec<(u32, Provided)>> {
    let used = facts
        .used()
        .into_iter()
        .filter(|_| facts.onnxruntime.is_ok());
    let ask = |device: &Device| {
        let role = Role::new(Part::Onnxruntime, named).on(device.ordinal);
        let answer = ask_onnxruntime(children, role)?;
        Ok((device.ordinal, answer.map(|_library| ())))
    };
    used.map(ask).collect()
}

fn builder(
    config: &Config,
    children: &mut Children,
) -> Result<Result<BuilderProgram, String>, Stopped> {
    let path = std::env::var_os("PATH");
    match Builder::find(config.gpu.builder.as_deref(), path.as_deref(), children) {
        Ok(builder) => Ok(Ok(BuilderProgram {
            path: builder.path.display().to_string(),
            version: builder.version,
            flavour: builder.flavour(),
        })),
        Err(NoBuilder::Unasked {
            why: why @ Stopped::Interrupted,
            ..
        }) => Err(why),
        Err(why) => Ok(Err(why.to_string())),
    }
}

fn faults(repository: &Repository) -> Vec<(String, String)> {
    let faults = repository.faults().iter();
    faults
        .map(|fault| (fault.folder.clone(), fault.why.clone()))
        .collect()
}

/// The repository's models, and the one that the referee takes from elsewhere.
pub fn all(config: &Config, repository: &Repository) -> Vec<Model> {
    let mut all: Vec<_> = repository.models().cloned().collect();
    if let PoseModel::At(_) = config.referee.model
        && let Ok(model) = pose_model(&config.referee.model, repository)
        && repository.get(model.name()).is_none()
    {
        all.push(model);
    }
    all
}

fn world(config: &Config, repository: &Repository) -> Wanted {
    let model = world_model(config, repository);
    Wanted {
        key: "gamecraft.model",
        model: match model {
            Ok(model) => Ok(model.name().to_owned()),
            Err(why) => Err(why.to_string()),
        },
    }
}

fn referee(config: &Config, repository: &Repository) -> Wanted {
    let model = pose_model(&config.referee.model, repository);
    let name = model.map(|model| model.name().to_owned());
    Wanted {
        key: "referee.model",
        model: name.map_err(|error| format!("{error:#}")),
    }
}

/// What plans must fit, for each GPU that is used.
pub fn targets(facts: &Facts) -> Vec<(u32, Target)> {
    let Ok(library) = &facts.tensorrt else {
        return Vec::new();
    };
    let target = |compute| Target {
        version: library.version(),
        flavour: library.flavour(),
        compute,
    };
    let used = facts.used().into_iter();
    used.map(|device| (device.ordinal, target(device.compute())))
        .collect()
}

fn of(model: &Model, cache: &Path, targets: &[(u32, Target)]) -> ModelFacts {
    let manifest = &model.manifest;
    let plans = match targets {
        [] => vec![unjudged(model, cache)],
        targets => {
            let on = |(device, target): &(u32, Target)| judged(model, cache, *device, target);
            targets.iter().map(on).collect()
        }
    };
    ModelFacts {
        name: manifest.name.clone(),
        title: manifest.title.clone(),
        slot: manifest.slot.clone(),
        kind: manifest.kind.name(),
        version: manifest.version.clone(),
        file: manifest.file.clone(),
        prefers: manifest.prefers.clone(),
        has_kernels: Ptx::has(model),
        plans,
    }
}

fn judged(model: &Model, cache: &Path, device: u32, target: &Target) -> PlanFacts {
    match plans::find(model, cache, target) {
        Ok(plan) => PlanFacts {
            device: Some(device),
            state: PlanState::Fresh,
            why: plan.path.display().to_string(),
            fix: String::new(),
        },
        Err(unusable) => missing(&unusable, Some(device)),
    }
}

fn unjudged(model: &Model, cache: &Path) -> PlanFacts {
    match plans::candidates(model, cache) {
        Err(unusable) => missing(&unusable, None),
        Ok(plans) => match plans.first() {
            None => missing(&Unusable::not_built(model, cache), None),
            Some(plan) => PlanFacts {
                device: None,
                state: PlanState::Unjudged,
                why: plan.path.display().to_string(),
                fix: String::new(),
            },
        },
    }
}

fn missing(unusable: &Unusable, device: Option<u32>) -> PlanFacts {
    PlanFacts {
        device,
        state: match unusable {
            Unusable::NotBuilt { .. } => PlanState::NotBuilt,
            Unusable::Stale { .. } | Unusable::Broken { .. } => PlanState::Stale,
            Unusable::Foreign { .. } => PlanState::Impossible,
        },
        why: unusable.to_string(),
        fix: unusable.fix(),
    }
}

//! What follows from the facts: what is used, what is not and why, and what is wrong. Pure.
//!
//! Invariant: something is trouble only if the settings ask for it and it cannot be; what nobody asked for is at most unused.

use super::{
    choice,
    facts::{BuilderProgram, Device, Facts, ModelFacts, PlanState, TensorRt, Wanted},
};
use crate::config::GpuChoice;
use crate::engine::cuda::ptx::KERNELS_FROM;
use serde::Serialize;
use std::path::Path;

/// How something stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mark {
    /// It is there, and used.
    Ok,
    /// It is not used; the server can do without.
    NotUsed,
    /// The settings ask for it, and it cannot be.
    Trouble,
}

/// One thing that was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What it is about.
    pub subject: String,
    /// How it stands.
    pub mark: Mark,
    /// What was found, and why it is so.
    pub text: String,
    /// What a person can do.
    pub fix: Option<String>,
}

/// Everything that follows.
pub fn of(facts: &Facts) -> Vec<Finding> {
    let mut findings = vec![driver(facts)];
    findings.extend(devices(facts));
    findings.extend(not_there(facts));
    findings.extend([nvml(facts), tensorrt(facts), builder(facts), plans(facts)]);
    findings.extend([onnxruntime(facts), rten()]);
    findings.extend(facts.wanted.iter().map(|wanted| model(wanted, facts)));
    findings.extend(facts.faults.iter().map(fault));
    findings
}

// === Devices ===

fn driver(facts: &Facts) -> Finding {
    let named = facts.gpu.driver.as_deref();
    match &facts.driver {
        Ok(driver) => {
            let (major, minor) = driver.cuda;
            let library = named.map_or("libcuda.so.1".into(), Path::to_string_lossy);
            Finding::ok("driver", format!("{library}, CUDA {major}.{minor}"))
        }
        Err(why) if named.is_some() => {
            let fix = "correct gpu.driver, or leave it empty to have it looked for";
            Finding::trouble("driver", format!("gpu.driver: {why}"), fix)
        }
        Err(why) => {
            let fix =
                "if there is an NVIDIA GPU, install its driver; without one nothing is missing";
            Finding::unused("driver", why.clone()).fix(fix)
        }
    }
}

fn devices(facts: &Facts) -> Vec<Finding> {
    let devices = facts.driver.iter().flat_map(|driver| &driver.devices);
    let judged = devices.enumerate().map(|(at, device)| match device {
        Ok(device) => self::device(device, facts),
        Err(why) => {
            let fix = "look into the system's log (`dmesg`), and whether `nvidia-smi` shows it";
            Finding::unused(format!("gpu {at}"), why.clone()).fix(fix)
        }
    });
    judged.collect()
}

fn device(device: &Device, facts: &Facts) -> Finding {
    let subject = format!("gpu {}", device.ordinal);
    let gibibytes = device.memory as f64 / f64::from(1 << 30);
    let (name, compute) = (&device.name, device.compute());
    let text = format!("{name}, compute capability {compute}, {gibibytes:.1} GiB");
    if !facts.is_used(device) {
        let fix = "engine.backend = \"auto\" and gpu.devices = \"auto\" take every GPU";
        return Finding::unused(subject, format!("{text}; the settings leave it to others"))
            .fix(fix);
    }
    match compute >= KERNELS_FROM {
        true => Finding::ok(subject, format!("{text}; runs this server's own kernels")),
        false => {
            let old = format!("{text}; this server's own kernels need {KERNELS_FROM}");
            Finding::ok(subject, old)
        }
    }
}

/// The GPUs that the settings name, and that are not there.
fn not_there(facts: &Facts) -> Option<Finding> {
    let GpuChoice::These(these) = &facts.gpu.devices else {
        return None;
    };
    let there = facts.used();
    let missing = these
        .iter()
        .filter(|n| there.iter().all(|d| d.ordinal != **n));
    let missing: Vec<_> = missing.map(ToString::to_string).collect();
    let told = format!(
        "gpu.devices names {}, which cannot be used",
        missing.join(", ")
    );
    let fix = "correct gpu.devices; \"auto\" takes those that are there";
    (!missing.is_empty()).then(|| Finding::trouble("gpu.devices", told, fix))
}

fn nvml(facts: &Facts) -> Finding {
    match &facts.nvml {
        Ok(nvml) => Finding::ok(
            "nvml",
            match &nvml.driver {
                Some(version) => format!("driver {version}"),
                None => "it does not tell the driver's version".to_owned(),
            },
        ),
        Err(why) if facts.gpu.nvml.is_some() => {
            let fix = "correct gpu.nvml, or leave it empty to have it looked for";
            Finding::trouble("nvml", format!("gpu.nvml: {why}"), fix)
        }
        Err(why) => {
            let text = format!("{why}; a GPU's load and temperature are not shown");
            Finding::unused("nvml", text).fix("it comes with NVIDIA's driver")
        }
    }
}

// === TensorRT ===

fn tensorrt(facts: &Facts) -> Finding {
    match &facts.tensorrt {
        Ok(library) if facts.used().is_empty() => {
            Finding::unused("tensorrt", format!("{}; no GPU is used", named(library)))
        }
        Ok(library) => Finding::ok("tensorrt", named(library)),
        Err(why) if facts.gpu.tensorrt.is_some() => {
            let fix = "correct gpu.tensorrt, or leave it empty to have it looked for";
            Finding::trouble("tensorrt", format!("gpu.tensorrt: {why}"), fix)
        }
        Err(why) => {
            let fix = "install TensorRT 10 or 11, or TensorRT-RTX 1.7, and name its library in gpu.tensorrt";
            Finding::unused("tensorrt", why.clone()).fix(fix)
        }
    }
}

fn named(library: &TensorRt) -> String {
    let (flavour, version) = (library.flavour(), library.version());
    format!("{flavour} {version}, {}", library.path)
}

fn builder(facts: &Facts) -> Finding {
    match &facts.builder {
        Ok(builder) => match mismatch(builder, facts) {
            None => Finding::ok("builder", program(builder)),
            Some(why) => Finding::unused("builder", format!("{}; {why}", program(builder)))
                .fix("install both of the same version, or name the fitting one in gpu.builder"),
        },
        Err(why) if facts.gpu.builder.is_some() => {
            let fix = "correct gpu.builder, or leave it empty to have it looked for";
            Finding::trouble("builder", why.clone(), fix)
        }
        Err(why) => {
            let fix = "it is wanted for `frameloom models build` only; name trtexec or tensorrt_rtx in gpu.builder";
            Finding::unused("builder", why.clone()).fix(fix)
        }
    }
}

fn program(builder: &BuilderProgram) -> String {
    let BuilderProgram {
        path,
        version,
        flavour,
    } = builder;
    format!("{path}, {flavour} {version}")
}

/// Why the library would not take what the builder builds.
fn mismatch(builder: &BuilderProgram, facts: &Facts) -> Option<String> {
    let library = facts.tensorrt.as_ref().ok()?;
    let differs = builder.version != library.version();
    differs.then(|| format!("its plans are not for {}", named(library)))
}

fn plans(facts: &Facts) -> Finding {
    let directory = facts.gpu.plans_dir.display();
    let count = |state| {
        let plans = facts.models.iter().flat_map(|model| &model.plans);
        plans.filter(|plan| plan.state == state).count()
    };
    let (fresh, stale) = (count(PlanState::Fresh), count(PlanState::Stale));
    let (none, unjudged) = (count(PlanState::NotBuilt), count(PlanState::Unjudged));
    let counted = [
        (fresh, "fresh"),
        (stale, "stale"),
        (unjudged, "with nothing here to run them"),
        (none, "not built"),
    ];
    let told = counted.iter().filter(|(count, _)| *count > 0);
    let told: Vec<_> = told
        .map(|(count, what)| format!("{count} {what}"))
        .collect();
    let text = match told.is_empty() {
        true => format!("none in {directory}"),
        false => format!("{} ({directory})", told.join(", ")),
    };
    match (fresh, stale + none) {
        (_, 0) if fresh > 0 => Finding::ok("plans", text),
        (0, _) if facts.used().is_empty() || facts.tensorrt.is_err() => {
            Finding::unused("plans", text)
        }
        (_, 0) => Finding::unused("plans", text),
        (0, _) => Finding::unused("plans", text).fix(BUILD_ALL),
        (_, _) => Finding::ok("plans", text).fix(BUILD_ALL),
    }
}

const BUILD_ALL: &str = "`frameloom models build --all` builds those that are missing";

// === Runtimes ===

fn onnxruntime(facts: &Facts) -> Finding {
    match &facts.onnxruntime {
        Ok(library) => Finding::ok("onnxruntime", library.clone()),
        Err((why, fix)) if facts.names_onnxruntime => {
            Finding::trouble("onnxruntime", format!("engine.onnxruntime: {why}"), fix)
        }
        Err((why, fix)) => Finding::unused("onnxruntime", why.clone()).fix(fix),
    }
}

fn rten() -> Finding {
    Finding::ok("rten", "built in")
}

// === Models ===

fn model(wanted: &Wanted, facts: &Facts) -> Finding {
    let found = wanted.model.as_ref().map(|name| facts.model(name));
    match found {
        Err(why) => {
            let fix = format!(
                "change {}; `frameloom models list` shows what there is",
                wanted.key
            );
            Finding::trouble(wanted.key, why.clone(), fix)
        }
        Ok(None) => Finding::trouble(wanted.key, "it was not found", "look at `models list`"),
        Ok(Some(model)) => runs(wanted.key, model, facts),
    }
}

fn runs(key: &str, model: &ModelFacts, facts: &Facts) -> Finding {
    let choice = choice::of(model, facts);
    let (title, name) = (&model.title, &model.name);
    let instead = choice.instead_of.join("; ");
    match choice.by {
        Some(by) => {
            let text = match instead.as_str() {
                "" => format!("{title} ({name}) by {by}"),
                instead => format!("{title} ({name}) by {by}; nothing faster, as {instead}"),
            };
            let finding = Finding::ok(key, text);
            match choice.fix {
                Some(fix) => finding.fix(fix),
                None => finding,
            }
        }
        None => {
            let text = format!(
                "nothing here runs {name}, whose file is {}: {instead}",
                model.file
            );
            let fix = choice
                .fix
                .unwrap_or_else(|| format!("give it an .onnx file, or change {key}"));
            Finding::trouble(key, text, fix)
        }
    }
}

fn fault((folder, why): &(String, String)) -> Finding {
    let fix = "correct its model.toml, or remove the folder";
    Finding::unused(format!("folder {folder}"), why.clone()).fix(fix)
}

// === impl Finding ===

impl Finding {
    fn new(subject: impl Into<String>, mark: Mark, text: impl Into<String>) -> Self {
        Self {
            subject: subject.into(),
            mark,
            text: text.into(),
            fix: None,
        }
    }

    /// It is there, and used.
    pub fn ok(subject: impl Into<String>, text: impl Into<String>) -> Self {
        Self::new(subject, Mark::Ok, text)
    }

    /// It is not used.
    pub fn unused(subject: impl Into<String>, text: impl Into<String>) -> Self {
        Self::new(subject, Mark::NotUsed, text)
    }

    /// It cannot be, and the settings ask for it.
    pub fn trouble(
        subject: impl Into<String>,
        text: impl Into<String>,
        fix: impl Into<String>,
    ) -> Self {
        Self::new(subject, Mark::Trouble, text).fix(fix)
    }

    /// With what a person can do.
    #[must_use]
    pub fn fix(self, fix: impl Into<String>) -> Self {
        let fix = Some(fix.into());
        Self { fix, ..self }
    }
}

#[cfg(test)]
#[path = "findings_tests.rs"]
mod tests;

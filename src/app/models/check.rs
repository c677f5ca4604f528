//! `frameloom models check`: one model, closely.

use super::named;
use crate::{
    app::{
        assemble::cores,
        doctor::{
            facts::{Facts, PlanState},
            findings::{self, Finding, Mark},
            print, probe,
        },
        exit::Exit,
    },
    config::Config,
    engine::cuda::ptx::KERNELS_FROM,
    engine::{
        Backend as _, DeviceSpec, Model, Repository,
        plans::{self, Origin, Profiles, graph},
        rten::Rten,
    },
};
use clap::Args;
use std::path::Path;

/// Which model.
#[derive(Clone, Debug, Args)]
pub struct Options {
    /// Its name.
    #[arg(value_name = "NAME")]
    name: String,
    /// For programs: one JSON object.
    #[arg(long)]
    json: bool,
}

/// Looks at it, and prints what was found. Status 1 if its file is not what it says, or nothing here runs it.
///
/// # Errors
/// If there is no such model, or this machine cannot be asked.
pub fn run(options: &Options, config: &Config) -> anyhow::Result<Exit> {
    let repository = Repository::open(Some(&config.engine.models_dir));
    let models = probe::all(config, &repository);
    let model = named(&models, &repository, &options.name)?;
    let findings = look(&model, &probe::look(config)?, &config.gpu.plans_dir);
    let is_fine = findings.iter().all(|finding| finding.mark != Mark::Trouble);
    match options.json {
        true => println!("{}", print::json(&findings)?),
        false => print!("{}", print::text(&findings, "")),
    }
    Ok(match is_fine {
        true => Exit::Ok,
        false => Exit::Failure,
    })
}

fn look(model: &Model, facts: &Facts, cache: &Path) -> Vec<Finding> {
    let bytes = match model.read() {
        Ok(bytes) => bytes,
        Err(error) => return vec![Finding::trouble("file", error.why, error.fix)],
    };
    let manifest = &model.manifest;
    let size = bytes.len();
    let text = format!(
        "{}, {size} bytes, with the hash of model.toml",
        manifest.file
    );
    let mut findings = vec![Finding::ok("file", text)];
    let mut runners = Vec::new();
    if plans::origin(model) == Some(Origin::Cache) {
        findings.push(graph_of(model, &bytes));
        runners.extend([rten(model), onnxruntime(facts)]);
    }
    runners.extend(kernels(model, facts));
    runners.extend(plans_of(model, facts, cache));
    let runs = runners.iter().any(|finding| finding.mark == Mark::Ok);
    findings.extend(runners);
    if !runs {
        let fix = "each line above says what is missing";
        findings.push(Finding::trouble("runs by", "nothing here runs it", fix));
    }
    findings
}

fn graph_of(model: &Model, bytes: &[u8]) -> Finding {
    let wanted = Profiles::of(&model.manifest);
    let fix = "correct model.toml, or export the file again";
    match graph::inputs(bytes).map(|inputs| graph::free(&inputs, &wanted)) {
        None => Finding::trouble("graph", "it is no ONNX graph with inputs", fix),
        Some(Err(why)) => Finding::trouble("graph", why, fix),
        Some(Ok(_)) => {
            let inputs = wanted
                .0
                .iter()
                .map(|(name, shapes)| format!("{name} {shapes}"));
            let inputs: Vec<_> = inputs.collect();
            Finding::ok("graph", inputs.join(", "))
        }
    }
}

fn rten(model: &Model) -> Finding {
    let device = DeviceSpec {
        name: "cpu0".into(),
        threads: cores(),
        gpu: None,
    };
    match Rten.load(model, &device) {
        Ok(_) => Finding::ok("rten", "it loads"),
        Err(error) => Finding::unused("rten", error.why, error.fix),
    }
}

fn onnxruntime(facts: &Facts) -> Finding {
    match &facts.onnxruntime {
        Ok(library) => findings::provided(library, facts),
        Err((why, fix)) => Finding::unused("onnxruntime", why.clone(), fix),
    }
}

fn kernels(model: &Model, facts: &Facts) -> Option<Finding> {
    let known = facts.model(model.name())?;
    let subject = "kernels";
    let gpus = facts.used();
    let fitting = gpus.iter().find(|gpu| gpu.compute() >= KERNELS_FROM);
    known.has_kernels.then(|| match fitting {
        Some(gpu) => Finding::ok(subject, format!("of this server, on cuda{}", gpu.ordinal)),
        None => {
            let need = format!("they need a GPU of compute capability {KERNELS_FROM}");
            Finding::unused(
                subject,
                need,
                "`frameloom doctor` says which GPUs are used, and why not",
            )
        }
    })
}

fn plans_of(model: &Model, facts: &Facts, cache: &Path) -> Vec<Finding> {
    let targets = probe::targets(facts);
    if targets.is_empty() {
        let known = facts.model(model.name());
        let plans = known.into_iter().flat_map(|known| &known.plans);
        let judge = |plan: &crate::app::doctor::facts::PlanFacts| {
            let fix = match plan.state {
                PlanState::Unjudged => {
                    "it runs where TensorRT and a GPU are; `frameloom doctor` says what is missing"
                }
                _ => &plan.fix,
            };
            Finding::unused("plan", plan.why.clone(), fix)
        };
        return plans.map(judge).collect();
    }
    let on = targets.iter().map(|(gpu, target)| {
        let subject = format!("plan on cuda{gpu}");
        let found = plans::find(model, cache, target);
        // The bytes are read here, and nowhere else before the plan is loaded.
        match found.and_then(|plan| plan.verify(model).map(|()| plan)) {
            Ok(plan) => {
                let precision = plan.sidecar.precision;
                Finding::ok(subject, format!("{}, {precision}", plan.path.display()))
            }
            Err(unusable) => Finding::unused(subject, unusable.to_string(), unusable.fix()),
        }
    });
    on.collect()
}

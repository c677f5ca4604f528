//! `frameloom models list`: every model, and what could run it here.

use crate::{
    app::{
        doctor::{
            facts::{Facts, ModelFacts, PlanState},
            probe,
        },
        exit::Exit,
    },
    config::Config,
    engine::cuda::ptx::KERNELS_FROM,
};
use clap::Args;
use serde::Serialize;

/// What `models list` is asked.
#[derive(Clone, Copy, Debug, Args)]
pub struct Options {
    /// For programs: one JSON object.
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Listing<'a> {
    models: Vec<Row<'a>>,
    faults: Vec<Fault<'a>>,
}

#[derive(Serialize)]
struct Row<'a> {
    name: &'a str,
    title: &'a str,
    slot: &'a str,
    kind: &'a str,
    version: &'a str,
    file: &'a str,
    runs_by: Vec<String>,
    plans: Vec<PlanRow<'a>>,
}

#[derive(Serialize)]
struct PlanRow<'a> {
    gpu: Option<u32>,
    state: PlanState,
    why: &'a str,
    fix: Option<&'a str>,
}

#[derive(Serialize)]
struct Fault<'a> {
    folder: &'a str,
    why: &'a str,
}

/// Prints them.
///
/// # Errors
/// If this machine cannot be asked.
pub fn run(options: Options, config: &Config) -> anyhow::Result<Exit> {
    let facts = probe::look(config)?;
    match options.json {
        true => println!("{}", serde_json::to_string(&listing(&facts))?),
        false => print!("{}", text(&facts)),
    }
    Ok(Exit::Ok)
}

fn listing(facts: &Facts) -> Listing<'_> {
    let faults = facts.faults.iter();
    Listing {
        models: facts.models.iter().map(|model| row(model, facts)).collect(),
        faults: faults.map(|(folder, why)| Fault { folder, why }).collect(),
    }
}

fn row<'a>(model: &'a ModelFacts, facts: &Facts) -> Row<'a> {
    let plans = model.plans.iter().map(|plan| PlanRow {
        gpu: plan.device,
        state: plan.state,
        why: &plan.why,
        fix: Some(plan.fix.as_str()).filter(|fix| !fix.is_empty()),
    });
    Row {
        name: &model.name,
        title: &model.title,
        slot: &model.slot,
        kind: model.kind,
        version: &model.version,
        file: &model.file,
        runs_by: runners(model, facts),
        plans: plans.collect(),
    }
}

/// What could run it here, by short names.
fn runners(model: &ModelFacts, facts: &Facts) -> Vec<String> {
    let mut runners = Vec::new();
    if model.is_onnx() {
        runners.push("rten".to_owned());
        if facts.onnxruntime.is_ok() {
            runners.push("onnxruntime".to_owned());
        }
    }
    for gpu in facts.used() {
        if model.has_kernels && gpu.compute() >= KERNELS_FROM {
            runners.push(format!("kernels on cuda{}", gpu.ordinal));
        }
        let plan = model.plan_on(gpu.ordinal);
        if plan.is_some_and(|plan| plan.state == PlanState::Fresh) {
            runners.push(format!("tensorrt on cuda{}", gpu.ordinal));
        }
    }
    runners
}

fn text(facts: &Facts) -> String {
    let head = ["MODEL", "SLOT", "KIND", "FILE", "PLAN", "RUNS BY"].map(str::to_owned);
    let rows = facts.models.iter().map(|model| {
        [
            model.name.clone(),
            model.slot.clone(),
            model.kind.to_owned(),
            model.file.clone(),
            plan(model),
            match runners(model, facts).as_slice() {
                [] => "nothing here".to_owned(),
                runners => runners.join(", "),
            },
        ]
    });
    let rows: Vec<_> = std::iter::once(head).chain(rows).collect();
    let width = |column: usize| rows.iter().map(|row| row[column].len()).max();
    let widths: Vec<_> = (0..5)
        .map(|column| width(column).unwrap_or(0) + 2)
        .collect();
    let mut text = String::new();
    for row in &rows {
        for (cell, width) in row.iter().zip(&widths) {
            text.push_str(&format!("{cell:width$}"));
        }
        text.push_str(&row[5]);
        text.push('\n');
    }
    for (folder, why) in &facts.faults {
        text.push_str(&format!("\n{folder} is no model: {why}\n"));
    }
    text
}

/// How its plans stand, once if they all stand alike.
fn plan(model: &ModelFacts) -> String {
    let word = |state| match state {
        PlanState::Fresh => "fresh",
        PlanState::Stale => "stale",
        PlanState::NotBuilt => "not built",
        PlanState::Unjudged => "built",
        PlanState::Impossible => "-",
    };
    let mut words: Vec<_> = model.plans.iter().map(|plan| word(plan.state)).collect();
    words.dedup();
    words.join(", ")
}

//! `frameloom bench gpu`: whether a GPU draws what the CPU draws, and what it reaches, in one go.
//!
//! - [`effort`]: which sizes, how often, and within which time; [`ground`]: the GPU and the model that is measured;
//! - [`here`]: what there is; [`truth`]: whether frames are right, with the [`cases`] they are drawn from;
//! - [`bare_loop`]: an engine without actors; [`copies`]: the bus; [`scheduled`]: the same engine behind scheduler and device,
//!   fed by [`walker`]s and counted by [`counted`]; [`limit`]: the least that kernels must move; [`libraries`]: other runtimes;
//! - [`section`], [`report`]: tables for people, and the same as JSON.
//!
//! Each section is printed and written when it is known, so that a session that is cut leaves what it has. Invariant: figures
//! inform, frames decide: the command fails if a frame is wrong or a run breaks, never because something is slow.

mod bare_loop;
mod cases;
mod copies;
mod counted;
mod effort;
mod ground;
mod here;
mod libraries;
mod limit;
mod report;
mod scheduled;
mod section;
mod truth;
mod walker;

use super::exit::Exit;
use crate::config::Config;
use bare_loop::Laps;
use clap::Args;
use effort::{Effort, Size};
use ground::Ground;
use report::Report;
use std::path::PathBuf;

/// How long, and where the numbers go.
#[derive(Clone, Debug, Args)]
pub(super) struct Options {
    /// Minutes that all of it may take; sizes and repetitions follow.
    #[arg(long, default_value_t = 6, value_parser = clap::value_parser!(u32).range(1..=120))]
    minutes: u32,
    /// Write the numbers as JSON, too; again after each section.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Small pictures and few repetitions: says whether all of it works, not how fast it is.
    #[arg(long)]
    quick: bool,
    /// Sizes in place of the usual ones, such as 64x64.
    #[arg(long, hide = true, value_delimiter = ',', value_name = "SIZE")]
    sizes: Vec<Size>,
}

/// Measures, and prints.
///
/// # Errors
/// If the numbers cannot be written.
pub(super) fn run(options: &Options, config: &Config) -> anyhow::Result<Exit> {
    let effort = Effort::new(options.minutes, options.quick, &options.sizes);
    let ground = match Ground::open(config, &effort) {
        Ok(ground) => ground,
        Err(why) => {
            eprintln!("frameloom: no GPU can be measured: {why}");
            return Ok(Exit::Unavailable);
        }
    };
    let mut report = Report::begin(options.json.clone());
    let libraries = libraries::Libraries::find(&ground, config);
    report.add(here::look(&ground, config, &libraries))?;
    let (section, references) = truth::check(&ground, &effort);
    report.add(section)?;
    let mut laps = Laps::default();
    report.add(bare_loop::measure(&ground, &effort, config, &mut laps))?;
    report.add(copies::measure(&ground, &effort, &laps))?;
    report.add(scheduled::measure(&ground, &effort, config, &laps))?;
    report.add(limit::measure(&ground, &effort, &laps))?;
    report.add(libraries.measure(&ground, &effort, &references))?;
    Ok(match report.end()? {
        true => Exit::Ok,
        false => Exit::Failure,
    })
}

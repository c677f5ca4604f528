//! `frameloom doctor`: what this machine has, what of it is used, and what to do about the rest.
//!
//! - [`part`]: asks one library, in a process of its own; [`probe`]: asks all of them, and looks at models and plans;
//! - [`facts`]: what they told; [`findings`], [`choice`]: what follows from that, without looking at anything;
//! - [`mod@print`]: findings for people and for programs.
//!
//! Invariant: whatever is installed, this program does not crash: a library that ends its process ends one that was made to
//! be ended. Of the libraries for GPUs only ONNX Runtime's provider makes anything on one, in such a process: nothing less tells whether
//! it works.

mod choice;
pub mod facts;
pub mod findings;
mod part;
pub mod print;
pub mod probe;

pub use part::Role as PartRole;

use super::exit::Exit;
use crate::config::Config;
use clap::Args;
use findings::Mark;

/// What `doctor` is asked.
#[derive(Clone, Copy, Debug, Args)]
pub struct Options {
    /// For programs: one JSON object.
    #[arg(long)]
    json: bool,
}

/// Looks at everything, and prints it.
///
/// # Errors
/// If not even looking is possible.
pub fn run(options: Options, config: &Config) -> anyhow::Result<Exit> {
    let facts = probe::look(config)?;
    let findings = findings::of(&facts);
    let is_fine = findings.iter().all(|finding| finding.mark != Mark::Trouble);
    match options.json {
        true => println!("{}", print::json(&findings)?),
        false => print!("{}", print::text(&findings, print::verdict(&findings))),
    }
    Ok(match is_fine {
        true => Exit::Ok,
        false => Exit::Failure,
    })
}

/// Answers as one part of the machine: what the hidden command does.
///
/// # Errors
/// If the answer cannot be written.
pub fn answer(role: &PartRole) -> anyhow::Result<Exit> {
    part::answer(role)?;
    Ok(Exit::Ok)
}

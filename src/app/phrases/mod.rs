//! `frameloom bench referee`: how often the referee's rules agree with human referees on recorded bouts.
//!
//! - [`read`]: a file of bouts, and [`json`]: what Python makes of it; [`tally`]: verdicts against humans; [`validate`]: weights fitted and judged on different
//!   bouts, and what is printed of that ([`report`]).
//!
//! Only the winner in the file's own field counts as the human's word; the rules see signals and tracks alone.

mod json;
mod read;
mod report;
mod tally;
mod validate;

use super::exit::Exit;
use anyhow::Context as _;
use clap::Args;
use read::Phrases;
use std::{
    fs::File,
    io::{self, BufReader, Write},
    path::PathBuf,
};
use tally::Tally;

/// Bouts to judge, and how.
#[derive(Clone, Debug, Args)]
pub(super) struct Options {
    /// Recorded bouts: JSON lines, plain or gzip.
    #[arg(long, value_name = "FILE")]
    phrases: PathBuf,
    /// Also fit the rules' weights on parts of the bouts and judge the others by them.
    #[arg(long)]
    cross_validate: bool,
    /// Parts of a cross-validation.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(2..))]
    folds: u32,
    /// Cross-validations, each over other parts.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,
    /// Seed of the parts.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

/// Judges every bout, prints a line for each, and last the agreement. What of the file cannot be read is told on standard error,
/// and makes the command fail at its end. A reader of the output that has seen enough ends it quietly.
///
/// # Errors
/// If the file cannot be read at all, or the output not written.
pub(super) fn run(options: &Options) -> anyhow::Result<Exit> {
    match judge_all(options, &mut io::stdout().lock()) {
        Err(error) if is_broken_pipe(&error) => Ok(Exit::Ok),
        ended => ended,
    }
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let error = error.downcast_ref::<io::Error>();
    error.is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}

fn judge_all(options: &Options, out: &mut impl Write) -> anyhow::Result<Exit> {
    let path = options.phrases.display();
    let file = File::open(&options.phrases).with_context(|| format!("cannot open {path}"))?;
    let mut tally = Tally::default();
    let mut judged = Vec::new();
    let mut is_whole = true;
    let phrases = Phrases::open(BufReader::new(file));
    for entry in phrases.with_context(|| format!("cannot read {path}"))? {
        let entry = match entry {
            Ok(entry) => entry,
            // What was read up to here still counts.
            Err(error) => {
                eprintln!("cannot read {path} any further: {error}");
                is_whole = false;
                break;
            }
        };
        if let Some(remark) = &entry.remark {
            eprintln!("{path}, line {}: {remark}", entry.line);
        }
        if let Err(fault) = &entry.bout {
            eprintln!("{path}, line {}: {fault}", entry.line);
            is_whole = false;
        }
        let Some(name) = entry.name else { continue };
        let verdicts = tally::judge(entry.bout.as_ref().ok());
        writeln!(out, "{}", tally.add(&name, &verdicts))?;
        if let Ok(bout) = entry.bout {
            judged.push((name, bout));
        }
    }
    if options.cross_validate {
        report::print(&judged, options, out)?;
    }
    writeln!(out, "{tally}")?;
    Ok(if is_whole { Exit::Ok } else { Exit::Failure })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bouts of people are not part of the sources, so this needs a file of them.
    #[test]
    fn on_recorded_bouts_the_weighed_facts_beat_the_baseline_and_110_of_136() {
        let Some(path) = std::env::var_os("FRAMELOOM_PHRASES") else {
            eprintln!("skipped: FRAMELOOM_PHRASES names no file of recorded bouts");
            return;
        };
        let file = BufReader::new(File::open(path).unwrap());
        let mut tally = Tally::default();
        for entry in Phrases::open(file).unwrap().map(Result::unwrap) {
            let bout = entry.bout.unwrap();
            tally.add(&entry.name.unwrap(), &tally::judge(Some(&bout)));
        }
        assert!(tally.v2 > tally.v1, "{tally}");
        assert!(tally.v2 * 136 > 110 * tally.bouts, "{tally}");
    }
}

//! What a server reaches: each measurement starts the real program, looks at it from outside, and compares it in the same run
//! with the least that could do the same.
//!
//! - [`engine`], [`latency`], [`fanout`], [`memory`], [`stop`], [`start`], [`verdict`], [`bouts`]: one measurement each;
//! - [`server`]: the program that is measured; [`bout`]: what it judges;
//! - [`child`]: helper processes; [`viewers`], [`writer`]: what these do;
//! - [`proc`], [`stats`], [`report`]: numbers and what is said of them.

pub mod bout;
pub mod bouts;
pub mod child;
pub mod engine;
pub mod fanout;
pub mod latency;
pub mod memory;
pub mod proc;
pub mod report;
pub mod server;
pub mod start;
pub mod stats;
pub mod stop;
pub mod verdict;
pub mod viewers;
pub mod writer;

use anyhow::Context as _;
use clap::{Args, Subcommand, ValueEnum};
use report::{Machine, Report, Section};
use std::{path::PathBuf, time::Duration};

/// What to measure, and how long.
#[derive(Clone, Debug, Args)]
pub struct Options {
    /// What to measure.
    #[arg(value_enum, default_value = "all")]
    what: What,
    /// Write the numbers as JSON, too.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Rounds of a comparison; its two sides take turns. 5 where nothing is said, 3 of `verdict`.
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: Option<u32>,
    /// Seconds of a round.
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..))]
    seconds: u32,
    /// Samples of a latency.
    #[arg(long, default_value_t = 300, value_parser = clap::value_parser!(u32).range(10..))]
    samples: u32,
    /// Viewers of the fan-out.
    #[arg(long, default_value_t = 500, value_parser = clap::value_parser!(u32).range(2..))]
    viewers: u32,
    /// `referee.memory_mb` of the ten bouts at once. One of 1280×720 reserves 56 at its start.
    #[arg(long, default_value_t = 640, value_parser = clap::value_parser!(u32).range(64..))]
    memory_mb: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum What {
    /// Everything.
    All,
    /// Frames through the whole server against a bare loop.
    Engine,
    /// What the server adds to a frame's time.
    Latency,
    /// Many viewers of one stream against a bare writer.
    Fanout,
    /// What sessions and sockets cost.
    Memory,
    /// From SIGTERM to the end.
    Stop,
    /// From the start to `/readyz`.
    Start,
    /// From a bout's last frame to its verdict, against upload and analysis.
    Verdict,
    /// Ten bouts at once: memory, and the verdicts.
    Bouts,
}

/// Helper processes of the benches; not for people.
#[derive(Clone, Debug, Subcommand)]
pub enum Role {
    /// Watches a stream many times.
    Viewers(viewers::Options),
    /// Writes a stream to whoever connects.
    Writer(writer::Options),
}

/// How long and how often, for every measurement.
#[derive(Clone, Copy, Debug)]
pub struct Effort {
    /// Rounds of a comparison.
    pub rounds: u32,
    /// Rounds of `verdict`, each of which takes longer than a bout.
    pub verdicts: u32,
    /// Length of a round.
    pub round: Duration,
    /// Samples of a latency.
    pub samples: usize,
    /// Viewers of the fan-out.
    pub viewers: usize,
    /// Memory that ten bouts may hold together, in MiB.
    pub memory_mb: u32,
}

/// Measures, and prints; gives whether every target was met.
///
/// # Errors
/// If something could not be measured at all.
#[expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command that answers on standard output"
)]
pub fn run(options: &Options) -> anyhow::Result<bool> {
    let runtime = tokio::runtime::Runtime::new()?;
    let effort = Effort {
        rounds: options.rounds.unwrap_or(5),
        verdicts: options.rounds.unwrap_or(3),
        round: Duration::from_secs(options.seconds.into()),
        samples: options.samples as usize,
        viewers: options.viewers as usize,
        memory_mb: options.memory_mb,
    };
    let mut report = Report {
        machine: Machine::here(),
        sections: Vec::new(),
    };
    println!("{}", report.machine);
    if cfg!(debug_assertions) {
        eprintln!("this is a debug build: its numbers say nothing, build with --release");
    }
    for what in options.what.each() {
        let section = runtime
            .block_on(what.measure(effort))
            .with_context(|| format!("bench {what:?}"))?;
        print!("{section}");
        report.sections.push(section);
    }
    report.machine.load_after = proc::load();
    println!("\n{}", report.machine);
    if let Some(path) = &options.json {
        let json = serde_json::to_vec_pretty(&report)?;
        std::fs::write(path, json).with_context(|| path.display().to_string())?;
    }
    Ok(report.sections.iter().all(Section::is_met))
}

/// Runs a helper's role to its end.
///
/// # Errors
/// If it cannot do its part.
pub fn play(role: &Role) -> anyhow::Result<()> {
    // One thread: a baseline shall be the cheapest there is, and viewers shall leave the machine to the server.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        match role {
            Role::Viewers(options) => viewers::run(options).await,
            Role::Writer(options) => writer::run(options).await,
        }
    })
}

impl What {
    fn each(self) -> Vec<Self> {
        use What::{All, Bouts, Engine, Fanout, Latency, Memory, Start, Stop, Verdict};
        match self {
            All => vec![Start, Stop, Engine, Latency, Fanout, Memory, Verdict, Bouts],
            one => vec![one],
        }
    }

    async fn measure(self, effort: Effort) -> anyhow::Result<Section> {
        match self {
            Self::Engine => engine::measure(effort).await,
            Self::Latency => latency::measure(effort).await,
            Self::Fanout => fanout::measure(effort).await,
            Self::Memory => memory::measure().await,
            Self::Stop => stop::measure().await,
            Self::Verdict => verdict::measure(effort).await,
            Self::Bouts => bouts::measure(effort).await,
            Self::Start | Self::All => start::measure(effort).await,
        }
    }
}

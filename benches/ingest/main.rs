//! A referee's upload: 1080p JPEGs of about 200 KB over loopback, spooled to disk, against servers that do no more than that.
//!
//! `cargo bench --bench ingest`; `-- --help` has the options. Each server runs in a process of its own and each round begins with
//! fresh ones; the same load generator, another process, speaks the same bytes to all of them and checks every byte of every
//! acknowledgement. The figures are the server's CPU a message and the messages a second; the disk's own writing is the kernel's
//! affair and in nobody's figure. Ratios are taken round by round.
//!
//! - `peers`: the servers, how they are started and what they are told; `bare`: the two in Rust; `store.py`: the one in Python;
//! - `load`: the load generator; `wire`: its WebSocket; `table`: what the rounds say.

mod bare;
mod load;
mod peers;
mod table;
mod wire;

use anyhow::Context as _;
use clap::{Parser, Subcommand};
use frameloom::client::bench::{
    child::Helper,
    proc,
    report::{Machine, Report, Section},
};
use load::{Load, Shape};
use peers::{Peer, Running};
use std::{path::PathBuf, process::ExitCode};
use table::Figure;

/// What to measure, and how long.
#[derive(Debug, Parser)]
struct Options {
    #[command(subcommand)]
    role: Option<Role>,
    /// Rounds; in each of them every server has its turn in every shape.
    #[arg(long, default_value_t = 9, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,
    /// Messages that are counted of one server in one shape and round, all connections together. Each has about 200 KB. Many
    /// short rounds are better than few long ones: the longer a file, the more of it lies in memory that was never used before,
    /// and in a virtual machine that costs several times as much.
    #[arg(long, default_value_t = 600, value_parser = clap::value_parser!(u32).range(16..))]
    messages: u32,
    /// Where the servers write; what a server wrote goes with it.
    #[arg(long, default_value = env!("CARGO_TARGET_TMPDIR"), value_name = "DIR")]
    dir: PathBuf,
    /// A Python with the packages of `benches/ingest/requirements.txt`; else one is made under `target`.
    #[arg(long, value_name = "PROGRAM")]
    python: Option<PathBuf>,
    /// Write the numbers as JSON, too.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// What cargo says to every bench.
    #[arg(long, hide = true)]
    bench: bool,
}

/// Helper processes; not for people.
#[derive(Debug, Subcommand)]
enum Role {
    /// Takes uploads with tungstenite.
    Tungstenite(bare::Options),
    /// Takes uploads with fastwebsockets.
    Fastwebsockets(bare::Options),
    /// Uploads.
    Load(load::Options),
}

fn main() -> anyhow::Result<ExitCode> {
    let options = Options::parse();
    match &options.role {
        Some(Role::Tungstenite(to)) => bare::run(bare::tungstenite, to)?,
        Some(Role::Fastwebsockets(to)) => bare::run(bare::fastwebsockets, to)?,
        Some(Role::Load(what)) => load::run(what)?,
        None => return measure(&options),
    }
    Ok(ExitCode::SUCCESS)
}

fn measure(options: &Options) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Runtime::new()?;
    let mut report = Report {
        machine: Machine::here(),
        sections: Vec::new(),
    };
    println!("{}", report.machine);
    let folder = tempfile::tempdir_in(&options.dir).context("--dir")?;
    let pictures = load::pictures(folder.path())?;
    let (peers, notes) = peers::all(options.python.as_deref(), |peer| {
        let load = Load::new(Shape::Deep, 300, &pictures);
        Ok(runtime.block_on(figure(peer, &load, options))?.cpu)
    });
    let mut rounds = Vec::new();
    for round in 1..=options.rounds {
        for shape in Shape::ALL {
            let load = Load::new(shape, options.messages, &pictures);
            for peer in &peers {
                let figure = runtime.block_on(figure(peer, &load, options));
                let figure = figure.with_context(|| format!("{}, {shape:?}", peer.name()))?;
                rounds.push((shape, peer.clone(), figure));
            }
        }
        eprintln!(
            "round {round} of {} done, load {:.1}",
            options.rounds,
            proc::load()
        );
    }
    for shape in Shape::ALL {
        let mut section = table::section(shape, &peers, &rounds);
        notes.iter().for_each(|note| section.note(note.as_str()));
        print!("{section}");
        report.sections.push(section);
    }
    report.machine.load_after = proc::load();
    println!("\n{}", report.machine);
    if let Some(path) = &options.json {
        std::fs::write(path, serde_json::to_vec_pretty(&report)?).context("--json")?;
    }
    let met = report.sections.iter().all(Section::is_met);
    Ok(ExitCode::from(u8::from(!met)))
}

/// One server in one shape: started, warmed up, measured, removed with all that it wrote.
async fn figure(peer: &Peer, load: &Load<'_>, options: &Options) -> anyhow::Result<Figure> {
    let folder = tempfile::tempdir_in(&options.dir)?;
    let server = Running::start(peer, folder.path()).await?;
    let mut client = Helper::start(&load.args(server.at()))?;
    // It has warmed the server up.
    client.line()?;
    let before = proc::cpu_of_threads(server.id())?;
    let seconds: f64 = client.ask("go")?.parse()?;
    let spent = proc::cpu_of_threads(server.id())? - before;
    Ok(Figure {
        cpu: 1e3 * spent.as_secs_f64() / f64::from(load.messages()),
        rate: f64::from(load.messages()) / seconds,
    })
}

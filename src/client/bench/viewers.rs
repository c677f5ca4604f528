//! The role of an audience: many viewers of one stream in a process of their own, and some that never read.
//!
//! It says `ready` when all have their answer's head, and the parts that each has got, as a JSON list, whenever it is told
//! `report`. It ends with its standard input.

use crate::client::{
    http::request,
    mjpeg::{End, Video},
};
use anyhow::Context as _;
use std::{cell::Cell, io::Write as _, net::SocketAddr, rc::Rc};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader},
    net::TcpStream,
    task::LocalSet,
};

/// Whom to watch.
#[derive(Clone, Debug, clap::Args)]
pub struct Options {
    /// Where the stream is.
    #[arg(long)]
    at: SocketAddr,
    /// Its path.
    #[arg(long)]
    path: String,
    /// Viewers that read.
    #[arg(long, default_value_t = 0)]
    reading: usize,
    /// Viewers that never read.
    #[arg(long, default_value_t = 0)]
    stalled: usize,
}

/// The command line of an audience.
pub fn args(at: SocketAddr, path: &str, reading: usize, stalled: usize) -> Vec<String> {
    let numbers = [
        format!("--reading={reading}"),
        format!("--stalled={stalled}"),
    ];
    let words = ["bench-role", "viewers"].map(str::to_owned);
    let place = [format!("--at={at}"), format!("--path={path}")];
    words.into_iter().chain(place).chain(numbers).collect()
}

/// Watches until standard input ends.
///
/// # Errors
/// If the stream cannot be opened.
pub async fn run(options: &Options) -> anyhow::Result<()> {
    LocalSet::new().run_until(watch_all(options)).await
}

async fn watch_all(options: &Options) -> anyhow::Result<()> {
    let mut counts = Vec::new();
    for _ in 0..options.reading {
        let video = Video::open(options.at, &options.path).await?;
        let count = Rc::new(Cell::new(0));
        tokio::task::spawn_local(watch(video, Rc::clone(&count)));
        counts.push(count);
    }
    let mut stalled = Vec::new();
    for _ in 0..options.stalled {
        stalled.push(stall(options).await?);
    }
    say("ready")?;
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    while let Some(line) = lines.next_line().await? {
        if line == "report" {
            let counts: Vec<u64> = counts.iter().map(|count| count.get()).collect();
            say(&serde_json::to_string(&counts)?)?;
        }
    }
    Ok(())
}

async fn watch(mut video: Video, count: Rc<Cell<u64>>) -> End {
    loop {
        match video.read().await {
            Ok(parts) => count.set(count.get() + parts),
            Err(end) => return end,
        }
    }
}

/// Asks for the stream and reads nothing of it.
async fn stall(options: &Options) -> anyhow::Result<TcpStream> {
    let mut stream = TcpStream::connect(options.at).await?;
    let head = request("GET", &options.path, options.at, None);
    stream.write_all(head.as_bytes()).await?;
    Ok(stream)
}

/// A line on standard output, at once.
///
/// # Errors
/// If nobody listens.
pub fn say(line: &str) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}").context("standard output")?;
    Ok(out.flush()?)
}

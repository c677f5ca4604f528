//! Frames through the whole server against a bare loop of the same model, conversion and encoder in another process.
//!
//! Both walk through the same picture at the same speed, so the model draws alike and changes its reference picture alike.
//! They take turns round by round; both use the processors that the bench itself may use.

use super::{
    Effort,
    child::Helper,
    report::{Row, Section, Target},
    server::Server,
    stats::Samples,
};
use crate::client::mjpeg::Video;
use serde::{Deserialize, Serialize};
use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};
use tokio::time::sleep;

/// Before a round counts: the walk has come to its speed, and caches are warm.
const WARM: Duration = Duration::from_millis(500);

/// What a bare loop did; it prints this as JSON.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct LoopDone {
    /// Frames encoded.
    pub frames: u64,
    /// In so many seconds.
    pub seconds: f64,
    /// Of so many seconds of CPU time.
    pub cpu: f64,
}

/// One side's numbers, round by round.
#[derive(Default)]
struct Side {
    rate: Vec<f64>,
    cpu: Vec<f64>,
}

/// Measures.
///
/// # Errors
/// If the server does not come up.
pub async fn measure(effort: Effort) -> anyhow::Result<Section> {
    let server = Server::start(&[("gamecraft.pacing", "false".into())]).await?;
    let picture = server.picture().await?;
    let [mut whole, mut bare, mut overlapped] = [(); 3].map(|()| Side::default());
    for _ in 0..effort.rounds {
        bare.add(run_loop(&picture, effort.round, false)?);
        whole.add(through(&server, &picture, effort.round).await?);
        overlapped.add(run_loop(&picture, effort.round, true)?);
    }
    Ok(tell(effort, whole, bare, overlapped))
}

/// One round of the server: W is held in a new world, and the frames that a viewer gets are counted.
///
/// A new one, because the loop begins anew, too: how far a walk has come decides what the model has to do.
async fn through(server: &Server, picture: &[u8], round: Duration) -> anyhow::Result<LoopDone> {
    let world = server.world(picture, (608, 352)).await?;
    let seen = Arc::new(AtomicU64::new(0));
    let video = Video::open(server.gamecraft()?, &world.video()).await?;
    let viewer = tokio::spawn(count(video, Arc::clone(&seen)));
    let key = world.walk().await?;
    sleep(WARM).await;
    let (began, before, cpu) = (Instant::now(), seen.load(Relaxed), server.cpu()?);
    sleep(round).await;
    let done = LoopDone {
        frames: seen.load(Relaxed) - before,
        seconds: began.elapsed().as_secs_f64(),
        cpu: (server.cpu()? - cpu).as_secs_f64(),
    };
    drop(key);
    world.stop().await?;
    // It ends with its stream.
    viewer.await?;
    Ok(done)
}

fn run_loop(picture: &[u8], round: Duration, overlap: bool) -> anyhow::Result<LoopDone> {
    let mut args = vec![
        "bench-role".to_owned(),
        "loop".to_owned(),
        format!("--picture-bytes={}", picture.len()),
        format!("--warm-ms={}", WARM.as_millis()),
        format!("--millis={}", round.as_millis()),
    ];
    args.extend(overlap.then(|| "--overlap".to_owned()));
    let mut helper = Helper::start(&args)?;
    helper.tell(picture)?;
    Ok(serde_json::from_str(&helper.line()?)?)
}

async fn count(mut video: Video, seen: Arc<AtomicU64>) {
    while let Ok(parts) = video.read().await {
        seen.fetch_add(parts, Relaxed);
    }
}

impl Side {
    fn add(&mut self, done: LoopDone) {
        self.rate.push(done.frames as f64 / done.seconds);
        self.cpu.push(1e3 * done.cpu / done.frames as f64);
    }

    fn rates(&self) -> Samples {
        self.rate.iter().copied().collect()
    }

    fn cpus(&self) -> Samples {
        self.cpu.iter().copied().collect()
    }
}

/// Round by round, so that what disturbs the machine for a while disturbs both sides of a ratio.
fn ratio(ours: &[f64], theirs: &[f64]) -> Samples {
    ours.iter()
        .zip(theirs)
        .map(|(a, b)| 100.0 * a / b)
        .collect()
}

fn tell(effort: Effort, whole: Side, bare: Side, overlapped: Side) -> Section {
    let mut section = Section::new("engine");
    section.note(format!(
        "608×352, JPEG quality 90, pacing off, one viewer; {} rounds of {} s, taking turns",
        effort.rounds,
        effort.round.as_secs()
    ));
    section.note("loop: model, conversion and encoder one after another; overlapped: the encoder on a second thread");
    section.row(Row::median("server", &whole.rates(), "frames/s"));
    section.row(Row::median("loop", &bare.rates(), "frames/s"));
    section.row(Row::median(
        "loop, overlapped",
        &overlapped.rates(),
        "frames/s",
    ));
    section.row(
        Row::median("server / loop", &ratio(&whole.rate, &bare.rate), "%")
            .target(Target::AtLeast(92.0)),
    );
    section.row(Row::median(
        "server / overlapped loop",
        &ratio(&whole.rate, &overlapped.rate),
        "%",
    ));
    section.row(Row::median("server, CPU a frame", &whole.cpus(), "ms"));
    section.row(Row::median("loop, CPU a frame", &bare.cpus(), "ms"));
    section.row(Row::median(
        "loop, overlapped, CPU a frame",
        &overlapped.cpus(),
        "ms",
    ));
    section.row(Row::median(
        "loop / server, CPU a frame",
        &ratio(&bare.cpu, &whole.cpu),
        "%",
    ));
    section
}

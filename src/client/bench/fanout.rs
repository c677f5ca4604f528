//! Many viewers of one stream, against a bare writer of the same bytes; then some that stop reading.
//!
//! A walk from standstill to standstill is counted whole: each viewer's parts against the frames shown, with no edges to
//! guess. The server's CPU time for viewers is that of a walk with all of them less that of a walk with one, so that the
//! model and the encoder, which cost the same for both, drop out.

use super::{
    Effort,
    child::Helper,
    proc,
    report::{Row, Section, Target},
    server::{Server, World},
    stats::Samples,
    viewers, writer,
};
use anyhow::bail;
use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};
use tokio::time::sleep;

const FPS: u32 = 30;

/// Gives frames of about 20 kB of the sample picture.
const SIZE: (u32, u32) = (416, 240);

/// As the server's default has it.
const SEND_BUFFER: usize = 131_072;

/// Viewers that stop reading.
const STALLED: usize = 50;

/// As the server's default has it.
const WRITE_TIMEOUT: Duration = Duration::from_secs(5);

/// The kernel may take so much longer to notice, as its own timer runs anew with each attempt.
const GRACE: Duration = Duration::from_secs(5);

/// How often the stalled are looked at.
const LOOK: Duration = Duration::from_millis(100);

/// What the last bytes of a walk may take to be read.
const SETTLE: Duration = Duration::from_millis(500);

/// One walk, or one writing.
#[derive(Clone, Debug, Default)]
struct Walk {
    frames: u64,
    seconds: f64,
    cpu: Duration,
    /// Parts of each viewer.
    parts: Vec<u64>,
}

/// Measures.
///
/// # Errors
/// If the server does not come up.
pub async fn measure(effort: Effort) -> anyhow::Result<Section> {
    let server = Server::start(&[]).await?;
    let world = server.world(&server.picture().await?, SIZE).await?;
    let n = effort.viewers;
    let bytes = frame_bytes(&server, &world).await?;
    let bench = Bench {
        at: server.gamecraft()?,
        server: &server,
        world: &world,
        round: effort.round,
    };
    let (mut alone, mut full, mut bare) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..effort.rounds {
        alone.push(bench.walk(1).await?);
        full.push(bench.walk(n).await?);
        bare.push(write(bytes, n, effort.round).await?);
    }
    let mut section = Section::new("fanout");
    section.note(format!(
        "{n} viewers of one stream of {}×{} at {FPS} fps, {:.1} kB a frame; {} rounds of {} s",
        SIZE.0,
        SIZE.1,
        bytes as f64 / 1e3,
        effort.rounds,
        effort.round.as_secs()
    ));
    section.note("CPU a frame and viewer: (walk with all viewers − walk with one) / viewers; the writer's alike, whole");
    compare(&alone, &full, &bare, &mut section);
    bench.stall(n, &mut section).await?;
    Ok(section)
}

/// Mean bytes of a frame and what stands around it.
async fn frame_bytes(server: &Server, world: &World) -> anyhow::Result<usize> {
    let mut video = crate::client::mjpeg::Video::open(server.gamecraft()?, &world.video()).await?;
    let key = world.walk().await?;
    let mut parts = 0;
    while parts < u64::from(2 * FPS) {
        match video.read().await {
            Ok(more) => parts += more,
            Err(end) => bail!("the stream ended: {end:?}"),
        }
    }
    drop(key);
    Ok(usize::try_from(video.bytes / parts)?)
}

struct Bench<'a> {
    at: SocketAddr,
    server: &'a Server,
    world: &'a World,
    round: Duration,
}

impl Bench<'_> {
    /// One walk, from standstill to standstill, before so many viewers.
    async fn walk(&self, viewers: usize) -> anyhow::Result<Walk> {
        let mut audience = Helper::start(&viewers::args(self.at, &self.world.video(), viewers, 0))?;
        audience.line()?;
        let shown = self.world.rest().await?;
        let before: Vec<u64> = serde_json::from_str(&audience.ask("report")?)?;
        let (began, cpu) = (Instant::now(), self.server.cpu()?);
        let key = self.world.walk().await?;
        sleep(self.round).await;
        let (so_far, seconds) = (
            self.world.view().await?.frames,
            began.elapsed().as_secs_f64(),
        );
        drop(key);
        let frames = self.world.rest().await? - shown;
        let cpu = self.server.cpu()? - cpu;
        sleep(SETTLE).await;
        let after: Vec<u64> = serde_json::from_str(&audience.ask("report")?)?;
        Ok(Walk {
            frames,
            // The time of all its frames, at the rate that it had while the key was held.
            seconds: seconds * frames as f64 / (so_far - shown) as f64,
            cpu,
            parts: after.iter().zip(before).map(|(a, b)| a - b).collect(),
        })
    }

    /// A walk before viewers of whom some never read.
    async fn stall(&self, n: usize, section: &mut Section) -> anyhow::Result<()> {
        let path = self.world.video();
        let mut audience = Helper::start(&viewers::args(self.at, &path, n, 0))?;
        audience.line()?;
        let shown = self.world.rest().await?;
        let before: Vec<u64> = serde_json::from_str(&audience.ask("report")?)?;
        let quiet = Costs::now(self.server, self.at)?;
        let mut stalled = Helper::start(&viewers::args(self.at, &path, 0, STALLED))?;
        stalled.line()?;
        while self.world.view().await?.viewers < n + STALLED {
            sleep(LOOK).await;
        }
        let key = self.world.walk().await?;
        let (peak, cut) = self.watch_stalled(n).await?;
        drop(key);
        let frames = self.world.rest().await? - shown;
        sleep(SETTLE).await;
        let after: Vec<u64> = serde_json::from_str(&audience.ask("report")?)?;
        let parts = after.iter().zip(before).map(|(a, b)| a - b).collect();
        let walk = Walk {
            frames,
            parts,
            ..Walk::default()
        };
        let each = |bytes: u64, of: u64| bytes.saturating_sub(of) as f64 / STALLED as f64 / 1024.0;
        let mib = |bytes: u64| bytes as f64 / 1048576.0;
        section.row(
            Row::of(
                format!("with {STALLED} stalled: the others' worst miss"),
                walk.worst_miss(),
                "%",
            )
            .target(Target::AtMost(1.0)),
        );
        section.row(
            Row::of(
                "stalled: server memory each",
                each(peak.resident, quiet.resident),
                "KiB",
            )
            .target(Target::AtMost(128.0)),
        );
        section.row(
            Row::of(
                "stalled: kernel, their send queues together",
                mib(peak.queues),
                "MiB",
            )
            .target(Target::AtMost(32.0)),
        );
        section.row(Row::of(
            "stalled: kernel, growth of all TCP memory, both ends",
            mib(peak.tcp.saturating_sub(quiet.tcp)),
            "MiB",
        ));
        let limit = (WRITE_TIMEOUT + GRACE).as_secs_f64();
        section.row(Row::of("stalled: all cut after", cut, "s").target(Target::AtMost(limit)));
        Ok(())
    }

    /// The largest costs until only `n` viewers are left, and how long that took.
    async fn watch_stalled(&self, n: usize) -> anyhow::Result<(Costs, f64)> {
        let began = Instant::now();
        let mut peak = Costs::default();
        while began.elapsed() < 4 * WRITE_TIMEOUT {
            peak = peak.max(Costs::now(self.server, self.at)?);
            if self.world.view().await?.viewers <= n {
                return Ok((peak, began.elapsed().as_secs_f64()));
            }
            sleep(LOOK).await;
        }
        Ok((peak, f64::INFINITY))
    }
}

/// What viewers cost at a moment, in bytes.
#[derive(Clone, Copy, Debug, Default)]
struct Costs {
    resident: u64,
    queues: u64,
    tcp: u64,
}

impl Costs {
    fn now(server: &Server, at: SocketAddr) -> anyhow::Result<Self> {
        Ok(Self {
            resident: server.resident()?,
            queues: proc::send_queues(at.port())?,
            tcp: proc::tcp_memory()?,
        })
    }

    fn max(self, other: Self) -> Self {
        Self {
            resident: self.resident.max(other.resident),
            queues: self.queues.max(other.queues),
            tcp: self.tcp.max(other.tcp),
        }
    }
}

/// One writing of the bare writer, as long as a walk.
async fn write(bytes: usize, viewers: usize, round: Duration) -> anyhow::Result<Walk> {
    let frames = (round.as_secs_f64() * f64::from(FPS)) as u64;
    let mut writer = Helper::start(&writer::args(bytes, FPS, SEND_BUFFER))?;
    let at = writer.line()?.parse()?;
    let mut audience = Helper::start(&viewers::args(at, "/", viewers, 0))?;
    audience.line()?;
    let (began, cpu) = (Instant::now(), writer.cpu()?);
    writer.ask(&format!("go {frames}"))?;
    let seconds = began.elapsed().as_secs_f64();
    sleep(SETTLE).await;
    let cpu = writer.cpu()? - cpu;
    let parts = serde_json::from_str(&audience.ask("report")?)?;
    Ok(Walk {
        frames,
        seconds,
        cpu,
        parts,
    })
}

impl Walk {
    /// Share of the frames that the unluckiest viewer did not get, in percent.
    fn worst_miss(&self) -> f64 {
        let least = self.parts.iter().min().copied().unwrap_or(0);
        100.0 * (1.0 - least as f64 / self.frames as f64)
    }

    fn rate(&self) -> f64 {
        self.frames as f64 / self.seconds
    }

    /// Microseconds of CPU time a frame.
    fn cpu_a_frame(&self) -> f64 {
        1e6 * self.cpu.as_secs_f64() / self.frames as f64
    }
}

fn compare(alone: &[Walk], full: &[Walk], bare: &[Walk], section: &mut Section) {
    let per_viewer = |full: &Walk, alone: &Walk| {
        (full.cpu_a_frame() - alone.cpu_a_frame()) / (full.parts.len() - alone.parts.len()) as f64
    };
    let ours: Vec<f64> = full
        .iter()
        .zip(alone)
        .map(|(f, a)| per_viewer(f, a))
        .collect();
    let theirs: Vec<f64> = bare
        .iter()
        .map(|walk| walk.cpu_a_frame() / walk.parts.len() as f64)
        .collect();
    let ratios: Samples = ours.iter().zip(&theirs).map(|(a, b)| a / b).collect();
    let of = |walks: &[Walk], f: &dyn Fn(&Walk) -> f64| walks.iter().map(f).collect::<Samples>();
    let misses = of(full, &Walk::worst_miss);
    section.row(Row::median(
        "worst viewer's misses, of each round",
        &misses,
        "%",
    ));
    section.row(
        Row::of("worst viewer's misses, of all rounds", misses.max(), "%")
            .target(Target::AtMost(1.0)),
    );
    section.row(Row::median(
        "bare writer, worst viewer's misses",
        &of(bare, &Walk::worst_miss),
        "%",
    ));
    let rate = of(full, &Walk::rate);
    section.row(
        Row::median("frames shown in a second", &rate, "")
            .target(Target::AtLeast(0.99 * f64::from(FPS))),
    );
    section.row(Row::median(
        "one viewer: frames shown in a second",
        &of(alone, &Walk::rate),
        "",
    ));
    section.row(Row::median(
        "server, CPU a frame and viewer",
        &ours.into_iter().collect(),
        "µs",
    ));
    section.row(Row::median(
        "bare writer, CPU a frame and viewer",
        &theirs.into_iter().collect(),
        "µs",
    ));
    section.row(Row::median("server / bare writer", &ratios, "times").target(Target::AtMost(1.3)));
}

//! What the server adds to the time between an action and its frame, beyond the model and the wait for the beat.
//!
//! Two views of the same frames: from outside, from before the action is sent until its frame has been read; and the
//! server's own stages, from the action's bytes read to the frame's bytes handed to the socket. The first has the client's
//! wake-ups in it, so a sleeper's wake-ups are measured beside it.

use super::{
    Effort,
    report::{Row, Section, Target},
    server::{KEY_W, Server, World},
    stats::Samples,
};
use crate::{
    client::{
        http::Http,
        mjpeg::Video,
        socket::{self, Event, FrameHead, Socket},
    },
    media::Stage,
};
use anyhow::bail;
use std::{
    sync::mpsc::{RecvTimeoutError, Sender, channel},
    time::{Duration, Instant},
};
use tokio::time::{sleep, timeout};

/// A beat of 30 frames a second.
const BEAT: Duration = Duration::from_micros(33_333);

/// No frame for so long: the world stands still.
const STILL: Duration = Duration::from_millis(120);

/// Time between a frame and the next action of the walk: two beats and a part of one that differs each time, as a person's
/// keys know nothing of the beat.
fn step(id: u64) -> Duration {
    2 * BEAT + BEAT.mul_f64((id * 7919 % 100) as f64 / 100.0)
}

/// Time between two `/control` requests: slow enough for the limit of a stream.
const CONTROL: Duration = Duration::from_millis(13);

/// An action so slow and short that the world stands still again soon.
const NUDGE: f32 = 0.008;

/// One action and its frame.
struct Sample {
    outside: Duration,
    frame: FrameHead,
}

/// Measures.
///
/// # Errors
/// If the server does not come up.
pub async fn measure(effort: Effort) -> anyhow::Result<Section> {
    let server = Server::start(&[("gamecraft.action_hold_ms", "60".into())]).await?;
    let world = server.world(&server.picture().await?, (608, 352)).await?;
    let sleeper = Sleeper::start();
    let moving = moving(&server, &world, effort.samples).await?;
    let still = still(&server, &world, effort.samples).await?;
    let control = control(&server, &world, 3 * effort.samples).await?;
    let mut section = Section::new("latency");
    section.note(format!(
        "608×352 at 30 fps, one session, one WebSocket; {} actions walking, {} from a standstill",
        moving.len(),
        still.len()
    ));
    section.note("added: without the model's time and the wait for the beat; inside: the server's own stages");
    describe("walking", &moving, &mut section);
    describe("from a standstill", &still, &mut section);
    let p99 = control.percentile(0.99);
    section.row(Row::of(
        "/control while video runs, p50",
        control.median(),
        "ms",
    ));
    section.row(Row::of("/control while video runs, p99", p99, "ms").target(Target::AtMost(2.0)));
    let wakes = sleeper.stop();
    section.row(Row::of(
        "this machine wakes a sleeper late by, p50",
        wakes.median(),
        "ms",
    ));
    section.row(Row::of(
        "this machine wakes a sleeper late by, p99",
        wakes.percentile(0.99),
        "ms",
    ));
    Ok(section)
}

/// Actions while the world moves.
async fn moving(server: &Server, world: &World, n: usize) -> anyhow::Result<Vec<Sample>> {
    let mut socket = Socket::open(server.gamecraft()?, &world.socket()).await?;
    let mut samples = Vec::with_capacity(n);
    for id in 1..=n as u64 {
        samples.push(act(&mut socket, 0.5, id).await?);
        drain(&mut socket, step(id)).await?;
    }
    Ok(samples)
}

/// Actions while the world stands still.
async fn still(server: &Server, world: &World, n: usize) -> anyhow::Result<Vec<Sample>> {
    let mut socket = Socket::open(server.gamecraft()?, &world.socket()).await?;
    let mut samples = Vec::with_capacity(n);
    for id in 1..=n as u64 {
        while timeout(STILL, live_frame(&mut socket)).await.is_ok() {}
        samples.push(act(&mut socket, NUDGE, id).await?);
    }
    Ok(samples)
}

/// Round trips of `/control` while another viewer watches the walk that it makes.
async fn control(server: &Server, world: &World, n: usize) -> anyhow::Result<Samples> {
    let at = server.gamecraft()?;
    let mut video = Video::open(at, &world.video()).await?;
    let viewer = tokio::spawn(async move { while video.read().await.is_ok() {} });
    let mut http = Http::connect(at).await?;
    let path = world.control();
    let mut took = Vec::with_capacity(n);
    for _ in 0..n {
        let began = Instant::now();
        let reply = http.post(&path, KEY_W).await?;
        took.push(millis(began.elapsed()));
        if reply.status != 200 {
            bail!("/control: status {}", reply.status);
        }
        sleep(CONTROL).await;
    }
    viewer.abort();
    Ok(took.into_iter().collect())
}

/// Sends an action, and waits for the first frame that answers it.
async fn act(socket: &mut Socket, speed: f32, id: u64) -> anyhow::Result<Sample> {
    let sent = Instant::now();
    socket.send(socket::action('w', speed, id)).await?;
    loop {
        let frame = live_frame(socket).await?;
        if frame.action.0 == id {
            let outside = sent.elapsed();
            return Ok(Sample { outside, frame });
        }
    }
}

async fn live_frame(socket: &mut Socket) -> anyhow::Result<FrameHead> {
    loop {
        match socket.next().await {
            Event::Frame(frame) if frame.live => return Ok(frame),
            Event::Closed(code) => bail!("the socket closed with {code:?}"),
            Event::Frame(_) | Event::Other => {}
        }
    }
}

/// Reads on for a while.
async fn drain(socket: &mut Socket, time: Duration) -> anyhow::Result<()> {
    let end = tokio::time::Instant::now() + time;
    while let Ok(frame) = tokio::time::timeout_at(end, live_frame(socket)).await {
        frame?;
    }
    Ok(())
}

impl Sample {
    /// The model's own time and the wait for the beat.
    fn not_ours(&self) -> Duration {
        self.frame.stages.get(Stage::Infer) + self.frame.stages.get(Stage::Tick)
    }

    fn added_outside(&self) -> f64 {
        millis(self.outside.saturating_sub(self.not_ours()))
    }

    fn added_inside(&self) -> f64 {
        millis(self.frame.stages.total() - self.not_ours())
    }
}

fn describe(how: &str, samples: &[Sample], section: &mut Section) {
    let of = |f: &dyn Fn(&Sample) -> f64| samples.iter().map(f).collect::<Samples>();
    let (inside, outside) = (of(&Sample::added_inside), of(&Sample::added_outside));
    let limit = Target::AtMost(5.0);
    let row = |what: &str, value: f64| Row::of(format!("{how}: {what}"), value, "ms");
    section.row(row("added inside, p50", inside.median()));
    section.row(row("added inside, p99", inside.percentile(0.99)).target(limit));
    section.row(row("added outside, p50", outside.median()));
    section.row(row("added outside, p99", outside.percentile(0.99)).target(limit));
    let mut stages = Vec::new();
    for stage in Stage::ALL {
        let times = of(&|sample| millis(sample.frame.stages.get(stage)));
        stages.push(format!(
            "{} {:.2}/{:.2}",
            stage.name(),
            times.median(),
            times.percentile(0.99)
        ));
    }
    let tick = of(&|sample| millis(sample.frame.stages.get(Stage::Tick)));
    section.row(row("wait for the beat, p50", tick.median()));
    section.row(row("wait for the beat, max", tick.max()));
    let infer = of(&|sample| millis(sample.frame.stages.get(Stage::Infer)));
    section.row(row("the model, p50", infer.median()));
    section.note(format!(
        "{how}, stages in ms, p50/p99: {}",
        stages.join(", ")
    ));
}

/// A thread that does nothing but sleep: how late it wakes is the machine's own part.
struct Sleeper {
    stop: Sender<()>,
    thread: std::thread::JoinHandle<Vec<f64>>,
}

impl Sleeper {
    fn start() -> Self {
        const NAP: Duration = Duration::from_millis(5);
        let (stop, told) = channel();
        let thread = std::thread::spawn(move || {
            let mut late = Vec::new();
            let mut began = Instant::now();
            while told.recv_timeout(NAP) == Err(RecvTimeoutError::Timeout) {
                late.push(millis(began.elapsed().saturating_sub(NAP)));
                began = Instant::now();
            }
            late
        });
        Self { stop, thread }
    }

    fn stop(self) -> Samples {
        drop(self.stop);
        self.thread.join().unwrap_or_default().into_iter().collect()
    }
}

fn millis(time: Duration) -> f64 {
    1e3 * time.as_secs_f64()
}

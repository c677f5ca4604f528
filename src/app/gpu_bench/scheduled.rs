//! The same engine behind the server's own scheduler and device, fed by sessions that only walk.
//!
//! All actors live on one thread, as scheduler and sessions of a server do (`sessions.threads`); the device has its own. Frames
//! are dropped where a server would encode them. What the server has to do for a frame besides is not measured here.

use super::{
    bare_loop::Laps,
    counted::{Counted, Counts, Ran},
    effort::{Effort, Size},
    ground::Ground,
    section::{Column, Section},
    walker::{Beat, Seen, Setting, Stop, Walker},
};
use crate::{
    actors::{
        board::Board,
        cuda::{Cuda, CudaConfig, Gpus},
        post::post,
        scheduler::{Attach, Detach, Scheduler},
    },
    client::bench::{
        report::{Row, Target},
        stats::Samples,
    },
    config::Config,
    engine::{
        Backend, EngineKey, LoadState,
        cuda::{Gpu, ptx::Ptx},
    },
    session::SessionId,
};
use actix::prelude::*;
use anyhow::{Context as _, anyhow, bail};
use std::{
    cell::RefCell,
    rc::Rc,
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::{
    sync::{mpsc, oneshot},
    time::sleep,
};

/// Part of all the time, and the longest that one run counts.
const SHARE: f64 = 0.4;
const MOST: Duration = Duration::from_secs(5);
/// The shortest: a paced session has seven frames in it.
const LEAST: Duration = Duration::from_millis(250);
/// A run that has not its least number of frames by then goes on for so long at most, and how often it is looked at.
const PATIENCE: Duration = Duration::from_secs(10);
const LOOK: Duration = Duration::from_millis(10);
/// Part of a run's time before it counts.
const WARM: f64 = 0.2;
/// The device's thread has this long to give everything back.
const LEAVE: Duration = Duration::from_secs(10);
/// What the scheduler should reach of the bare loop.
const TARGET: f64 = 95.0;
/// 30 frames a second, each of use for three of them: what a player shows, and waits for at most.
const BEAT: Beat = Beat {
    period: Duration::from_nanos(1_000_000_000 / 30),
    deadline: Duration::from_millis(100),
};

const COLUMNS: &[Column] = &[
    Column("size", "size"),
    Column("sessions", "sessions"),
    Column("pace", "pace"),
    Column("frames_per_s", "frames/s"),
    Column("mean_batch", "batch"),
    Column("loop_frames_per_s", "loop"),
    Column("percent_of_loop", "% loop"),
    Column("percent_in_time", "in time"),
    Column("p50_ms", "p50"),
    Column("p95_ms", "p95"),
    Column("p99_ms", "p99"),
    Column("device_percent", "device"),
];

/// One run.
#[derive(Clone, Copy, Debug)]
struct Run {
    size: Size,
    sessions: usize,
    beat: Option<Beat>,
}

/// What came of it.
struct Outcome {
    took: Duration,
    seen: Seen,
    ran: Ran,
}

/// Sends sessions through the scheduler, as many and as fast as the effort says.
pub fn measure(ground: &Ground, effort: &Effort, config: &Config, laps: &Laps) -> Section {
    let mut section = Section::new("scheduler", COLUMNS);
    section.note(format!(
        "the real scheduler and device, {} batches at a time; sessions only walk, one frame of each at a time, nothing is \
         encoded. loop: the bare loop at the batch that was really run; device: its own work over the time, in %; latencies in \
         ms, from the beat or the submission to the answer",
        config.gpu.slots
    ));
    section.note(format!(
        "targets: without a pace ≥ {TARGET} % of the loop. At 30 frames/s a frame is in time within 100 ms of its beat: part of all \
         beats, in %"
    ));
    // Apart from the GPU of this thread: the device's own enters this one.
    let gpu = Gpu::new(ground.facts().clone());
    let system = System::new();
    let told = system.block_on(all(&mut section, (ground, effort, config), &gpu, laps));
    if let Err(why) = told {
        section.fault("behind the scheduler", format_args!("{why:#}"));
    }
    // Actors that know each other end with their system alone.
    drop(system);
    until_left(&gpu);
    section
}

/// Waits for the device's thread to end, so that nothing of it runs beside what is measured next.
fn until_left(gpu: &Arc<Gpu>) {
    let since = Instant::now();
    while Arc::strong_count(gpu) > 1 && since.elapsed() < LEAVE {
        std::thread::yield_now();
    }
}

async fn all(
    section: &mut Section,
    (ground, effort, config): (&Ground, &Effort, &Config),
    gpu: &Arc<Gpu>,
    laps: &Laps,
) -> anyhow::Result<()> {
    let house = House::open(ground, config, gpu).await?;
    let least = effort.least as u64;
    for &size in &effort.scheduled {
        let key = ground.key(size).map_err(|why| anyhow!(why))?;
        // Keeps the slots of this size from run to run.
        let anchor = SessionId::new(format!("anchor-{size}"));
        house.attach(&anchor, &key).await?;
        for &sessions in &effort.sessions {
            for beat in [None, Some(BEAT)] {
                let run = Run {
                    size,
                    sessions,
                    beat,
                };
                if effort.is_over() {
                    section.skip(
                        format_args!("{size}, {sessions} sessions"),
                        "the time is over",
                    );
                    continue;
                }
                let outcome = house.run(run, &key, (time(effort), least)).await?;
                tell(section, run, outcome, config, laps);
            }
        }
        house.detach(&anchor);
    }
    Ok(())
}

fn time(effort: &Effort) -> Duration {
    let runs = 2 * effort.scheduled.len() * effort.sessions.len();
    effort.slice(SHARE, runs, MOST).max(LEAST)
}

fn tell(section: &mut Section, run: Run, outcome: Outcome, config: &Config, laps: &Laps) {
    let Outcome { took, seen, ran } = outcome;
    let Run {
        size,
        sessions,
        beat,
    } = run;
    let rate = seen.frames as f64 / took.as_secs_f64();
    // More slots than the loop was measured with bring it nothing: two keep the device busy.
    let slots = config.gpu.slots.get().min(sessions).min(2);
    let bare = laps.rate_at(size, ran.mean_batch(), slots);
    let bare = bare.filter(|_| beat.is_none()).unwrap_or(f64::NAN);
    let part = 100.0 * rate / bare;
    let in_time = match beat {
        Some(_) => 100.0 * seen.in_time as f64 / seen.beats as f64,
        None => f64::NAN,
    };
    let latencies: Samples = seen.latencies.iter().map(|s| 1e3 * s).collect();
    let name = format!("{size}, {sessions} sessions");
    section.row(vec![
        size.to_string().into(),
        sessions.into(),
        if beat.is_some() { "30/s" } else { "none" }.into(),
        rate.into(),
        ran.mean_batch().into(),
        bare.into(),
        part.into(),
        in_time.into(),
        latencies.percentile(0.5).into(),
        latencies.percentile(0.95).into(),
        latencies.percentile(0.99).into(),
        (ran.device_ns as f64 / took.as_nanos() as f64 * 100.0).into(),
    ]);
    match beat {
        None => {
            let row = Row::of(format!("{name}: scheduler / loop"), part, "%");
            section.found(row.target(Target::AtLeast(TARGET)));
        }
        Some(_) => section.found(Row::of(format!("{name}: in time at 30/s"), in_time, "%")),
    }
    if let Some(why) = seen.failed {
        section.fault(name, why);
    }
}

/// Scheduler and device, with the world on it.
struct House {
    scheduler: Addr<Scheduler>,
    counts: Arc<Counts>,
}

impl House {
    async fn open(ground: &Ground, config: &Config, gpu: &Arc<Gpu>) -> anyhow::Result<Self> {
        let (counts, board): (Arc<Counts>, _) = (Arc::default(), Board::default());
        let backend: Arc<dyn Backend> = Arc::new(Counted {
            inner: Ptx::new(Arc::clone(gpu)),
            counts: Arc::clone(&counts),
        });
        let (settle, settled) = oneshot::channel();
        let mut refused = None;
        let scheduler = Scheduler::create(|ctx| {
            let seat = Cuda::start(CudaConfig {
                gpu: Arc::clone(gpu),
                spec: ground.spec(),
                slots: config.gpu.slots,
                spin: config.gpu.spin,
                models: vec![(ground.model.clone(), backend)],
                board: board.clone(),
                gpus: Gpus::default(),
                max_failures: 1,
                reserve: 0,
                watcher: None,
                every: config.gpu.watch,
                free: ctx.address().recipient(),
                changed: ctx.address().recipient(),
                settled: Some(settle),
            });
            let seat = seat.map_err(|e| refused = Some(e));
            Scheduler::new(seat.into_iter().collect())
        });
        if let Some(e) = refused {
            return Err(e).context("the device's thread");
        }
        settled.await.context("the device has gone")?;
        match board.best(ground.model.name()) {
            Some(LoadState::Failed { why, fix }) => bail!("{why}; {fix}"),
            _ => Ok(Self { scheduler, counts }),
        }
    }

    async fn attach(&self, session: &SessionId, key: &EngineKey) -> anyhow::Result<()> {
        let attach = Attach {
            session: session.clone(),
            key: key.clone(),
        };
        Ok(self.scheduler.send(attach).await??)
    }

    fn detach(&self, session: &SessionId) {
        post(&self.scheduler.clone().recipient(), Detach(session.clone()));
    }

    /// One run: sessions are attached, walk, are counted for a while and until so many frames have come, and leave.
    async fn run(
        &self,
        run: Run,
        key: &EngineKey,
        (time, least): (Duration, u64),
    ) -> anyhow::Result<Outcome> {
        let ids: Vec<_> = (0..run.sessions)
            .map(|number| SessionId::new(format!("walker-{number}")))
            .collect();
        for id in &ids {
            self.attach(id, key).await?;
        }
        let seen = Rc::new(RefCell::new(Seen::default()));
        let (alive, mut gone) = mpsc::channel(1);
        let now = Instant::now();
        let walker = |(number, id): (usize, &SessionId)| {
            let setting = Setting {
                id: id.clone(),
                key: key.clone(),
                size: run.size,
                number,
                beat: run.beat,
                first: now + spread(run, number),
                scheduler: self.scheduler.clone().recipient(),
                seen: Rc::clone(&seen),
                _alive: alive.clone(),
            };
            Walker::new(setting).start()
        };
        let walkers: Vec<_> = ids.iter().enumerate().map(walker).collect();
        drop(alive);
        sleep(time.mul_f64(WARM)).await;
        let (begun, before) = (Instant::now(), self.counts.now());
        seen.borrow_mut().counts = true;
        sleep(time).await;
        let enough = |seen: &Seen| seen.frames >= least && (run.beat.is_none() || seen.beats > 0);
        while !enough(&seen.borrow()) && begun.elapsed() < PATIENCE {
            sleep(LOOK).await;
        }
        let (took, ran) = (begun.elapsed(), self.counts.now().since(before));
        seen.borrow_mut().counts = false;
        for walker in walkers {
            // One that has ended of itself has told why.
            let _ = walker.send(Stop).await;
        }
        // Nothing is ever sent: it ends when the last walker has gone.
        while gone.recv().await.is_some() {}
        ids.iter().for_each(|id| self.detach(id));
        Ok(Outcome {
            took,
            seen: seen.take(),
            ran,
        })
    }
}

/// Beats of sessions that began at different moments: spread evenly over a period.
fn spread(run: Run, number: usize) -> Duration {
    let period = run.beat.map_or(Duration::ZERO, |beat| beat.period);
    period.mul_f64(number as f64 / run.sessions as f64)
}

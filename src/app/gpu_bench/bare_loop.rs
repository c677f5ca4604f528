//! The least that could do the same: an engine and its slots on one thread, no actor, no queue, no pause between looks.
//!
//! Inputs are made while the device works, frames are dropped as they come. Invariant: what is timed is a steady stream; the
//! first batches, which bring the sessions' pictures up, come before it.

use super::{
    cases,
    effort::{Effort, Size},
    ground::Ground,
    section::{Column, Section},
};
use crate::{
    client::bench::report::{Row, Target},
    config::Config,
    engine::{
        Engine, EngineKey, Item, ItemDone, ItemState, LoadError, Role, RunTimes, Slot, Tensor,
    },
};
use rustix::time::{ClockId, clock_gettime};
use std::{
    hint::spin_loop,
    task::Poll,
    time::{Duration, Instant},
};

/// Part of all the time, and the longest that one measurement may take: enough for thousands of batches.
const SHARE: f64 = 0.25;
const MOST: Duration = Duration::from_secs(1);
/// Batches of each slot before it counts.
const WARM: usize = 2;
/// What a steady stream may take beyond the device's own work.
const OVERHEAD: f64 = 1.05;

/// What was measured.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Lap {
    /// Size of the frames.
    pub size: Size,
    /// Items of a batch.
    pub batch: usize,
    /// Batches in flight.
    pub slots: usize,
    /// Whether they ran as graphs.
    pub graphs: bool,
    /// Batches that were timed.
    pub batches: usize,
    /// Time that they took.
    pub wall: Duration,
    /// What the device says of them, all together.
    pub device: RunTimes,
    /// Seconds of CPU in `submit`, and in the `poll` that answered.
    pub cpu: f64,
}

/// Everything that was measured.
#[derive(Debug, Default)]
pub struct Laps(Vec<Lap>);

const COLUMNS: &[Column] = &[
    Column("size", "size"),
    Column("batch", "batch"),
    Column("slots", "slots"),
    Column("graphs", "graphs"),
    Column("frames_per_s", "frames/s"),
    Column("upload_us", "up µs"),
    Column("infer_us", "infer µs"),
    Column("download_us", "down µs"),
    Column("wall_us", "wall µs"),
    Column("wall_of_work", "wall/work"),
    Column("cpu_us_a_frame", "CPU µs"),
];

/// Loops over every size, batch and number of slots, with graphs and without.
pub fn measure(ground: &Ground, effort: &Effort, config: &Config, laps: &mut Laps) -> Section {
    let mut section = Section::new("bare loop", COLUMNS);
    section.note(
        "ptx, one thread, no actors. up, infer, down and wall are of a batch; work is the three of them with one batch in \
         flight, so that with two wall/work says whether the device ever waits. CPU is of a frame, in submit and in the poll \
         that answers",
    );
    section.note(format!(
        "target: wall ≤ {OVERHEAD} × work for a steady stream, which is one of two batches in flight"
    ));
    for &size in &effort.looped {
        for graphs in [true, false] {
            loop_size(&mut section, ground, effort, (size, graphs), laps);
        }
        find(&mut section, size, effort, laps);
    }
    clocks(&mut section, ground, config);
    section
}

/// All batches of a size; without graphs with one slot only, which is where they show.
fn loop_size(
    section: &mut Section,
    ground: &Ground,
    effort: &Effort,
    (size, graphs): (Size, bool),
    laps: &mut Laps,
) {
    let engine = match graphs {
        true => ground.ptx(),
        false => ground.ptx_without_graphs(),
    };
    let how = if graphs { "" } else { " without graphs" };
    let opened = engine.map_err(|e| e.to_string()).and_then(|mut engine| {
        let lanes = if graphs { 2 } else { 1 };
        let lanes = Loop::open(&mut *engine, &ground.key(size)?, (size, lanes));
        let lanes = lanes.map_err(|e| e.to_string())?;
        Ok((engine, lanes))
    });
    // Dropped from behind: slots before their engine.
    let (_engine, mut lanes) = match opened {
        Ok(opened) => opened,
        Err(why) => return section.skip(format_args!("{size}{how}"), why),
    };
    for slots in 1..=lanes.lanes.len() {
        for &batch in &effort.batches {
            if effort.is_over() {
                return section.skip(
                    format_args!("{size}{how}, batch {batch}"),
                    "the time is over",
                );
            }
            match lanes.lap(
                (batch, slots),
                effort.least,
                effort.slice(SHARE, runs(effort), MOST),
            ) {
                Ok(lap) => {
                    let lap = Lap { graphs, ..lap };
                    laps.0.push(lap);
                    row(section, &lap, laps.work(&lap));
                }
                Err(why) => {
                    return section.fault(format_args!("{size}{how}, batch {batch}"), why);
                }
            }
        }
    }
}

/// Measurements of all sizes.
fn runs(effort: &Effort) -> usize {
    3 * effort.looped.len() * effort.batches.len()
}

fn row(section: &mut Section, lap: &Lap, work: Duration) {
    let of_batch = |all: Duration| micros(all) / lap.batches as f64;
    section.row(vec![
        lap.size.to_string().into(),
        lap.batch.into(),
        lap.slots.into(),
        if lap.graphs { "yes" } else { "no" }.into(),
        lap.rate().into(),
        of_batch(lap.device.upload).into(),
        of_batch(lap.device.infer).into(),
        of_batch(lap.device.download).into(),
        of_batch(lap.wall).into(),
        (lap.batch_takes().as_secs_f64() / work.as_secs_f64()).into(),
        (1e6 * lap.cpu / (lap.batches * lap.batch) as f64).into(),
    ]);
}

/// What counts most of a size: the largest batch that a server would run, and what graphs bring to the smallest.
fn find(section: &mut Section, size: Size, effort: &Effort, laps: &Laps) {
    let (Some(&least), Some(&most)) = (effort.batches.first(), effort.batches.last()) else {
        return;
    };
    if let Some(lap) = laps.get(size, (most, 2), true) {
        let (rate, takes) = (lap.rate(), lap.batch_takes().as_secs_f64());
        let ratio = takes / laps.work(lap).as_secs_f64();
        section.found(Row::of(
            format!("{size}, batch {most}: loop"),
            rate,
            "frames/s",
        ));
        let row = Row::of(format!("{size}, batch {most}: wall / work"), ratio, "");
        section.found(row.target(Target::AtMost(OVERHEAD)));
    }
    let sides = [true, false].map(|graphs| laps.get(size, (least, 1), graphs));
    if let [Some(with), Some(without)] = sides {
        let gain = 100.0 * (with.rate() / without.rate() - 1.0);
        section.found(Row::of(
            format!("{size}, batch {least}: graphs bring"),
            gain,
            "%",
        ));
    }
}

/// The clocks after all that work, where they are told.
fn clocks(section: &mut Section, ground: &Ground, config: &Config) {
    if let Ok(telemetry) = crate::engine::cuda::nvml::Telemetry::open(config.gpu.nvml.as_deref())
        && let Ok(sample) = telemetry.sample(ground.facts())
    {
        section.note(format!("after it: {}", super::here::told(&sample)));
    }
}

fn micros(time: Duration) -> f64 {
    1e6 * time.as_secs_f64()
}

/// Slots of one size, each with its sessions.
pub struct Loop {
    size: Size,
    lanes: Vec<Lane>,
}

/// One slot, and what its next batch is made of.
struct Lane {
    slot: Box<dyn Slot>,
    states: Vec<ItemState>,
    inputs: Vec<(Vec<(Role, Tensor)>, bool)>,
    step: usize,
    batch: usize,
}

impl Loop {
    /// So many slots of an engine. They must go before it does.
    ///
    /// # Errors
    /// If memory is short.
    pub fn open(
        engine: &mut dyn Engine,
        key: &EngineKey,
        (size, lanes): (Size, usize),
    ) -> Result<Self, LoadError> {
        let lane = |_| engine.slot(key).map(Lane::new);
        Ok(Self {
            size,
            lanes: (0..lanes).map(lane).collect::<Result<_, _>>()?,
        })
    }

    /// Keeps so many slots busy with batches of so many items, until at least so many batches are done and the time is over.
    ///
    /// # Errors
    /// What the engine says.
    pub fn lap(
        &mut self,
        (batch, slots): (usize, usize),
        least: usize,
        time: Duration,
    ) -> Result<Lap, String> {
        for lane in &mut self.lanes[..slots] {
            lane.begin(batch, self.size);
        }
        self.turn(slots, WARM * slots, Duration::ZERO)?;
        let (batches, wall, device, cpu) = self.turn(slots, least, time)?;
        Ok(Lap {
            size: self.size,
            batch,
            slots,
            graphs: true,
            batches,
            wall,
            device,
            cpu,
        })
    }

    fn turn(
        &mut self,
        slots: usize,
        least: usize,
        time: Duration,
    ) -> Result<(usize, Duration, RunTimes, f64), String> {
        let lanes = &mut self.lanes[..slots];
        let (mut device, mut cpu, mut submitted) = (RunTimes::default(), 0.0, slots);
        let began = Instant::now();
        lanes.iter_mut().for_each(|lane| cpu += lane.submit());
        let mut busy = vec![true; slots];
        while busy.contains(&true) {
            for (lane, busy) in lanes.iter_mut().zip(&mut busy).filter(|(_, busy)| **busy) {
                let Some((times, spent)) = lane.poll()? else {
                    spin_loop();
                    continue;
                };
                cpu += spent;
                device.upload += times.upload;
                device.infer += times.infer;
                device.download += times.download;
                *busy = submitted < least || began.elapsed() < time;
                if *busy {
                    cpu += lane.submit();
                    submitted += 1;
                }
            }
        }
        Ok((submitted, began.elapsed(), device, cpu))
    }
}

impl Lane {
    fn new(slot: Box<dyn Slot>) -> Self {
        Self {
            slot,
            states: Vec::new(),
            inputs: Vec::new(),
            step: 0,
            batch: 0,
        }
    }

    /// As many sessions as a batch has items.
    fn begin(&mut self, batch: usize, size: Size) {
        self.batch = batch;
        self.states.truncate(batch);
        let have = self.states.len();
        self.states
            .extend((have..batch).map(|number| cases::fresh(size, number)));
        self.prepare();
    }

    fn prepare(&mut self) {
        let step = self.step;
        self.step += 1;
        self.inputs.clear();
        self.inputs
            .extend((0..self.batch).map(|_| cases::step(step)));
    }

    /// Submits a batch, and makes the inputs of the next; gives the CPU seconds of the first.
    fn submit(&mut self) -> f64 {
        let inputs = self.inputs.drain(..);
        let item = |((inputs, boundary), state)| Item {
            inputs,
            state,
            boundary,
        };
        let batch = inputs.zip(self.states.drain(..)).map(item).collect();
        let begun = cpu();
        self.slot.submit(batch);
        let spent = cpu() - begun;
        self.prepare();
        spent
    }

    /// Where the device's time went, and the CPU seconds of this look, if it found the batch done.
    fn poll(&mut self) -> Result<Option<(RunTimes, f64)>, String> {
        let begun = cpu();
        let Poll::Ready(done) = self.slot.poll() else {
            return Ok(None);
        };
        let spent = cpu() - begun;
        let times = done.first().map(|done| done.times).unwrap_or_default();
        for ItemDone { outcome, state, .. } in done {
            outcome.map_err(|e| e.to_string())?;
            self.states.push(state);
        }
        Ok(Some((times, spent)))
    }
}

/// Seconds of CPU that this thread has used.
fn cpu() -> f64 {
    let now = clock_gettime(ClockId::ThreadCPUTime);
    now.tv_sec as f64 + now.tv_nsec as f64 * 1e-9
}

impl Lap {
    /// Frames a second.
    pub fn rate(&self) -> f64 {
        (self.batches * self.batch) as f64 / self.wall.as_secs_f64()
    }

    /// Wall time of a batch.
    pub fn batch_takes(&self) -> Duration {
        self.wall.div_f64(self.batches as f64)
    }

    fn batch_works(&self) -> Duration {
        let RunTimes {
            upload,
            infer,
            download,
        } = self.device;
        (upload + infer + download).div_f64(self.batches as f64)
    }
}

impl Laps {
    /// The lap of this size, batch and number of slots.
    pub fn get(&self, size: Size, (batch, slots): (usize, usize), graphs: bool) -> Option<&Lap> {
        let is = |lap: &&Lap| {
            (lap.size, lap.batch, lap.slots, lap.graphs) == (size, batch, slots, graphs)
        };
        self.0.iter().find(is)
    }

    /// All laps with graphs and one slot.
    pub fn alone(&self) -> impl Iterator<Item = &Lap> {
        self.0.iter().filter(|lap| lap.graphs && lap.slots == 1)
    }

    /// The device's work on a batch while it has no other: of the same size and batch with one slot.
    fn work(&self, lap: &Lap) -> Duration {
        let alone = self.get(lap.size, (lap.batch, 1), lap.graphs);
        alone.unwrap_or(lap).batch_works()
    }

    /// Frames a second that the bare loop reaches with batches of this mean size: between two sizes that were measured, their
    /// times are joined by a line.
    pub fn rate_at(&self, size: Size, batch: f64, slots: usize) -> Option<f64> {
        let of = |lap: &&Lap| lap.size == size && lap.slots == slots && lap.graphs;
        let point = |lap: &Lap| (lap.batch as f64, lap.batch_takes().as_secs_f64());
        let points: Vec<_> = self.0.iter().filter(of).map(point).collect();
        let after = points.iter().position(|(n, _)| *n >= batch);
        let takes = match after {
            None => return points.last().map(|(n, takes)| n / takes),
            Some(0) => points[0].1,
            Some(at) => {
                let ((n0, t0), (n1, t1)) = (points[at - 1], points[at]);
                t0 + (t1 - t0) * (batch - n0) / (n1 - n0)
            }
        };
        Some(batch / takes)
    }
}

#[cfg(test)]
mod tests {
    use super::{super::ground, *};
    use crate::engine::{Backend as _, Manifest, rten::Rten, scripted};
    use std::num::NonZeroUsize;

    fn lap(batch: usize, slots: usize, millis: u64) -> Lap {
        Lap {
            size: Size::new(64, 64),
            batch,
            slots,
            graphs: true,
            batches: 10,
            wall: Duration::from_millis(10 * millis),
            device: RunTimes {
                infer: Duration::from_millis(5 * millis),
                ..RunTimes::default()
            },
            cpu: 0.0,
        }
    }

    #[test]
    fn a_rate_between_two_batches_lies_on_the_line_of_their_times() {
        let laps = Laps(vec![
            lap(1, 1, 10),
            lap(4, 1, 40),
            lap(8, 1, 60),
            lap(1, 2, 1),
        ]);
        let rate = |batch| laps.rate_at(Size::new(64, 64), batch, 1).unwrap();
        assert!((rate(1.0) - 100.0).abs() < 1e-9);
        assert!((rate(2.0) - 100.0).abs() < 1e-9, "20 ms");
        assert!((rate(6.0) - 120.0).abs() < 1e-9, "50 ms");
        assert!((rate(9.0) - 8.0 / 0.06).abs() < 1e-9, "as the largest");
        assert_eq!(laps.rate_at(Size::new(8, 8), 1.0, 1), None);
    }

    #[test]
    fn work_is_what_the_device_takes_with_one_batch_in_flight() {
        let laps = Laps(vec![lap(4, 1, 40), lap(4, 2, 30)]);
        assert_eq!(laps.work(&lap(4, 2, 30)), Duration::from_millis(20));
    }

    #[test]
    fn a_lap_counts_every_batch_that_it_submits() {
        let repository = crate::engine::Repository::open(None);
        let model = repository.get("world-box").unwrap();
        let size = Size::new(64, 64);
        let spec = ground::device(None, NonZeroUsize::MIN);
        let mut engine = Rten.load(model, &spec).unwrap();
        let key = ground::key(model, size).unwrap();
        let mut lanes = Loop::open(&mut *engine, &key, (size, 2)).unwrap();
        let lap = lanes.lap((1, 2), 5, Duration::ZERO).unwrap();
        assert_eq!((lap.batches, lap.batch, lap.slots), (5, 1, 2));
        assert!(lap.device.infer > Duration::ZERO && lap.device.infer <= lap.wall);
    }

    #[test]
    fn a_run_that_fails_ends_the_lap_with_the_engines_words() {
        let mut own = crate::engine::Repository::default();
        own.insert(Manifest::parse(scripted::MANIFEST).unwrap(), Vec::new());
        let model = own.get("scripted").unwrap();
        let size = Size::new(8, 8);
        let spec = ground::device(None, NonZeroUsize::MIN);
        let mut engine = scripted::Scripted::default().load(model, &spec).unwrap();
        let key = ground::key(model, size).unwrap();
        let mut lanes = Loop::open(&mut *engine, &key, (size, 1)).unwrap();
        // It takes floats, and is given pixels.
        assert!(lanes.lap((1, 1), 1, Duration::ZERO).is_err());
    }
}

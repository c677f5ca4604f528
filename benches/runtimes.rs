//! The built-in models on rten and on ONNX Runtime, through the engine layer as the server runs them, in turn.
//!
//! `cargo bench --bench runtimes`; `-- --help` has the options. In each round both runtimes have their turn, and the one that
//! began comes second in the next; ratios are taken round by round. CPU is the process's own, all threads of a runtime together.
//! Outputs are compared before anything is measured.

use anyhow::{Context as _, ensure};
use clap::Parser;
use frameloom::{
    client::bench::{
        proc,
        report::{Machine, Row, Section},
        stats::Samples,
    },
    engine::{
        Backend, DeviceSpec, Engine, Item, ItemState, Model, Outputs, Repository, Role, Slot,
        Tensor,
        ort::{Ort, Surroundings},
        rten::Rten,
    },
};
use rustix::time::{ClockId, clock_gettime};
use std::{
    num::NonZeroUsize,
    path::{Path, PathBuf},
    task::Poll,
    time::{Duration, Instant},
};

/// What to measure, and how long.
#[derive(Debug, Parser)]
struct Options {
    /// Rounds; in each of them each runtime has its turn.
    #[arg(long, default_value_t = 15, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,
    /// Runs a turn.
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..))]
    runs: u32,
    /// ONNX Runtime's library; else `ORT_DYLIB_PATH`, the system's, or that of the tests' Python (target/peers).
    #[arg(long, value_name = "FILE")]
    library: Option<PathBuf>,
    /// What cargo says to every bench.
    #[arg(long, hide = true)]
    bench: bool,
}

/// A model at one shape, and what it is fed with.
struct Case {
    name: &'static str,
    model: &'static str,
    axes: &'static [(&'static str, usize)],
    item: fn(u32) -> Item,
    /// How far the outputs of both may lie apart.
    tolerance: f32,
}

const CASES: [Case; 2] = [
    Case {
        name: "world-box 608x352",
        model: "world-box",
        axes: &[("height", 352), ("width", 608)],
        item: step,
        tolerance: 1e-3,
    },
    Case {
        name: "fencer-keypoints 256x144",
        model: "fencer-keypoints",
        axes: &[],
        item: hall,
        // Pixels.
        tolerance: 1e-2,
    },
];

/// A pattern with edges and slopes.
fn picture(height: usize, width: usize) -> Tensor {
    let value = |i: usize| {
        let (c, y, x) = (i / (height * width), i / width % height, i % width);
        (0.5 + 0.5 * (0.31 * (x * (c + 1)) as f64 + 0.17 * y as f64).sin()) as f32
    };
    let values = (0..3 * height * width).map(value).collect();
    Tensor::f32(vec![1, 3, height, width], values).expect("one value a place")
}

fn row(role: &'static str, values: Vec<f32>) -> (Role, Tensor) {
    let row = Tensor::f32(vec![1, values.len()], values);
    (Role::Borrowed(role), row.expect("one value a place"))
}

/// The world as it is seen after some steps ahead.
fn step(number: u32) -> Item {
    let along = 0.02 * (number % 40) as f32;
    Item {
        inputs: vec![
            row("pose", vec![0.1 * along, 0.0, along, 0.05, -0.02, 0.0]),
            row("scene", vec![0.5, 1.0, 1.4, 6.0]),
        ],
        state: ItemState::None,
        boundary: false,
    }
}

fn hall(_: u32) -> Item {
    Item {
        inputs: vec![(Role::Borrowed("images"), picture(144, 256))],
        state: ItemState::None,
        boundary: false,
    }
}

/// A model loaded by one runtime, and one session on it.
struct Side {
    slot: Box<dyn Slot>,
    _engine: Box<dyn Engine>,
    /// Made before it counts.
    items: Vec<Item>,
    state: ItemState,
    millis: Vec<f64>,
    cpu: Vec<f64>,
}

impl Side {
    fn new(
        backend: &dyn Backend,
        case: &Case,
        model: &Model,
        threads: usize,
    ) -> anyhow::Result<Self> {
        let device = DeviceSpec {
            name: "cpu0".into(),
            threads: NonZeroUsize::new(threads).context("no thread")?,
            gpu: None,
        };
        let mut engine = backend.load(model, &device)?;
        let key = model.key(case.axes)?;
        let state = match model.manifest.state.first() {
            None => ItemState::None,
            Some(state) => {
                let image = picture(352, 608);
                ItemState::Fresh(vec![(Role::Owned(state.input.clone()), image)])
            }
        };
        Ok(Self {
            slot: engine.slot(&key)?,
            _engine: engine,
            items: Vec::new(),
            state,
            millis: Vec::new(),
            cpu: Vec::new(),
        })
    }

    fn run(&mut self, mut item: Item) -> anyhow::Result<Outputs> {
        item.state = std::mem::take(&mut self.state);
        self.slot.submit(vec![item]);
        let Poll::Ready(done) = self.slot.poll() else {
            anyhow::bail!("a CPU is ready at once");
        };
        let done = done.into_iter().next().context("no answer")?;
        self.state = done.state;
        Ok(done.outcome?)
    }

    /// A turn: milliseconds and CPU a run.
    fn turn(&mut self, case: &Case, runs: u32) -> anyhow::Result<()> {
        self.items.extend((0..runs).map(case.item));
        let items = std::mem::take(&mut self.items);
        let (began, cpu) = (Instant::now(), process_cpu());
        for item in items {
            std::hint::black_box(self.run(item)?);
        }
        let each = |time: Duration| time.as_secs_f64() * 1e3 / f64::from(runs);
        self.millis.push(each(began.elapsed()));
        self.cpu.push(each(process_cpu() - cpu));
        Ok(())
    }
}

fn process_cpu() -> Duration {
    let now = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(now.tv_sec as u64, now.tv_nsec as u32)
}

/// As the server sets them at its start (`app/system.rs`): what a run gives back stays with the process.
fn keep_frames() {
    #[cfg(target_env = "gnu")]
    for (setting, bytes) in [
        (libc::M_MMAP_THRESHOLD, 12 << 20),
        (libc::M_TRIM_THRESHOLD, 64 << 20),
    ] {
        // SAFETY: mallopt only sets a number of the allocator, and there is no other thread yet.
        let _ = unsafe { libc::mallopt(setting, bytes) };
    }
}

fn main() -> anyhow::Result<()> {
    let options = Options::parse();
    keep_frames();
    let ort = onnxruntime(options.library.as_deref());
    if let Err(missing) = ort.ready() {
        println!("skipped: {missing}; {}", missing.fix());
        return Ok(());
    }
    let mut machine = Machine::here();
    println!("{machine}\n{:?}", ort.probe());
    for case in CASES {
        for threads in [1, 2] {
            print!("{}", measure(&options, &ort, &case, threads)?);
        }
    }
    machine.load_after = proc::load();
    println!("\n{machine}");
    Ok(())
}

fn onnxruntime(library: Option<&Path>) -> Ort {
    let peers = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/peers");
    let surroundings = Surroundings {
        dylib_path: std::env::var_os("ORT_DYLIB_PATH"),
        virtual_env: Some(peers.into()),
    };
    Ort::find(library, &surroundings)
}

fn measure(options: &Options, ort: &Ort, case: &Case, threads: usize) -> anyhow::Result<Section> {
    let repository = Repository::open(None);
    let model = repository.get(case.model).context("no built-in model")?;
    let mut rten = Side::new(&Rten, case, model, threads)?;
    let mut onnx = Side::new(ort, case, model, threads)?;
    compare(case, model, &mut rten, &mut onnx)?;
    let warm = options.runs.div_ceil(3);
    for side in [&mut rten, &mut onnx] {
        side.turn(case, warm)?;
        side.millis.clear();
        side.cpu.clear();
    }
    for round in 0..options.rounds {
        let mut sides = [&mut rten, &mut onnx];
        sides.rotate_left(round as usize % 2);
        for side in sides {
            side.turn(case, options.runs)?;
        }
    }
    Ok(tell(case, threads, rten, onnx))
}

/// Both must give the same, or there is nothing to compare.
fn compare(case: &Case, model: &Model, a: &mut Side, b: &mut Side) -> anyhow::Result<()> {
    let (mut a, mut b) = (a.run((case.item)(7))?, b.run((case.item)(7))?);
    for output in &model.manifest.output {
        let (a, b) = (a.take(&output.role)?, b.take(&output.role)?);
        let pairs = a.as_f32()?.iter().zip(b.as_f32()?);
        let worst = pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        ensure!(worst <= case.tolerance, "{}: {worst} apart", output.name);
    }
    Ok(())
}

fn tell(case: &Case, threads: usize, rten: Side, onnx: Side) -> Section {
    let mut section = Section::new(case.name);
    section.note(format!("threads: {threads}"));
    let ratio = |of: &[f64], to: &[f64]| of.iter().zip(to).map(|(of, to)| of / to).collect();
    let ratios: Samples = ratio(&rten.millis, &onnx.millis);
    let cpu_ratios: Samples = ratio(&rten.cpu, &onnx.cpu);
    for (name, side) in [("rten", rten), ("ONNX Runtime", onnx)] {
        let (millis, cpu) = (
            Samples::from_iter(side.millis),
            Samples::from_iter(side.cpu),
        );
        section.row(Row::median(format!("{name}: a run"), &millis, "ms"));
        section.row(Row::median(format!("{name}: CPU a run"), &cpu, "ms"));
    }
    section.row(Row::median("time, rten / ONNX Runtime", &ratios, "times"));
    section.row(Row::median(
        "CPU, rten / ONNX Runtime",
        &cpu_ratios,
        "times",
    ));
    section
}

//! The backends under test: what each loads, how exact it must be, and which cases it has no part in.

use crate::{fake_gpu::FakeGpu, fake_trt::FakeTrt};
use frameloom::engine::{
    Backend, DType, EngineKey, Manifest, Model, Repository, Role, Tensor,
    cuda::ptx::Ptx,
    ort::{Ort, Surroundings},
    rten::Rten,
    scripted::Scripted,
};
use std::{
    num::NonZeroUsize,
    path::{Path, PathBuf},
    sync::Arc,
};

/// One backend and its models.
pub struct Subject {
    /// The runtime.
    pub backend: Box<dyn Backend>,
    /// What it loads here.
    pub models: Vec<TestModel>,
    /// How far an item of a batch may be from the same item alone.
    pub batch_tolerance: f32,
    /// How far a picture may be off because it comes as 256 levels.
    pub rounding: f32,
    /// Whether its engines are files that can be broken.
    pub reads_files: bool,
    /// Whether its models are plans, which have sidecars; `tests/gpu` spoils those.
    pub reads_plans: bool,
    /// What it stands on, for as long as it is tested.
    pub _ground: Option<(FakeGpu, Option<FakeTrt>)>,
}

/// A model, and what the suite feeds it with.
pub struct TestModel {
    /// The model.
    pub model: Model,
    /// The shape that the suite runs.
    pub key: EngineKey,
    /// The role of the output that is looked at.
    pub output: &'static str,
    /// Inputs of the session of this number, state not among them.
    pub inputs: fn(u32) -> Vec<(Role, Tensor)>,
    /// Its state as it begins.
    pub fresh: fn(u32) -> Vec<(Role, Tensor)>,
}

/// A backend that is not tested here.
pub struct Absent {
    /// Its name.
    pub name: &'static str,
    /// Why.
    pub why: String,
}

/// The Python environment that `.ci/run` makes for tests; it has ONNX Runtime's package.
pub fn peers() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("target/peers")
}

/// ONNX Runtime on the CPU: the library that the environment names or the system has, or else the tests' Python.
pub fn onnxruntime() -> Ort {
    let surroundings = Surroundings {
        dylib_path: std::env::var_os("ORT_DYLIB_PATH"),
        virtual_env: Some(peers().into()),
    };
    Ort::find(None, &surroundings)
}

/// Every provider of ONNX Runtime, with the difference that its batches may make.
fn providers() -> [(Ort, f32); 3] {
    let ort = onnxruntime();
    [
        (ort.clone(), 1e-5),
        (ort.clone().cuda(0), 1e-3),
        (ort.tensorrt(0), 1e-3),
    ]
}

/// Backends that have no part here.
pub fn absent() -> Vec<Absent> {
    let missing = |(ort, _): (Ort, f32)| {
        let why = ort.ready().err()?.to_string();
        let name = ort.name();
        Some(Absent { name, why })
    };
    let real = ["ptx", "tensorrt"].map(|name| Absent {
        name,
        why: "on doubles only: a real GPU is for scripts/gpu-session".into(),
    });
    let missing = providers().into_iter().filter_map(missing);
    missing.chain(real).collect()
}

/// Every backend in this build that this machine can run.
pub fn subjects() -> Vec<Subject> {
    let mut subjects = vec![
        Subject::of(Rten),
        Subject {
            backend: Box::new(Scripted::new([])),
            models: vec![scripted()],
            batch_tolerance: 0.0,
            rounding: 0.0,
            reads_files: false,
            reads_plans: false,
            _ground: None,
        },
        ptx(),
    ];
    subjects.extend(["10", "11", "rtx"].map(tensorrt));
    for (ort, batch_tolerance) in providers() {
        if ort.ready().is_ok() {
            subjects.push(Subject {
                batch_tolerance,
                ..Subject::of(ort)
            });
        }
    }
    subjects
}

impl Subject {
    /// A runtime that loads ONNX files.
    pub fn of(backend: impl Backend) -> Self {
        Self {
            backend: Box::new(backend),
            models: vec![world_box(), affine()],
            batch_tolerance: 1e-5,
            rounding: 0.0,
            reads_files: true,
            reads_plans: false,
            _ground: None,
        }
    }
}

/// Our own kernels, on the driver's double.
fn ptx() -> Subject {
    let ground = FakeGpu::enter();
    Subject {
        backend: Box::new(Ptx::new(Arc::clone(&ground.gpu))),
        models: vec![small_world()],
        batch_tolerance: 0.0,
        rounding: 0.5 / 255.0,
        reads_files: false,
        reads_plans: false,
        _ground: Some((ground, None)),
    }
}

/// TensorRT's double of this version, on the driver's.
fn tensorrt(version: &str) -> Subject {
    let (gpu, library) = (FakeGpu::enter(), FakeTrt::install(version));
    Subject {
        backend: Box::new(library.backend(&gpu)),
        models: vec![shift(&library)],
        batch_tolerance: 0.0,
        rounding: 0.0,
        reads_files: false,
        reads_plans: true,
        _ground: Some((gpu, Some(library))),
    }
}

/// The smallest plan whose state moves on at every run: a number is put behind three of the last four.
fn shift(library: &FakeTrt) -> TestModel {
    let manifest = r#"
schema = 1
name = "shift"
title = "Shift"
slot = "test"
kind = "analytic"
version = "1"
file = "model.engine"
sha256 = "SHA"
licence = "Apache-2.0"
card = "card.md"
[batch]
max = 4
[[input]]
role = "x"
name = "x"
dtype = "f32"
shape = ["batch", 4]
[[input]]
role = "last"
name = "last"
dtype = "f32"
shape = ["batch", 4]
[[output]]
role = "next"
name = "next"
dtype = "f32"
shape = ["batch", 4]
[[state]]
input = "last"
output = "next"
advance = "every-run"
[warmup]
runs = 1
"#;
    let plan = "input x f32 -1 4\n\
                input last f32 -1 4\n\
                output next f32 -1 4\n\
                profile x 1x4 2x4 4x4\n\
                profile last 1x4 2x4 4x4\n\
                memory 1024\n\
                op part last 1 3 next 0\n\
                op part x 0 1 next 3\n";
    let model = library.model(manifest, plan);
    TestModel {
        key: model.key(&[]).unwrap(),
        model,
        output: "next",
        inputs: |session| vec![row("x", vec![session as f32 + 0.5; 4])],
        fresh: |session| {
            vec![row(
                "last",
                [1.0, 2.0, 3.0, 4.0].map(|x| x + session as f32).to_vec(),
            )]
        },
    }
}

/// Side of the pictures, in pixels.
const SIDE: usize = 64;

/// The built-in model: state that moves on at chunk boundaries.
///
/// It is served one item at a time, since batches gain nothing on a CPU; here it takes some, as its graph can.
pub fn world_box() -> TestModel {
    let repository = Repository::open(None);
    let built_in = repository.get("world-box").unwrap();
    let model = altered(built_in, &built_in.read().unwrap(), |manifest| {
        manifest.batch.max = NonZeroUsize::new(4).unwrap();
        manifest.batch.gpu = None;
    });
    TestModel {
        key: model.key(&[("height", SIDE), ("width", SIDE)]).unwrap(),
        model,
        output: "frame",
        inputs: |session| {
            let along = session as f32 * 0.15 + 0.2;
            let pose = vec![0.1 * along, 0.0, along, 0.05, -0.02, 0.0];
            vec![
                row("pose", pose),
                row("scene", vec![0.5, 1.0, 1.4, 6.0 + along]),
            ]
        },
        fresh: |session| vec![(Role::Borrowed("image"), picture(session))],
    }
}

/// The same with a warm-up that an interpreter of kernels gets through.
fn small_world() -> TestModel {
    let mut test = world_box();
    let file = test.model.read().unwrap();
    test.model = altered(&test.model, &file, |manifest| {
        let side = |(name, _): (&String, _)| (name.clone(), SIDE);
        manifest.warmup.axes = manifest.axes.iter().map(side).collect();
    });
    test
}

/// The smallest model whose state moves on at every run.
fn affine() -> TestModel {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/engine/data");
    let model = Repository::open(Some(&data)).get("affine").unwrap().clone();
    TestModel {
        key: model.key(&[]).unwrap(),
        model,
        output: "y",
        inputs: |session| {
            vec![row(
                "x",
                [1.0, -2.0, 0.25, 3.0]
                    .map(|x| x * (session as f32 + 1.0))
                    .to_vec(),
            )]
        },
        fresh: |session| vec![row("sum", vec![session as f32; 4])],
    }
}

/// A test double with state that moves on at every run.
fn scripted() -> TestModel {
    let model = Scripted::repository().get("scripted").unwrap().clone();
    TestModel {
        key: model.key(&[("height", SIDE), ("width", SIDE)]).unwrap(),
        model,
        output: "frame",
        inputs: |_| Vec::new(),
        fresh: |session| vec![(Role::Borrowed("image"), picture(session))],
    }
}

fn row(role: &'static str, values: Vec<f32>) -> (Role, Tensor) {
    let shape = vec![1, values.len()];
    (Role::Borrowed(role), Tensor::f32(shape, values).unwrap())
}

/// The recipes' picture (`models/recipes/golden.py`), brighter to the right the higher the session's number; session 0 has
/// exactly the recipe's.
pub fn picture(session: u32) -> Tensor {
    let pixel = |i: usize| {
        let (c, y, x) = (i / (SIDE * SIDE), i / SIDE % SIDE, i % SIDE);
        let wave = 0.5 + 0.5 * (0.31 * (x * (c + 1)) as f64 + 0.17 * y as f64).sin();
        let shade = f64::from(session) * 0.1 * (x as f64 / SIDE as f64);
        (wave * (1.0 - shade)) as f32
    };
    let pixels = (0..3 * SIDE * SIDE).map(pixel).collect();
    Tensor::f32(vec![1, 3, SIDE, SIDE], pixels).unwrap()
}

fn altered(model: &Model, file: &[u8], alter: impl FnOnce(&mut Manifest)) -> Model {
    let mut manifest = Manifest::clone(&model.manifest);
    alter(&mut manifest);
    let name = manifest.name.clone();
    let mut repository = Repository::default();
    repository.insert(manifest, file.to_vec());
    repository.get(&name).unwrap().clone()
}

impl TestModel {
    /// The same model with another file behind another manifest.
    pub fn altered(&self, file: &[u8], alter: impl FnOnce(&mut Manifest)) -> Model {
        altered(&self.model, file, alter)
    }

    /// A tensor of another type and the same shape.
    pub fn mistyped(tensor: &Tensor) -> Tensor {
        Tensor::zeros(DType::U8, tensor.shape().to_vec())
    }

    /// A tensor of the same type with one dimension more.
    pub fn misshapen(tensor: &Tensor) -> Tensor {
        let mut shape = tensor.shape().to_vec();
        shape.push(1);
        Tensor::zeros(tensor.dtype(), shape)
    }
}

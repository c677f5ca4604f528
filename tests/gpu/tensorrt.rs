//! TensorRT on the doubles: pictures on their way through a plan, and every way in which a plan or the library can refuse.

use crate::{fake_gpu::FakeGpu, fake_trt::FakeTrt, rig::Rig};
use fake_tensorrt::Kind;
use frameloom::{
    engine::{
        Backend, Data, DeviceSpec, Engine, Item, ItemDone, ItemState, LoadError, Model, Role,
        Scope, Slot, Tensor,
    },
    media::{Rgb8, resize},
};
use std::{num::NonZeroUsize, task::Poll};

const VERSIONS: [&str; 3] = ["10", "11", "rtx"];

/// A model that shows the picture that it is given.
const MIRROR: &str = r#"
schema = 1
name = "mirror"
title = "Mirror"
slot = "test"
kind = "analytic"
version = "1"
file = "model.engine"
sha256 = "SHA"
licence = "Apache-2.0"
card = "card.md"
[batch]
max = 2
[axes]
height = { min = 8, max = 64, step = 8 }
width = { min = 8, max = 64, step = 8 }
[[input]]
role = "image"
name = "image"
dtype = "f32"
layout = "nchw"
shape = ["batch", 3, "height", "width"]
range = [-1.0, 1.0]
channels = "bgr"
[[output]]
role = "frame"
name = "frame"
dtype = "f32"
layout = "nchw"
shape = ["batch", 3, "height", "width"]
range = [-1.0, 1.0]
channels = "rgb"
[warmup]
runs = 1
axes = { height = 16, width = 24 }
"#;

/// Its plan, in these floats.
fn plan(floats: &str) -> String {
    format!(
        "input image {floats} -1 3 -1 -1\n\
         output frame {floats} -1 3 -1 -1\n\
         profile image 1x3x8x8 1x3x16x24 2x3x64x64\n\
         memory 4096\n\
         op copy image frame\n"
    )
}

fn spec() -> DeviceSpec {
    DeviceSpec {
        name: "cuda0".into(),
        threads: NonZeroUsize::MIN,
        gpu: Some(0),
    }
}

/// A library of one version, a GPU, and the mirror.
struct Mirror {
    rig: Rig,
    trt: FakeTrt,
    model: Model,
}

impl Mirror {
    fn new(version: &str, floats: &str) -> Self {
        let (rig, trt) = (Rig::new(), FakeTrt::install(version));
        let model = trt.model(MIRROR, &plan(floats));
        Self { rig, trt, model }
    }

    fn gpu(&self) -> &FakeGpu {
        &self.rig.fake
    }

    fn load(&self) -> Result<Box<dyn Engine>, LoadError> {
        self.trt.backend(self.gpu()).load(&self.model, &spec())
    }

    fn slot(&self, engine: &mut dyn Engine) -> Result<Box<dyn Slot>, LoadError> {
        engine.slot(&self.model.warmup_key().unwrap())
    }
}

fn run(slot: &mut dyn Slot, pictures: &[&Rgb8]) -> Vec<ItemDone> {
    let item = |picture: &&Rgb8| {
        let shape = vec![1, picture.height as usize, picture.width as usize, 3];
        let pixels = Tensor::new(shape, Data::U8(picture.data.clone()));
        Item {
            inputs: vec![(Role::Borrowed("image"), pixels.unwrap())],
            state: ItemState::None,
            boundary: false,
        }
    };
    slot.submit(pictures.iter().map(item).collect());
    loop {
        if let Poll::Ready(done) = slot.poll() {
            return done;
        }
    }
}

fn shown(done: &ItemDone) -> Vec<u8> {
    let outputs = done.outcome.as_ref().unwrap();
    outputs.peek("frame").unwrap().as_u8().unwrap().to_vec()
}

fn picture(width: u32, height: u32) -> Rgb8 {
    Rgb8::from_fn(width, height, |x, y| {
        [(x * 9 % 256) as u8, (y * 7 % 256) as u8, 77]
    })
}

/// The plan takes blue first and gives red first.
fn swapped(picture: &Rgb8) -> Vec<u8> {
    let pixels = picture.data.chunks_exact(3);
    pixels.flat_map(|rgb| [rgb[2], rgb[1], rgb[0]]).collect()
}

#[test]
fn pictures_go_through_a_plan_in_its_own_range_order_and_floats() {
    for version in VERSIONS {
        for floats in ["f32", "f16"] {
            let mirror = Mirror::new(version, floats);
            let mut engine = mirror.load().unwrap();
            let mut slot = mirror.slot(&mut *engine).unwrap();
            let (a, b) = (picture(24, 16), Rgb8::filled(24, 16, [1, 128, 254]));
            let alone = run(&mut *slot, &[&a]);
            assert_eq!(shown(&alone[0]), swapped(&a), "{version} {floats}");
            let both = run(&mut *slot, &[&b, &a]);
            assert_eq!(shown(&both[0]), swapped(&b), "{version} {floats}");
            assert_eq!(shown(&both[1]), swapped(&a), "{version} {floats}");
        }
    }
}

#[test]
fn floats_go_into_a_plan_of_halves_as_their_pixels_would() {
    let mirror = Mirror::new("11", "f16");
    let mut engine = mirror.load().unwrap();
    let mut slot = mirror.slot(&mut *engine).unwrap();
    let given = picture(24, 16);
    let unit: Vec<f32> = given
        .data
        .iter()
        .map(|b| f32::from(*b) / 127.5 - 1.0)
        .collect();
    let plane = |channel: usize| unit.iter().skip(channel).step_by(3).copied();
    let planes = [2, 1, 0].into_iter().flat_map(plane).collect();
    let floats = Tensor::f32(vec![1, 3, 16, 24], planes).unwrap();
    let item = |tensor: &Tensor| Item {
        inputs: vec![(Role::Borrowed("image"), tensor.clone())],
        state: ItemState::None,
        boundary: false,
    };
    slot.submit(vec![item(&floats), item(&floats)]);
    let done = loop {
        if let Poll::Ready(done) = slot.poll() {
            break done;
        }
    };
    assert_eq!(shown(&done[0]), swapped(&given));
    assert_eq!(shown(&done[1]), swapped(&given));
}

#[test]
fn a_picture_of_another_size_is_brought_to_the_models_on_the_device() {
    let mirror = Mirror::new("11", "f32");
    let mut engine = mirror.load().unwrap();
    let mut slot = mirror.slot(&mut *engine).unwrap();
    let runs = mirror.gpu().control.tally().bytes_to_device;
    for (width, height) in [(12, 8), (36, 30), (48, 32)] {
        let given = picture(width, height);
        let done = run(&mut *slot, &[&given]);
        let expected = swapped(&resize::whole(&given, 24, 16));
        let pairs = shown(&done[0]).into_iter().zip(expected);
        let worst = pairs.map(|(a, b)| a.abs_diff(b)).max();
        assert!(worst <= Some(1), "{width}×{height}: {worst:?}");
    }
    let bytes = mirror.gpu().control.tally().bytes_to_device - runs;
    assert_eq!(
        bytes,
        3 * (12 * 8 + 36 * 30 + 48 * 32),
        "as bytes, and no more of them"
    );
    let large = run(&mut *slot, &[&picture(49, 32)]);
    let refused = large[0].outcome.as_ref().unwrap_err();
    assert_eq!(refused.scope, Scope::Item);
    assert!(
        refused.message.contains("four times"),
        "{}",
        refused.message
    );
}

#[test]
fn what_one_plan_gives_another_takes_on_the_device() {
    for version in VERSIONS {
        let mut mirror = Mirror::new(version, "f32");
        let manifest = MIRROR.replace("sha256", "then = [\"second.engine\"]\nsha256");
        let first = plan("f32")
            .replace("output frame", "output latent")
            .replace("image frame", "image latent");
        let second = plan("f32").replace("image", "latent");
        mirror.model = mirror.trt.model(&manifest, &first);
        mirror.trt.add_plan(&mirror.model, "second.engine", &second);
        let mut engine = mirror.load().unwrap();
        let mut slot = mirror.slot(&mut *engine).unwrap();
        let (a, b) = (picture(24, 16), Rgb8::filled(24, 16, [1, 128, 254]));
        let before = mirror.gpu().control.tally();
        let both = run(&mut *slot, &[&b, &a]);
        assert_eq!(shown(&both[0]), swapped(&b), "{version}");
        assert_eq!(shown(&both[1]), swapped(&a), "{version}");
        let after = mirror.gpu().control.tally();
        let pictures = 2 * 24 * 16 * 3;
        assert_eq!(
            after.bytes_to_host - before.bytes_to_host,
            pictures,
            "the latent stays"
        );
        assert_eq!(
            after.bytes_to_device - before.bytes_to_device,
            pictures,
            "the latent stays"
        );
        assert_eq!(
            mirror.gpu().gpu.graph_fallbacks(),
            0,
            "both are in one graph"
        );
    }
}

#[test]
fn plans_that_do_not_hang_together_are_refused_by_name() {
    let chain = |second: &str| {
        let mut mirror = Mirror::new("11", "f32");
        let manifest = MIRROR.replace("sha256", "then = [\"second.engine\"]\nsha256");
        let first = plan("f32")
            .replace("output frame", "output latent")
            .replace("image frame", "image latent");
        mirror.model = mirror.trt.model(&manifest, &first);
        mirror.trt.add_plan(&mirror.model, "second.engine", second);
        mirror.load().err().unwrap()
    };
    let nobody = chain(&plan("f32").replace("image", "unknown"));
    assert!(
        nobody.why.contains("`unknown`") && nobody.why.contains("nobody"),
        "{nobody}"
    );
    let retyped = chain(&plan("f16").replace("image", "latent"));
    assert!(retyped.why.contains("`latent`"), "{retyped}");
    let mut mirror = Mirror::new("11", "f32");
    let manifest = MIRROR.replace("sha256", "then = [\"second.engine\"]\nsha256");
    mirror.model = mirror.trt.model(&manifest, &plan("f32"));
    let absent = mirror.load().err().unwrap();
    assert!(absent.why.contains("second.engine"), "{absent}");
}

#[test]
fn a_run_that_the_library_refuses_takes_the_slot_and_tells_its_words() {
    for version in VERSIONS {
        let mirror = Mirror::new(version, "f32");
        // Not captured, so that each run asks the library.
        mirror.trt.double.wait_in_runs(true);
        let mut engine = mirror.load().unwrap();
        let mut slot = mirror.slot(&mut *engine).unwrap();
        mirror.trt.double.fail(Kind::Run, 1);
        let given = picture(24, 16);
        let failed = run(&mut *slot, &[&given]);
        let error = failed[0].outcome.as_ref().unwrap_err();
        assert_eq!(error.scope, Scope::Slot);
        assert!(
            error.message.contains("an error that was asked for"),
            "{}",
            error.message
        );
        assert_eq!(shown(&run(&mut *slot, &[&given])[0]), swapped(&given));
    }
}

#[test]
fn a_plan_that_cannot_be_captured_runs_without_graphs_and_that_is_counted() {
    let mirror = Mirror::new("10", "f32");
    mirror.trt.double.wait_in_runs(true);
    let mut engine = mirror.load().unwrap();
    let mut slot = mirror.slot(&mut *engine).unwrap();
    assert_eq!(mirror.gpu().gpu.graph_fallbacks(), 2);
    let given = picture(24, 16);
    assert_eq!(shown(&run(&mut *slot, &[&given])[0]), swapped(&given));
}

#[test]
fn a_library_without_memory_refuses_at_load_with_its_words_and_what_is_free() {
    let mirror = Mirror::new("11", "f32");
    mirror.trt.double.fail(Kind::Engine, 1);
    let refused = mirror.load().err().unwrap();
    for part in ["no memory for the weights", "MiB are free", "mirror"] {
        assert!(refused.why.contains(part), "{refused}");
    }
    let mut engine = mirror.load().unwrap();
    mirror.trt.double.fail(Kind::Context, 1);
    let refused = mirror.slot(&mut *engine).err().unwrap();
    assert!(refused.why.contains("out of memory"), "{refused}");
    assert!(mirror.slot(&mut *engine).is_ok());
}

#[test]
fn everything_of_the_librarys_is_given_back() {
    for version in VERSIONS {
        let mirror = Mirror::new(version, "f32");
        let mut engine = mirror.load().unwrap();
        let slots = [
            mirror.slot(&mut *engine).unwrap(),
            mirror.slot(&mut *engine).unwrap(),
        ];
        let live = |kind| mirror.trt.double.live(kind);
        // Two slots, each with a context for one item and one for two.
        assert_eq!((live(Kind::Engine), live(Kind::Context)), (1, 4));
        drop(slots);
        assert_eq!(live(Kind::Context), 0);
        drop(engine);
        assert_eq!((live(Kind::Runtime), live(Kind::Engine)), (0, 0));
        assert_eq!(mirror.gpu().control.tally().device_bytes, 0);
        assert_eq!(mirror.gpu().gpu.memory(), Default::default());
    }
}

/// Why the mirror's plan, changed by this, is refused.
fn refusal(change: impl FnOnce(&mut Mirror)) -> LoadError {
    let mut mirror = Mirror::new("10", "f32");
    change(&mut mirror);
    mirror.load().err().unwrap()
}

/// Why no slot is made for a mirror with this manifest.
fn refused_slot(manifest: &str) -> LoadError {
    let mut mirror = Mirror::new("10", "f32");
    mirror.model = mirror.trt.model(manifest, &plan("f32"));
    let mut engine = mirror.load().unwrap();
    mirror.slot(&mut *engine).err().unwrap()
}

fn with_file(mirror: &Mirror, name: &str, change: impl FnOnce(String) -> String) {
    let path = mirror.trt.folder().join("mirror").join(name);
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(path, change(text)).unwrap();
}

#[test]
fn a_stale_plan_is_refused_with_what_differs_and_the_command_that_builds_it() {
    let other_gpu = refusal(|mirror| {
        with_file(mirror, "model.engine.toml", |text| {
            text.replace("\"9.0\"", "\"8.6\"")
        });
    });
    assert!(
        other_gpu.why.contains("8.6") && other_gpu.why.contains("9.0"),
        "{other_gpu}"
    );
    let other_version = refusal(|mirror| {
        with_file(mirror, "model.engine.toml", |text| {
            text.replace("\"10.13.3\"", "\"10.9.0\"")
        });
    });
    assert!(other_version.why.contains("10.9.0"), "{other_version}");
    let other_bytes = refusal(|mirror| {
        with_file(mirror, "model.engine", |text| format!("{text}\n"));
    });
    for error in [other_gpu, other_version, other_bytes] {
        assert!(
            error.fix.contains("frameloom models build mirror"),
            "{error}"
        );
    }
}

#[test]
fn a_plan_whose_tensors_are_not_the_manifests_is_refused_by_name() {
    let renamed = refusal(|mirror| {
        let text = MIRROR.replace("name = \"frame\"", "name = \"unknown\"");
        mirror.model = mirror.trt.model(&text, &plan("f32"));
    });
    assert!(renamed.why.contains("`unknown`"), "{renamed}");
    let retyped = refusal(|mirror| {
        mirror.model = mirror.trt.model(MIRROR, &plan("i32"));
    });
    assert!(retyped.why.contains("I32"), "{retyped}");
    let narrower = refused_slot(&MIRROR.replacen(
        "shape = [\"batch\", 3, \"height\", \"width\"]\nrange = [-1.0, 1.0]\nchannels = \"rgb\"",
        "shape = [\"batch\", 3, \"height\", 8]\nrange = [-1.0, 1.0]\nchannels = \"rgb\"",
        1,
    ));
    assert!(
        narrower
            .why
            .contains("`frame` is [1, 3, 16, 24] in the plan"),
        "{narrower}"
    );
    let elsewhere = refusal(|mirror| {
        let plan = plan("f32").replace("image f32 -1", "image f32 host -1");
        mirror.model = mirror.trt.model(MIRROR, &plan);
    });
    assert!(elsewhere.why.contains("device memory"), "{elsewhere}");
}

//! What an engine says of itself comes back as the plan has it.

use crate::on_each_version;
use tensorrt_rs::{Bound, DType, Dims, Format, Location, Mode, TensorInfo};

const PLAN: &str = "
input frame f16 format=8 1 3 -1 -1
input sizes i64 host 2
output image f32 1 3 -1 -1
profile frame 1x3x64x64 1x3x512x512 1x3x1024x1024
profile frame 1x3x8x8 1x3x16x16 1x3x32x32
memory 5000000000
aux 3
";

fn dims(extents: &[i64]) -> Dims {
    Dims::new(extents).unwrap()
}

#[test]
fn tensors_come_with_their_names_types_places_and_shapes() {
    let frame = TensorInfo {
        name: "frame".into(),
        mode: Mode::Input,
        dtype: DType::F16,
        location: Location::Device,
        format: Format::Hwc,
        shape: dims(&[1, 3, -1, -1]),
    };
    let sizes = TensorInfo {
        name: "sizes".into(),
        dtype: DType::I64,
        location: Location::Host,
        format: Format::Linear,
        shape: dims(&[2]),
        ..frame.clone()
    };
    let image = TensorInfo {
        name: "image".into(),
        mode: Mode::Output,
        dtype: DType::F32,
        format: Format::Linear,
        ..frame.clone()
    };
    on_each_version(|bench| {
        let tensors = bench.engine(PLAN).tensors().unwrap();
        assert_eq!(tensors, [frame.clone(), sizes.clone(), image.clone()]);
    });
}

#[test]
fn a_scalar_has_no_extents() {
    on_each_version(|bench| {
        let tensors = bench.engine("input step i32").tensors().unwrap();
        assert_eq!(tensors[0].shape.as_slice(), []);
    });
}

#[test]
fn profiles_come_with_their_three_shapes() {
    on_each_version(|bench| {
        let engine = bench.engine(PLAN);
        assert_eq!(engine.profiles(), 2);
        let shape = |profile, bound| engine.profile_shape("frame", profile, bound).unwrap();
        assert_eq!(shape(0, Bound::Min), dims(&[1, 3, 64, 64]));
        assert_eq!(shape(0, Bound::Opt), dims(&[1, 3, 512, 512]));
        assert_eq!(shape(1, Bound::Max), dims(&[1, 3, 32, 32]));
    });
}

#[test]
fn a_profile_that_is_not_there_is_an_error() {
    on_each_version(|bench| {
        let engine = bench.engine(PLAN);
        let of = |name, profile| engine.profile_shape(name, profile, Bound::Min);
        let says = of("frame", 2).unwrap_err().to_string();
        assert!(says.starts_with("getProfileShape failed: "), "{says}");
        assert!(of("nobody", 0).is_err());
        assert!(of("frame", usize::MAX).is_err());
    });
}

#[test]
fn memory_and_streams_come_as_the_plan_has_them() {
    on_each_version(|bench| {
        let engine = bench.engine(PLAN);
        assert_eq!(engine.device_memory_size(), 5_000_000_000);
        assert_eq!(engine.aux_streams(), 3);
    });
}

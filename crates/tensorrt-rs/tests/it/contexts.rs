//! What a context is told arrives, and what it knows comes back.

use crate::on_each_version;
use std::ffi::c_void;
use tensorrt_rs::{Allocation, Dims, Error};

const PLAN: &str = "
input frame f32 1 -1
output image f32 1 -1
profile frame 1x1 1x8 1x16
profile frame 1x32 1x64 1x128
memory 4096
op copy frame image
";

fn dims(extents: &[i64]) -> Dims {
    Dims::new(extents).unwrap()
}

/// An address that nobody reads.
fn at(address: usize) -> *mut c_void {
    std::ptr::without_provenance_mut(address)
}

#[test]
fn an_output_has_its_shape_once_the_inputs_have_theirs() {
    on_each_version(|bench| {
        let mut context = bench.context(PLAN);
        assert_eq!(context.tensor_shape("image").unwrap(), dims(&[1, -1]));
        context.set_input_shape("frame", &dims(&[1, 5])).unwrap();
        assert_eq!(context.tensor_shape("image").unwrap(), dims(&[1, 5]));
    });
}

#[test]
fn a_shape_outside_the_profile_is_refused_in_the_librarys_words() {
    on_each_version(|bench| {
        let mut context = bench.context(PLAN);
        let error = context
            .set_input_shape("frame", &dims(&[1, 17]))
            .unwrap_err();
        let says = error.to_string();
        assert!(says.starts_with("setInputShape failed: "), "{says}");
        assert!(
            says.ends_with("frame may be from 1x1 to 1x16, not 1x17"),
            "{says}"
        );
    });
}

#[test]
fn another_profile_allows_other_shapes() {
    on_each_version(|bench| {
        let mut context = bench.context(PLAN);
        // SAFETY: the double notes the stream and does not use it.
        unsafe { context.set_profile(1, at(0x5000)) }.unwrap();
        context.set_input_shape("frame", &dims(&[1, 128])).unwrap();
        let journal = bench.double.journal();
        assert!(journal.contains(&"setOptimizationProfileAsync 1 0x5000".into()));
    });
}

#[test]
fn inputs_without_a_shape_are_named() {
    on_each_version(|bench| {
        let mut context = bench.context(PLAN);
        let missing = vec!["frame".into()];
        assert_eq!(context.infer_shapes(), Err(Error::Missing { missing }));
        context.set_input_shape("frame", &dims(&[1, 4])).unwrap();
        assert_eq!(context.infer_shapes(), Ok(()));
    });
}

#[test]
fn more_missing_inputs_than_there_is_room_for_are_cut_off() {
    on_each_version(|bench| {
        let inputs: Vec<String> = (0..40).map(|at| format!("input x{at} f32 -1\n")).collect();
        let error = bench.context(&inputs.concat()).infer_shapes().unwrap_err();
        assert!(matches!(error, Error::Missing { missing } if missing.len() == 16));
    });
}

#[test]
fn a_tensor_that_is_not_there_is_an_error_everywhere() {
    on_each_version(|bench| {
        let mut context = bench.context(PLAN);
        assert!(context.tensor_shape("nobody").is_err());
        assert!(context.set_input_shape("nobody", &dims(&[1])).is_err());
        // SAFETY: nothing is enqueued.
        assert!(unsafe { context.set_tensor_address("nobody", at(0x1000)) }.is_err());
        let name = Error::Name("a\0b".into());
        assert_eq!(context.tensor_shape("a\0b"), Err(name));
    });
}

#[test]
fn every_setting_arrives_with_its_value() {
    on_each_version(|bench| {
        let mut context = bench.context(PLAN);
        context.set_persistent_cache_limit(1 << 33);
        // SAFETY: nothing is enqueued, so nothing is used.
        unsafe {
            context.set_aux_streams(&[at(0x10), at(0x20)]);
            context.set_aux_streams(&[]);
            context.set_input_consumed_event(at(0x30)).unwrap();
            context.set_tensor_address("frame", at(0x4000)).unwrap();
        }
        let journal = bench.double.journal();
        let expected = [
            "setPersistentCacheLimit 8589934592",
            "setAuxStreams [0x10, 0x20]",
            "setAuxStreams []",
            "setInputConsumedEvent 0x30",
            "setTensorAddress frame 0x4000",
        ];
        assert_eq!(journal[journal.len() - expected.len()..], expected);
    });
}

#[test]
fn the_callers_memory_is_asked_for_and_arrives_with_its_size_if_the_version_takes_one() {
    on_each_version(|bench| {
        let mut context = bench.engine(PLAN).context_with(Allocation::Caller).unwrap();
        let early = context.update_device_memory_size_for_shapes().unwrap_err();
        assert!(early.to_string().contains("not every input has a shape"));
        context.set_input_shape("frame", &dims(&[1, 4])).unwrap();
        assert_eq!(context.update_device_memory_size_for_shapes(), Ok(4096));
        // SAFETY: nothing is enqueued.
        unsafe { context.set_device_memory(at(0x8000), 4096) };
        let sized = bench.library.version().to_string() != "10.0.1";
        let arrived = ["setDeviceMemory 0x8000", "setDeviceMemoryV2 0x8000 4096"];
        let journal = bench.double.journal();
        assert_eq!(journal.last().unwrap(), arrived[usize::from(sized)]);
        assert!(journal.contains(&"createExecutionContext 2".into()));
    });
}

#[test]
fn a_context_that_needs_no_memory_says_so_without_an_error() {
    on_each_version(|bench| {
        let mut context = bench.context("input x f32 1");
        assert_eq!(context.update_device_memory_size_for_shapes(), Ok(0));
    });
}

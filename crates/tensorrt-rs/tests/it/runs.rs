//! Runs: what the double does on the driver, in whose order, and what can go wrong.

use crate::{Bench, children, on_each_version};
use fake_tensorrt::Kind;
use std::{
    cell::RefCell,
    ffi::{c_int, c_void},
};
use tensorrt_rs::{Allocation, Context, Dims};

const PLAN: &str = "
input frame f32 1 -1
output image f32 1 -1
memory 64
op copy frame image
";

thread_local! {
    /// What the driver in this thread's place was asked for.
    static ASKED: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

fn asked(what: String) -> c_int {
    ASKED.with_borrow_mut(|asked| asked.push(what));
    0
}

/// Host memory in the place of a device's.
extern "C" fn copy(to: u64, from: u64, bytes: usize, stream: *mut c_void) -> c_int {
    let [to, from] =
        [to, from].map(|address| std::ptr::with_exposed_provenance_mut::<u8>(address as usize));
    // SAFETY: the test gave two buffers of its own, which are as large as the shapes say.
    unsafe { from.copy_to_nonoverlapping(to, bytes) };
    asked(format!("copy {bytes} on {stream:?}"))
}

extern "C" fn record(event: *mut c_void, stream: *mut c_void) -> c_int {
    asked(format!("record {event:?} on {stream:?}"))
}

extern "C" fn wait(stream: *mut c_void) -> c_int {
    asked(format!("wait for {stream:?}"));
    // CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED, as in a capture.
    900
}

fn at(address: usize) -> *mut c_void {
    std::ptr::without_provenance_mut(address)
}

const STREAM: usize = 0x77;

/// A context with two buffers, ready to run.
fn ready(bench: &Bench, frame: &[f32; 3], image: &mut [f32; 3]) -> Context {
    bench.double.use_driver(copy, record, wait);
    ASKED.take();
    let mut context = bench.context(PLAN);
    let shape = Dims::new(&[1, 3]).unwrap();
    context.set_input_shape("frame", &shape).unwrap();
    let frame = std::ptr::from_ref(frame).expose_provenance();
    let image = std::ptr::from_mut(image).expose_provenance();
    // SAFETY: both outlive the context and hold three numbers.
    unsafe {
        context
            .set_tensor_address("frame", std::ptr::with_exposed_provenance_mut(frame))
            .unwrap();
        context
            .set_tensor_address("image", std::ptr::with_exposed_provenance_mut(image))
            .unwrap();
    }
    context
}

#[test]
fn a_run_moves_the_input_to_the_output_on_the_stream_that_it_was_given() {
    on_each_version(|bench| {
        let (frame, mut image) = ([1.0, 2.0, 3.0], [0.0; 3]);
        let mut context = ready(bench, &frame, &mut image);
        // SAFETY: the driver's double does not use the stream.
        unsafe { context.enqueue(at(STREAM)) }.unwrap();
        assert_eq!(image, frame);
        assert_eq!(ASKED.take(), ["copy 12 on 0x77"]);
    });
}

#[test]
fn the_event_is_recorded_behind_the_run_that_read_the_inputs() {
    on_each_version(|bench| {
        let (frame, mut image) = ([0.0; 3], [0.0; 3]);
        let mut context = ready(bench, &frame, &mut image);
        // SAFETY: the driver's double uses neither stream nor event.
        unsafe {
            context.set_input_consumed_event(at(0x99)).unwrap();
            context.enqueue(at(STREAM)).unwrap();
        }
        assert_eq!(ASKED.take(), ["copy 12 on 0x77", "record 0x99 on 0x77"]);
    });
}

#[test]
fn a_run_without_an_address_is_refused() {
    on_each_version(|bench| {
        let mut context = bench.context("input x f32 1");
        // SAFETY: it is refused before the stream is used.
        let says = unsafe { context.enqueue(at(STREAM)) }
            .unwrap_err()
            .to_string();
        assert_eq!(says, "enqueueV3 failed: enqueueV3: x has no address");
    });
}

#[test]
fn a_run_with_too_little_of_the_callers_memory_is_refused() {
    on_each_version(|bench| {
        let engine = bench.engine("memory 64");
        let mut context = engine.context_with(Allocation::Caller).unwrap();
        // SAFETY: it is refused before the stream is used.
        let says = unsafe { context.enqueue(at(STREAM)) }
            .unwrap_err()
            .to_string();
        assert_eq!(says, "enqueueV3 failed: enqueueV3: 0 bytes are too few");
    });
}

#[test]
fn as_many_runs_fail_as_were_asked_for() {
    on_each_version(|bench| {
        let (frame, mut image) = ([0.0; 3], [0.0; 3]);
        let mut context = ready(bench, &frame, &mut image);
        bench.double.fail(Kind::Run, 2);
        // SAFETY: the driver's double does not use the stream.
        let runs = [(); 3].map(|()| unsafe { context.enqueue(at(STREAM)) }.is_ok());
        assert_eq!(runs, [false, false, true]);
        assert_eq!(bench.double.calls("enqueueV3"), 3);
    });
}

#[test]
fn a_run_that_waits_fails_as_it_does_in_a_capture() {
    on_each_version(|bench| {
        let (frame, mut image) = ([0.0; 3], [0.0; 3]);
        let mut context = ready(bench, &frame, &mut image);
        bench.double.wait_in_runs(true);
        // SAFETY: the driver's double does not use the stream.
        let says = unsafe { context.enqueue(at(STREAM)) }
            .unwrap_err()
            .to_string();
        assert!(says.ends_with("cuStreamSynchronize gave 900"), "{says}");
        assert_eq!(ASKED.take(), ["wait for 0x77"]);
    });
}

/// A driver that answers every copy with 719.
const DRIVER: &str = "
int cuMemcpyDtoDAsync_v2(void) { return 719; }
int cuEventRecord(void) { return 0; }
int cuStreamSynchronize(void) { return 0; }
";

#[test]
fn the_driver_is_the_library_that_the_environment_names() {
    const SELF: &str = "runs::the_driver_is_the_library_that_the_environment_names";
    if children::is_child() {
        let bench = Bench::new("11");
        let mut context = bench.context("input x f32 1\noutput y f32 1\nop copy x y");
        // SAFETY: that driver copies nothing.
        let says = unsafe {
            context.set_tensor_address("x", at(0x1000)).unwrap();
            context.set_tensor_address("y", at(0x2000)).unwrap();
            context.enqueue(at(STREAM)).unwrap_err().to_string()
        };
        assert!(says.ends_with("cuMemcpyDtoDAsync gave 719"), "{says}");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let driver = folder.path().join("libdriver.so");
    if let Err(why) = children::compile("cc", &["-x", "c"], DRIVER, &driver) {
        return println!("skipped: {why}");
    }
    let driver = driver.to_str().unwrap();
    let done = children::run(SELF, &[("FRAMELOOM_CUDA_LIBRARY", driver)]);
    assert!(done.succeeded, "{}", done.says);
}

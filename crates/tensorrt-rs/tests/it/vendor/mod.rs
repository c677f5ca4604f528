//! The numbers against the vendor's own headers: a double in C++ that a compiler lays out, made of those headers when the
//! test runs.
//!
//! Every method of the double writes down its name and what it was given, and answers with what its name determines
//! ([`weight`]). So a call that lands on another method shows by both. `scripts/vendor-tensorrt` fetches the headers.

mod cpp;
mod declarations;
mod enumerators;

use crate::assumed;
use cpp::Cpp;
use std::{
    ffi::c_void,
    path::{Path, PathBuf},
    sync::Mutex,
};
use tensorrt_rs::{Allocation, Bound, DType, Dims, Format, Location, Logger, Mode};

/// What has to be set for tests that need what is the vendor's.
const VARIABLE: &str = "FRAMELOOM_VENDOR_TESTS";

/// A folder of what `scripts/vendor-tensorrt` fetched, or why there is none.
pub fn fetched(folder: &str) -> Result<PathBuf, String> {
    if std::env::var_os(VARIABLE).is_none_or(|set| set != "1") {
        return Err(format!("{VARIABLE} is not 1"));
    }
    let test = std::env::current_exe().unwrap();
    let place = |above: &Path| above.join("vendor-tensorrt").join(folder);
    let mut places = test.ancestors().map(place);
    let found = places.find(|place| place.is_dir());
    found.ok_or_else(|| "scripts/vendor-tensorrt has not been run".into())
}

/// What a method answers with: the sum of its name's bytes.
fn weight(name: &str) -> i64 {
    name.bytes().map(i64::from).sum()
}

static SPOKEN: Mutex<Vec<String>> = Mutex::new(Vec::new());

fn at(address: usize) -> *mut c_void {
    std::ptr::without_provenance_mut(address)
}

/// What a version names the methods that changed after TensorRT 10.0: the one that tells how much memory is needed, and the
/// one that takes it, with what it takes.
fn of_memory(version: i32) -> (&'static str, &'static str) {
    match version {
        100_000..100_100 => ("getDeviceMemorySize", "setDeviceMemory 0x70"),
        _ => ("getDeviceMemorySizeV2", "setDeviceMemoryV2 0x70 99"),
    }
}

/// Calls everything and looks where it landed. `version` is what the library was told to say.
fn every_call_lands(cpp: &Cpp, version: i32) {
    let (asks_memory, takes_memory) = of_memory(version);
    SPOKEN.lock().unwrap().clear();
    let logger = Logger::new(|_, message| SPOKEN.lock().unwrap().push(message.to_owned()));
    let runtime = cpp.library.runtime(&assumed(), logger).unwrap();
    assert_eq!(*SPOKEN.lock().unwrap(), ["spoken in C++"]);
    assert_eq!(cpp.last(), format!("createInferRuntime {version}"));

    let plan = [7_u8; 5];
    let engine = runtime.deserialize(&plan).unwrap();
    assert_eq!(
        cpp.last(),
        format!("deserializeCudaEngine {:?} 5", plan.as_ptr())
    );
    engine_calls_land(cpp, &engine);
    let size = u64::try_from(weight(asks_memory)).unwrap();
    assert_eq!(engine.device_memory_size(), size);
    let mut context = engine.context_with(Allocation::OnProfileChange).unwrap();
    assert_eq!(cpp.last(), "createExecutionContext 1");
    context_calls_land(cpp, &mut context);
    // SAFETY: the double uses nothing that it is given.
    unsafe { context.set_device_memory(at(0x70), 99) };
    assert_eq!(cpp.last(), takes_memory);

    drop((runtime, engine));
    assert_eq!(cpp.last(), takes_memory, "the context keeps both");
    drop(context);
    assert_eq!(cpp.last(), "~IRuntime");
}

fn engine_calls_land(cpp: &Cpp, engine: &tensorrt_rs::Engine) {
    let number = |name: &str| i32::try_from(weight(name)).unwrap();
    let shape = |name: &str| Dims::new(&[weight(name), -1]).unwrap();
    let tensors = engine.tensors().unwrap();
    assert_eq!(
        tensors.len(),
        usize::try_from(number("getNbIOTensors")).unwrap()
    );
    assert_eq!(cpp.last(), "getTensorShape getIOTensorName");
    let tensor = &tensors[0];
    assert_eq!(tensor.name, "getIOTensorName");
    assert_eq!(tensor.mode, Mode::Other(number("getTensorIOMode")));
    assert_eq!(tensor.dtype, DType::Other(number("getTensorDataType")));
    assert_eq!(
        tensor.location,
        Location::Other(number("getTensorLocation"))
    );
    assert_eq!(tensor.format, Format::Other(number("getTensorFormat")));
    assert_eq!(tensor.shape, shape("getTensorShape"));

    assert_eq!(
        engine.profile_shape("x", 3, Bound::Max),
        Ok(shape("getProfileShape"))
    );
    assert_eq!(cpp.last(), "getProfileShape x 3 2");
    assert_eq!(
        engine.profiles(),
        usize::try_from(weight("getNbOptimizationProfiles")).unwrap()
    );
    assert_eq!(
        engine.aux_streams(),
        usize::try_from(weight("getNbAuxStreams")).unwrap()
    );
}

fn context_calls_land(cpp: &Cpp, context: &mut tensorrt_rs::Context) {
    // SAFETY: the double writes down what it is given and uses none of it.
    unsafe {
        context.set_profile(2, at(0x10)).unwrap();
        assert_eq!(cpp.last(), "setOptimizationProfileAsync 2 0x10");
        context.set_tensor_address("x", at(0x20)).unwrap();
        assert_eq!(cpp.last(), "setTensorAddress x 0x20");
        context.set_input_consumed_event(at(0x30)).unwrap();
        assert_eq!(cpp.last(), "setInputConsumedEvent 0x30");
        context.enqueue(at(0x40)).unwrap();
        assert_eq!(cpp.last(), "enqueueV3 0x40");
        let streams = [at(0x50), at(0x60)];
        context.set_aux_streams(&streams);
        assert_eq!(
            cpp.last(),
            format!("setAuxStreams {:?} 2", streams.as_ptr())
        );
    }
    context
        .set_input_shape("x", &Dims::new(&[1, -1, 7]).unwrap())
        .unwrap();
    assert_eq!(cpp.last(), "setInputShape x 1x-1x7");
    let shape = Dims::new(&[weight("getTensorShape"), -1]).unwrap();
    assert_eq!(context.tensor_shape("y"), Ok(shape));
    assert_eq!(cpp.last(), "getTensorShape y");
    assert!(context.infer_shapes().is_err());
    assert!(
        cpp.last().starts_with("inferShapes 16 0x"),
        "{}",
        cpp.last()
    );
    context.set_persistent_cache_limit(1 << 40);
    assert_eq!(cpp.last(), "setPersistentCacheLimit 1099511627776");
    let size = usize::try_from(weight("updateDeviceMemorySizeForShapes")).unwrap();
    assert_eq!(context.update_device_memory_size_for_shapes(), Ok(size));
}

fn lands_in(headers: &str, version: i32, restored: &[&str]) {
    match Cpp::compile(headers, version, restored) {
        Ok(cpp) => every_call_lands(&cpp, version),
        Err(why) => println!("skipped: {why}"),
    }
}

#[test]
fn every_call_lands_on_its_method_as_the_vendors_headers_lay_them_out() {
    lands_in("TRT-Enterprise-11.4", 110_400, &[]);
    lands_in("TRT-RTX-1.7", 10_701, &[]);
    // Headers of 10 itself are not to be had in a package. RTX 1.3's are of its time and have its runtime, context and
    // logger; its engine has dropped two methods, which were deprecated.
    let dropped = [
        "createExecutionContextWithoutDeviceMemory",
        "getDeviceMemorySize",
    ];
    lands_in("TRT-RTX-1.3", 101_303, &dropped);
    lands_in("TRT-RTX-1.3", 100_001, &dropped);
}

//! The numbers of the methods: the one place that knows what differs between versions.
//!
//! A number counts a class's methods in the order of their declaration, from 0, without destructors. They were read from
//! `NvInferImpl.h`: column 10 in the headers of TensorRT 10.7, which mark what came after 10.0; column 11 in those of
//! TensorRT 11.4 and TensorRT-RTX 1.7 (which agree), under Apache-2.0. Within a major version methods are only added at the end:
//! the vendor promises it ("Support Policies", API versioning), and RTX 1.3's headers, of the time of 10.13, agree with
//! column 10 in the runtime and the context. TensorRT 10 ended with 10.16; of 11 any minor version is spoken, by that promise.
//! TensorRT-RTX keeps no such promise: before 1.5 it has other numbers and the older logger, and other versions than 1.7 have
//! not been tried. What is not known is not spoken.

use crate::{
    dims::Dims,
    logger::Shape,
    object::{Method, Raw, This},
    version::Version,
};
use std::ffi::{c_char, c_void};

/// A tensor's name, ended by a zero byte.
pub(crate) type Name = *const c_char;

/// What this crate can talk to, in words.
pub const SPOKEN: &str = "TensorRT 10.0 to 10.16, TensorRT 11 and TensorRT-RTX 1.7";

macro_rules! table {
    ($($(#[$doc:meta])* $name:ident($($arg:ty),*) $(-> $ret:ty)?: $ten:literal, $eleven:literal;)*) => {
        /// One version's numbers.
        pub(crate) struct Table {
            pub(crate) logger: Shape,
            /// Memory for activations has a size when it is handed over; in 10.0 it had none.
            pub(crate) sized_memory: bool,
            $($(#[$doc])* pub(crate) $name: Method<unsafe extern "C" fn(This $(, $arg)*) $(-> $ret)?>,)*
        }

        const TEN: Table = Table {
            logger: Shape::Ten,
            sized_memory: true,
            // SAFETY: the signatures are those of the headers named above, with `Dims const&` as a pointer, enumerations
            // as their type `int32_t`, and the object first.
            $($name: unsafe { Method::at($ten) },)*
        };

        const ELEVEN: Table = Table {
            logger: Shape::Eleven,
            sized_memory: true,
            // SAFETY: as above; the signatures did not change with the numbers.
            $($name: unsafe { Method::at($eleven) },)*
        };
    };
}

table! {
    // VRuntime                                                                     10, 11
    /// `deserializeCudaEngine(blob, size)`
    deserialize(*const c_void, usize) -> Raw:                                        1,  1;

    // VCudaEngine
    /// `createExecutionContext(strategy)`
    create_context(i32) -> Raw:                                                      3,  3;
    /// `getNbOptimizationProfiles()`
    profiles() -> i32:                                                               8,  6;
    /// `getTensorShape(name)`
    shape(Name) -> Dims:                                                            17, 13;
    /// `getTensorDataType(name)`
    dtype(Name) -> i32:                                                             18, 14;
    /// `getTensorLocation(name)`
    location(Name) -> i32:                                                          19, 15;
    /// `getTensorIOMode(name)`
    mode(Name) -> i32:                                                              21, 17;
    /// `getTensorFormat(name)`
    format(Name) -> i32:                                                            24, 20;
    /// `getProfileShape(name, profile, selector)`
    profile_shape(Name, i32, i32) -> Dims:                                          27, 23;
    /// `getNbIOTensors()`
    tensors() -> i32:                                                               28, 24;
    /// `getIOTensorName(index)`
    tensor_name(i32) -> Name:                                                       29, 25;
    /// `getNbAuxStreams()`
    aux_streams() -> i32:                                                           31, 27;
    /// `getDeviceMemorySizeV2()`, added in 10.1
    device_memory_size() -> i64:                                                    50, 42;

    // VExecutionContext
    /// `setDeviceMemory(memory)`
    set_unsized_memory(*mut c_void):                                                 8,  8;
    /// `setOptimizationProfileAsync(profile, stream)`
    set_profile(i32, *mut c_void) -> bool:                                          15, 14;
    /// `setInputShape(name, dims)`
    set_input_shape(Name, *const Dims) -> bool:                                     19, 18;
    /// `getTensorShape(name)`
    tensor_shape(Name) -> Dims:                                                     20, 19;
    /// `setTensorAddress(name, data)`
    set_tensor_address(Name, *mut c_void) -> bool:                                  22, 21;
    /// `inferShapes(most, names)`
    infer_shapes(i32, *mut Name) -> i32:                                            26, 25;
    /// `setInputConsumedEvent(event)`
    set_input_consumed_event(*mut c_void) -> bool:                                  27, 26;
    /// `enqueueV3(stream)`
    enqueue(*mut c_void) -> bool:                                                   35, 34;
    /// `setPersistentCacheLimit(size)`
    set_persistent_cache_limit(usize):                                              36, 35;
    /// `setAuxStreams(streams, count)`
    set_aux_streams(*const *mut c_void, i32):                                       40, 39;
    /// `updateDeviceMemorySizeForShapes()`
    update_device_memory_size() -> usize:                                           46, 45;
    /// `setDeviceMemoryV2(memory, size)`, added in 10.1
    set_device_memory(*mut c_void, i64):                                            47, 46;
}

static OF_TEN: Table = TEN;
static OF_ELEVEN: Table = ELEVEN;
static OF_TEN_ZERO: Table = Table {
    sized_memory: false,
    // SAFETY: `getDeviceMemorySize()`, which gives a `size_t` where its successor gives an `int64_t`.
    device_memory_size: unsafe { Method::at(5) },
    ..TEN
};

impl Table {
    /// The numbers of that version; `None` if they are not known.
    pub(crate) fn of(version: Version) -> Option<&'static Self> {
        match (version.major, version.minor) {
            (10, 0) => Some(&OF_TEN_ZERO),
            (10, 1..=16) => Some(&OF_TEN),
            (11, _) | (1, 7) => Some(&OF_ELEVEN),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spoken(raw: i32) -> bool {
        Table::of(Version::from_raw(raw)).is_some()
    }

    #[test]
    fn versions_whose_methods_are_not_known_are_not_spoken() {
        let refused = [
            8_601, 90_000, 101_700, 120_000, 10_300, 10_601, 10_800, 20_000, 0, -1,
        ];
        assert!(!refused.into_iter().any(spoken));
        let taken = [100_001, 101_303, 101_601, 110_000, 110_400, 10_701];
        assert!(taken.into_iter().all(spoken));
    }
}

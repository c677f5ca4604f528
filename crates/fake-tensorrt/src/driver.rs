//! What a run does on the device: the functions of the driver that the test has loaded.

use crate::state::state;
use std::ffi::{c_int, c_void};

/// Names the driver's library for this double alone: a test sets it to the one that it gives the server as `gpu.driver`.
/// Without it, the vendor's.
const VARIABLE: &str = "FRAMELOOM_CUDA_LIBRARY";
const VENDORS: &str = "libcuda.so.1";

/// `cuMemcpyDtoDAsync_v2(to, from, bytes, stream)`.
pub(crate) type Copy = unsafe extern "C" fn(u64, u64, usize, *mut c_void) -> c_int;
/// `cuEventRecord(event, stream)`.
pub(crate) type Record = unsafe extern "C" fn(*mut c_void, *mut c_void) -> c_int;
/// `cuStreamSynchronize(stream)`.
pub(crate) type Wait = unsafe extern "C" fn(*mut c_void) -> c_int;

/// The three functions that runs need.
#[derive(Clone, Copy)]
pub(crate) struct Driver {
    pub(crate) copy: self::Copy,
    pub(crate) record: Record,
    pub(crate) wait: Wait,
}

/// What the driver answered, if it was not 0.
pub(crate) fn done(call: &str, code: c_int) -> Result<(), String> {
    match code {
        0 => Ok(()),
        code => Err(format!("{call} gave {code}")),
    }
}

impl Driver {
    /// The one that a test gave, or the one that was loaded, or the one that is loaded now.
    pub(crate) fn get() -> Result<Self, String> {
        if let Some(driver) = state().driver {
            return Ok(driver);
        }
        let loaded = Self::load()?;
        state().driver = Some(loaded);
        Ok(loaded)
    }

    fn load() -> Result<Self, String> {
        let name = std::env::var_os(VARIABLE).unwrap_or_else(|| VENDORS.into());
        let why = |error: libloading::Error| format!("there is no driver: {error:?}");
        // SAFETY: a driver, or a double of one that whoever runs the test named; it exports these functions so. It is never
        // closed.
        unsafe {
            let library = std::mem::ManuallyDrop::new(libloading::Library::new(name).map_err(why)?);
            Ok(Self {
                copy: *library
                    .get::<self::Copy>(c"cuMemcpyDtoDAsync_v2")
                    .map_err(why)?,
                record: *library.get::<Record>(c"cuEventRecord").map_err(why)?,
                wait: *library.get::<Wait>(c"cuStreamSynchronize").map_err(why)?,
            })
        }
    }
}

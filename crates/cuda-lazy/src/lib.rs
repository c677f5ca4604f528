//! The CUDA driver's functions, found when the program runs instead of when it is linked.
//!
//! Defines every `cu…` symbol that `cust` calls as a jump through a table ([`trampolines`]). Until [`present`] has opened
//! the driver's library, each of them gives `CUDA_ERROR_NO_DEVICE`; so a binary that holds CUDA code starts on any machine.
//! Nothing here makes a context or takes memory. Invariant: a [`Present`] exists only after the driver itself has
//! answered that there is at least one device, and the library is never closed after that.

mod trampolines;

use libloading::os::unix::{Library, RTLD_GLOBAL, RTLD_NOW};
use std::{
    error::Error,
    ffi::{CStr, OsStr, OsString, c_char, c_int, c_uint},
    path::PathBuf,
    ptr,
    sync::OnceLock,
};

/// The driver's library, as its vendor installs it.
pub const DRIVER: &str = "libcuda.so.1";

/// A proof that the driver answered with at least one device.
///
/// What makes objects of NVIDIA's libraries asks for it: some of them give wild pointers on a machine without a driver.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Present {
    devices: u32,
    version: i32,
}

/// Why there is no device to be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Absent {
    /// The driver's library cannot be opened.
    #[error("{} cannot be opened: {why}", library.display())]
    NoDriver {
        /// The library.
        library: PathBuf,
        /// The loader's own words.
        why: String,
    },
    /// It was opened and refuses to start.
    #[error("the driver does not start: {name} ({code})")]
    NotStarted {
        /// The driver's error code.
        code: c_int,
        /// The code's name, as the driver's header has it.
        name: &'static str,
    },
    /// It has started and sees no device.
    #[error("the driver sees no device")]
    NoDevice,
    /// A program has one driver; another one was asked for after the first was opened.
    #[error("{} was asked for, but {} is open already", asked.display(), open.display())]
    AnotherOne {
        /// Asked for now.
        asked: PathBuf,
        /// Asked for at first.
        open: PathBuf,
    },
}

/// What became of the first attempt; a driver is looked for once in a program's life.
static FOUND: OnceLock<(OsString, Result<Present, Absent>)> = OnceLock::new();

/// Opens the driver's library (`None`: [`DRIVER`]), starts it, and asks it for its devices.
///
/// The first call decides; later ones give its answer. Costs one failed `dlopen` where there is no driver.
///
/// # Errors
/// Why there is no device, in the order in which it is looked for: library, start, device.
pub fn present(library: Option<&OsStr>) -> Result<Present, Absent> {
    let asked = library.unwrap_or(OsStr::new(DRIVER));
    let (open, found) = FOUND.get_or_init(|| (asked.to_owned(), find(asked)));
    if open != asked {
        return Err(Absent::AnotherOne {
            asked: asked.into(),
            open: open.into(),
        });
    }
    found.clone()
}

fn find(library: &OsStr) -> Result<Present, Absent> {
    // SAFETY: the driver's initialisers are what every CUDA program runs at its start. Another library in its place was
    // named by whoever runs the program.
    let opened = unsafe { Library::open(Some(library), RTLD_NOW | RTLD_GLOBAL) };
    let opened = opened.map_err(|e| Absent::NoDriver {
        library: library.into(),
        why: words_of(&e),
    })?;
    trampolines::fill(&opened);
    // Threads, contexts and the table keep pointing into it.
    std::mem::forget(opened);
    start()
}

/// The loader's own words, which come behind the binding's.
fn words_of(error: &dyn Error) -> String {
    let source = error.source().map(ToString::to_string);
    source.unwrap_or_else(|| error.to_string())
}

unsafe extern "C" {
    fn cuInit(flags: c_uint) -> c_int;
    fn cuDeviceGetCount(count: *mut c_int) -> c_int;
    fn cuDriverGetVersion(version: *mut c_int) -> c_int;
}

fn start() -> Result<Present, Absent> {
    let (mut devices, mut version) = (0, 0);
    // SAFETY: the three take no more than the pointers given, which outlive the calls; `cuInit` comes first, as it must.
    let codes = unsafe {
        [
            cuInit(0),
            cuDeviceGetCount(&raw mut devices),
            cuDriverGetVersion(&raw mut version),
        ]
    };
    if let Some(&code) = codes.iter().find(|code| **code != 0) {
        return match code {
            NO_DEVICE => Err(Absent::NoDevice),
            code => Err(Absent::NotStarted {
                code,
                name: name_of(code),
            }),
        };
    }
    match u32::try_from(devices) {
        Ok(devices) if devices > 0 => Ok(Present { devices, version }),
        _ => Err(Absent::NoDevice),
    }
}

/// The driver's own words for one of its error codes; `None` if it knows none, or there is no driver.
///
/// Takes a number, because a driver has codes that the enum of a binding lacks.
#[must_use]
pub fn words(code: u32) -> Option<&'static str> {
    unsafe extern "C" {
        fn cuGetErrorString(code: c_uint, words: *mut *const c_char) -> c_int;
    }
    let mut words = ptr::null();
    // SAFETY: the driver takes any number, and gives a string of its own that it never frees, or null.
    unsafe {
        cuGetErrorString(code, &raw mut words);
        let words = (!words.is_null()).then(|| CStr::from_ptr(words));
        words.and_then(|words| words.to_str().ok())
    }
}

/// `CUDA_ERROR_NO_DEVICE`.
const NO_DEVICE: c_int = 100;

/// The codes with which a driver refuses to start, by the names that its documentation gives them (CUDA Driver API,
/// `CUresult`). The driver's own `cuGetErrorName` is not asked: a library that is no driver has none.
fn name_of(code: c_int) -> &'static str {
    match code {
        2 => "CUDA_ERROR_OUT_OF_MEMORY",
        3 => "CUDA_ERROR_NOT_INITIALIZED",
        34 => "CUDA_ERROR_STUB_LIBRARY",
        46 => "CUDA_ERROR_DEVICE_UNAVAILABLE",
        101 => "CUDA_ERROR_INVALID_DEVICE",
        500 => "CUDA_ERROR_NOT_FOUND",
        802 => "CUDA_ERROR_SYSTEM_NOT_READY",
        803 => "CUDA_ERROR_SYSTEM_DRIVER_MISMATCH",
        804 => "CUDA_ERROR_COMPAT_NOT_SUPPORTED_ON_DEVICE",
        999 => "CUDA_ERROR_UNKNOWN",
        _ => "an error of the driver",
    }
}

// === impl Present ===

impl Present {
    /// Devices that the driver sees.
    #[must_use]
    pub fn devices(&self) -> u32 {
        self.devices
    }

    /// The newest CUDA that the driver speaks, as (major, minor).
    #[must_use]
    pub fn cuda(&self) -> (i32, i32) {
        (self.version / 1000, self.version % 1000 / 10)
    }

    /// A proof that nobody gave, of one device: for tests of libraries that are doubles themselves.
    ///
    /// # Safety
    /// Whatever is made by it must not need a driver.
    #[must_use]
    pub unsafe fn assume() -> Self {
        Self {
            devices: 1,
            version: 0,
        }
    }
}

//! The double as a test holds it: a copy of the library in a place of its own, and its control functions.
//!
//! Invariant: each double is another file, so the loader keeps their states apart.

use std::{
    ffi::{CString, c_char, c_int, c_void},
    io,
    mem::ManuallyDrop,
    path::{Path, PathBuf},
};
use tempfile::TempDir;

/// What can be made, fail and be counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `createInferRuntime`.
    Runtime = 0,
    /// `deserializeCudaEngine`.
    Engine = 1,
    /// `createExecutionContext`.
    Context = 2,
    /// `enqueueV3`; only fails.
    Run = 3,
}

/// A library of one version, loaded.
pub struct Double {
    /// Holds the file.
    _directory: TempDir,
    path: PathBuf,
    /// Never closed, as the real ones are not.
    library: ManuallyDrop<libloading::Library>,
}

/// What the build calls the library.
const BUILT: &str = "libfake_tensorrt.so";

// === impl Double ===

impl Double {
    /// One that says it is `version`: `10.13.3`, `12.0.0`; or `10`, `11`, `rtx` for the one in use.
    ///
    /// # Errors
    /// The library is not where builds of this workspace put it, or there is no room for a copy.
    pub fn install(version: &str) -> io::Result<Self> {
        let directory = tempfile::tempdir()?;
        let path = directory
            .path()
            .join(format!("libfake_tensorrt_{version}.so"));
        std::fs::copy(built()?, &path)?;
        // SAFETY: it is this crate; it does nothing when it is loaded.
        let library = unsafe { libloading::Library::new(&path) }.map_err(io::Error::other)?;
        Ok(Self {
            _directory: directory,
            path,
            library: ManuallyDrop::new(library),
        })
    }

    /// The file, to be opened as TensorRT.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The next `times` of that kind fail, with an error in the log.
    pub fn fail(&self, kind: Kind, times: u32) {
        self.call::<extern "C" fn(u32, u32)>("fake_tensorrt_fail")(kind as u32, times);
    }

    /// The next creation of that kind returns this address in place of an object.
    pub fn answer(&self, kind: Kind, address: usize) {
        self.call::<extern "C" fn(u32, usize)>("fake_tensorrt_answer")(kind as u32, address);
    }

    /// Runs wait for their stream, which makes a capture of them fail.
    pub fn wait_in_runs(&self, waits: bool) {
        self.call::<extern "C" fn(bool)>("fake_tensorrt_wait_in_runs")(waits);
    }

    /// How many objects of that kind live.
    #[must_use]
    pub fn live(&self, kind: Kind) -> usize {
        self.call::<extern "C" fn(u32) -> usize>("fake_tensorrt_live")(kind as u32)
    }

    /// How often a method was called, by the vendor's name: `enqueueV3`. Methods that only ask are not counted.
    ///
    /// # Panics
    /// The name has a zero byte.
    #[must_use]
    pub fn calls(&self, call: &str) -> u64 {
        let call = CString::new(call).expect("names of methods have no zero byte");
        self.call::<extern "C" fn(*const c_char) -> u64>("fake_tensorrt_calls")(call.as_ptr())
    }

    /// The last calls with what they were given, and objects as they came (`+engine`) and went (`-engine`).
    #[must_use]
    pub fn journal(&self) -> Vec<String> {
        let read = self.call::<extern "C" fn(*mut u8, usize) -> usize>("fake_tensorrt_journal");
        let mut bytes = vec![0; read(std::ptr::dangling_mut(), 0)];
        read(bytes.as_mut_ptr(), bytes.len());
        String::from_utf8_lossy(&bytes)
            .lines()
            .map(ToOwned::to_owned)
            .collect()
    }

    /// Says something through the logger that the newest runtime was given, on this thread.
    ///
    /// # Panics
    /// The message has a zero byte.
    pub fn say(&self, severity: i32, message: &str) {
        let message = CString::new(message).expect("messages of tests have no zero byte");
        self.call::<extern "C" fn(i32, *const c_char)>("fake_tensorrt_say")(
            severity,
            message.as_ptr(),
        );
    }

    /// Has runs use these in place of the driver's `cuMemcpyDtoDAsync_v2`, `cuEventRecord` and `cuStreamSynchronize`.
    pub fn use_driver(
        &self,
        copy: extern "C" fn(u64, u64, usize, *mut c_void) -> c_int,
        record: extern "C" fn(*mut c_void, *mut c_void) -> c_int,
        wait: extern "C" fn(*mut c_void) -> c_int,
    ) {
        type Copy = extern "C" fn(u64, u64, usize, *mut c_void) -> c_int;
        type Record = extern "C" fn(*mut c_void, *mut c_void) -> c_int;
        type Wait = extern "C" fn(*mut c_void) -> c_int;
        self.call::<extern "C" fn(Copy, Record, Wait)>("fake_tensorrt_use_driver")(
            copy, record, wait,
        );
    }

    /// An exported function.
    fn call<F: Copy>(&self, name: &str) -> F {
        // SAFETY: this file and `control` agree on the functions' types; the library is a copy of this very crate.
        let found = unsafe { self.library.get::<F>(name) };
        *found.expect("the library exports what `control` defines")
    }
}

/// The library as it was built, for a test that wants it under another name: it is beside the test that is running, or in
/// the folder of what that was linked with.
///
/// # Errors
/// It is in neither.
pub fn built() -> io::Result<PathBuf> {
    let test = std::env::current_exe()?;
    let folders = test.ancestors().skip(1).take(2);
    let places = folders.flat_map(|folder| [folder.join("deps").join(BUILT), folder.join(BUILT)]);
    let mut found = places.filter(|place| place.is_file());
    found.next().ok_or_else(|| {
        io::Error::new(
            io::ErrorKind::NotFound,
            format!("{BUILT} is not beside {}", test.display()),
        )
    })
}

//! What a test does to the driver's double and learns from it.
//!
//! [`Control`] reaches the machine of a loaded `fake-cuda`, which is the one that a server which loaded the same file uses. It
//! is a crate of its own, because a program that links the double itself would have two functions of each of the driver's
//! names.

mod execution;
mod tally;

pub use execution::Execution;
pub use tally::Tally;

use std::{
    ffi::{CString, NulError, c_char, c_int, c_void},
    path::{Path, PathBuf},
};

/// Why a library cannot be controlled.
#[derive(Debug, thiserror::Error)]
pub enum ControlError {
    /// The path cannot be given to C.
    #[error("{0} cannot be named to the loader")]
    Path(PathBuf),
    /// The loader refused it.
    #[error("{0} cannot be loaded")]
    Load(PathBuf),
    /// It is another library.
    #[error("{0} has no `{1}`: it is not this test double")]
    Symbol(PathBuf, &'static str),
}

macro_rules! table {
    ($($field:ident: $symbol:literal as $signature:ty;)*) => {
        /// The control functions of one library.
        #[derive(Clone, Copy, Debug)]
        struct Table {
            $($field: $signature,)*
        }

        impl Table {
            fn of(library: &Library) -> Result<Self, ControlError> {
                Ok(Self {
                    // SAFETY: this crate defines the symbol with this signature, in `symbols`.
                    $($field: unsafe {
                        std::mem::transmute::<*mut c_void, $signature>(library.symbol($symbol)?)
                    },)*
                })
            }
        }
    };
}

table! {
    reset: "fake_cuda_reset" as extern "C" fn();
    fail: "fake_cuda_fail" as unsafe extern "C" fn(*const c_char, u64, u64, c_int) -> c_int;
    poison: "fake_cuda_poison" as extern "C" fn(c_int, c_int) -> c_int;
    set_devices: "fake_cuda_set_devices" as extern "C" fn(u32);
    set_capability: "fake_cuda_set_capability" as extern "C" fn(c_int, c_int);
    set_total_memory: "fake_cuda_set_total_memory" as extern "C" fn(u64);
    set_driver_version: "fake_cuda_set_driver_version" as extern "C" fn(c_int);
    set_execution: "fake_cuda_set_execution" as extern "C" fn(u32) -> c_int;
    set_looks: "fake_cuda_set_looks" as extern "C" fn(u32);
    set_costs: "fake_cuda_set_costs" as extern "C" fn(u64, u64);
    calls: "fake_cuda_calls" as unsafe extern "C" fn(*const c_char, Option<&mut u64>) -> c_int;
    tally: "fake_cuda_tally" as extern "C" fn(&mut Tally);
    refusal: "fake_cuda_refusal" as unsafe extern "C" fn(*mut c_char, usize);
}

/// A library that was opened; it stays open, since functions of it may be held anywhere.
struct Library {
    path: PathBuf,
    handle: *mut c_void,
}

impl Library {
    fn open(path: &Path) -> Result<Self, ControlError> {
        let name = path.to_str().and_then(|path| CString::new(path).ok());
        let name = name.ok_or_else(|| ControlError::Path(path.to_owned()))?;
        // SAFETY: a text of C; the library's initialisers are those of the Rust library.
        let handle = unsafe { libc::dlopen(name.as_ptr(), libc::RTLD_NOW | libc::RTLD_LOCAL) };
        let path = path.to_owned();
        match handle.is_null() {
            true => Err(ControlError::Load(path)),
            false => Ok(Self { path, handle }),
        }
    }

    fn symbol(&self, name: &'static str) -> Result<*mut c_void, ControlError> {
        let missing = || ControlError::Symbol(self.path.clone(), name);
        let symbol = CString::new(name).map_err(|_: NulError| missing())?;
        // SAFETY: the library is open, and the name a text of C.
        let address = unsafe { libc::dlsym(self.handle, symbol.as_ptr()) };
        match address.is_null() {
            true => Err(missing()),
            false => Ok(address),
        }
    }
}

/// Controls a loaded library.
///
/// Methods that name a function of the driver panic if there is none of that name: it is a slip of the test.
#[derive(Clone, Copy, Debug)]
pub struct Control(Table);

impl Control {
    /// Loads the library of this path, or finds the copy that the process has loaded from it already.
    ///
    /// # Errors
    /// [`ControlError`] if it cannot be loaded, or is another one.
    pub fn of(path: impl AsRef<Path>) -> Result<Self, ControlError> {
        let library = Library::open(path.as_ref())?;
        Table::of(&library).map(Self)
    }

    /// Back to a clean state with all defaults: no contexts, no plans, no counts, `cuInit` not called.
    pub fn reset(&self) {
        (self.0.reset)();
    }

    /// Lets `name` fail with `code`, `times` times, after `skip` further calls that go well.
    pub fn fail(&self, name: &str, skip: u64, times: u64, code: i32) {
        let name = c_name(name);
        // SAFETY: a text of C.
        let known = unsafe { (self.0.fail)(name.as_ptr(), skip, times, code) };
        assert_eq!(known, 0, "{name:?} is no function of the driver");
    }

    /// Gives the active context of a device a sticky error, such as 700; whether there is one.
    #[must_use]
    pub fn poison(&self, device: i32, code: i32) -> bool {
        (self.0.poison)(device, code) == 0
    }

    /// Changes how many devices there are.
    pub fn set_devices(&self, count: u32) {
        (self.0.set_devices)(count);
    }

    /// Changes the compute capability of all devices.
    pub fn set_capability(&self, major: i32, minor: i32) {
        (self.0.set_capability)(major, minor);
    }

    /// Changes how many bytes of memory each device has.
    pub fn set_total_memory(&self, bytes: u64) {
        (self.0.set_total_memory)(bytes);
    }

    /// Changes the driver's version: 1000 × major + 10 × minor.
    pub fn set_driver_version(&self, version: i32) {
        (self.0.set_driver_version)(version);
    }

    /// Chooses how much of the work is carried out.
    pub fn set_execution(&self, execution: Execution) {
        (self.0.set_execution)(execution as u32);
    }

    /// Chooses how often queued work is not ready when somebody looks: 0 makes every first look find it done.
    pub fn set_looks(&self, looks: u32) {
        (self.0.set_looks)(looks);
    }

    /// Chooses what work takes on the clocks of streams: nanoseconds a piece, picoseconds a byte.
    pub fn set_costs(&self, launch_ns: u64, byte_ps: u64) {
        (self.0.set_costs)(launch_ns, byte_ps);
    }

    /// How often a function was called, in vain or not.
    #[must_use]
    pub fn calls(&self, name: &str) -> u64 {
        let name = c_name(name);
        let mut calls = 0;
        // SAFETY: a text of C.
        let known = unsafe { (self.0.calls)(name.as_ptr(), Some(&mut calls)) };
        assert_eq!(known, 0, "{name:?} is no function of the driver");
        calls
    }

    /// What lives, and what has happened.
    #[must_use]
    pub fn tally(&self) -> Tally {
        let mut tally = Tally::default();
        (self.0.tally)(&mut tally);
        tally
    }

    /// Why a module was refused last; empty if none was.
    #[must_use]
    pub fn refusal(&self) -> String {
        let mut text = [0_u8; 1024];
        // SAFETY: the place is as long as is said.
        unsafe { (self.0.refusal)(text.as_mut_ptr().cast(), text.len()) };
        let end = text.iter().position(|&byte| byte == 0).unwrap_or(0);
        String::from_utf8_lossy(&text[..end]).into_owned()
    }
}

fn c_name(name: &str) -> CString {
    CString::new(name).expect("names of functions hold no zero")
}

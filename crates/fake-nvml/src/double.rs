//! The test's end: the double's library, as cargo builds it beside the tests, and what may be asked of it.

use crate::state::Values;
use libloading::{Library, Symbol};
use std::{
    ffi::{CString, c_char, c_int},
    path::{Path, PathBuf},
};

/// The double, loaded, with all values as they are at first. One a process: tests take turns.
#[derive(Debug)]
pub struct Double {
    path: PathBuf,
    /// Keeps the double's state beyond those who close it.
    library: Library,
}

impl Double {
    /// Loads it and puts it back to its beginning.
    ///
    /// # Errors
    /// If it is not beside this test.
    pub fn load() -> Result<Self, String> {
        let test = std::env::current_exe().map_err(|e| e.to_string())?;
        let path = test.with_file_name("libfake_nvml.so");
        // SAFETY: it is ours, and does nothing when it is opened.
        let library = unsafe { Library::new(&path) }.map_err(|e| e.to_string())?;
        let double = Self { path, library };
        // SAFETY: the function is declared so in `control`.
        unsafe { double.symbol::<extern "C" fn()>("fake_nvml_reset")() };
        Ok(double)
    }

    /// Its file, to be given as NVML's.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What a GPU, by NVML's count, answers from now on.
    pub fn set(&self, gpu: usize, values: Values) {
        // SAFETY: the function is declared so in `control`, and the values outlive the call.
        unsafe {
            let set: Symbol<'_, unsafe extern "C" fn(usize, *const Values)> =
                self.symbol("fake_nvml_set");
            set(gpu, &raw const values);
        }
    }

    /// Has a function of NVML's give this code; 0 has it answer again.
    pub fn fail(&self, function: &str, code: c_int) {
        let function = CString::new(function).expect("a function's name has no zero");
        // SAFETY: the function is declared so in `control`, and the text outlives the call.
        unsafe {
            let fail: Symbol<'_, unsafe extern "C" fn(*const c_char, c_int)> =
                self.symbol("fake_nvml_fail");
            fail(function.as_ptr(), code);
        }
    }

    /// How often it is initialised and not shut down.
    #[must_use]
    pub fn users(&self) -> u32 {
        // SAFETY: the function is declared so in `control`.
        unsafe { self.symbol::<extern "C" fn() -> u32>("fake_nvml_users")() }
    }

    /// Returns once somebody has looked for a GPU this many times more: whoever asks again and again has then kept all
    /// answers but the last.
    pub fn await_lookups(&self, more: u64) {
        // SAFETY: the functions are declared so in `control`.
        unsafe {
            let count: Symbol<'_, extern "C" fn() -> u64> = self.symbol("fake_nvml_lookups");
            let wait: Symbol<'_, extern "C" fn(u64)> = self.symbol("fake_nvml_await_lookups");
            wait(count() + more);
        }
    }

    /// # Safety
    /// `F` is the type of the function that [`crate::control`] exports under this name.
    unsafe fn symbol<F>(&self, name: &str) -> Symbol<'_, F> {
        // SAFETY: passed on to the caller.
        let found = unsafe { self.library.get(name) };
        found.expect("the double exports what its tests ask for")
    }
}

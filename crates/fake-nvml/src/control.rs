//! What a test tells the double, and asks it: functions that NVML does not have.

use crate::state::{self, INITIAL, Values};
use std::ffi::{CStr, c_char, c_int};

/// Puts values and failures back to what they are when the double is loaded. Whoever uses it goes on using it.
#[unsafe(no_mangle)]
pub extern "C" fn fake_nvml_reset() {
    state::with(|state| {
        state.gpus = INITIAL;
        state.failures.clear();
    });
}

/// What a GPU answers from now on; another number than 0 and 1 is nobody's.
///
/// # Safety
/// `values` points to some.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fake_nvml_set(gpu: usize, values: *const Values) {
    // SAFETY: as promised.
    let values = unsafe { *values };
    state::with(|state| state.gpus.get_mut(gpu).map(|own| *own = values));
}

/// Has a function give this code from now on; 0 has it answer again.
///
/// # Safety
/// `function` is a text that ends with a zero.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fake_nvml_fail(function: *const c_char, code: c_int) {
    // SAFETY: as promised.
    let function = unsafe { CStr::from_ptr(function) }.to_string_lossy();
    state::with(|state| match code {
        0 => state.failures.remove(&*function),
        code => state.failures.insert(function.into_owned(), code),
    });
}

/// How often a GPU was looked for.
#[unsafe(no_mangle)]
pub extern "C" fn fake_nvml_lookups() -> u64 {
    state::with(|state| state.lookups)
}

/// Returns once GPUs have been looked for this often.
#[unsafe(no_mangle)]
pub extern "C" fn fake_nvml_await_lookups(count: u64) {
    state::await_lookups(count);
}

/// How often it was initialised and not shut down.
#[unsafe(no_mangle)]
pub extern "C" fn fake_nvml_users() -> u32 {
    state::with(|state| state.users)
}

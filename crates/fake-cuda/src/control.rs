//! The control functions as C symbols.
//!
//! They count as no calls of the driver, and need no context. Those that answer give 0 for yes.

#![allow(unsafe_code)]

use crate::{
    code::Code,
    ffi::{is_known, machine, put_text},
    settings::Execution,
    tally::Tally,
};
use std::ffi::{CStr, c_char, c_int};

/// Back to a clean state with all defaults.
#[unsafe(no_mangle)]
pub extern "C" fn fake_cuda_reset() {
    machine().reset();
}

/// Lets a function fail with `code`, `times` times, after `skip` calls; 1 if there is none of that name.
///
/// # Safety
/// `name` is a text that ends with a zero.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fake_cuda_fail(
    name: *const c_char,
    skip: u64,
    times: u64,
    code: c_int,
) -> c_int {
    // SAFETY: the caller's promise.
    let name = unsafe { CStr::from_ptr(name) }.to_string_lossy();
    let known = is_known(&name);
    if known {
        let plan = &mut machine().shared.faults;
        plan.plan(&name, skip, times, Code(code));
    }
    c_int::from(!known)
}

/// Gives the active context of a device a sticky error; 1 if there is none.
#[unsafe(no_mangle)]
pub extern "C" fn fake_cuda_poison(device: c_int, code: c_int) -> c_int {
    let mut machine = machine();
    let device = machine.device(device).ok();
    let context = device.and_then(|device| device.context.as_mut());
    let poisoned = context.map(|context| context.poison(Code(code)));
    c_int::from(poisoned.is_none())
}

/// Changes how many devices there are.
#[unsafe(no_mangle)]
pub extern "C" fn fake_cuda_set_devices(count: u32) {
    machine().set_devices(count as usize);
}

/// Changes the compute capability of all devices.
#[unsafe(no_mangle)]
pub extern "C" fn fake_cuda_set_capability(major: c_int, minor: c_int) {
    machine().shared.settings.capability = (major, minor);
}

/// Changes how many bytes of memory each device has.
#[unsafe(no_mangle)]
pub extern "C" fn fake_cuda_set_total_memory(bytes: u64) {
    machine().set_total_memory(bytes);
}

/// Changes the driver's version.
#[unsafe(no_mangle)]
pub extern "C" fn fake_cuda_set_driver_version(version: c_int) {
    machine().shared.settings.driver_version = version;
}

/// Chooses how much is carried out: 0 nothing, 1 copies, 2 everything; 1 if it is none of these.
#[unsafe(no_mangle)]
pub extern "C" fn fake_cuda_set_execution(execution: u32) -> c_int {
    let all = [Execution::Accounted, Execution::Copies, Execution::Full];
    let chosen = all.into_iter().find(|one| *one as u32 == execution);
    let settings = &mut machine().shared.settings;
    settings.execution = chosen.unwrap_or(settings.execution);
    c_int::from(chosen.is_none())
}

/// Chooses how often queued work is not ready when somebody looks.
#[unsafe(no_mangle)]
pub extern "C" fn fake_cuda_set_looks(looks: u32) {
    machine().shared.settings.looks = looks;
}

/// Chooses what work takes: nanoseconds a piece, picoseconds a byte.
#[unsafe(no_mangle)]
pub extern "C" fn fake_cuda_set_costs(launch_ns: u64, byte_ps: u64) {
    let settings = &mut machine().shared.settings;
    settings.launch_ns = launch_ns;
    settings.byte_ps = byte_ps;
}

/// How often a function was called; 1 if there is none of that name.
///
/// # Safety
/// `name` is a text that ends with a zero.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fake_cuda_calls(name: *const c_char, calls: Option<&mut u64>) -> c_int {
    // SAFETY: the caller's promise.
    let name = unsafe { CStr::from_ptr(name) }.to_string_lossy();
    if let Some(calls) = calls {
        *calls = machine().shared.calls.of(&name);
    }
    c_int::from(!is_known(&name))
}

/// What lives, and what has happened.
#[unsafe(no_mangle)]
pub extern "C" fn fake_cuda_tally(tally: &mut Tally) {
    *tally = machine().tally();
}

/// Why a module was refused last, cut to `room` bytes with a zero behind it.
///
/// # Safety
/// `to` is valid for writes of `room` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fake_cuda_refusal(to: *mut c_char, room: usize) {
    let machine = machine();
    // SAFETY: the caller's promise.
    unsafe { put_text(to, room, &machine.shared.refusal) };
}

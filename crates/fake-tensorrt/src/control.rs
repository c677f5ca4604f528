//! What a test tells this library, and asks it: exported for C, reached through [`crate::Double`].
//!
//! Classes are numbers: 0 a runtime, 1 an engine, 2 a context; among failures 3 is a run.

use crate::{
    driver::{Copy, Driver, Record, Wait},
    state::{Class, state},
};
use std::ffi::{CStr, c_char, c_void};

/// What a creation shall return in place of an object, once.
pub(crate) fn instead(class: Class) -> Option<*mut c_void> {
    let address = state().faults.addresses[class as usize].take();
    address.map(std::ptr::without_provenance_mut)
}

/// The next `times` creations of that class, or runs, fail.
#[unsafe(no_mangle)]
extern "C" fn fake_tensorrt_fail(what: u32, times: u32) {
    state().faults.failures[what as usize] = times;
}

/// The next creation of that class returns this address.
#[unsafe(no_mangle)]
extern "C" fn fake_tensorrt_answer(class: u32, address: usize) {
    state().faults.addresses[class as usize] = Some(address);
}

/// Whether runs wait for their stream, which no capture survives.
#[unsafe(no_mangle)]
extern "C" fn fake_tensorrt_wait_in_runs(waits: bool) {
    state().faults.waits = waits;
}

/// How many objects of that class live.
#[unsafe(no_mangle)]
extern "C" fn fake_tensorrt_live(class: u32) -> usize {
    state().alive(class)
}

/// How often a method was called, by the vendor's name.
#[unsafe(no_mangle)]
unsafe extern "C" fn fake_tensorrt_calls(call: *const c_char) -> u64 {
    // SAFETY: names end with a zero byte.
    let call = unsafe { CStr::from_ptr(call) };
    state().calls(&call.to_string_lossy())
}

/// Writes as much of the journal as there is room for; gives the bytes that all of it takes.
#[unsafe(no_mangle)]
unsafe extern "C" fn fake_tensorrt_journal(to: *mut u8, room: usize) -> usize {
    let journal = state().journal();
    // SAFETY: the caller has room for as much as it says.
    unsafe { std::ptr::copy_nonoverlapping(journal.as_ptr(), to, journal.len().min(room)) };
    journal.len()
}

/// Says something through the logger of the newest runtime.
#[unsafe(no_mangle)]
unsafe extern "C" fn fake_tensorrt_say(severity: i32, message: *const c_char) {
    let words = state().words;
    // SAFETY: messages end with a zero byte.
    let message = unsafe { CStr::from_ptr(message) };
    if let Some(words) = words {
        words.say(severity, &message.to_string_lossy());
    }
}

/// Takes these functions for the driver's.
#[unsafe(no_mangle)]
extern "C" fn fake_tensorrt_use_driver(copy: Copy, record: Record, wait: Wait) {
    state().driver = Some(Driver { copy, record, wait });
}

//! Primary contexts, the current one, and errors that stay.

use crate::support::{Driver, ok};
use fake_cuda::{control as symbols, ffi::*};
use std::thread;

fn current() -> Handle {
    let mut context = 0;
    ok(cuCtxGetCurrent(Some(&mut context))).unwrap();
    context
}

/// Flags and whether it is active, of device 0.
fn state() -> (u32, i32) {
    let (mut flags, mut active) = (9, 9);
    ok(cuDevicePrimaryCtxGetState(
        0,
        Some(&mut flags),
        Some(&mut active),
    ))
    .unwrap();
    (flags, active)
}

#[test]
fn without_a_current_context_memory_cannot_be_had() {
    let driver = Driver::ready();
    ok(cuCtxSetCurrent(0)).unwrap();
    assert_eq!(driver.memory(1), Err(201));
    assert_eq!(current(), 0);
}

#[test]
fn each_thread_has_its_own_current_context() {
    let driver = Driver::ready();
    let elsewhere = thread::spawn(|| (current(), cuCtxSynchronize()));
    assert_eq!(elsewhere.join().unwrap(), (0, 201));
    assert!(driver.memory(1).is_ok());
}

#[test]
fn pushed_contexts_come_off_in_turn() {
    let driver = Driver::ready();
    symbols::fake_cuda_set_devices(2);
    let (first, second) = (current(), driver.retain(1).unwrap());
    ok(cuCtxPushCurrent_v2(second)).unwrap();
    let mut device = 9;
    ok(cuCtxGetDevice(Some(&mut device))).unwrap();
    assert_eq!((current(), device), (second, 1));
    let mut popped = 0;
    ok(cuCtxPopCurrent_v2(Some(&mut popped))).unwrap();
    assert_eq!((popped, current()), (second, first));
    ok(cuCtxPopCurrent_v2(None)).unwrap();
    assert_eq!(cuCtxPopCurrent_v2(None), 201);
}

#[test]
fn a_handle_that_is_no_context_cannot_be_current() {
    let _driver = Driver::ready();
    assert_eq!(cuCtxSetCurrent(0xBAD), 201);
}

#[test]
fn the_last_release_destroys_a_context_and_all_in_it() {
    let driver = Driver::ready();
    driver.retain(0).unwrap();
    driver.memory(100).unwrap();
    ok(cuDevicePrimaryCtxRelease_v2(0)).unwrap();
    assert_eq!(driver.tally().device_bytes, 100);
    ok(cuDevicePrimaryCtxRelease_v2(0)).unwrap();
    assert_eq!((driver.tally().device_bytes, state()), (0, (0, 0)));
    assert_eq!(driver.memory(1), Err(709));
    assert_eq!(cuDevicePrimaryCtxRelease_v2(0), 201);
}

#[test]
fn flags_are_kept_and_unknown_ones_refused() {
    let _driver = Driver::ready();
    ok(cuDevicePrimaryCtxSetFlags_v2(0, 4)).unwrap();
    assert_eq!(cuDevicePrimaryCtxSetFlags_v2(0, 1 << 20), 1);
    let mut flags = 0;
    ok(cuCtxGetFlags(Some(&mut flags))).unwrap();
    assert_eq!((state(), flags), ((4, 1), 4));
}

#[test]
fn a_reset_context_is_gone_until_it_is_retained_again() {
    let driver = Driver::ready();
    driver.memory(100).unwrap();
    ok(cuDevicePrimaryCtxReset_v2(0)).unwrap();
    assert_eq!(
        (driver.memory(1), driver.tally().device_bytes),
        (Err(709), 0)
    );
    assert_eq!(driver.retain(0), Ok(current()));
    assert!(driver.memory(1).is_ok());
}

#[test]
fn an_error_that_stays_is_the_answer_to_everything_until_a_reset() {
    let driver = Driver::ready();
    let (stream, memory) = (driver.stream(), driver.memory(4).unwrap());
    driver.fill_on(stream, memory, 1, 4).unwrap();
    assert_eq!(symbols::fake_cuda_poison(0, 719), 0);
    assert_eq!(driver.memory(1), Err(719));
    assert_eq!(
        [
            cuStreamQuery(stream),
            cuMemFree_v2(memory),
            cuCtxSynchronize()
        ],
        [719; 3]
    );
    assert_eq!(driver.tally().queued, 0);
    ok(cuDevicePrimaryCtxReset_v2(0)).unwrap();
    driver.retain(0).unwrap();
    assert!(driver.memory(1).is_ok());
}

#[test]
fn an_error_that_stays_is_that_of_one_device() {
    let driver = Driver::ready();
    symbols::fake_cuda_set_devices(2);
    let second = driver.retain(1).unwrap();
    symbols::fake_cuda_poison(0, 700);
    ok(cuCtxSetCurrent(second)).unwrap();
    assert!(driver.memory(1).is_ok());
}

#[test]
fn there_is_nothing_to_poison_without_a_context() {
    let _driver = Driver::untouched();
    assert_eq!(symbols::fake_cuda_poison(0, 719), 1);
}

#[test]
fn contexts_tell_the_interfaces_version_and_the_range_of_priorities() {
    let _driver = Driver::ready();
    let mut version = 0;
    ok(cuCtxGetApiVersion(current(), Some(&mut version))).unwrap();
    let (mut least, mut greatest) = (9, 9);
    ok(cuCtxGetStreamPriorityRange(
        Some(&mut least),
        Some(&mut greatest),
    ))
    .unwrap();
    assert_eq!((version, least, greatest), (3020, 0, -5));
}

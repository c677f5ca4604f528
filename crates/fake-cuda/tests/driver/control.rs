//! Planned failures, counts, and what else a test can choose.

use crate::support::{Driver, ok};
use fake_cuda::{Execution, control as symbols, ffi::*};
use std::ffi::CStr;

fn fail(name: &CStr, skip: u64, times: u64, code: i32) -> i32 {
    // SAFETY: a text of C.
    unsafe { symbols::fake_cuda_fail(name.as_ptr(), skip, times, code) }
}

fn calls(name: &CStr) -> u64 {
    let mut calls = 0;
    // SAFETY: a text of C.
    let known = unsafe { symbols::fake_cuda_calls(name.as_ptr(), Some(&mut calls)) };
    assert_eq!(known, 0);
    calls
}

#[test]
fn a_planned_failure_comes_when_it_was_planned_and_does_nothing() {
    let driver = Driver::ready();
    assert_eq!(fail(c"cuMemAlloc_v2", 1, 1, 2), 0);
    let answers = [(); 3].map(|()| driver.memory(10).map(drop));
    assert_eq!(answers, [Ok(()), Err(2), Ok(())]);
    assert_eq!(driver.tally().allocations, 2);
}

#[test]
fn a_failure_of_a_function_that_is_not_there_cannot_be_planned() {
    let _driver = Driver::ready();
    assert_eq!(fail(c"cuMemAlloc", 0, 1, 2), 1);
}

#[test]
fn calls_are_counted_in_vain_or_not() {
    let driver = Driver::ready();
    fail(c"cuMemAlloc_v2", 0, 1, 2);
    driver.memory(10).unwrap_err();
    driver.memory(10).unwrap();
    assert_eq!((calls(c"cuMemAlloc_v2"), calls(c"cuMemFree_v2")), (2, 0));
}

#[test]
fn accounted_work_takes_its_time_and_touches_nothing() {
    let driver = Driver::ready();
    let (stream, memory) = (driver.stream(), driver.holding(&[1; 4]));
    let add = driver.kernel("add");
    let start = driver.recorded(stream);
    for execution in [Execution::Accounted, Execution::Copies] {
        symbols::fake_cuda_set_execution(execution as u32);
        driver.fill_on(stream, memory, 5, 2).unwrap();
        driver.add(add, stream, memory, 1, 4).unwrap();
        driver.synchronise(stream).unwrap();
        symbols::fake_cuda_set_execution(Execution::Full as u32);
        let filled = if execution == Execution::Copies { 5 } else { 1 };
        assert_eq!(driver.held(memory), Ok([filled, filled, 1, 1]));
    }
    let end = driver.recorded(stream);
    driver.synchronise(stream).unwrap();
    // Four pieces of 5 µs; a few bytes take no whole nanosecond.
    assert_eq!(driver.elapsed(start, end), Ok(0.02));
    assert_eq!(symbols::fake_cuda_set_execution(3), 1);
}

#[test]
fn a_reset_leaves_nothing() {
    let driver = Driver::ready();
    driver.memory(10).unwrap();
    fail(c"cuInit", 0, 1, 999);
    symbols::fake_cuda_set_devices(3);
    symbols::fake_cuda_reset();
    assert_eq!(driver.tally(), fake_cuda::Tally::default());
    assert_eq!((calls(c"cuMemAlloc_v2"), driver.memory(1)), (0, Err(3)));
    assert_eq!(cuInit(0), 0);
    let mut count = 0;
    ok(cuDeviceGetCount(Some(&mut count))).unwrap();
    assert_eq!(count, 1);
    assert_eq!(driver.memory(1), Err(201));
}

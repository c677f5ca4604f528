//! What may be called while streams are captured.

use crate::support::{Answered, Driver, PinnedBytes, ok};
use fake_cuda::ffi::*;
use std::thread;

const GLOBAL: u32 = 0;
const THREAD_LOCAL: u32 = 1;
const RELAXED: u32 = 2;

fn status(stream: Handle) -> u32 {
    let mut status = 9;
    ok(cuStreamIsCapturing(stream, Some(&mut status))).unwrap();
    status
}

/// The answer of a call during a capture, and then that of its end.
fn during(mode: u32, call: impl FnOnce(&Driver, Handle) -> Answered) -> (Answered, Answered) {
    let driver = Driver::ready();
    let stream = driver.stream();
    driver.begin(stream, mode).unwrap();
    let answer = call(&driver, stream);
    (answer, driver.end(stream).map(drop))
}

const BROKEN: (Answered, Answered) = (Err(900), Err(901));
const FINE: (Answered, Answered) = (Ok(()), Ok(()));

#[test]
fn captured_work_is_noted_and_not_carried_out() {
    let driver = Driver::prompt();
    let (stream, memory) = (driver.stream(), driver.holding(&[0; 2]));
    driver.begin(stream, RELAXED).unwrap();
    driver.fill_on(stream, memory, 7, 2).unwrap();
    assert_eq!((status(stream), driver.tally().queued), (1, 0));
    driver.end(stream).unwrap();
    assert_eq!((driver.held(memory), status(stream)), (Ok([0; 2]), 0));
}

#[test]
fn looking_at_a_captured_stream_breaks_the_capture() {
    assert_eq!(during(RELAXED, |_, s| ok(cuStreamSynchronize(s))), BROKEN);
    assert_eq!(during(RELAXED, |_, s| ok(cuStreamQuery(s))), BROKEN);
    assert_eq!(during(RELAXED, |_, _| ok(cuCtxSynchronize())), BROKEN);
}

#[test]
fn memory_cannot_be_had_or_given_back_during_a_capture() {
    assert_eq!(during(GLOBAL, |d, _| d.memory(1).map(drop)), BROKEN);
    assert_eq!(during(THREAD_LOCAL, |_, _| ok(cuMemFree_v2(0))), BROKEN);
    let pinned = |_: &Driver, _| ok(cuMemHostAlloc(Some(&mut 0), 1, 0));
    assert_eq!(during(GLOBAL, pinned), BROKEN);
    assert_eq!(during(GLOBAL, |_, _| ok(cuMemFreeHost(0))), BROKEN);
}

#[test]
fn a_relaxed_capture_goes_with_memory() {
    assert_eq!(during(RELAXED, |d, _| d.memory(1).map(drop)), FINE);
}

#[test]
fn events_outside_and_other_streams_cannot_be_looked_at_during_a_capture() {
    let event = |d: &Driver, _| ok(cuEventQuery(d.event()));
    assert_eq!(during(GLOBAL, event), BROKEN);
    assert_eq!(during(GLOBAL, |d, _| ok(cuStreamQuery(d.stream()))), BROKEN);
    assert_eq!(during(RELAXED, event), FINE);
}

/// The answer of another thread that asks for memory during a capture.
fn elsewhere(mode: u32) -> (Answered, Answered) {
    during(mode, |_, _| {
        let mut context = 0;
        ok(cuCtxGetCurrent(Some(&mut context))).unwrap();
        let other = thread::spawn(move || {
            ok(cuCtxSetCurrent(context)).unwrap();
            ok(cuMemAlloc_v2(Some(&mut 0), 1))
        });
        other.join().unwrap()
    })
}

#[test]
fn a_global_capture_binds_every_thread_and_a_threads_own_only_that() {
    assert_eq!(elsewhere(GLOBAL), BROKEN);
    assert_eq!(elsewhere(THREAD_LOCAL), FINE);
}

#[test]
fn a_capture_is_ended_by_the_thread_that_began_it() {
    let driver = Driver::ready();
    let stream = driver.stream();
    let mut context = 0;
    ok(cuCtxGetCurrent(Some(&mut context))).unwrap();
    driver.begin(stream, THREAD_LOCAL).unwrap();
    let other = thread::spawn(move || {
        ok(cuCtxSetCurrent(context)).unwrap();
        cuStreamEndCapture(stream, Some(&mut 0))
    });
    assert_eq!(other.join().unwrap(), 908);
    assert!(driver.end(stream).is_ok());
}

#[test]
fn work_behind_a_broken_capture_is_refused_until_its_end() {
    let driver = Driver::ready();
    let (stream, memory) = (driver.stream(), driver.memory(1).unwrap());
    driver.begin(stream, GLOBAL).unwrap();
    driver.memory(1).unwrap_err();
    assert_eq!(
        (driver.fill_on(stream, memory, 1, 1), status(stream)),
        (Err(901), 2)
    );
    assert_eq!(driver.end(stream), Err(901));
    assert_eq!(driver.fill_on(stream, memory, 1, 1), Ok(()));
}

#[test]
fn the_legacy_stream_goes_with_no_capture_of_a_stream_that_blocks() {
    let driver = Driver::ready();
    let (stream, memory) = (driver.blocking_stream(), driver.memory(1).unwrap());
    driver.begin(stream, RELAXED).unwrap();
    assert_eq!(driver.fill_on(0, memory, 1, 1), Err(906));
    assert_eq!(driver.end(stream), Err(901));
    let free = driver.stream();
    driver.begin(free, RELAXED).unwrap();
    assert_eq!(driver.fill_on(0, memory, 1, 1), Ok(()));
    assert!(driver.end(free).is_ok());
}

#[test]
fn the_legacy_stream_cannot_be_captured() {
    let driver = Driver::ready();
    assert_eq!(driver.begin(0, RELAXED), Err(900));
    assert_eq!(driver.begin(driver.stream(), 7), Err(1));
}

#[test]
fn captures_begin_once_and_end_where_they_began() {
    let driver = Driver::ready();
    let stream = driver.stream();
    assert_eq!(driver.end(stream), Err(401));
    driver.begin(stream, RELAXED).unwrap();
    assert_eq!(driver.begin(stream, RELAXED), Err(401));
    assert!(driver.end(stream).is_ok());
}

/// A capture in one stream that another has joined.
fn forked(driver: &Driver) -> (Handle, Handle) {
    let (origin, side) = (driver.stream(), driver.stream());
    driver.begin(origin, RELAXED).unwrap();
    let fork = driver.recorded(origin);
    ok(cuStreamWaitEvent(side, fork, 0)).unwrap();
    (origin, side)
}

#[test]
fn streams_can_be_forked_and_joined_in_a_capture() {
    let driver = Driver::ready();
    let memory = driver.holding(&[0; 1]);
    let (origin, side) = forked(&driver);
    driver.fill_on(side, memory, 4, 1).unwrap();
    ok(cuStreamWaitEvent(origin, driver.recorded(side), 0)).unwrap();
    let graph = driver.end(origin).unwrap();
    assert_eq!(status(side), 0);
    let executable = driver.instantiate(graph).unwrap();
    ok(cuGraphLaunch(executable, origin)).unwrap();
    driver.synchronise(origin).unwrap();
    assert_eq!(driver.held(memory), Ok([4]));
}

#[test]
fn work_that_is_not_joined_gives_no_graph() {
    let driver = Driver::ready();
    let memory = driver.memory(1).unwrap();
    let (origin, side) = forked(&driver);
    let early = driver.recorded(side);
    driver.fill_on(side, memory, 4, 1).unwrap();
    ok(cuStreamWaitEvent(origin, early, 0)).unwrap();
    assert_eq!(driver.end(origin), Err(904));
}

#[test]
fn a_joined_stream_cannot_end_the_capture() {
    let driver = Driver::ready();
    let (origin, side) = forked(&driver);
    assert_eq!(driver.end(side), Err(903));
    assert_eq!(driver.end(origin), Err(901));
}

#[test]
fn a_captured_event_cannot_be_looked_at() {
    let driver = Driver::ready();
    let stream = driver.stream();
    driver.begin(stream, RELAXED).unwrap();
    let event = driver.recorded(stream);
    assert_eq!(cuEventQuery(event), 907);
    assert_eq!(driver.end(stream), Err(901));
}

#[test]
fn a_capture_waits_for_nothing_outside_it() {
    let driver = Driver::ready();
    let stream = driver.stream();
    let outside = driver.recorded(driver.stream());
    driver.begin(stream, RELAXED).unwrap();
    assert_eq!(cuStreamWaitEvent(stream, outside, 0), 905);
    assert_eq!(driver.end(stream), Err(901));
}

#[test]
fn two_captures_do_not_become_one() {
    let driver = Driver::ready();
    let (one, other) = (driver.stream(), driver.stream());
    driver.begin(one, RELAXED).unwrap();
    driver.begin(other, RELAXED).unwrap();
    let event = driver.recorded(one);
    assert_eq!(cuStreamWaitEvent(other, event, 0), 902);
    assert_eq!([driver.end(one), driver.end(other)], [Err(901); 2]);
}

#[test]
fn destroying_a_captured_stream_breaks_the_capture() {
    let driver = Driver::ready();
    let (origin, side) = forked(&driver);
    ok(cuStreamDestroy_v2(side)).unwrap();
    assert_eq!(driver.end(origin), Err(901));
}

#[test]
fn a_copy_to_pageable_memory_in_a_capture_is_only_noted() {
    let driver = Driver::ready();
    let (stream, memory) = (driver.stream(), driver.holding(&[5; 2]));
    let mut pinned = PinnedBytes::new(2);
    let mut pageable = [0; 2];
    driver.begin(stream, RELAXED).unwrap();
    driver.to_host_on(stream, &mut pageable, memory).unwrap();
    driver.to_host_on(stream, pinned.get(), memory).unwrap();
    driver.end(stream).unwrap();
    assert_eq!((pageable, driver.tally().bytes_to_host), ([0; 2], 0));
}

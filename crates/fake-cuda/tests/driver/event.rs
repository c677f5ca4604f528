//! Events and the clock of streams.

use crate::support::{Driver, INVALID_HANDLE, INVALID_VALUE, NOT_READY, ok};
use fake_cuda::{control as symbols, ffi::*};

#[test]
fn looking_at_an_event_carries_out_what_is_before_it_only() {
    let driver = Driver::prompt();
    let (stream, memory) = (driver.stream(), driver.holding(&[0; 2]));
    driver.fill_on(stream, memory, 1, 1).unwrap();
    let event = driver.recorded(stream);
    driver.fill_on(stream, memory + 1, 1, 1).unwrap();
    ok(cuEventQuery(event)).unwrap();
    assert_eq!(driver.held(memory), Ok([1, 0]));
}

#[test]
fn an_event_is_not_ready_at_the_first_look_and_waited_for_when_asked() {
    let driver = Driver::ready();
    let (stream, memory) = (driver.stream(), driver.memory(1).unwrap());
    driver.fill_on(stream, memory, 1, 1).unwrap();
    let event = driver.recorded(stream);
    assert_eq!(ok(cuEventQuery(event)), NOT_READY);
    assert_eq!(ok(cuEventSynchronize(event)), Ok(()));
    assert_eq!(
        (ok(cuEventQuery(event)), driver.tally().queued),
        (Ok(()), 0)
    );
}

#[test]
fn an_event_that_was_never_recorded_is_complete() {
    let driver = Driver::ready();
    let event = driver.event();
    assert_eq!([cuEventQuery(event), cuEventSynchronize(event)], [0, 0]);
}

#[test]
fn the_time_between_events_is_what_the_work_between_them_costs() {
    let driver = Driver::prompt();
    symbols::fake_cuda_set_costs(3_000, 500);
    let (stream, memory) = (driver.stream(), driver.memory(4000).unwrap());
    driver.fill_on(stream, memory, 1, 100).unwrap();
    let start = driver.recorded(stream);
    driver.fill_on(stream, memory, 1, 4000).unwrap();
    driver.fill_on(stream, memory, 1, 2000).unwrap();
    let end = driver.recorded(stream);
    driver.synchronise(stream).unwrap();
    // Two pieces of 3 µs, 6,000 bytes of 0.5 ns.
    assert_eq!(driver.elapsed(start, end), Ok(0.009));
    assert_eq!(driver.elapsed(end, start), Ok(-0.009));
}

#[test]
fn a_stream_that_waits_does_not_go_on_before_the_event() {
    let driver = Driver::prompt();
    symbols::fake_cuda_set_costs(1_000, 0);
    let (one, other) = (driver.stream(), driver.stream());
    let memory = driver.memory(1).unwrap();
    let start = driver.recorded(one);
    for _ in 0..5 {
        driver.fill_on(one, memory, 1, 1).unwrap();
    }
    let event = driver.recorded(one);
    driver.fill_on(other, memory, 1, 1).unwrap();
    ok(cuStreamWaitEvent(other, event, 0)).unwrap();
    driver.fill_on(other, memory, 1, 1).unwrap();
    let end = driver.recorded(other);
    driver.synchronise(other).unwrap();
    assert_eq!(driver.elapsed(start, end), Ok(0.006));
}

#[test]
fn the_time_of_an_event_that_was_not_reached_is_not_ready() {
    let driver = Driver::ready();
    let stream = driver.stream();
    let start = driver.recorded(stream);
    driver.synchronise(stream).unwrap();
    let end = driver.recorded(stream);
    assert_eq!(driver.elapsed(start, end), Err(600));
}

#[test]
fn events_without_time_or_record_have_no_time() {
    let driver = Driver::ready();
    let stream = driver.stream();
    let timed = driver.recorded(stream);
    let mut untimed = 0;
    ok(cuEventCreate(Some(&mut untimed), 2)).unwrap();
    ok(cuEventRecord(untimed, stream)).unwrap();
    driver.synchronise(stream).unwrap();
    assert_eq!(driver.elapsed(timed, untimed), Err(400));
    assert_eq!(driver.elapsed(driver.event(), timed), Err(400));
}

#[test]
fn an_event_can_be_recorded_again() {
    let driver = Driver::prompt();
    let (stream, memory) = (driver.stream(), driver.memory(1).unwrap());
    let event = driver.recorded(stream);
    driver.synchronise(stream).unwrap();
    driver.fill_on(stream, memory, 1, 1).unwrap();
    ok(cuEventRecord(event, stream)).unwrap();
    assert_eq!(driver.tally().queued, 2);
    ok(cuEventQuery(event)).unwrap();
    assert_eq!(driver.tally().queued, 0);
}

#[test]
fn a_destroyed_event_is_no_handle() {
    let driver = Driver::ready();
    let event = driver.event();
    assert_eq!(driver.tally().events, 1);
    ok(cuEventDestroy_v2(event)).unwrap();
    assert_eq!(driver.tally().events, 0);
    assert_eq!(ok(cuEventQuery(event)), INVALID_HANDLE);
    assert_eq!(ok(cuEventDestroy_v2(event)), INVALID_HANDLE);
}

#[test]
fn flags_that_are_not_known_are_refused() {
    let _driver = Driver::ready();
    assert_eq!(ok(cuEventCreate(Some(&mut 0), 64)), INVALID_VALUE);
}

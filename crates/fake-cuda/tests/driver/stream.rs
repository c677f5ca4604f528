//! Streams: when work is carried out, and in which order.

use crate::support::{Driver, INVALID_HANDLE, INVALID_VALUE, NOT_READY, ok};
use fake_cuda::{control as symbols, ffi::*};

#[test]
fn queued_work_is_not_ready_at_the_first_look() {
    let driver = Driver::ready();
    let (stream, memory) = (driver.stream(), driver.holding(&[0; 2]));
    driver.fill_on(stream, memory, 7, 2).unwrap();
    assert_eq!(ok(cuStreamQuery(stream)), NOT_READY);
    assert_eq!(driver.held(memory), Ok([0; 2]));
    assert_eq!(ok(cuStreamQuery(stream)), Ok(()));
    assert_eq!(driver.held(memory), Ok([7; 2]));
}

#[test]
fn the_number_of_looks_in_vain_can_be_chosen() {
    let driver = Driver::ready();
    let (stream, memory) = (driver.stream(), driver.memory(2).unwrap());
    for looks in [0, 3] {
        symbols::fake_cuda_set_looks(looks);
        driver.fill_on(stream, memory, 7, 2).unwrap();
        let vain = (0..9).take_while(|_| cuStreamQuery(stream) == 600);
        assert_eq!(vain.count() as u32, looks);
    }
}

#[test]
fn an_empty_stream_is_ready_at_once() {
    let driver = Driver::ready();
    assert_eq!(ok(cuStreamQuery(driver.stream())), Ok(()));
}

#[test]
fn work_of_a_stream_is_carried_out_in_order() {
    let driver = Driver::ready();
    let (stream, memory) = (driver.stream(), driver.memory(3).unwrap());
    driver.fill_on(stream, memory, 1, 3).unwrap();
    driver.fill_on(stream, memory, 2, 2).unwrap();
    driver.fill_on(stream, memory, 3, 1).unwrap();
    driver.synchronise(stream).unwrap();
    assert_eq!(driver.held(memory), Ok([3, 2, 1]));
}

#[test]
fn streams_do_not_wait_for_each_other_by_themselves() {
    let driver = Driver::ready();
    let (one, other) = (driver.stream(), driver.stream());
    let memory = driver.holding(&[0; 2]);
    driver.fill_on(one, memory, 1, 1).unwrap();
    driver.fill_on(other, memory + 1, 2, 1).unwrap();
    driver.synchronise(other).unwrap();
    assert_eq!(driver.held(memory), Ok([0, 2]));
}

#[test]
fn a_stream_waits_for_an_event_and_no_farther() {
    let driver = Driver::ready();
    let (one, other) = (driver.stream(), driver.stream());
    let memory = driver.holding(&[0; 2]);
    driver.fill_on(one, memory, 1, 1).unwrap();
    let event = driver.recorded(one);
    driver.fill_on(one, memory + 1, 9, 1).unwrap();
    ok(cuStreamWaitEvent(other, event, 0)).unwrap();
    driver.fill_on(other, memory, 2, 1).unwrap();
    driver.synchronise(other).unwrap();
    assert_eq!(driver.held(memory), Ok([2, 0]));
    driver.synchronise(one).unwrap();
    assert_eq!(driver.held(memory), Ok([2, 9]));
}

#[test]
fn a_wait_is_for_the_record_that_was_there_when_it_was_queued() {
    let driver = Driver::ready();
    let (one, other) = (driver.stream(), driver.stream());
    let memory = driver.holding(&[0; 2]);
    driver.fill_on(one, memory, 1, 1).unwrap();
    let event = driver.recorded(one);
    ok(cuStreamWaitEvent(other, event, 0)).unwrap();
    driver.fill_on(one, memory + 1, 1, 1).unwrap();
    ok(cuEventRecord(event, one)).unwrap();
    driver.synchronise(other).unwrap();
    assert_eq!(driver.held(memory), Ok([1, 0]));
}

#[test]
fn an_event_that_was_never_recorded_is_not_waited_for() {
    let driver = Driver::ready();
    let stream = driver.stream();
    ok(cuStreamWaitEvent(stream, driver.event(), 0)).unwrap();
    assert_eq!(driver.synchronise(stream), Ok(()));
}

#[test]
fn the_legacy_stream_and_streams_that_block_keep_their_order() {
    let driver = Driver::ready();
    let (stream, memory) = (driver.blocking_stream(), driver.memory(2).unwrap());
    ok(cuMemsetD8_v2(memory, 1, 2)).unwrap();
    driver.fill_on(stream, memory, 2, 1).unwrap();
    driver.synchronise(stream).unwrap();
    driver.fill_on(stream, memory, 3, 1).unwrap();
    assert_eq!(driver.held(memory), Ok([3, 1]));
}

#[test]
fn a_context_is_synchronised_with_all_its_streams() {
    let driver = Driver::ready();
    let memory = driver.memory(4).unwrap();
    for stream in [driver.stream(), driver.blocking_stream(), 0] {
        driver.fill_on(stream, memory, 1, 4).unwrap();
    }
    ok(cuCtxSynchronize()).unwrap();
    let tally = driver.tally();
    assert_eq!((tally.queued, tally.context_synchronises), (0, 1));
}

#[test]
fn work_of_a_destroyed_stream_is_still_carried_out() {
    let driver = Driver::ready();
    let (stream, memory) = (driver.stream(), driver.memory(2).unwrap());
    driver.fill_on(stream, memory, 7, 2).unwrap();
    let event = driver.recorded(stream);
    ok(cuStreamDestroy_v2(stream)).unwrap();
    assert_eq!(
        (driver.held(memory), driver.tally().streams),
        (Ok([7; 2]), 0)
    );
    assert_eq!(ok(cuEventQuery(event)), Ok(()));
    assert_eq!(ok(cuStreamQuery(stream)), INVALID_HANDLE);
}

#[test]
fn flags_and_priorities_are_kept_and_priorities_bounded() {
    let driver = Driver::ready();
    let (mut stream, mut flags, mut priority) = (0, 9, 9);
    ok(cuStreamCreateWithPriority(Some(&mut stream), 1, -99)).unwrap();
    ok(cuStreamGetFlags(stream, Some(&mut flags))).unwrap();
    ok(cuStreamGetPriority(stream, Some(&mut priority))).unwrap();
    assert_eq!((flags, priority, driver.tally().streams), (1, -5, 1));
    assert_eq!(ok(cuStreamCreate(Some(&mut stream), 8)), INVALID_VALUE);
}

#[test]
fn the_streams_that_the_driver_has_by_itself_cannot_be_destroyed() {
    let _driver = Driver::ready();
    for own in [0, 1] {
        assert_eq!(ok(cuStreamDestroy_v2(own)), INVALID_HANDLE);
    }
    assert_eq!(cuStreamQuery(2), 801);
}

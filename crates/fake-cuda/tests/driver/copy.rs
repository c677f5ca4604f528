//! Copies: when host memory is read and written.

use crate::support::{Driver, INVALID_VALUE, PinnedBytes, ok};
use fake_cuda::ffi::*;

#[test]
fn bytes_go_to_the_device_about_it_and_back() {
    let driver = Driver::ready();
    let from = driver.holding(&[1, 2, 3, 4]);
    let to = driver.memory(4).unwrap();
    ok(cuMemcpyDtoD_v2(to, from, 4)).unwrap();
    assert_eq!(driver.held(to), Ok([1, 2, 3, 4]));
    let tally = driver.tally();
    assert_eq!(
        (
            tally.bytes_to_device,
            tally.bytes_within,
            tally.bytes_to_host
        ),
        (4, 4, 4)
    );
}

#[test]
fn a_copy_outside_the_memory_is_refused_at_the_call() {
    let driver = Driver::ready();
    let memory = driver.memory(4).unwrap();
    assert_eq!(driver.to_device(memory + 1, &[0; 4]), INVALID_VALUE);
    assert_eq!(driver.held::<5>(memory), Err(1));
    assert_eq!(ok(cuMemcpyDtoD_v2(memory, 0x1234, 4)), INVALID_VALUE);
}

#[test]
fn a_host_address_of_nothing_is_refused() {
    let driver = Driver::ready();
    let memory = driver.memory(4).unwrap();
    // SAFETY: the driver refuses `NULL`.
    let up = unsafe { cuMemcpyHtoD_v2(memory, std::ptr::null(), 4) };
    // SAFETY: as above.
    let down = unsafe { cuMemcpyDtoH_v2(std::ptr::null_mut(), memory, 4) };
    assert_eq!([up, down], [1, 1]);
}

#[test]
fn pinned_memory_that_is_changed_before_the_copy_ran_shows_in_it() {
    let driver = Driver::ready();
    let (stream, memory) = (driver.stream(), driver.memory(4).unwrap());
    let mut pinned = PinnedBytes::new(4);
    pinned.get().fill(1);
    driver.to_device_on(stream, memory, pinned.get()).unwrap();
    pinned.get()[2] = 9;
    driver.synchronise(stream).unwrap();
    assert_eq!(driver.held(memory), Ok([1, 1, 9, 1]));
}

#[test]
fn pageable_memory_is_taken_along_at_the_call() {
    let driver = Driver::ready();
    let (stream, memory) = (driver.stream(), driver.memory(4).unwrap());
    let mut pageable = [1; 4];
    driver.to_device_on(stream, memory, &pageable).unwrap();
    pageable[2] = 9;
    driver.synchronise(stream).unwrap();
    assert_eq!((driver.held(memory), pageable), (Ok([1; 4]), [1, 1, 9, 1]));
}

#[test]
fn pinned_memory_is_written_only_when_somebody_has_waited() {
    let driver = Driver::ready();
    let (stream, memory) = (driver.stream(), driver.holding(&[5; 4]));
    let mut pinned = PinnedBytes::new(4);
    pinned.get().fill(0);
    driver.to_host_on(stream, pinned.get(), memory).unwrap();
    assert_eq!(pinned.get(), [0; 4]);
    driver.synchronise(stream).unwrap();
    assert_eq!(pinned.get(), [5; 4]);
}

#[test]
fn pageable_memory_is_written_when_the_call_returns() {
    let driver = Driver::ready();
    let (stream, memory) = (driver.stream(), driver.holding(&[5; 4]));
    let mut pageable = [0; 4];
    driver.to_host_on(stream, &mut pageable, memory).unwrap();
    assert_eq!((pageable, driver.tally().queued), ([5; 4], 0));
}

#[test]
fn copies_about_the_device_wait_in_their_stream() {
    let driver = Driver::ready();
    let (stream, from) = (driver.stream(), driver.holding(&[5; 4]));
    let to = driver.holding(&[0; 4]);
    ok(cuMemcpyDtoDAsync_v2(to, from, 4, stream)).unwrap();
    assert_eq!(driver.held(to), Ok([0; 4]));
    driver.synchronise(stream).unwrap();
    assert_eq!(driver.held(to), Ok([5; 4]));
}

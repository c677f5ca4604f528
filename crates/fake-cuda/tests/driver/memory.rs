//! Device memory and pinned host memory.

use crate::support::{Driver, INVALID_VALUE, PinnedBytes, ok};
use fake_cuda::{control as symbols, ffi::*};

fn free_and_total() -> (usize, usize) {
    let (mut free, mut total) = (0, 0);
    ok(cuMemGetInfo_v2(Some(&mut free), Some(&mut total))).unwrap();
    (free, total)
}

#[test]
fn memory_is_counted_against_the_devices() {
    let driver = Driver::ready();
    symbols::fake_cuda_set_total_memory(1000);
    let memory = driver.memory(600).unwrap();
    assert_eq!(free_and_total(), (400, 1000));
    assert_eq!(driver.memory(401), Err(2));
    ok(cuMemFree_v2(memory)).unwrap();
    assert_eq!(free_and_total(), (1000, 1000));
}

#[test]
fn what_lives_is_told() {
    let driver = Driver::ready();
    driver.memory(600).unwrap();
    let memory = driver.memory(10).unwrap();
    let pinned = PinnedBytes::new(100);
    let tally = driver.tally();
    assert_eq!((tally.allocations, tally.device_bytes), (2, 610));
    assert_eq!((tally.pinned_allocations, tally.pinned_bytes), (1, 100));
    ok(cuMemFree_v2(memory)).unwrap();
    drop(pinned);
    let tally = driver.tally();
    assert_eq!((tally.allocations, tally.device_bytes), (1, 600));
    assert_eq!((tally.pinned_allocations, tally.pinned_bytes), (0, 0));
}

#[test]
fn addresses_are_aligned_and_no_hosts() {
    let driver = Driver::ready();
    let both = [driver.memory(1).unwrap(), driver.memory(1).unwrap()];
    assert!(both.iter().all(|address| address % 256 == 0));
    // Beyond what 48 bits of address can name.
    assert!(both.iter().all(|address| address >> 48 != 0));
}

#[test]
fn nothing_is_no_amount_and_nowhere_may_be_freed() {
    let driver = Driver::ready();
    assert_eq!(driver.memory(0), Err(1));
    assert_eq!(ok(cuMemFree_v2(0)), Ok(()));
}

#[test]
fn memory_cannot_be_freed_twice_or_in_the_middle() {
    let driver = Driver::ready();
    let memory = driver.memory(512).unwrap();
    assert_eq!(ok(cuMemFree_v2(memory + 256)), INVALID_VALUE);
    ok(cuMemFree_v2(memory)).unwrap();
    assert_eq!(ok(cuMemFree_v2(memory)), INVALID_VALUE);
}

#[test]
fn pinned_memory_is_the_hosts_and_cannot_be_freed_twice() {
    let _driver = Driver::ready();
    let mut address = 0;
    ok(cuMemAllocHost_v2(Some(&mut address), 8)).unwrap();
    let at = address as *mut u8;
    // SAFETY: pinned memory of 8 bytes.
    unsafe { at.write(5) };
    // SAFETY: as above, and written.
    assert_eq!(unsafe { at.read() }, 5);
    ok(cuMemFreeHost(address)).unwrap();
    assert_eq!(ok(cuMemFreeHost(address)), INVALID_VALUE);
}

#[test]
fn pinned_memory_with_flags_that_are_not_known_is_not_had() {
    let driver = Driver::ready();
    assert_eq!(ok(cuMemHostAlloc(Some(&mut 0), 8, 64)), INVALID_VALUE);
    assert_eq!(ok(cuMemHostAlloc(None, 8, 0)), INVALID_VALUE);
    assert_eq!(driver.tally().pinned_allocations, 0);
}

#[test]
fn freeing_waits_for_what_is_queued_and_is_counted() {
    let driver = Driver::ready();
    let (stream, memory) = (driver.stream(), driver.memory(4).unwrap());
    driver.fill_on(stream, memory, 1, 4).unwrap();
    ok(cuMemFree_v2(memory)).unwrap();
    let tally = driver.tally();
    assert_eq!((tally.queued, tally.implicit_synchronises), (0, 1));
}

#[test]
fn pinned_memory_of_a_destroyed_context_shows_that_it_is_dead() {
    let _driver = Driver::ready();
    let mut address = 0;
    ok(cuMemAllocHost_v2(Some(&mut address), 4)).unwrap();
    ok(cuDevicePrimaryCtxReset_v2(0)).unwrap();
    // SAFETY: such memory is filled and never given back.
    assert_eq!(unsafe { *(address as *const [u8; 4]) }, [0xDD; 4]);
}

#[test]
fn fills_write_patterns_of_one_two_and_four_bytes() {
    let driver = Driver::ready();
    let memory = driver.holding(&[0; 12]);
    ok(cuMemsetD8_v2(memory, 0xAB, 2)).unwrap();
    ok(cuMemsetD16_v2(memory + 2, 0x0102, 2)).unwrap();
    ok(cuMemsetD32_v2(memory + 8, 0x0A0B_0C0D, 1)).unwrap();
    assert_eq!(
        driver.held(memory),
        Ok([0xAB, 0xAB, 2, 1, 2, 1, 0, 0, 0x0D, 0x0C, 0x0B, 0x0A])
    );
}

#[test]
fn fills_outside_the_memory_or_its_alignment_are_refused() {
    let driver = Driver::ready();
    let memory = driver.memory(8).unwrap();
    assert_eq!(ok(cuMemsetD8_v2(memory, 1, 9)), INVALID_VALUE);
    assert_eq!(ok(cuMemsetD32_v2(memory + 2, 1, 1)), INVALID_VALUE);
    assert_eq!(ok(cuMemsetD32_v2(memory, 1, usize::MAX)), INVALID_VALUE);
}

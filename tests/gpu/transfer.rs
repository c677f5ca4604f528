//! Bytes that are only moved to see how fast: as many as was asked for, and no memory left behind.

use crate::rig::Rig;
use frameloom::engine::cuda::transfer::{Transfer, Way};

#[test]
fn each_way_moves_the_bytes_so_many_times() {
    let rig = Rig::new();
    let mut transfer = Transfer::new(&rig.fake.gpu, 1000).unwrap();
    let tally = || rig.fake.control.tally();
    for (way, times, moved) in [
        (Way::Up, 3, [3000, 0, 0]),
        (Way::Down, 2, [0, 2000, 0]),
        (Way::PageableUp, 2, [2000, 0, 0]),
        (Way::PageableDown, 1, [0, 1000, 0]),
        (Way::Within, 4, [0, 0, 4000]),
    ] {
        let before = tally();
        transfer.time(way, times).unwrap();
        let after = tally();
        let by = [
            after.bytes_to_device - before.bytes_to_device,
            after.bytes_to_host - before.bytes_to_host,
            after.bytes_within - before.bytes_within,
        ];
        assert_eq!(by, moved, "{way:?}");
    }
}

#[test]
fn its_memory_is_given_back() {
    let rig = Rig::new();
    let transfer = Transfer::new(&rig.fake.gpu, 1000).unwrap();
    let held = rig.fake.gpu.memory();
    assert_eq!((held.slots, held.pinned), (2000, 1000));
    drop(transfer);
    assert_eq!(rig.fake.gpu.memory(), Default::default());
}

#[test]
fn more_than_the_device_has_is_told() {
    let rig = Rig::new();
    let refused = Transfer::new(&rig.fake.gpu, 9 << 30).err().unwrap();
    assert!(refused.why.contains("no memory"), "{refused}");
}

#[test]
fn a_copy_that_fails_is_told_in_the_drivers_words() {
    let rig = Rig::new();
    let mut transfer = Transfer::new(&rig.fake.gpu, 1000).unwrap();
    rig.fake.control.fail("cuMemcpyDtoHAsync_v2", 0, 1, 1);
    let refused = transfer.time(Way::Down, 2).unwrap_err();
    assert!(refused.why.contains("CUDA error 1"), "{refused}");
}

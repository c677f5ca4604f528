//! A frame's way: pending until its event, as few bytes on the bus as it needs, no memory taken on it.

use crate::{
    counting::allocations,
    rig::{BATCH, Rig, SIDE, frame, fresh, step, stripes},
};
use frameloom::{
    engine::{ItemState, Role, Tensor},
    media::convert,
};

#[test]
fn a_batch_is_pending_until_its_last_event_has_come() {
    let rig = Rig::new();
    rig.fake.control.set_looks(5);
    let mut walk = rig.walk();
    walk.slot.submit(vec![step(0.2, fresh())]);
    let (done, pending) = walk.wait();
    assert!(done[0].outcome.is_ok());
    assert!(pending >= 5, "{pending}");
    assert_eq!(rig.fake.control.tally().context_synchronises, 0);
}

#[test]
fn a_session_that_begins_with_pixels_or_with_planes_shows_the_same() {
    let rig = Rig::new();
    let mut walk = rig.walk();
    let mut planes = vec![0.0; SIDE * SIDE * 3];
    convert::rgb8_to_planar(&stripes(), SIDE as u32, SIDE as u32, &mut planes);
    let planes = Tensor::f32(vec![1, 3, SIDE, SIDE], planes).unwrap();
    let planes = ItemState::Fresh(vec![(Role::Borrowed("image"), planes)]);
    let (a, b) = (walk.one(step(0.3, fresh())), walk.one(step(0.3, planes)));
    assert_eq!(frame(&a), frame(&b));
    assert_ne!(frame(&a), stripes(), "it moved");
}

#[test]
fn a_picture_goes_up_once_a_session_and_comes_down_once_a_frame_as_bytes() {
    let rig = Rig::new();
    let (mut walk, control) = (rig.walk(), &rig.fake.control);
    let picture = (SIDE * SIDE * 3) as u64;
    let record = 56 * BATCH as u64;
    let begun = control.tally();
    let mut state = walk.one(step(0.1, fresh())).state;
    let first = control.tally();
    assert_eq!(
        first.bytes_to_device - begun.bytes_to_device,
        picture + record
    );
    assert_eq!(first.bytes_to_host - begun.bytes_to_host, picture);
    for _ in 0..4 {
        state = walk.one(step(0.2, state)).state;
    }
    let later = control.tally();
    assert_eq!(later.bytes_to_device - first.bytes_to_device, 4 * record);
    assert_eq!(later.bytes_to_host - first.bytes_to_host, 4 * picture);
    assert_eq!(
        later.bytes_within, first.bytes_within,
        "states change places, not bytes"
    );
}

#[test]
fn device_times_are_those_of_the_events() {
    let rig = Rig::new();
    // A microsecond a piece of work, and a nanosecond a byte.
    rig.fake.control.set_costs(1_000, 1_000);
    let mut walk = rig.walk();
    let state = walk.one(step(0.1, fresh())).state;
    let times = walk.one(step(0.2, state)).times;
    let micros = |t: std::time::Duration| t.as_nanos() / 100 * 100;
    assert_eq!(micros(times.upload), 1_100, "one copy of the records");
    assert_eq!(micros(times.infer), 3_000, "three kernels");
    assert_eq!(
        micros(times.download),
        1_000 + 12_200,
        "one copy of the picture"
    );
}

#[test]
fn no_frame_of_an_admitted_session_takes_memory_of_any_kind() {
    let rig = Rig::new();
    let (mut walk, control) = (rig.walk(), &rig.fake.control);
    let admission = walk.admit();
    let taken = || {
        [
            "cuMemAlloc_v2",
            "cuMemHostRegister_v2",
            "cuEventCreate",
            "cuStreamCreateWithPriority",
        ]
        .map(|name| control.calls(name))
    };
    let before = taken();
    let mut state = walk.one(step(0.1, fresh())).state;
    for n in 0..20 {
        let mut item = step(0.2, state);
        item.boundary = n % 3 == 0;
        state = walk.one(item).state;
    }
    assert_eq!(taken(), before);
    drop(admission);
}

#[test]
fn putting_a_batch_on_the_stream_allocates_nothing_on_the_host() {
    let rig = Rig::new();
    let mut walk = rig.walk();
    let states = walk.run(vec![step(0.1, fresh()), step(0.1, fresh())]);
    let mut states: Vec<_> = states.into_iter().map(|done| done.state).collect();
    let (mut in_submit, mut in_poll) = (0, 0);
    for _ in 0..50 {
        let batch = states.drain(..).map(|state| step(0.2, state)).collect();
        let mut done = Vec::new();
        in_submit += allocations(|| walk.slot.submit(batch));
        in_poll += allocations(|| done = walk.wait().0);
        states.extend(done.into_iter().map(|done| done.state));
    }
    assert_eq!(in_submit, 0);
    println!("{} allocations a frame to answer it", in_poll / 100);
}

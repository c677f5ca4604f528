//! Memory: refused with what is needed and what is free, accounted by owner, and all given back.

use crate::rig::{Rig, fresh, step};
use frameloom::engine::{Platform, cuda::MemoryUse};

#[test]
fn an_engine_that_does_not_fit_is_refused_with_what_it_needs_and_what_is_free() {
    let rig = Rig::new();
    let mut engine = rig.load().unwrap();
    let free = 100_000;
    let taken = rig.fake.control.tally().device_bytes;
    rig.fake.control.set_total_memory(taken + free);
    let refused = engine.slot(&rig.key).err().unwrap();
    for part in ["MiB are needed", "0.1 MiB", "free"] {
        assert!(refused.why.contains(part), "{refused}");
    }
    assert!(!refused.fix.is_empty());
    assert_eq!(
        rig.fake.control.tally().device_bytes,
        taken,
        "nothing is left of it"
    );
}

#[test]
fn a_session_that_does_not_fit_is_refused_and_those_that_run_are_not_harmed() {
    let rig = Rig::new();
    let mut walk = rig.walk();
    let admitted = walk.admit();
    let state = walk.one(step(0.1, fresh())).state;
    rig.fake
        .control
        .set_total_memory(rig.fake.control.tally().device_bytes);
    let refused = walk.engine.admit(&walk.key).err().unwrap();
    assert!(refused.why.contains("a session's state"), "{refused}");
    assert!(walk.one(step(0.2, state)).outcome.is_ok());
    drop(admitted);
}

#[test]
fn memory_is_accounted_by_owner_and_all_of_it_is_given_back() {
    let mut rig = Rig::new();
    let baseline = rig.fake.control.tally();
    let gpu = std::sync::Arc::clone(&rig.fake.gpu);
    let mut walk = rig.walk();
    let loaded = gpu.memory();
    assert!(
        loaded.slots > 0 && loaded.pinned > 0 && loaded.sessions == 0,
        "{loaded:?}"
    );
    let admitted = [walk.admit(), walk.admit()];
    let state = 3 * 64 * 64 * 4;
    assert_eq!(gpu.memory().sessions, 2 * state);
    let mut item = step(0.1, fresh());
    item.boundary = true;
    let mut done = walk.one(item);
    // Each session may have two frames on their way to its clients.
    let frames = 2 * 2 * 3 * 64 * 64;
    assert_eq!(
        gpu.memory(),
        MemoryUse {
            sessions: 2 * state,
            pinned: loaded.pinned + frames,
            ..loaded
        }
    );

    // A session ends on its own thread, and a frame is dropped on the codec's.
    let kept = std::mem::take(&mut done.state);
    std::thread::spawn(move || drop((kept, admitted)))
        .join()
        .unwrap();
    walk.engine.tidy();
    assert_eq!(gpu.memory().sessions, 0);
    let key = walk.key.clone();
    drop(walk);
    let outputs = done.outcome.unwrap();
    std::thread::spawn(move || drop(outputs)).join().unwrap();
    rig.fake.platform.tidy();
    assert_eq!(gpu.memory(), MemoryUse::default(), "{key}");
    let end = rig.fake.control.tally();
    assert_eq!(
        (
            end.device_bytes,
            end.pinned_bytes,
            end.streams,
            end.events,
            end.executable_graphs
        ),
        (baseline.device_bytes, baseline.pinned_bytes, 0, 0, 0)
    );
}

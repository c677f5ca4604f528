//! Errors of the driver: what they condemn, and that no state is ever half advanced.

use crate::rig::{Rig, frame, fresh, step};
use frameloom::engine::{ItemDone, ItemState, Platform, Scope};

fn scope(done: &ItemDone) -> Option<Scope> {
    done.outcome.as_ref().err().map(|e| e.scope)
}

/// Two steps that end chunks, with an error at this call between them; then a third: what it draws, and the error.
fn third_step(failing: Option<(&str, i32)>) -> (Vec<u8>, Option<Scope>) {
    let rig = Rig::new();
    let mut walk = rig.walk();
    let mut first = step(0.2, fresh());
    first.boundary = true;
    let mut state = walk.one(first).state;
    let mut error = None;
    if let Some((call, code)) = failing {
        rig.fake.control.fail(call, 0, 1, code);
        let mut failed = step(0.4, state);
        failed.boundary = true;
        let failed = walk.one(failed);
        error = scope(&failed);
        assert!(matches!(failed.state, ItemState::Kept(_)), "{call}");
        state = failed.state;
        // The device makes another in its place.
        walk.slot = walk.engine.slot(&walk.key).unwrap();
    }
    (frame(&walk.one(step(0.3, state))), error)
}

#[test]
fn a_run_that_fails_anywhere_leaves_the_state_as_it_was_and_takes_the_slot() {
    let (untouched, _) = third_step(None);
    for call in [
        "cuMemcpyHtoDAsync_v2",
        "cuGraphLaunch",
        "cuEventRecord",
        "cuMemcpyDtoHAsync_v2",
        "cuEventQuery",
    ] {
        let (drawn, error) = third_step(Some((call, 2)));
        assert_eq!(error, Some(Scope::Slot), "{call}");
        assert_eq!(drawn, untouched, "{call}");
    }
}

#[test]
fn a_session_that_could_not_begin_has_its_picture_back() {
    let rig = Rig::new();
    let mut walk = rig.walk();
    rig.fake.control.fail("cuGraphLaunch", 0, 1, 2);
    let failed = walk.one(step(0.2, fresh()));
    let error = failed.outcome.unwrap_err();
    assert!(error.message.contains("out of memory"), "{}", error.message);
    let ItemState::Fresh(back) = failed.state else {
        panic!("it came fresh")
    };
    let ItemState::Fresh(came) = fresh() else {
        unreachable!()
    };
    assert_eq!(back, came);
}

#[test]
fn an_error_that_kills_the_context_takes_the_device_and_a_restart_brings_it_back() {
    let mut rig = Rig::new();
    let mut walk = rig.walk();
    let before = walk.one(step(0.2, fresh()));
    let expected = frame(&before);
    let picture = before.outcome.unwrap();
    assert!(rig.fake.control.poison(0, 700));
    let failed = walk.one(step(0.2, before.state));
    assert_eq!(scope(&failed), Some(Scope::Device));
    let orphan = failed.state;
    drop(walk);
    rig.fake.platform.restart().unwrap();
    let shown = picture.peek("frame").unwrap().as_u8().unwrap();
    assert_eq!(
        shown, expected,
        "a frame on its way to a client outlives the context"
    );
    let mut walk = rig.walk();
    let lost = walk.one(step(0.2, orphan));
    assert_eq!(scope(&lost), Some(Scope::Item));
    assert!(matches!(lost.state, ItemState::Lost));
    assert_eq!(frame(&walk.one(step(0.2, fresh()))), expected);
}

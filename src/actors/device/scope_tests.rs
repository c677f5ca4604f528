//! What a failure takes along: a slot, an engine, or everything on the device, and no more than that.

use super::tests::{run, scope};
use crate::{
    actors::{
        scheduler::Lost,
        test_support::{Rig, device, device_on, key_of},
        work::WorkDone,
    },
    engine::{
        ItemState, LoadError, LoadState, Platform, RunError, Scope,
        scripted::{Act, Scripted},
    },
};
use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

/// Fails with a scope.
fn fails(scope: Scope) -> Act {
    Act::Fail(RunError {
        scope,
        message: "on purpose".into(),
    })
}

/// A platform that counts its restarts, and can be used again so many times.
#[derive(Clone, Default)]
struct Ground {
    restarts: Arc<AtomicUsize>,
    bears: usize,
}

impl Platform for Ground {
    fn enter(&mut self) -> Result<(), LoadError> {
        Ok(())
    }

    fn restart(&mut self) -> Result<(), LoadError> {
        let restarts = self.restarts.fetch_add(1, Ordering::Relaxed) + 1;
        match restarts <= self.bears {
            true => Ok(()),
            false => Err(LoadError::new("fallen off the bus", "restart the machine")),
        }
    }
}

/// Two models, prepared, on a device of two slots.
async fn two(ground: &Ground, a: &Scripted, b: &Scripted) -> Rig {
    let rig = device_on(Box::new(ground.clone()), 2, 3, &[("a", a), ("b", b)]);
    rig.prepare(&key_of("a")).await.unwrap();
    rig.prepare(&key_of("b")).await.unwrap();
    rig
}

fn is_fresh(done: &WorkDone) -> bool {
    matches!(done.state, ItemState::Fresh(_))
}

#[actix::test]
async fn a_slot_that_fails_is_made_anew_and_takes_neither_engine_nor_states_along() {
    let script = Scripted::new([Act::Run, fails(Scope::Slot)]);
    let mut rig = device(1, &[("scripted", &script)]);
    rig.prepare(&key_of("scripted")).await.unwrap();
    let (slots, made) = (script.slots(), script.slots_made());
    let failed = run(&mut rig, "scripted", &["x", "y"]).await;
    assert!(failed.iter().all(|done| scope(done) == Some(Scope::Slot)));
    assert!(failed.iter().all(is_fresh), "the states are as they came");
    assert!(run(&mut rig, "scripted", &["x"]).await[0].outcome.is_ok());
    assert_eq!(script.slots_made(), made + 1);
    assert_eq!(script.slots(), slots);
    assert_eq!(script.loads(), 1);
}

#[actix::test]
async fn slots_that_fail_in_a_row_give_the_model_up_and_leave_the_others() {
    let warm_up_then = |act: Act| [Act::Run, act.clone(), act.clone(), act];
    let a = Scripted::new(warm_up_then(fails(Scope::Slot)));
    let (ground, b) = (Ground::default(), Scripted::new([]));
    let mut rig = two(&ground, &a, &b).await;
    for _ in 0..3 {
        run(&mut rig, "a", &["x"]).await;
    }
    let failed = |s: &LoadState| matches!(s, LoadState::Failed { .. });
    rig.until("a", failed).await;
    assert!(run(&mut rig, "b", &["y"]).await[0].outcome.is_ok());
    assert_eq!(
        rig.lost(),
        [Lost::Model("a".into())],
        "the device serves the other"
    );
}

#[actix::test]
async fn a_device_that_fails_is_restarted_and_everything_on_it_is_loaded_again() {
    let a = Scripted::new([Act::Run, fails(Scope::Device)]);
    let b = Scripted::new([]);
    let ground = Ground {
        bears: 1,
        ..Ground::default()
    };
    let mut rig = two(&ground, &a, &b).await;
    let failed = run(&mut rig, "a", &["x"]).await;
    assert!(matches!(failed[0].state, ItemState::Lost));
    assert!(run(&mut rig, "a", &["x"]).await[0].outcome.is_ok());
    assert!(run(&mut rig, "b", &["y"]).await[0].outcome.is_ok());
    assert_eq!(ground.restarts.load(Ordering::Relaxed), 1);
    assert_eq!((a.loads(), b.loads()), (2, 2));
}

#[actix::test]
async fn a_device_that_cannot_be_restarted_is_given_up_in_its_own_words() {
    let a = Scripted::new([Act::Run, fails(Scope::Device)]);
    let (ground, b) = (Ground::default(), Scripted::new([]));
    let mut rig = two(&ground, &a, &b).await;
    run(&mut rig, "a", &["x"]).await;
    let mut lost = Vec::new();
    for _ in 0..3 {
        lost.push(rig.changed.next().await.lost);
    }
    assert!(lost.contains(&Lost::Everything), "{lost:?}");
    for model in ["a", "b"] {
        let refused = rig.prepare(&key_of(model)).await.unwrap_err();
        assert_eq!(refused.why, "fallen off the bus");
    }
}

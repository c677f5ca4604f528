//! What in-flight work is bounded by, and that it is answered whatever becomes of it.

use super::*;
use crate::{
    actors::test_support::{credits, dead, device, inbox, key, order, runs, work},
    engine::scripted::{Act, Gate, Scripted},
};
use std::sync::Arc;

#[actix::test]
async fn credits_bound_what_is_in_flight_although_mailboxes_do_not() {
    let gate = Arc::new(Gate::default());
    let rig = device(
        64,
        &[(
            "scripted",
            &Scripted::new([Act::Run, Act::Hold(gate.clone())]),
        )],
    );
    rig.prepare(&key()).await.unwrap();
    let (reply_to, mut done) = inbox::<WorkDone>();
    let (credits, mut sent) = (credits(2), 0);
    for attempt in 0..1000 {
        if let Some(credit) = credits.try_take() {
            rig.run(
                &key(),
                vec![work(&format!("s{attempt}"), credit, &reply_to)],
            );
            sent += 1;
        }
    }
    assert_eq!(sent, 2, "only two credits exist");
    gate.open();
    let (first, second) = (done.next().await, done.next().await);
    assert!(first.outcome.is_ok() && second.outcome.is_ok());
    assert!(
        credits.try_take().is_none(),
        "an answer still holds its credit"
    );
    drop(first);
    assert!(credits.try_take().is_some());
}

#[actix::test]
async fn work_that_is_dropped_is_answered_as_lost() {
    let (reply_to, mut done) = inbox::<WorkDone>();
    let credits = credits(1);
    drop(work("s", credits.try_take().unwrap(), &reply_to));
    let answer = done.next().await;
    assert_eq!(answer.outcome.unwrap_err(), WorkError::Lost);
    assert!(matches!(answer.state, ItemState::Lost));
    drop(answer.credit);
    assert_eq!(credits.in_flight(), 0);
}

#[actix::test]
async fn a_batch_that_a_dead_mailbox_drops_is_answered_item_by_item() {
    let (reply_to, mut done) = inbox::<WorkDone>();
    let (credits, slots) = (credits(3), credits(1));
    let one = |n: u8| work(&format!("s{n}"), credits.try_take().unwrap(), &reply_to);
    let batch = RunBatch {
        key: key(),
        work: (0..3).map(one).collect(),
        slot: slots.try_take().unwrap(),
    };
    post(&dead().await, batch);
    for n in 0..3 {
        let answer = done.next().await;
        assert_eq!(answer.session.as_str(), format!("s{n}"));
        assert_eq!(answer.outcome.unwrap_err(), WorkError::Lost);
    }
    assert_eq!(slots.in_flight(), 0, "the slot is free again");
}

#[actix::test]
async fn work_is_answered_once_however_it_ends() {
    let (reply_to, mut done) = inbox::<WorkDone>();
    let credits = credits(3);
    let one = || work("s", credits.try_take().unwrap(), &reply_to);
    one().refuse(WorkError::Expired);
    let (_, running) = one().start();
    running.fail(RunError::engine("on purpose"));
    let (_, running) = one().start();
    drop(running);
    let outcomes: Vec<_> = [done.next().await, done.next().await, done.next().await]
        .map(|answer| answer.outcome.unwrap_err())
        .into();
    let failed = WorkError::Run(RunError::engine("on purpose"));
    assert_eq!(outcomes, [WorkError::Expired, failed, WorkError::Lost]);
    assert!(done.now().is_empty());
}

#[actix::test]
async fn refused_work_brings_its_state_home_as_it_came() {
    let (reply_to, mut done) = inbox::<WorkDone>();
    work("s", credits(1).try_take().unwrap(), &reply_to).refuse(WorkError::Abandoned);
    assert!(matches!(done.next().await.state, ItemState::Fresh(_)));
}

#[actix::test]
async fn state_travels_with_the_work_and_returns_in_one_place() {
    let mut rig = device(1, &[("scripted", &Scripted::new([]))]);
    rig.prepare(&key()).await.unwrap();
    let (reply_to, mut done) = inbox::<WorkDone>();
    let credits = credits(1);
    let mut state = crate::actors::test_support::fresh(0.0);
    for run in 1..=5 {
        let mut order = order("s", credits.try_take().unwrap(), &reply_to);
        // Moved away: until the answer comes nobody could run this session.
        order.item.state = std::mem::take(&mut state);
        rig.run(&key(), vec![Work::new(order)]);
        state = done.next().await.state;
        rig.free.next().await;
        assert_eq!(runs(&state), Some(run));
    }
}

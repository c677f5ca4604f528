//! A device that fails in every way that an engine can, and what its sessions, its scheduler and its board hear of it.

use super::*;
use crate::{
    actors::{
        scheduler::Lost,
        test_support::{
            Received, Rig, credits, device, eventually, inbox, key, key_of, order, runs, work,
        },
        work::{Work, WorkDone, WorkError},
    },
    engine::{
        ItemState, LoadState, RunError, Scope,
        scripted::{Act, Gate, Scripted},
    },
    media::Stage,
};
use std::time::Duration;

/// Warm-up takes the first act of a script, and the first after every rebuild.
const WARM_UP: Act = Act::Run;

/// Runs one batch of these sessions and gives the answers in order.
pub(super) async fn run(rig: &mut Rig, model: &str, sessions: &[&str]) -> Vec<WorkDone> {
    let (reply_to, mut done) = inbox::<WorkDone>();
    let credits = credits(sessions.len());
    let one = |session: &&str| work(session, credits.try_take().unwrap(), &reply_to);
    let key = key_of(model);
    let batch: Vec<Work> = sessions
        .iter()
        .map(one)
        .map(|work| with_key(work, &key))
        .collect();
    rig.run(&key, batch);
    let mut answers = Vec::new();
    for _ in sessions {
        answers.push(done.next().await);
    }
    rig.free.next().await;
    answers
}

fn with_key(mut work: Work, key: &EngineKey) -> Work {
    work.key = key.clone();
    work
}

pub(super) fn scope(answer: &WorkDone) -> Option<Scope> {
    match &answer.outcome {
        Err(WorkError::Run(e)) => Some(e.scope),
        _ => None,
    }
}

#[actix::test]
async fn a_batch_is_as_large_as_the_engine_says() {
    let rig = device(1, &[("scripted", &Scripted::new([]).with_max_batch(3))]);
    assert_eq!(rig.prepare(&key()).await.unwrap().get(), 3);
}

#[actix::test]
async fn a_panicking_engine_answers_its_batch_and_is_rebuilt() {
    let script = Scripted::new([WARM_UP, Act::Panic]);
    let mut rig = device(1, &[("scripted", &script)]);
    rig.prepare(&key()).await.unwrap();
    let failed = run(&mut rig, "scripted", &["a", "b"]).await;
    for answer in &failed {
        assert_eq!(scope(answer), Some(Scope::Engine));
        assert!(
            matches!(answer.state, ItemState::Lost),
            "it was on the device"
        );
    }
    let next = run(&mut rig, "scripted", &["a"]).await;
    assert_eq!(runs(&next[0].state), Some(1), "the shape was made again");
    assert_eq!(script.loads(), 2);
    assert!(rig.board.is_ready("scripted"));
    assert!(rig.changed.now().is_empty());
}

#[actix::test]
async fn a_device_error_rebuilds_the_engine_and_loses_the_states() {
    let script = Scripted::new([WARM_UP, Act::Fail(RunError::engine("on purpose"))]);
    let mut rig = device(1, &[("scripted", &script)]);
    rig.prepare(&key()).await.unwrap();
    let failed = run(&mut rig, "scripted", &["a", "b"]).await;
    assert!(
        failed
            .iter()
            .all(|done| matches!(done.state, ItemState::Lost))
    );
    assert!(run(&mut rig, "scripted", &["a"]).await[0].outcome.is_ok());
    assert_eq!(script.loads(), 2);
}

#[actix::test]
async fn a_state_that_went_with_an_earlier_engine_is_lost_and_its_session_can_begin_again() {
    let script = Scripted::new([WARM_UP, Act::Run, Act::Panic]);
    let mut rig = device(1, &[("scripted", &script)]);
    rig.prepare(&key()).await.unwrap();
    let kept = run(&mut rig, "scripted", &["a"]).await.remove(0).state;
    assert_eq!(runs(&kept), Some(1));
    run(&mut rig, "scripted", &["b"]).await;
    let (reply_to, mut done) = inbox::<WorkDone>();
    let mut again = order("a", credits(1).try_take().unwrap(), &reply_to);
    again.item.state = kept;
    rig.run(&key(), vec![Work::new(again)]);
    let answer = done.next().await;
    assert_eq!(scope(&answer), Some(Scope::Item));
    assert!(matches!(answer.state, ItemState::Lost));
    rig.free.next().await;
    assert!(run(&mut rig, "scripted", &["a"]).await[0].outcome.is_ok());
}

#[actix::test]
async fn a_batch_error_returns_all_states_and_keeps_the_engine() {
    let script = Scripted::new([WARM_UP, Act::Fail(RunError::batch("on purpose"))]);
    let mut rig = device(1, &[("scripted", &script)]);
    rig.prepare(&key()).await.unwrap();
    for answer in run(&mut rig, "scripted", &["a", "b"]).await {
        assert_eq!(scope(&answer), Some(Scope::Batch));
        assert!(matches!(answer.state, ItemState::Fresh(_)), "as it came");
    }
    assert_eq!(script.loads(), 1);
}

#[actix::test]
async fn an_item_error_returns_its_state_and_spares_its_neighbours() {
    let script = Scripted::new([WARM_UP, Act::Fail(RunError::item("on purpose"))]);
    let mut rig = device(1, &[("scripted", &script)]);
    rig.prepare(&key()).await.unwrap();
    let answers = run(&mut rig, "scripted", &["a", "b", "c"]).await;
    assert_eq!(scope(&answers[0]), Some(Scope::Item));
    assert!(
        matches!(answers[0].state, ItemState::Fresh(_)),
        "as it came"
    );
    assert!(answers[1..].iter().all(|a| runs(&a.state) == Some(1)));
    assert_eq!(script.loads(), 1);
}

#[actix::test]
async fn an_engine_that_forgets_an_item_leaves_it_answered_as_lost() {
    let mut rig = device(1, &[("scripted", &Scripted::new([WARM_UP, Act::Forget]))]);
    rig.prepare(&key()).await.unwrap();
    let answers = run(&mut rig, "scripted", &["a", "b"]).await;
    let mut outcomes = answers
        .iter()
        .map(|done| (done.session.as_str(), done.outcome.is_ok()));
    assert!(outcomes.any(|outcome| outcome == ("a", true)));
    assert!(
        answers
            .iter()
            .any(|done| done.outcome.as_ref().err() == Some(&WorkError::Lost))
    );
}

#[actix::test]
async fn a_model_is_given_up_after_its_failures_in_a_row_and_says_why_and_what_to_do() {
    let script = Scripted::new([WARM_UP, Act::Panic, WARM_UP, Act::Panic]);
    let mut rig = device(1, &[("scripted", &script)]);
    rig.prepare(&key()).await.unwrap();
    run(&mut rig, "scripted", &["a"]).await;
    run(&mut rig, "scripted", &["a"]).await;
    let state = rig
        .until("scripted", |s| matches!(s, LoadState::Failed { .. }))
        .await;
    let LoadState::Failed { why, fix } = state else {
        unreachable!()
    };
    assert!(
        why.contains("2 times in a row") && why.contains("panicked"),
        "{why}"
    );
    assert!(!fix.is_empty());
    assert_eq!(
        rig.changed.next().await.lost,
        Lost::Model("scripted".into())
    );
    assert_eq!(rig.changed.next().await.lost, Lost::Everything);
    assert_eq!(rig.prepare(&key()).await.unwrap_err().why, why);
    let late = run(&mut rig, "scripted", &["a"]).await;
    assert_eq!(scope(&late[0]), Some(Scope::Batch), "answered at once");
    assert!(
        matches!(late[0].state, ItemState::Fresh(_)),
        "never was on the device"
    );
}

#[actix::test]
async fn a_success_in_between_forgives_the_failures() {
    let script = Scripted::new([WARM_UP, Act::Panic, WARM_UP, Act::Run, Act::Panic]);
    let mut rig = device(1, &[("scripted", &script)]);
    rig.prepare(&key()).await.unwrap();
    for _ in 0..3 {
        run(&mut rig, "scripted", &["a"]).await;
    }
    assert!(run(&mut rig, "scripted", &["a"]).await[0].outcome.is_ok());
    assert_eq!(script.loads(), 3);
}

#[actix::test]
async fn an_engine_that_panics_while_it_is_rebuilt_is_built_once_more() {
    let script = Scripted::new([WARM_UP, Act::Panic, Act::Panic, WARM_UP]);
    let (board, mut rig) = {
        let rig = device_of(3, &script);
        (rig.board.clone(), rig)
    };
    rig.prepare(&key()).await.unwrap();
    run(&mut rig, "scripted", &["a"]).await;
    assert_eq!(script.loads(), 3);
    assert!(board.is_ready("scripted"));
}

/// One slot, one scripted model that is given up after so many failures.
fn device_of(max_failures: usize, script: &Scripted) -> Rig {
    crate::actors::test_support::device_of(1, max_failures, &[("scripted", script)])
}

#[actix::test]
async fn an_engine_that_panics_once_more_when_it_is_dropped_costs_nothing_else() {
    let script = Scripted::new([WARM_UP, Act::Panic]).panicking_on_drop();
    let mut rig = device(2, &[("scripted", &script)]);
    rig.prepare(&key()).await.unwrap();
    run(&mut rig, "scripted", &["a"]).await;
    assert!(run(&mut rig, "scripted", &["a"]).await[0].outcome.is_ok());
}

#[actix::test]
async fn a_model_that_cannot_be_loaded_is_given_up_at_once_and_others_live_on() {
    let (broken, sound) = (Scripted::new([]).failing_to_load(9), Scripted::new([]));
    let mut rig = device(1, &[("broken", &broken), ("sound", &sound)]);
    rig.until("broken", |s| matches!(s, LoadState::Failed { .. }))
        .await;
    rig.prepare(&key_of("broken")).await.unwrap_err();
    rig.prepare(&key_of("sound")).await.unwrap();
    assert!(run(&mut rig, "sound", &["a"]).await[0].outcome.is_ok());
    assert_eq!(broken.loads(), 1);
    assert_eq!(
        rig.lost(),
        [Lost::Model("broken".into())],
        "the device still serves"
    );
}

#[actix::test]
async fn slots_bound_what_runs_and_a_slot_is_free_when_its_batch_is_answered() {
    let gate = Arc::new(Gate::default());
    let mut rig = device(
        1,
        &[(
            "scripted",
            &Scripted::new([WARM_UP, Act::Hold(gate.clone())]),
        )],
    );
    rig.prepare(&key()).await.unwrap();
    let (reply_to, mut done) = inbox::<WorkDone>();
    rig.run(
        &key(),
        vec![work("a", credits(1).try_take().unwrap(), &reply_to)],
    );
    assert!(rig.seat.slots.try_take().is_none());
    gate.open();
    done.next().await;
    rig.free.next().await;
    assert!(rig.seat.slots.try_take().is_some());
}

/// A device whose first batch is pending until the gate opens.
struct Pending {
    rig: Rig,
    script: Scripted,
    gate: Arc<Gate>,
    /// The answer to that batch, which is session `a`'s.
    done: Received<WorkDone>,
}

/// So many slots; the second batch does this.
async fn pending(slots: usize, second: Act) -> Pending {
    let gate = Arc::new(Gate::default());
    let script = Scripted::new([WARM_UP, Act::Pend(Arc::clone(&gate)), second]);
    let rig = device(slots, &[("scripted", &script)]);
    rig.prepare(&key()).await.unwrap();
    let (reply_to, done) = inbox();
    let credit = credits(1).try_take().unwrap();
    rig.run(&key(), vec![work("a", credit, &reply_to)]);
    Pending {
        rig,
        script,
        gate,
        done,
    }
}

#[actix::test]
async fn a_second_slot_runs_beside_the_first() {
    let mut p = pending(2, Act::Run).await;
    let beside = run(&mut p.rig, "scripted", &["b"]).await;
    assert!(beside[0].outcome.is_ok());
    assert!(p.done.now().is_empty(), "the first still runs");
    p.gate.open();
    assert!(p.done.next().await.outcome.is_ok());
}

#[actix::test]
async fn a_batch_that_runs_beside_one_that_panics_is_answered_with_it() {
    let mut p = pending(2, Act::Panic).await;
    run(&mut p.rig, "scripted", &["b"]).await;
    let beside = p.done.next().await;
    assert_eq!(scope(&beside), Some(Scope::Engine));
    assert!(matches!(beside.state, ItemState::Lost));
    assert_eq!(p.rig.seat.slots.in_flight(), 0);
}

#[actix::test]
async fn a_shape_is_released_when_nothing_runs_in_it_any_more() {
    let mut p = pending(2, Act::Run).await;
    assert_eq!(p.script.slots(), 2);
    post(&p.rig.seat.release, Release(key()));
    // What is asked later is answered later: so the release was seen while the batch ran.
    p.rig.prepare(&key_of("unknown")).await.unwrap_err();
    assert_eq!(p.script.slots(), 2);
    p.gate.open();
    assert!(p.done.next().await.outcome.is_ok(), "what ran could finish");
    eventually("the slots have gone", || p.script.slots() == 0).await;
}

#[actix::test]
async fn a_shape_that_is_wanted_again_while_its_release_waits_stays() {
    let mut p = pending(1, Act::Run).await;
    post(&p.rig.seat.release, Release(key()));
    p.rig.prepare(&key()).await.unwrap();
    p.gate.open();
    p.done.next().await;
    p.rig.free.next().await;
    let next = run(&mut p.rig, "scripted", &["b"]).await;
    assert!(next[0].outcome.is_ok());
}

#[actix::test]
async fn the_devices_times_go_with_the_answer() {
    let takes = Duration::from_millis(5);
    let mut rig = device(
        1,
        &[("scripted", &Scripted::new([WARM_UP, Act::Take(takes)]))],
    );
    rig.prepare(&key()).await.unwrap();
    let answer = run(&mut rig, "scripted", &["a"]).await.remove(0);
    assert_eq!(answer.tag.stages.get(Stage::Infer), takes);
    assert_eq!(answer.tag.stages.get(Stage::Encode), Duration::ZERO);
}

#[actix::test]
async fn a_shape_that_the_model_does_not_have_is_refused_and_spoils_no_rebuild() {
    let script = Scripted::new([WARM_UP, Act::Panic]);
    let mut rig = device(1, &[("scripted", &script)]);
    let odd = EngineKey {
        axes: Arc::new([("height".into(), 7), ("width".into(), 8)]),
        ..key()
    };
    let refused = rig.prepare(&odd).await.unwrap_err();
    assert!(refused.why.contains("height"), "{refused}");
    rig.prepare(&key()).await.unwrap();
    run(&mut rig, "scripted", &["a"]).await;
    assert!(run(&mut rig, "scripted", &["a"]).await[0].outcome.is_ok());
}

#[actix::test]
async fn a_thread_that_has_gone_is_reported_and_its_work_is_answered() {
    let (free, mut freed) = inbox();
    let (changed, mut heard) = inbox();
    let (inbox_of_nobody, _) = sync_channel(1);
    let front = Device {
        name: "test0".into(),
        inbox: inbox_of_nobody,
        releases: credits(1),
        unreleased: Default::default(),
        prepares: Credits::new(PREPARES_WAITING),
        free,
        changed,
    }
    .start();
    let (reply_to, mut done) = inbox::<WorkDone>();
    let slots = credits(1);
    let batch = RunBatch {
        key: key(),
        work: vec![work("a", credits(1).try_take().unwrap(), &reply_to)],
        slot: slots.try_take().unwrap(),
    };
    post(&front.clone().recipient(), batch);
    assert_eq!(done.next().await.outcome.unwrap_err(), WorkError::Lost);
    assert_eq!(heard.next().await.lost, Lost::Everything);
    freed.next().await;
    assert_eq!(slots.in_flight(), 0);
    assert!(front.send(Prepare(key())).await.unwrap().is_err());
}

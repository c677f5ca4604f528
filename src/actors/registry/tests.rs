//! Opening and ending, end to end over a scripted model.

use super::*;
use crate::{
    actors::{
        buffer::{OfferError, Viewer},
        test_support::{
            GROUP, House, TrackLog, action, eventually, evicting, key, opened, refusing, soon,
            unlimited, until,
        },
    },
    engine::{
        EngineKey,
        scripted::{Act, Gate, Scripted},
    },
    media::{ActionId, EncodedFrame},
    pipelines::OpenFault,
    session::SessionSpec,
};
use std::{
    collections::HashSet,
    sync::{Arc, Mutex, mpsc},
};

/// Warm-up takes the first act of a script.
const WARM_UP: Act = Act::Run;

const STOP: Command = Command::Stop(EndReason::ClientStopped);

async fn house(max_sessions: usize) -> House {
    House::new(Scripted::new([]), max_sessions).await
}

async fn open(house: &House, limit: GroupLimit) -> Result<SessionHandle, OpenError> {
    house.open(limit, unlimited(), &TrackLog::drawing(1)).await
}

/// Waits until this viewer is shown the frame that answers this action.
async fn sees(viewer: &mut Viewer, action: u64) {
    let answers = |frame: &Option<Arc<EncodedFrame>>| {
        let shown = frame.as_ref();
        shown.is_some_and(|frame| frame.action == ActionId(action))
    };
    soon("its frame", viewer.frames.wait_for(answers))
        .await
        .unwrap();
}

#[actix::test]
async fn a_session_is_opened_shows_frames_and_is_gone_when_it_was_stopped() {
    let house = house(8).await;
    let handle = open(&house, refusing(8)).await.unwrap();
    assert!(house.directory.find(handle.id.as_str()).is_some());
    let mut viewer = handle.subscribe().await.unwrap();
    for id in 1..=3 {
        handle.offer(action(id)).await.unwrap();
        sees(&mut viewer, id).await;
    }
    let snapshot = handle.snapshot().await.unwrap();
    assert_eq!(snapshot.buffer.recent.len(), 3);
    handle.apply(STOP).await;
    house.is_empty().await;
    assert_eq!(handle.offer(action(9)).await, Err(OfferError::Gone));
    assert!(soon("the end", viewer.frames.changed()).await.is_err());
    assert!(handle.subscribe().await.is_err());
    assert!(handle.snapshot().await.is_none());
}

#[actix::test]
async fn sessions_on_a_device_that_is_late_for_every_deadline_all_see_frames() {
    let house = house(8).await;
    let hopeless = SessionSpec {
        deadline: Duration::ZERO,
        ..unlimited()
    };
    for _ in 0..2 {
        let track = TrackLog::drawing(2);
        let opened = house.open(refusing(8), hopeless.clone(), &track).await;
        let handle = opened.unwrap();
        let mut viewer = handle.subscribe().await.unwrap();
        handle.offer(action(5)).await.unwrap();
        sees(&mut viewer, 5).await;
        assert_eq!(track.not_drawn(), 1, "the first was late");
    }
}

#[actix::test]
async fn a_session_that_its_engine_refuses_is_not_ready_and_leaves_nothing() {
    let house = house(8).await;
    let opener = || {
        let mut odd = opened(unlimited(), &TrackLog::drawing(1));
        odd.key = EngineKey {
            axes: Arc::new([("height".into(), 7), ("width".into(), 8)]),
            ..key()
        };
        Ok(odd.into())
    };
    let refused = house.open_with(refusing(1), Box::new(opener)).await;
    assert!(matches!(refused.unwrap_err(), OpenError::NotReady(_)));
    assert!(house.directory.is_empty());
    assert_eq!(house.scheduler().await.attached, 0);
    assert!(open(&house, refusing(1)).await.is_ok(), "it does not count");
}

#[actix::test]
async fn a_model_that_failed_or_is_unknown_opens_nothing() {
    let house = House::new(Scripted::new([]).failing_to_load(9), 8).await;
    let refused = open(&house, refusing(8)).await.unwrap_err();
    assert_eq!(
        refused,
        OpenError::NotReady("the model `scripted` is failed".into())
    );
    let unknown = house.registry.send(OpenSession {
        limit: refusing(8),
        model: "unknown".into(),
        name: Name::Made("test_"),
        pipeline: "test",
        opener: Box::new(|| panic!("it must not be asked")),
    });
    assert!(matches!(
        unknown.await.unwrap(),
        Err(OpenError::NotReady(_))
    ));
}

#[actix::test]
async fn a_full_group_refuses_one_more_until_one_has_ended() {
    let house = house(8).await;
    let first = open(&house, refusing(2)).await.unwrap();
    open(&house, refusing(2)).await.unwrap();
    assert_eq!(
        open(&house, refusing(2)).await.unwrap_err(),
        OpenError::Full
    );
    first.apply(STOP).await;
    eventually("it is out of the list", || house.directory.len() == 1).await;
    assert!(open(&house, refusing(2)).await.is_ok());
}

#[actix::test]
async fn the_limit_in_all_holds_across_groups() {
    let house = house(1).await;
    open(&house, refusing(9)).await.unwrap();
    let other = GroupLimit {
        group: "other",
        ..evicting(9)
    };
    let refused = open(&house, other).await.unwrap_err();
    assert_eq!(refused, OpenError::Full, "nobody of its own to evict");
}

#[actix::test]
async fn a_group_that_evicts_ends_its_oldest_and_closes_its_viewers() {
    let house = house(8).await;
    let oldest = open(&house, evicting(2)).await.unwrap();
    let second = open(&house, evicting(2)).await.unwrap();
    let mut viewer = oldest.subscribe().await.unwrap();
    let newest = open(&house, evicting(2)).await.unwrap();
    assert!(soon("the end", viewer.frames.changed()).await.is_err());
    assert_eq!(oldest.offer(action(1)).await, Err(OfferError::Gone));
    let left: Vec<_> = house
        .directory
        .all()
        .into_iter()
        .map(|handle| handle.id)
        .collect();
    assert_eq!(left, [second.id, newest.id]);
}

#[actix::test]
async fn a_newcomer_that_cannot_be_used_costs_nobody_a_session() {
    let house = house(8).await;
    let oldest = open(&house, evicting(1)).await.unwrap();
    let opener = || Err(OpenFault::Invalid("no picture".into()));
    let refused = house.open_with(evicting(1), Box::new(opener)).await;
    assert_eq!(
        refused.unwrap_err(),
        OpenError::Invalid("no picture".into())
    );
    assert_eq!(oldest.offer(action(1)).await, Ok(()));
}

#[actix::test]
async fn an_opener_that_panics_is_our_fault_and_does_not_count() {
    let house = house(8).await;
    let refused = house
        .open_with(refusing(1), Box::new(|| panic!("on purpose")))
        .await;
    assert!(matches!(refused.unwrap_err(), OpenError::Internal(_)));
    assert!(open(&house, refusing(1)).await.is_ok());
}

#[actix::test]
async fn a_picture_that_takes_long_to_open_holds_up_no_frame() {
    let house = house(8).await;
    let running = open(&house, refusing(8)).await.unwrap();
    let mut viewer = running.subscribe().await.unwrap();
    let (go_on, wait) = mpsc::channel::<()>();
    let opener = move || {
        wait.recv()
            .map_err(|e| OpenFault::Internal(e.to_string()))?;
        Ok(opened(unlimited(), &TrackLog::drawing(1)).into())
    };
    let frame = async {
        running.offer(action(5)).await.unwrap();
        sees(&mut viewer, 5).await;
        go_on.send(()).unwrap();
    };
    let opening = house.open_with(refusing(8), Box::new(opener));
    let (opened, ()) = tokio::join!(opening, frame);
    assert!(opened.is_ok());
}

#[actix::test]
async fn of_many_that_come_at_once_exactly_as_many_as_the_limit_are_let_in() {
    let house = house(64).await;
    let all = (0..50).map(|_| open(&house, refusing(5)));
    let opened = futures_util::future::join_all(all).await;
    assert_eq!(opened.iter().filter(|opened| opened.is_ok()).count(), 5);
    assert_eq!(house.directory.len(), 5);
}

#[actix::test]
async fn of_many_that_evict_at_once_never_more_than_the_limit_are_there() {
    let house = house(64).await;
    open(&house, evicting(3)).await.unwrap();
    open(&house, evicting(3)).await.unwrap();
    let watched = |_| async {
        let opened = open(&house, evicting(3)).await;
        assert!(house.directory.count(GROUP) <= 3);
        opened.is_ok()
    };
    let opened = futures_util::future::join_all((0..50).map(watched)).await;
    assert!(opened.contains(&true));
    assert_eq!(house.directory.len(), 3);
    let attached = async || house.scheduler().await.attached;
    until("the others have left", async || attached().await == 3).await;
}

#[actix::test]
async fn names_are_never_the_same_twice() {
    let house = house(200).await;
    let all = (0..100).map(|_| open(&house, refusing(200)));
    let opened = futures_util::future::join_all(all).await;
    let names: HashSet<_> = opened
        .into_iter()
        .map(|opened| opened.unwrap().id)
        .collect();
    assert_eq!(names.len(), 100);
    let sound = |name: &SessionId| name.as_str()[5..].bytes().all(|b| b.is_ascii_digit());
    assert!(
        names
            .iter()
            .all(|name| name.as_str().starts_with("test_") && sound(name))
    );
}

fn drain(house: &House) -> impl Future<Output = ()> + use<> {
    let within = Duration::from_secs(3600);
    let drained = house.registry.send(Drain { within });
    async { soon("everything has ended", drained).await.unwrap() }
}

#[actix::test]
async fn draining_waits_for_what_is_in_flight_and_ends_everything() {
    let gate = Arc::new(Gate::default());
    let script = Scripted::new([WARM_UP, Act::Hold(Arc::clone(&gate))]);
    let house = House::new(script, 8).await;
    let busy = open(&house, refusing(8)).await.unwrap();
    let idle = open(&house, refusing(8)).await.unwrap();
    let mut viewer = busy.subscribe().await.unwrap();
    busy.offer(action(7)).await.unwrap();
    let busy_slots = async || house.scheduler().await.busy_slots;
    until("its frame is drawn", async || busy_slots().await == 1).await;
    let drained = actix::spawn(drain(&house));
    eventually("the idle one has ended", || house.directory.len() == 1).await;
    assert_eq!(idle.offer(action(1)).await, Err(OfferError::Gone));
    assert_eq!(
        open(&house, refusing(8)).await.unwrap_err(),
        OpenError::Draining
    );
    assert!(!drained.is_finished());
    gate.open();
    drained.await.unwrap();
    house.is_empty().await;
    until("the end", async || viewer.frames.changed().await.is_err()).await;
    assert_eq!(
        viewer.frames.borrow().as_ref().unwrap().action.0,
        7,
        "it was shown"
    );
}

#[actix::test]
async fn a_session_that_is_being_opened_when_draining_begins_is_refused() {
    let house = house(8).await;
    let (go_on, wait) = mpsc::channel::<()>();
    let wait = Mutex::new(wait);
    let opener = move || {
        let waited = wait.lock().map(|wait| wait.recv().is_ok());
        assert!(waited.unwrap_or(false));
        Ok(opened(unlimited(), &TrackLog::drawing(1)).into())
    };
    let opening = house.open_with(refusing(8), Box::new(opener));
    let draining = async {
        let drained = actix::spawn(drain(&house));
        let refused = open(&house, refusing(8)).await;
        assert_eq!(refused.unwrap_err(), OpenError::Draining);
        assert!(!drained.is_finished());
        go_on.send(()).unwrap();
        drained.await.unwrap();
    };
    let (opened, ()) = tokio::join!(opening, draining);
    assert_eq!(opened.unwrap_err(), OpenError::Draining);
    assert!(house.directory.is_empty());
}

#[actix::test]
async fn draining_an_empty_house_is_done_at_once() {
    let house = house(8).await;
    drain(&house).await;
}

#[actix::test]
async fn sessions_on_an_arbiter_that_dies_are_taken_out_of_the_list() {
    let house = house(8).await;
    let handle = open(&house, refusing(8)).await.unwrap();
    house.arbiter.stop();
    eventually("it is out of the list", || house.directory.is_empty()).await;
    assert_eq!(handle.offer(action(1)).await, Err(OfferError::Gone));
    let refused = open(&house, refusing(8)).await.unwrap_err();
    assert!(matches!(refused, OpenError::Internal(_)), "{refused}");
    assert!(house.directory.is_empty());
    assert_eq!(house.scheduler().await.attached, 0);
}

#[actix::test]
async fn a_thousand_sessions_that_came_and_went_leave_nothing() {
    let house = house(8).await;
    for _ in 0..1000 {
        let handle = open(&house, evicting(4)).await.unwrap();
        handle.offer(action(1)).await.unwrap();
        if handle.serial.is_multiple_of(2) {
            handle.apply(STOP).await;
        }
    }
    for handle in house.directory.all() {
        handle.apply(STOP).await;
    }
    house.is_empty().await;
    assert!(house.script.batches().len() > 1);
}

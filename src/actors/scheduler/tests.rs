//! The scheduler over fake devices: what they are given, in which order, and what is never given to them.

use super::*;
use crate::{
    actors::{
        test_support::{Received, credits, eventually, inbox, key, key_of, order, soon, until},
        work::WorkDone,
    },
    engine::{ItemState, LoadError},
    session::Class,
};
use std::{num::NonZeroUsize, time::Duration};
use tokio::sync::oneshot;

/// A device that answers requests for slots when it is told, and runs nothing.
struct Fake {
    max_batch: usize,
    held: Option<Vec<oneshot::Sender<()>>>,
    refuses: bool,
}

impl Actor for Fake {
    type Context = Context<Self>;
}

impl Handler<Prepare> for Fake {
    type Result = ResponseFuture<Result<Prepared, LoadError>>;

    fn handle(&mut self, _: Prepare, _: &mut Self::Context) -> Self::Result {
        let answer = match NonZeroUsize::new(self.max_batch) {
            Some(max_batch) if !self.refuses => Ok(Prepared {
                max_batch,
                admission: Admission::default(),
            }),
            _ => Err(LoadError::new("no memory", "buy some")),
        };
        let Some(held) = &mut self.held else {
            return Box::pin(fut::ready(answer));
        };
        let (go_on, wait) = oneshot::channel();
        held.push(go_on);
        Box::pin(async move {
            wait.await.unwrap_or(());
            answer
        })
    }
}

/// Test → fake device: answer what waits, and hold nothing any more.
#[derive(Message)]
#[rtype(result = "usize")]
struct LetGo;

impl Handler<LetGo> for Fake {
    type Result = usize;

    fn handle(&mut self, _: LetGo, _: &mut Self::Context) -> usize {
        let held = self.held.take().unwrap_or_default();
        held.into_iter()
            .filter_map(|go_on| go_on.send(()).ok())
            .count()
    }
}

/// What one fake device was given.
struct Ears {
    fake: Addr<Fake>,
    batches: Received<RunBatch>,
    released: Received<Release>,
}

/// A scheduler with one fake device a list of models, each with so many slots.
struct World {
    scheduler: Addr<Scheduler>,
    devices: Vec<Ears>,
    credits: Credits,
    reply_to: Recipient<WorkDone>,
    done: Received<WorkDone>,
}

fn world(slots: usize, max_batch: usize, devices: &[&[&str]]) -> World {
    let fake = || Fake {
        max_batch,
        held: None,
        refuses: false,
    };
    world_of(slots, devices, fake)
}

fn world_of(slots: usize, devices: &[&[&str]], fake: impl Fn() -> Fake) -> World {
    let (mut seats, mut ears) = (Vec::new(), Vec::new());
    for (at, models) in devices.iter().enumerate() {
        let ((run, batches), (release, released)) = (inbox(), inbox());
        let fake = fake().start();
        seats.push(Seat {
            name: format!("fake{at}"),
            models: models.iter().map(|model| Arc::from(*model)).collect(),
            slots: credits(slots),
            run,
            prepare: fake.clone().recipient(),
            release,
            serves: true,
            is_substitute: false,
        });
        ears.push(Ears {
            fake,
            batches,
            released,
        });
    }
    let (reply_to, done) = inbox();
    World {
        scheduler: Scheduler::new(seats).start(),
        devices: ears,
        credits: credits(1000),
        reply_to,
        done,
    }
}

impl World {
    async fn attach_to(&self, session: &str, key: EngineKey) -> Result<(), AttachError> {
        let session = SessionId::new(session);
        let answer = self.scheduler.send(Attach { session, key });
        soon("an answer about attaching", answer).await.unwrap()
    }

    async fn attach(&self, session: &str) {
        self.attach_to(session, key()).await.unwrap();
    }

    fn detach(&self, session: &str) {
        let detach = Detach(SessionId::new(session));
        post(&self.scheduler.clone().recipient(), detach);
    }

    /// Submits work of this class for this engine, due after so many milliseconds.
    fn submit_as(&self, session: &str, key: EngineKey, class: Class, due_ms: u64) {
        let credit = self.credits.try_take().unwrap();
        let mut order = order(session, credit, &self.reply_to);
        order.deadline = order.tag.mark + Duration::from_millis(due_ms);
        (order.key, order.class) = (key, class);
        post(
            &self.scheduler.clone().recipient(),
            Submit(Work::new(order)),
        );
    }

    fn submit(&self, session: &str, due_ms: u64) {
        self.submit_as(session, key(), Class::Interactive, due_ms);
    }

    /// How it stands when it has read all that was sent.
    async fn view(&self) -> SchedulerView {
        self.scheduler.send(Inspect).await.unwrap()
    }

    /// The device answers a batch; gives who was in it.
    async fn finish(&self, batch: RunBatch) -> Vec<String> {
        let RunBatch { work, slot, .. } = batch;
        let who = work.iter().map(|work| work.session.to_string()).collect();
        drop((work, slot));
        self.scheduler.send(Inspect).await.unwrap();
        post(&self.scheduler.clone().recipient(), SlotFree);
        who
    }
}

/// So far away that no machine is too slow for it.
const FAR: u64 = 3_600_000;

#[actix::test]
async fn a_free_slot_is_given_the_earliest_deadlines_up_to_the_engines_batch() {
    let mut w = world(1, 2, &[&["scripted"]]);
    for session in ["gate", "c", "a", "b"] {
        w.attach(session).await;
    }
    w.submit("gate", FAR);
    let gate = w.devices[0].batches.next().await;
    for (session, due) in [("c", 3), ("a", 1), ("b", 2)] {
        w.submit(session, FAR + due);
    }
    assert_eq!(w.view().await.waiting, 3, "the only slot is out");
    w.finish(gate).await;
    let first = w.devices[0].batches.next().await;
    assert_eq!(w.finish(first).await, ["a", "b"]);
    let second = w.devices[0].batches.next().await;
    assert_eq!(w.finish(second).await, ["c"]);
}

#[actix::test]
async fn the_most_urgent_engine_of_a_device_goes_first() {
    let mut w = world(1, 8, &[&["one", "two"]]);
    w.attach_to("gate", key_of("one")).await.unwrap();
    w.attach_to("a", key_of("one")).await.unwrap();
    w.attach_to("b", key_of("two")).await.unwrap();
    w.submit_as("gate", key_of("one"), Class::Interactive, FAR);
    let gate = w.devices[0].batches.next().await;
    w.submit_as("a", key_of("one"), Class::Interactive, FAR + 2);
    w.submit_as("b", key_of("two"), Class::Interactive, FAR + 1);
    w.view().await;
    w.finish(gate).await;
    let first = w.devices[0].batches.next().await;
    assert_eq!(first.key, key_of("two"));
    w.finish(first).await;
    assert_eq!(w.devices[0].batches.next().await.key, key_of("one"));
}

#[actix::test]
async fn slots_bound_what_a_device_is_given() {
    let mut w = world(2, 1, &[&["scripted"]]);
    for n in 0..10 {
        w.attach(&format!("s{n}")).await;
        w.submit(&format!("s{n}"), FAR + n);
    }
    let view = w.view().await;
    assert_eq!((view.busy_slots, view.waiting), (2, 8));
    assert_eq!(w.devices[0].batches.next().await.work.len(), 1);
    assert_eq!(w.devices[0].batches.next().await.work.len(), 1);
    assert!(w.devices[0].batches.now().is_empty());
}

#[actix::test]
async fn expired_work_is_answered_unrun_with_its_state() {
    let mut w = world(1, 8, &[&["scripted"]]);
    for session in ["gate", "late", "lossless"] {
        w.attach(session).await;
    }
    w.submit("gate", FAR);
    let gate = w.devices[0].batches.next().await;
    // Due before it is submitted.
    w.submit("late", 0);
    w.submit_as("lossless", key(), Class::Lossless, 0);
    let answer = w.done.next().await;
    assert_eq!(answer.session.as_str(), "late");
    assert_eq!(answer.outcome.unwrap_err(), WorkError::Expired);
    assert!(matches!(answer.state, ItemState::Fresh(_)));
    w.finish(gate).await;
    let next = w.devices[0].batches.next().await;
    assert_eq!(w.finish(next).await, ["lossless"]);
}

#[actix::test]
async fn detaching_answers_what_waits_as_abandoned() {
    let mut w = world(1, 8, &[&["scripted"]]);
    for session in ["gate", "a", "b"] {
        w.attach(session).await;
    }
    w.submit("gate", FAR);
    let gate = w.devices[0].batches.next().await;
    w.submit("a", FAR);
    w.submit("b", FAR);
    w.detach("a");
    let answer = w.done.next().await;
    assert_eq!(answer.session.as_str(), "a");
    assert_eq!(answer.outcome.unwrap_err(), WorkError::Abandoned);
    w.finish(gate).await;
    let next = w.devices[0].batches.next().await;
    assert_eq!(w.finish(next).await, ["b"]);
}

#[actix::test]
async fn work_of_a_session_that_is_not_attached_is_abandoned() {
    let mut w = world(1, 8, &[&["scripted"]]);
    w.attach("a").await;
    w.submit("stranger", FAR);
    w.submit_as("a", key_of("another"), Class::Interactive, FAR);
    for _ in 0..2 {
        assert_eq!(
            w.done.next().await.outcome.unwrap_err(),
            WorkError::Abandoned
        );
    }
    assert!(w.devices[0].batches.now().is_empty());
}

#[actix::test]
async fn the_shape_is_released_after_the_last_session_has_left() {
    let mut w = world(1, 8, &[&["scripted"]]);
    w.attach("a").await;
    w.attach("b").await;
    w.detach("a");
    w.view().await;
    assert!(w.devices[0].released.now().is_empty(), "b is still there");
    w.detach("b");
    assert_eq!(w.devices[0].released.next().await.0, key());
    assert_eq!(w.view().await, SchedulerView::default());
}

fn holding() -> Fake {
    Fake {
        max_batch: 8,
        held: Some(Vec::new()),
        refuses: false,
    }
}

#[actix::test]
async fn a_session_that_leaves_while_it_is_attached_leaves_nothing_behind() {
    let mut w = world_of(1, &[&["scripted"]], holding);
    let session = SessionId::new("a");
    let attaching = w.scheduler.send(Attach {
        session,
        key: key(),
    });
    let attaching = actix::spawn(attaching);
    until("it is being attached", async || w.view().await.attached > 0).await;
    w.detach("a");
    w.view().await;
    assert_eq!(w.devices[0].fake.send(LetGo).await.unwrap(), 1);
    assert!(
        soon("an answer", attaching)
            .await
            .unwrap()
            .unwrap()
            .is_err()
    );
    assert_eq!(w.devices[0].released.next().await.0, key());
    assert_eq!(w.view().await, SchedulerView::default());
}

#[actix::test]
async fn a_shape_that_somebody_waits_for_is_not_released_under_him() {
    let mut w = world(1, 8, &[&["scripted"]]);
    w.attach("a").await;
    let fake = w.devices[0].fake.clone();
    fake.send(Hold).await.unwrap();
    let session = SessionId::new("b");
    let attaching = actix::spawn(w.scheduler.send(Attach {
        session,
        key: key(),
    }));
    until("both are known", async || w.view().await.attached == 2).await;
    w.detach("a");
    w.view().await;
    fake.send(LetGo).await.unwrap();
    soon("an answer", attaching)
        .await
        .unwrap()
        .unwrap()
        .unwrap();
    w.view().await;
    assert!(w.devices[0].released.now().is_empty());
    w.submit("b", FAR);
    assert_eq!(w.devices[0].batches.next().await.work.len(), 1);
}

/// Test → fake device: answer nothing until you are told.
#[derive(Message)]
#[rtype(result = "()")]
struct Hold;

impl Handler<Hold> for Fake {
    type Result = ();

    fn handle(&mut self, _: Hold, _: &mut Self::Context) {
        self.held = Some(Vec::new());
    }
}

#[actix::test]
async fn a_device_that_cannot_make_the_shape_refuses_the_session_and_nothing_stays() {
    let fake = || Fake {
        max_batch: 8,
        held: None,
        refuses: true,
    };
    let w = world_of(1, &[&["scripted"]], fake);
    let refused = w.attach_to("a", key()).await.unwrap_err();
    assert_eq!(refused, AttachError::Refused("no memory; buy some".into()));
    assert_eq!(w.view().await, SchedulerView::default());
}

#[actix::test]
async fn a_device_that_no_longer_serves_takes_no_session_and_others_live_on() {
    let mut w = world(1, 8, &[&["scripted", "one"], &["scripted"]]);
    w.attach("old").await;
    let device = "fake0".to_owned();
    let changed = DeviceChanged {
        device,
        lost: Lost::Everything,
    };
    post(&w.scheduler.clone().recipient(), changed);
    let refused = w.attach_to("x", key_of("one")).await.unwrap_err();
    assert!(matches!(refused, AttachError::NotReady { .. }), "{refused}");
    w.attach("new").await;
    w.submit("new", FAR);
    w.submit("old", FAR);
    assert_eq!(
        w.devices[1].batches.next().await.work[0].session.as_str(),
        "new"
    );
    let old = w.devices[0].batches.next().await;
    assert_eq!(old.work[0].session.as_str(), "old", "its device answers it");
}

#[actix::test]
async fn a_model_that_a_device_gave_up_is_asked_of_another_and_its_other_models_stay() {
    let mut w = world(1, 8, &[&["scripted", "one"], &["scripted"]]);
    let changed = DeviceChanged {
        device: "fake0".into(),
        lost: Lost::Model("scripted".into()),
    };
    post(&w.scheduler.clone().recipient(), changed);
    w.attach("a").await;
    w.submit("a", FAR);
    assert_eq!(
        w.devices[1].batches.next().await.work[0].session.as_str(),
        "a"
    );
    w.attach_to("b", key_of("one")).await.unwrap();
}

#[actix::test]
async fn a_device_that_refuses_a_session_is_not_the_last_that_is_asked() {
    let refusals = std::cell::Cell::new(0);
    let fake = || Fake {
        max_batch: 8,
        held: None,
        // The first has no memory left.
        refuses: refusals.replace(1) == 0,
    };
    let mut w = world_of(1, &[&["scripted"], &["scripted"]], fake);
    w.attach("a").await;
    w.submit("a", FAR);
    assert_eq!(
        w.devices[1].batches.next().await.work[0].session.as_str(),
        "a"
    );
    assert_eq!(w.view().await.attached, 1);
}

#[actix::test]
async fn a_substitute_takes_sessions_only_while_nobody_else_serves_their_model() {
    let mut w = world(1, 8, &[&["scripted"], &["scripted"]]);
    w.scheduler.send(Substitute("fake0")).await.unwrap();
    for session in ["a", "b", "c"] {
        w.attach(session).await;
        w.submit(session, FAR);
        let batch = w.devices[1].batches.next().await;
        assert_eq!(
            batch.work[0].session.as_str(),
            session,
            "however many it has"
        );
        w.finish(batch).await;
    }
    let changed = DeviceChanged {
        device: "fake1".into(),
        lost: Lost::Everything,
    };
    post(&w.scheduler.clone().recipient(), changed);
    w.attach("d").await;
    w.submit("d", FAR);
    assert_eq!(
        w.devices[0].batches.next().await.work[0].session.as_str(),
        "d"
    );
}

/// Test → scheduler: this seat is a substitute.
#[derive(Message)]
#[rtype(result = "()")]
struct Substitute(&'static str);

impl Handler<Substitute> for Scheduler {
    type Result = ();

    fn handle(&mut self, Substitute(name): Substitute, _: &mut Self::Context) {
        for seat in self.seats.iter_mut().filter(|seat| seat.name == name) {
            seat.is_substitute = true;
        }
    }
}

#[actix::test]
async fn a_model_that_no_device_has_is_not_ready() {
    let w = world(1, 8, &[&["scripted"]]);
    let refused = w.attach_to("a", key_of("unknown")).await.unwrap_err();
    assert_eq!(
        refused.to_string(),
        "the model `unknown` is on no device that serves"
    );
}

#[actix::test]
async fn a_thousand_sessions_that_came_and_went_leave_nothing() {
    let mut w = world(4, 8, &[&["scripted"]]);
    for n in 0..1000 {
        let session = format!("s{n}");
        w.attach(&session).await;
        w.submit(&session, FAR);
        w.detach(&session);
    }
    until("everything was answered", async || {
        for batch in w.devices[0].batches.now() {
            w.finish(batch).await;
        }
        w.done.now();
        w.credits.in_flight() == 0
    })
    .await;
    assert_eq!(w.view().await, SchedulerView::default());
    let released = &mut w.devices[0].released;
    let mut count = 0;
    eventually("every shape is released", || {
        count += released.now().len();
        count == 1000
    })
    .await;
}

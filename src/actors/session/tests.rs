//! A session's life and its ends, over a scripted model; what it tells its registry is caught.

use super::*;
use crate::{
    actors::{
        buffer::{self, Buffer, Offer, Subscribe},
        test_support::{
            House, Received, TrackLog, action, eventually, inbox, opened, soon, unlimited, until,
        },
    },
    engine::{
        RunError,
        scripted::{Act, Gate, Scripted},
    },
    media::EncodedFrame,
};

/// Warm-up takes the first act of a script, and the first after every rebuild.
const WARM_UP: Act = Act::Run;

/// One session with its buffer, as the registry would spawn it.
struct Pair {
    session: Addr<Session>,
    buffer: Addr<Buffer>,
    ended: Received<SessionEnded>,
    opening: oneshot::Receiver<Opening>,
    house: House,
}

async fn pair(script: Scripted, spec: SessionSpec, track: &TrackLog) -> Pair {
    let house = House::new(script, 1).await;
    let (registry, ended) = inbox();
    let (opening, attached) = oneshot::channel();
    let (id, opened) = (SessionId::new("s"), opened(spec, track));
    let (spec, key) = (Arc::new(opened.spec.clone()), opened.key.clone());
    let mut made = None;
    let session = Session::create(|ctx| {
        let wiring = buffer::Wiring {
            scheduler: house.scheduler.clone().recipient(),
            codec: house.codec.clone().recipient(),
            session: ctx.address().recipient(),
        };
        let buffer = Buffer::new(id.clone(), Arc::clone(&spec), opened, wiring).start();
        made = Some(buffer.clone());
        let wiring = Wiring {
            ingress: buffer.clone().recipient(),
            shut: buffer.recipient(),
            attach: house.scheduler.clone().recipient(),
            detach: house.scheduler.clone().recipient(),
            registry,
        };
        Session::new(id, &spec, vec![key], wiring, opening)
    });
    Pair {
        session,
        buffer: made.unwrap(),
        ended,
        opening: attached,
        house,
    }
}

impl Pair {
    /// Waits until the session takes input.
    async fn open(mut self) -> Self {
        let opening = soon("an answer about opening", &mut self.opening).await;
        opening.unwrap().unwrap();
        self
    }

    async fn offer(&self, id: u64) {
        self.buffer.send(Offer(action(id))).await.unwrap().unwrap();
    }

    async fn until_state(&self, name: &str) {
        let state = async || self.session.send(Describe).await.unwrap().state;
        until(name, async || state().await == name).await;
    }
}

/// Waits until a viewer sees the frame of this number, or one after it.
async fn until_frame(viewer: &mut buffer::Viewer, number: u64) {
    let is_it = |frame: &Option<Arc<EncodedFrame>>| {
        frame.as_ref().is_some_and(|frame| frame.id.0 >= number)
    };
    soon("the frame", viewer.frames.wait_for(is_it))
        .await
        .unwrap();
}

#[actix::test]
async fn a_session_idles_lives_and_idles_again() {
    let track = TrackLog::drawing(usize::MAX);
    let p = pair(Scripted::new([]), unlimited(), &track)
        .await
        .open()
        .await;
    p.until_state("idle").await;
    p.offer(1).await;
    p.until_state("live").await;
    track.halt();
    p.until_state("idle").await;
}

#[actix::test]
async fn a_stopped_session_detaches_shuts_its_buffer_and_says_why() {
    let mut p = pair(Scripted::new([]), unlimited(), &TrackLog::drawing(1))
        .await
        .open()
        .await;
    let stop = Apply(Command::Stop(EndReason::OperatorStopped));
    p.session.send(stop).await.unwrap();
    assert_eq!(p.ended.next().await.reason, EndReason::OperatorStopped);
    eventually("its buffer has gone", || !p.buffer.connected()).await;
    eventually("it has gone", || !p.session.connected()).await;
    p.house.is_empty().await;
    assert!(p.ended.now().is_empty(), "told once");
}

#[actix::test]
async fn repeated_failures_end_a_session_with_what_failed() {
    let fails = || Act::Fail(RunError::batch("on purpose"));
    let script = Scripted::new([WARM_UP, fails(), fails(), fails()]);
    let track = TrackLog::drawing(usize::MAX);
    let mut p = pair(script, unlimited(), &track).await.open().await;
    p.offer(1).await;
    let reason = p.ended.next().await.reason;
    assert_eq!(reason, EndReason::Fault("on purpose".into()));
}

#[actix::test]
async fn a_success_in_between_forgives_a_session_its_failures() {
    let fails = || Act::Fail(RunError::batch("on purpose"));
    let script = Scripted::new([WARM_UP, fails(), fails(), Act::Run, fails(), fails()]);
    let track = TrackLog::drawing(6);
    let mut p = pair(script, unlimited(), &track).await.open().await;
    let mut viewer = p.buffer.send(Subscribe).await.unwrap().unwrap();
    p.offer(1).await;
    until_frame(&mut viewer, 6).await;
    p.until_state("idle").await;
    assert_eq!(track.not_drawn(), 4);
    assert!(p.ended.now().is_empty());
}

#[actix::test]
async fn a_device_failure_costs_a_session_its_way_but_not_its_life() {
    let script = Scripted::new([WARM_UP, Act::Run, Act::Panic]);
    let track = TrackLog::drawing(4);
    let mut p = pair(script, unlimited(), &track).await.open().await;
    let mut viewer = p.buffer.send(Subscribe).await.unwrap().unwrap();
    p.offer(1).await;
    until_frame(&mut viewer, 4).await;
    assert_eq!(track.fresh(), 2, "back to the start picture");
    assert_eq!(p.house.script.loads(), 2);
    assert!(p.ended.now().is_empty());
}

#[actix::test]
async fn a_buffer_that_dies_ends_its_session_as_a_fault() {
    let mut p = pair(Scripted::new([]), unlimited(), &TrackLog::panicking())
        .await
        .open()
        .await;
    assert!(p.buffer.send(Offer(action(1))).await.is_err());
    assert!(matches!(p.ended.next().await.reason, EndReason::Fault(_)));
    p.house.is_empty().await;
}

#[actix::test]
async fn a_session_that_is_stopped_while_it_opens_answers_and_leaves_nothing() {
    let gate = Arc::new(Gate::default());
    let script = Scripted::new([WARM_UP, Act::Hold(Arc::clone(&gate))]);
    // Another session keeps the device busy, so that attaching takes as long as the test wants.
    let busy = pair(script, unlimited(), &TrackLog::drawing(1))
        .await
        .open()
        .await;
    busy.offer(1).await;
    let view = async || busy.house.scheduler().await;
    until("its frame is drawn", async || view().await.busy_slots == 1).await;
    let (registry, mut ended) = inbox();
    let (opening, attached) = oneshot::channel();
    let wiring = Wiring {
        ingress: busy.buffer.clone().recipient(),
        shut: busy.buffer.clone().recipient(),
        attach: busy.house.scheduler.clone().recipient(),
        detach: busy.house.scheduler.clone().recipient(),
        registry,
    };
    let (id, key) = (SessionId::new("late"), crate::actors::test_support::key());
    let late = Session::new(id, &Arc::new(unlimited()), vec![key], wiring, opening).start();
    until("it is being attached", async || view().await.attached == 2).await;
    late.send(Apply(Command::Stop(EndReason::ClientStopped)))
        .await
        .unwrap();
    assert!(soon("an answer", attached).await.unwrap().is_err());
    assert_eq!(ended.next().await.reason, EndReason::ClientStopped);
    gate.open();
    // Both shared one buffer, which is shut: so the other ends, too.
    busy.house.is_empty().await;
}

#[actix::test]
async fn an_idle_session_that_nobody_watches_ends_and_a_watched_one_does_not() {
    let spec = || SessionSpec {
        idle_timeout: Duration::from_millis(1),
        ..unlimited()
    };
    let track = TrackLog::drawing(1);
    let mut watched = pair(Scripted::new([]), spec(), &track).await.open().await;
    let viewer = watched.buffer.send(Subscribe).await.unwrap().unwrap();
    watched.session.send(Describe).await.unwrap();
    // Two that are not watched, one after the other, show that the watched one was looked at meanwhile.
    for _ in 0..2 {
        let mut alone = pair(Scripted::new([]), spec(), &track).await;
        assert_eq!(alone.ended.next().await.reason, EndReason::IdleTimeout);
    }
    assert!(watched.ended.now().is_empty());
    drop(viewer);
    assert_eq!(watched.ended.next().await.reason, EndReason::IdleTimeout);
}

#[actix::test]
async fn a_drained_session_takes_no_input_and_ends_when_its_frame_was_shown() {
    let gate = Arc::new(Gate::default());
    let script = Scripted::new([WARM_UP, Act::Hold(Arc::clone(&gate))]);
    let mut p = pair(script, unlimited(), &TrackLog::drawing(usize::MAX))
        .await
        .open()
        .await;
    let viewer = p.buffer.send(Subscribe).await.unwrap().unwrap();
    p.offer(1).await;
    p.until_state("live").await;
    let within = Duration::from_secs(3600);
    p.session
        .send(Apply(Command::Drain { within }))
        .await
        .unwrap();
    p.until_state("draining").await;
    assert!(p.buffer.send(Offer(action(2))).await.unwrap().is_err());
    assert!(p.ended.now().is_empty());
    gate.open();
    assert_eq!(p.ended.next().await.reason, EndReason::Shutdown);
    assert_eq!(viewer.frames.borrow().as_ref().unwrap().action.0, 1);
}

#[actix::test]
async fn a_drained_session_whose_work_hangs_ends_at_the_deadline() {
    let gate = Arc::new(Gate::default());
    let script = Scripted::new([WARM_UP, Act::Hold(Arc::clone(&gate))]);
    let mut p = pair(script, unlimited(), &TrackLog::drawing(1))
        .await
        .open()
        .await;
    p.offer(1).await;
    p.until_state("live").await;
    let within = Duration::from_millis(10);
    p.session
        .send(Apply(Command::Drain { within }))
        .await
        .unwrap();
    assert_eq!(p.ended.next().await.reason, EndReason::Shutdown);
    gate.open();
}

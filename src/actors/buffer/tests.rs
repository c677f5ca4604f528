//! A buffer between a fake scheduler, a fake codec pool and a fake session.

use super::*;
use crate::{
    actors::test_support::{
        Received, SIDE, TrackLog, action, eventually, inbox, opened, soon, unlimited,
    },
    engine::{ItemDone, Outputs, RunError, RunTimes, Tensor},
    media::{ActionId, EncodedFrame, FrameId, FrameKind},
    session::EndReason,
};
use bytes::Bytes;
use std::{num::NonZeroUsize, time::Duration};

struct Rig {
    buffer: Addr<Buffer>,
    submitted: Received<Submit>,
    encodes: Received<Encode>,
    reports: Received<Report>,
}

/// An open buffer.
fn rig(spec: SessionSpec, track: &TrackLog) -> Rig {
    let ((scheduler, submitted), (codec, encodes)) = (inbox(), inbox());
    let (session, reports) = inbox();
    let wiring = Wiring {
        scheduler,
        codec,
        session,
    };
    let id = SessionId::new("s");
    let spec = Arc::new(spec);
    let opened = opened(SessionSpec::clone(&spec), track);
    let buffer = Buffer::new(id, spec, opened, wiring).start();
    let rig = Rig {
        buffer,
        submitted,
        encodes,
        reports,
    };
    rig.ingress(Ingress::Open);
    rig
}

impl Rig {
    fn ingress(&self, ingress: Ingress) {
        post(&self.buffer.clone().recipient(), ingress);
    }

    async fn offer(&self, id: u64) -> Result<(), OfferError> {
        soon(
            "an answer to the offer",
            self.buffer.send(Offer(action(id))),
        )
        .await
        .unwrap()
    }

    async fn watch(&self) -> Result<Viewer, SubscribeError> {
        self.buffer.send(Subscribe).await.unwrap()
    }

    /// How it stands when it has read all that was sent.
    async fn view(&self) -> BufferView {
        self.buffer.send(Inspect).await.unwrap()
    }

    /// The engine draws the next frame.
    async fn draw(&mut self) -> Tag {
        let Submit(work) = self.submitted.next().await;
        let tag = work.tag;
        finish(work, Ok(()));
        tag
    }

    /// The engine fails on the next frame.
    async fn fail(&mut self, why: RunError) {
        let Submit(work) = self.submitted.next().await;
        finish(work, Err(why));
    }

    /// The next frame is drawn and encoded.
    async fn show(&mut self) -> Tag {
        let tag = self.draw().await;
        encode(self.encodes.next().await, Ok(()));
        tag
    }
}

fn finish(work: Work, outcome: Result<(), RunError>) {
    let (item, running) = work.start();
    let frame = || Tensor::f32(vec![1], vec![0.0]).unwrap();
    let done = ItemDone {
        outcome: outcome.map(|()| Outputs::new(vec![("frame".into(), frame())])),
        state: item.state,
        times: RunTimes::default(),
    };
    running.finish(done, Instant::now());
}

fn encode(encode: Encode, outcome: Result<(), String>) {
    let encoded = Encoded {
        tag: encode.tag,
        outcome: outcome.map(|()| Bytes::from(format!("jpeg {}", encode.tag.frame.0))),
        credit: encode.credit,
    };
    post(&encode.reply_to, encoded);
}

/// The next frame that a viewer sees.
async fn seen(viewer: &mut Viewer) -> Arc<EncodedFrame> {
    soon("a frame", viewer.frames.changed()).await.unwrap();
    viewer.frames.borrow_and_update().clone().unwrap()
}

#[actix::test]
async fn offers_while_a_frame_is_in_flight_make_one_more_frame_of_the_last() {
    let spec = SessionSpec {
        credits: NonZeroUsize::MIN,
        ..unlimited()
    };
    let track = TrackLog::drawing(1);
    let mut r = rig(spec, &track);
    r.offer(1).await.unwrap();
    for id in 2..=9 {
        r.offer(id).await.unwrap();
    }
    assert_eq!(r.show().await.action, ActionId(1));
    assert_eq!(r.show().await.action, ActionId(9));
    let view = r.view().await;
    assert_eq!((view.replaced, view.in_flight), (7, 0));
    assert!(r.submitted.now().is_empty());
    assert_eq!(track.acted(), [1, 9]);
}

#[actix::test]
async fn a_walk_goes_on_by_itself_from_beat_to_beat() {
    let spec = SessionSpec {
        period: Duration::from_millis(5),
        ..unlimited()
    };
    let mut r = rig(spec, &TrackLog::drawing(usize::MAX));
    r.offer(1).await.unwrap();
    let frames = [r.show().await, r.show().await, r.show().await].map(|tag| tag.frame.0);
    assert!(frames.is_sorted());
}

#[actix::test]
async fn an_action_at_rest_starts_a_frame_without_waiting_for_a_beat() {
    let spec = SessionSpec {
        period: Duration::from_secs(3600),
        ..unlimited()
    };
    let mut r = rig(spec, &TrackLog::drawing(1));
    for id in 1..=3 {
        r.offer(id).await.unwrap();
        assert_eq!(r.show().await.action, ActionId(id));
        r.view().await;
    }
}

#[actix::test]
async fn the_next_frame_is_drawn_while_the_last_is_encoded_and_credits_end_it_there() {
    let mut r = rig(unlimited(), &TrackLog::drawing(usize::MAX));
    r.offer(1).await.unwrap();
    r.draw().await;
    let first = r.encodes.next().await;
    r.draw().await;
    let second = r.encodes.next().await;
    assert_eq!(r.view().await.in_flight, 2);
    assert!(r.submitted.now().is_empty(), "no third without a credit");
    encode(first, Ok(()));
    r.draw().await;
    drop(second);
}

#[actix::test]
async fn a_frame_that_was_overtaken_is_not_shown() {
    let track = TrackLog::drawing(2);
    let mut r = rig(unlimited(), &track);
    let mut viewer = r.watch().await.unwrap();
    r.offer(1).await.unwrap();
    let (first, second) = (r.draw().await.frame, r.draw().await.frame);
    let (slow, quick) = (r.encodes.next().await, r.encodes.next().await);
    assert!(first < second);
    encode(quick, Ok(()));
    assert_eq!(seen(&mut viewer).await.id, second);
    encode(slow, Ok(()));
    let view = r.view().await;
    assert_eq!(
        view.recent.iter().map(|r| r.frame).collect::<Vec<_>>(),
        [second]
    );
    assert!(!viewer.frames.has_changed().unwrap());
}

#[actix::test]
async fn a_viewer_sees_the_start_picture_and_then_what_was_drawn() {
    let mut r = rig(unlimited(), &TrackLog::drawing(1));
    let mut viewer = r.watch().await.unwrap();
    let start = viewer.frames.borrow().clone().unwrap();
    assert_eq!((start.kind, start.id), (FrameKind::Start, FrameId(0)));
    assert_eq!((start.width, start.height), (SIDE, SIDE));
    r.offer(5).await.unwrap();
    r.show().await;
    let live = seen(&mut viewer).await;
    assert_eq!((live.kind, live.action), (FrameKind::Live, ActionId(5)));
    assert!(live.id > start.id && live.jpeg != start.jpeg);
}

/// A rest is over after a moment.
fn restless() -> SessionSpec {
    SessionSpec {
        still_repeat: Duration::from_millis(1),
        ..unlimited()
    }
}

#[actix::test]
async fn at_rest_the_last_picture_is_repeated_again_and_again() {
    let mut r = rig(restless(), &TrackLog::drawing(1));
    let mut viewer = r.watch().await.unwrap();
    r.offer(3).await.unwrap();
    r.show().await;
    // What is seen first may be a repeat already.
    let mut live = seen(&mut viewer).await;
    while live.action != ActionId(3) {
        live = seen(&mut viewer).await;
    }
    for _ in 0..3 {
        let again = seen(&mut viewer).await;
        assert_eq!((again.kind, again.action), (FrameKind::Repeat, ActionId(3)));
        assert!(again.id > live.id && again.jpeg == live.jpeg);
    }
}

#[actix::test]
async fn nothing_is_repeated_while_something_moves() {
    let mut r = rig(restless(), &TrackLog::drawing(1));
    r.offer(1).await.unwrap();
    let Submit(work) = r.submitted.next().await;
    let mut viewer = r.watch().await.unwrap();
    // A clock: another buffer of the same kind that rests.
    let resting = rig(restless(), &TrackLog::drawing(1));
    let mut clock = resting.watch().await.unwrap();
    for _ in 0..20 {
        seen(&mut clock).await;
    }
    assert!(!viewer.frames.has_changed().unwrap());
    finish(work, Ok(()));
    encode(r.encodes.next().await, Ok(()));
    assert_eq!(seen(&mut viewer).await.action, ActionId(1));
}

#[actix::test]
async fn moving_and_resting_are_reported_once_each() {
    let mut r = rig(unlimited(), &TrackLog::drawing(3));
    for _ in 0..2 {
        r.offer(1).await.unwrap();
        for _ in 0..3 {
            r.show().await;
        }
        assert_eq!(r.reports.next().await, Report::Ingested);
        assert_eq!(r.reports.next().await, Report::Rested);
    }
    assert!(r.reports.now().is_empty());
}

#[actix::test]
async fn a_failed_frame_is_reported_and_the_next_one_recovers() {
    let mut r = rig(unlimited(), &TrackLog::drawing(2));
    r.offer(1).await.unwrap();
    r.fail(RunError::item("on purpose")).await;
    r.show().await;
    assert_eq!(r.reports.next().await, Report::Ingested);
    assert_eq!(
        r.reports.next().await,
        Report::WorkFailed("on purpose".into())
    );
    assert_eq!(r.reports.next().await, Report::Recovered);
}

#[actix::test]
async fn a_success_counts_before_it_is_encoded() {
    let mut r = rig(unlimited(), &TrackLog::drawing(3));
    r.offer(1).await.unwrap();
    r.fail(RunError::item("first")).await;
    r.draw().await;
    r.fail(RunError::item("second")).await;
    let slow = r.encodes.next().await;
    let mut told = Vec::new();
    for _ in 0..4 {
        told.push(r.reports.next().await);
    }
    let failed = |why: &str| Report::WorkFailed(why.into());
    let expected = [
        Report::Ingested,
        failed("first"),
        Report::Recovered,
        failed("second"),
    ];
    assert_eq!(told, expected);
    drop(slow);
}

#[actix::test]
async fn pictures_that_are_drawn_but_never_encoded_are_failures_in_a_row() {
    let mut r = rig(unlimited(), &TrackLog::drawing(3));
    r.offer(1).await.unwrap();
    for _ in 0..3 {
        r.draw().await;
        encode(r.encodes.next().await, Err("on purpose".into()));
    }
    assert_eq!(r.reports.next().await, Report::Ingested);
    for _ in 0..3 {
        assert_eq!(
            r.reports.next().await,
            Report::WorkFailed("on purpose".into())
        );
    }
}

#[actix::test]
async fn a_frame_whose_state_was_lost_begins_again_from_the_start_picture() {
    let track = TrackLog::drawing(2);
    let mut r = rig(unlimited(), &track);
    r.offer(1).await.unwrap();
    drop(r.submitted.next().await);
    assert_eq!(r.reports.next().await, Report::Ingested);
    assert!(matches!(r.reports.next().await, Report::WorkFailed(_)));
    r.show().await;
    assert_eq!((track.fresh(), track.not_drawn()), (2, 1));
}

#[actix::test]
async fn a_late_frame_is_no_failure_and_the_track_hears_of_it() {
    let track = TrackLog::drawing(2);
    let mut r = rig(unlimited(), &track);
    r.offer(1).await.unwrap();
    let Submit(late) = r.submitted.next().await;
    late.refuse(WorkError::Expired);
    r.show().await;
    assert_eq!(r.reports.next().await, Report::Ingested);
    assert_eq!(r.reports.next().await, Report::Rested);
    assert_eq!((track.fresh(), track.not_drawn()), (1, 1));
}

#[actix::test]
async fn a_picture_that_cannot_be_encoded_gives_its_credit_back() {
    let spec = SessionSpec {
        credits: NonZeroUsize::MIN,
        ..unlimited()
    };
    let mut r = rig(spec, &TrackLog::drawing(2));
    r.offer(1).await.unwrap();
    r.draw().await;
    encode(r.encodes.next().await, Err("on purpose".into()));
    r.show().await;
    assert_eq!(r.view().await.in_flight, 0);
    assert_eq!(r.reports.next().await, Report::Ingested);
    assert_eq!(
        r.reports.next().await,
        Report::WorkFailed("on purpose".into())
    );
}

#[actix::test]
async fn after_closing_nobody_comes_in() {
    let r = rig(unlimited(), &TrackLog::drawing(1));
    let viewer = r.watch().await.unwrap();
    r.ingress(Ingress::Close);
    assert_eq!(r.offer(1).await, Err(OfferError::Gone));
    assert_eq!(r.watch().await.unwrap_err(), SubscribeError::Gone);
    assert!(viewer.frames.has_changed().is_ok(), "who watches may go on");
}

#[actix::test]
async fn a_closed_buffer_is_drained_when_its_last_frame_was_shown() {
    let mut r = rig(unlimited(), &TrackLog::drawing(usize::MAX));
    r.offer(1).await.unwrap();
    r.draw().await;
    let first = r.encodes.next().await;
    let Submit(second) = r.submitted.next().await;
    r.ingress(Ingress::Close);
    finish(second, Ok(()));
    let second = r.encodes.next().await;
    encode(first, Ok(()));
    r.view().await;
    assert_eq!(
        r.reports.now(),
        [Report::Ingested],
        "one is still in flight"
    );
    encode(second, Ok(()));
    assert_eq!(r.reports.next().await, Report::WorkDrained);
    assert!(r.submitted.now().is_empty());
}

#[actix::test]
async fn a_buffer_with_nothing_in_flight_is_drained_at_once() {
    let mut r = rig(unlimited(), &TrackLog::drawing(1));
    r.ingress(Ingress::Close);
    assert_eq!(r.reports.next().await, Report::WorkDrained);
}

#[actix::test]
async fn a_client_that_sends_too_much_is_told_when_to_go_on() {
    let spec = SessionSpec {
        input_rate: 2,
        ..unlimited()
    };
    let r = rig(spec, &TrackLog::drawing(1));
    r.offer(1).await.unwrap();
    r.offer(2).await.unwrap();
    let OfferError::TooFast { retry_after } = r.offer(3).await.unwrap_err() else {
        panic!("refused for another reason");
    };
    assert!(retry_after <= Duration::from_millis(500));
}

#[actix::test]
async fn viewers_are_limited_and_a_seat_that_is_dropped_is_free() {
    let spec = SessionSpec {
        max_viewers: 2,
        ..unlimited()
    };
    let r = rig(spec, &TrackLog::drawing(1));
    let (first, _second) = (r.watch().await.unwrap(), r.watch().await.unwrap());
    assert_eq!(r.watch().await.unwrap_err(), SubscribeError::TooMany);
    drop(first);
    assert_eq!(r.view().await.viewers, 1);
    assert!(r.watch().await.is_ok());
}

#[actix::test]
async fn being_watched_is_reported_only_when_it_begins_and_ends() {
    let mut r = rig(unlimited(), &TrackLog::drawing(1));
    for _ in 0..2 {
        let viewers = [r.watch().await.unwrap(), r.watch().await.unwrap()];
        let third = r.watch().await.unwrap();
        drop(third);
        drop(viewers);
        r.view().await;
        assert_eq!(
            r.reports.now(),
            [Report::Watched(true), Report::Watched(false)]
        );
    }
}

#[actix::test]
async fn no_offer_waits_for_a_viewer_and_no_viewer_for_an_offer() {
    let mut r = rig(unlimited(), &TrackLog::drawing(usize::MAX));
    let (mut viewer, idle) = (r.watch().await.unwrap(), r.watch().await.unwrap());
    r.offer(1).await.unwrap();
    r.draw().await;
    let held = r.encodes.next().await;
    let stuck = r.submitted.next().await;
    // Every credit is out and one viewer reads nothing; input is answered all the same.
    for id in 2..=200 {
        r.offer(id).await.unwrap();
    }
    encode(held, Ok(()));
    assert_eq!(seen(&mut viewer).await.action, ActionId(1));
    drop((stuck, idle));
}

#[actix::test]
async fn the_times_of_the_last_hundred_frames_are_kept() {
    let mut r = rig(unlimited(), &TrackLog::drawing(120));
    r.offer(1).await.unwrap();
    for _ in 0..120 {
        r.show().await;
    }
    let view = r.view().await;
    assert_eq!((view.recent.len(), view.frames), (100, 121));
    assert!(view.recent.is_sorted_by_key(|record| record.frame));
}

#[actix::test]
async fn a_buffer_that_dies_tells_its_session_and_closes_its_viewers() {
    let track = TrackLog::panicking();
    let mut r = rig(unlimited(), &track);
    let mut viewer = r.watch().await.unwrap();
    assert_eq!(r.reports.next().await, Report::Watched(true));
    assert!(r.buffer.send(Offer(action(1))).await.is_err());
    assert_eq!(r.reports.next().await, Report::Died);
    assert!(soon("the end", viewer.frames.changed()).await.is_err());
    eventually("it has gone", || !r.buffer.connected()).await;
}

#[actix::test]
async fn a_buffer_that_is_shut_closes_its_viewers() {
    let r = rig(unlimited(), &TrackLog::drawing(1));
    let mut viewer = r.watch().await.unwrap();
    post(
        &r.buffer.clone().recipient(),
        Shut(EndReason::ClientStopped),
    );
    assert!(soon("the end", viewer.frames.changed()).await.is_err());
}

//! A session that only walks: it submits its next frame when the last has come, or at its beat, and drops what it gets.
//!
//! As a buffer does it (`actors/buffer`): one state that goes along and comes home, two credits, newest deadline. Not
//! responsible for encoding. Invariant: a walker that was told to stop ends when its state is home.

use super::{cases, effort::Size};
use crate::{
    actors::{
        credit::Credits,
        post::post,
        work::{Submit, Tag, Work, WorkDone, WorkError, WorkOrder},
    },
    engine::{EngineKey, Item, ItemState},
    media::{ActionId, FrameId, StageTimes},
    session::{Class, SessionId},
};
use actix::prelude::*;
use std::{
    cell::RefCell,
    num::NonZeroUsize,
    rc::Rc,
    time::{Duration, Instant},
};
use tokio::sync::mpsc::Sender;

/// Frames in flight that a session may have, as `SessionSpec::credits` of the world.
const CREDITS: NonZeroUsize = NonZeroUsize::new(2).expect("not zero");
/// Timers go by whole milliseconds and round up, so a frame is called for this much before its beat (`buffer/core.rs`).
const TIMER: Duration = Duration::from_millis(1);
/// When a frame without a beat must be there: late ones are run all the same.
const WHENEVER: Duration = Duration::from_secs(1);

/// Frames at a beat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Beat {
    /// From one to the next.
    pub period: Duration,
    /// How long after it a frame must be there.
    pub deadline: Duration,
}

/// What all walkers of a run have seen, while it counted.
#[derive(Debug, Default)]
pub struct Seen {
    /// Whether it counts now.
    pub counts: bool,
    /// Frames that came.
    pub frames: u64,
    /// Beats at which one should have begun.
    pub beats: u64,
    /// Frames that came before their deadline.
    pub in_time: u64,
    /// Seconds from the beat, or from the submission, to the answer.
    pub latencies: Vec<f64>,
    /// Work that was not run, because its deadline had passed.
    pub expired: u64,
    /// Why work failed, the first time.
    pub failed: Option<String>,
}

/// All that a walker needs.
pub struct Setting {
    /// Its name.
    pub id: SessionId,
    /// Its engine.
    pub key: EngineKey,
    /// Its picture's size, and which picture.
    pub size: Size,
    /// Its number among the walkers.
    pub number: usize,
    /// When its frames begin; as soon as they can if there is none.
    pub beat: Option<Beat>,
    /// The first of them.
    pub first: Instant,
    /// Where its work goes.
    pub scheduler: Recipient<Submit>,
    /// Where it tells.
    pub seen: Rc<RefCell<Seen>>,
    /// Gone when it has gone.
    pub _alive: Sender<()>,
}

/// The actor.
pub struct Walker {
    setting: Setting,
    credits: Credits,
    state: Option<ItemState>,
    steps: usize,
    /// The next beat.
    due: Instant,
    /// Of the frame that is out: from when its latency counts, and whether it counts.
    out: Option<(Instant, bool)>,
    wake: Option<SpawnHandle>,
    stops: bool,
}

/// Ends a walker when its state is home. Awaited.
#[derive(Message, Debug)]
#[rtype(result = "()")]
pub struct Stop;

impl Walker {
    /// One that stands at its picture.
    pub fn new(setting: Setting) -> Self {
        Self {
            credits: Credits::new(CREDITS),
            state: Some(cases::fresh(setting.size, setting.number)),
            steps: 0,
            due: setting.first,
            out: None,
            wake: None,
            stops: false,
            setting,
        }
    }

    fn drive(&mut self, ctx: &mut Context<Self>) {
        self.wake.take().map(|wake| ctx.cancel_future(wake));
        if self.stops && self.state.is_some() {
            return ctx.stop();
        }
        let now = Instant::now();
        match self.setting.beat {
            None => self.submit(now, (now + WHENEVER, Class::Lossless), ctx),
            Some(_) if self.state.is_none() => {}
            Some(_) if self.due > now + TIMER => {
                let wait = self.due - TIMER - now;
                self.wake = Some(ctx.run_later(wait, Self::drive));
            }
            Some(beat) => self.on_beat(now, beat, ctx),
        }
    }

    /// A beat has come; those that passed meanwhile have come to nothing.
    fn on_beat(&mut self, now: Instant, beat: Beat, ctx: &mut Context<Self>) {
        let mut beats = 1;
        while self.due + beat.period <= now {
            self.due += beat.period;
            beats += 1;
        }
        let asked = self.due.min(now);
        self.due += beat.period;
        let mut seen = self.setting.seen.borrow_mut();
        if seen.counts {
            seen.beats += beats;
        }
        drop(seen);
        self.submit(asked, (asked + beat.deadline, Class::Interactive), ctx);
    }

    fn submit(
        &mut self,
        asked: Instant,
        (deadline, class): (Instant, Class),
        ctx: &mut Context<Self>,
    ) {
        let Some(credit) = self.credits.try_take() else {
            return;
        };
        let Some(state) = self.state.take() else {
            return;
        };
        let (inputs, boundary) = cases::step(self.steps);
        self.steps += 1;
        self.out = Some((asked, self.setting.seen.borrow().counts));
        let work = Work::new(WorkOrder {
            session: self.setting.id.clone(),
            key: self.setting.key.clone(),
            class,
            deadline,
            tag: Tag {
                frame: FrameId(self.steps as u64),
                action: ActionId(0),
                stages: StageTimes::default(),
                mark: asked,
            },
            item: Item {
                inputs,
                state,
                boundary,
            },
            credit,
            reply_to: ctx.address().recipient(),
        });
        post(&self.setting.scheduler, Submit(work));
    }

    fn tell(&self, done: &WorkDone, now: Instant) {
        let Some((asked, counts)) = self.out else {
            return;
        };
        let mut seen = self.setting.seen.borrow_mut();
        match &done.outcome {
            Ok(_) => {
                seen.frames += u64::from(seen.counts);
                // What was begun while it counted is waited for, so that no late one is left out.
                if counts {
                    let latency = now.saturating_duration_since(asked);
                    let deadline = self.setting.beat.map_or(WHENEVER, |beat| beat.deadline);
                    seen.in_time += u64::from(latency <= deadline);
                    seen.latencies.push(latency.as_secs_f64());
                }
            }
            Err(WorkError::Expired) => seen.expired += u64::from(counts),
            Err(why) => {
                seen.failed.get_or_insert_with(|| why.to_string());
            }
        }
    }
}

impl Actor for Walker {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        self.drive(ctx);
    }
}

impl Handler<WorkDone> for Walker {
    type Result = ();

    fn handle(&mut self, done: WorkDone, ctx: &mut Self::Context) {
        self.tell(&done, Instant::now());
        // Without its picture it has nowhere to go; why is told already.
        self.stops |= matches!(done.state, ItemState::Lost | ItemState::None);
        self.state = Some(done.state);
        self.out = None;
        drop((done.outcome, done.credit));
        self.drive(ctx);
    }
}

impl Handler<Stop> for Walker {
    type Result = ();

    fn handle(&mut self, _: Stop, ctx: &mut Self::Context) {
        self.stops = true;
        self.drive(ctx);
    }
}

//! The buffer: a session's pixels. It makes work of input while there are credits, and shows what comes back.
//!
//! [`core`] decides; this shell keeps the timers, the credits and the viewers. It runs beside its session on the same
//! arbiter, and knows nothing of control.

pub mod core;
mod messages;
mod output;
#[cfg(test)]
mod tests;

pub use messages::{
    BufferView, FrameRecord, Ingress, Inspect, Offer, OfferError, Report, Shut, Subscribe,
    SubscribeError, Unsubscribe, Viewer, ViewerSeat,
};

use super::{
    codec::{Encode, Encoded},
    credit::{Credit, Credits},
    post::post,
    work::{Submit, Tag, Work, WorkDone, WorkError, WorkOrder},
};
use crate::{
    engine::{EngineKey, Item, Outputs},
    media::{
        Stage,
        jpeg::{Quality, Subsampling},
    },
    pipelines::{Finish, Opened},
    session::{SessionId, SessionSpec},
    telemetry::labels::DropReason,
};
use actix::prelude::*;
use core::{Core, Drawing, Step};
use output::Output;
use std::{sync::Arc, time::Instant};

/// What a buffer needs besides the opened session.
pub struct Wiring {
    /// Where work goes.
    pub scheduler: Recipient<Submit>,
    /// Where pictures become JPEG.
    pub codec: Recipient<Encode>,
    /// Who is told.
    pub session: Recipient<Report>,
}

/// Where the last piece of work failed, until one succeeds there.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Failing {
    Engine,
    Encoder,
}

/// The actor.
pub struct Buffer {
    id: SessionId,
    spec: Arc<SessionSpec>,
    key: EngineKey,
    finish: Finish,
    quality: (Quality, Subsampling),
    core: Core,
    credits: Credits,
    output: Output,
    wiring: Wiring,
    moving: bool,
    failing: Option<Failing>,
    wake: Option<SpawnHandle>,
    repeat: Option<SpawnHandle>,
}

impl Buffer {
    /// A buffer that shows its start picture and takes no input yet.
    pub fn new(id: SessionId, spec: Arc<SessionSpec>, opened: Opened, wiring: Wiring) -> Self {
        let Opened {
            track,
            key,
            finish,
            quality,
            size,
            start,
            ..
        } = opened;
        let mut core = Core::new(&spec, track, Instant::now());
        let output = Output::new(&spec, size, start, core.number());
        let credits = Credits::new(spec.credits);
        Self {
            id,
            spec,
            key,
            finish,
            quality,
            core,
            credits,
            output,
            wiring,
            moving: false,
            failing: None,
            wake: None,
            repeat: None,
        }
    }

    /// Starts every frame that can start, and sleeps until the next can.
    fn drive(&mut self, ctx: &mut Context<Self>) {
        self.wake.take().map(|wake| ctx.cancel_future(wake));
        loop {
            let now = Instant::now();
            let credit = self.credits.try_take();
            match (self.core.step(now, credit.is_some()), credit) {
                (Step::Draw(drawing), Some(credit)) => self.submit(*drawing, credit, now, ctx),
                (step, unused) => {
                    // Given back before anybody counts what is in flight.
                    drop(unused);
                    return self.pause(&step, now, ctx);
                }
            }
        }
    }

    fn pause(&mut self, step: &Step, now: Instant, ctx: &mut Context<Self>) {
        match step {
            Step::WaitUntil(then) => {
                let wait = then.saturating_duration_since(now);
                self.wake = Some(ctx.run_later(wait, Self::drive));
            }
            Step::Rest => self.rest(ctx),
            Step::Blocked | Step::Draw(_) => self.report_if_drained(),
        }
    }

    fn submit(&mut self, drawing: Drawing, credit: Credit, now: Instant, ctx: &mut Context<Self>) {
        self.repeat.take().map(|repeat| ctx.cancel_future(repeat));
        if !std::mem::replace(&mut self.moving, true) {
            post(&self.wiring.session, Report::Ingested);
        }
        let Drawing {
            frame,
            action,
            inputs,
            boundary,
            state,
            stages,
            deadline,
            class,
        } = drawing;
        let work = Work::new(WorkOrder {
            session: self.id.clone(),
            key: self.key.clone(),
            class,
            deadline,
            tag: Tag {
                frame,
                action,
                stages,
                mark: now,
            },
            item: Item {
                inputs,
                state,
                boundary,
            },
            credit,
            reply_to: ctx.address().recipient(),
        });
        post(&self.wiring.scheduler, Submit(work));
    }

    /// Nothing moves: say so once, and keep the line alive.
    fn rest(&mut self, ctx: &mut Context<Self>) {
        if self.credits.in_flight() > 0 {
            return;
        }
        if std::mem::replace(&mut self.moving, false) {
            self.output.rest();
            post(&self.wiring.session, Report::Rested);
        }
        if self.repeat.is_none() {
            self.repeat = Some(ctx.run_later(self.spec.still_repeat, |buffer, ctx| {
                buffer.repeat = None;
                let frame = buffer.core.number();
                buffer.output.repeat(frame);
                buffer.rest(ctx);
            }));
        }
    }

    /// The engine gave a frame: on to the codec pool with it, and with its credit.
    fn drawn(&mut self, tag: Tag, outputs: Outputs, credit: Credit, ctx: &mut Context<Self>) {
        // Told now: the next frame may fail before this one is encoded, and that would be no failure in a row.
        if self.failing == Some(Failing::Engine) {
            self.recovered();
        }
        let encode = Encode {
            tag,
            outputs,
            finish: self.finish,
            quality: self.quality,
            credit,
            reply_to: ctx.address().recipient(),
        };
        post(&self.wiring.codec, encode);
    }

    fn not_drawn(&mut self, why: &WorkError) {
        self.core.not_drawn();
        match why {
            WorkError::Expired => {
                self.core.too_late();
                self.output.dropped(DropReason::Late);
            }
            WorkError::Abandoned => self.output.dropped(DropReason::Abandoned),
            WorkError::Run(_) | WorkError::Lost => self.failed(Failing::Engine, why.to_string()),
        }
    }

    fn failed(&mut self, at: Failing, why: String) {
        self.failing = Some(at);
        self.output.dropped(DropReason::Failed);
        post(&self.wiring.session, Report::WorkFailed(why));
    }

    fn report_if_drained(&self) {
        if !self.core.is_open() && self.credits.in_flight() == 0 {
            post(&self.wiring.session, Report::WorkDrained);
        }
    }

    fn show(&mut self, tag: Tag, jpeg: bytes::Bytes) {
        self.output.show(tag, jpeg);
        if self.failing.is_some() {
            self.recovered();
        }
    }

    fn recovered(&mut self) {
        self.failing = None;
        post(&self.wiring.session, Report::Recovered);
    }
}

impl Actor for Buffer {
    type Context = Context<Self>;
}

/// A buffer that ends of itself has failed: without this its session would wait for it for ever.
impl Drop for Buffer {
    fn drop(&mut self) {
        post(&self.wiring.session, Report::Died);
    }
}

impl Handler<Offer> for Buffer {
    type Result = Result<(), OfferError>;

    fn handle(&mut self, Offer(media): Offer, ctx: &mut Self::Context) -> Self::Result {
        if !self.core.is_open() {
            return Err(OfferError::Gone);
        }
        let taken = self.core.offer(Instant::now(), media);
        let accepted = taken.map_err(|retry_after| OfferError::TooFast { retry_after })?;
        if accepted.replaced {
            self.output.dropped(DropReason::Replaced);
        }
        self.drive(ctx);
        Ok(())
    }
}

impl Handler<WorkDone> for Buffer {
    type Result = ();

    fn handle(&mut self, done: WorkDone, ctx: &mut Self::Context) {
        self.core.state_home(done.state);
        match done.outcome {
            Ok(outputs) => self.drawn(done.tag, outputs, done.credit, ctx),
            Err(why) => {
                drop(done.credit);
                self.not_drawn(&why);
            }
        }
        self.drive(ctx);
    }
}

impl Handler<Encoded> for Buffer {
    type Result = ();

    fn handle(
        &mut self,
        Encoded {
            mut tag,
            outcome,
            credit,
        }: Encoded,
        ctx: &mut Self::Context,
    ) {
        let now = Instant::now();
        tag.stages
            .set(Stage::Encode, now.saturating_duration_since(tag.mark));
        tag.mark = now;
        match outcome {
            Ok(jpeg) => self.show(tag, jpeg),
            Err(why) => self.failed(Failing::Encoder, why),
        }
        drop(credit);
        self.drive(ctx);
    }
}

impl Handler<Ingress> for Buffer {
    type Result = ();

    fn handle(&mut self, ingress: Ingress, ctx: &mut Self::Context) {
        self.core.set_open(matches!(ingress, Ingress::Open));
        self.drive(ctx);
    }
}

impl Handler<Shut> for Buffer {
    type Result = ();

    fn handle(&mut self, Shut(_): Shut, ctx: &mut Self::Context) {
        ctx.stop();
    }
}

impl Handler<Subscribe> for Buffer {
    type Result = Result<Viewer, SubscribeError>;

    fn handle(&mut self, _: Subscribe, ctx: &mut Self::Context) -> Self::Result {
        if !self.core.is_open() {
            return Err(SubscribeError::Gone);
        }
        let viewers = self.output.subscribe()?;
        if viewers.first {
            post(&self.wiring.session, Report::Watched(true));
        }
        let seat = ViewerSeat(Some(ctx.address().recipient()));
        Ok(Viewer {
            frames: viewers.frames,
            seat,
        })
    }
}

impl Handler<Unsubscribe> for Buffer {
    type Result = ();

    fn handle(&mut self, _: Unsubscribe, _: &mut Self::Context) {
        if self.output.unsubscribe() {
            post(&self.wiring.session, Report::Watched(false));
        }
    }
}

impl Handler<Inspect> for Buffer {
    type Result = MessageResult<Inspect>;

    fn handle(&mut self, _: Inspect, _: &mut Self::Context) -> Self::Result {
        MessageResult(BufferView {
            frames: self.output.frames(),
            viewers: self.output.viewers(),
            in_flight: self.credits.in_flight(),
            replaced: self.core.replaced(),
            recent: self.output.recent(),
        })
    }
}

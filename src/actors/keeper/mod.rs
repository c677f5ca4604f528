//! The keeper: the buffer of a session that keeps all of its input and answers once.
//!
//! Frames are written by whoever holds the [`Intake`]; the keeper studies them as they come, a bounded number at a time, and
//! judges when the signal has come and the last frame is studied. [`core`] decides what is next; this shell keeps credits,
//! timers and addresses. It runs beside its session and knows nothing of control.

pub mod core;
mod intake;
mod judging;
mod messages;
#[cfg(test)]
mod tests;

pub use intake::{FrameFault, Intake};
pub use messages::{
    Conclude, Counts, Ended, InspectKept, IntakeError, KeptView, Outcome, TakeIntake, Watching,
};

use super::{
    buffer::{Ingress, Report, Shut},
    codec::{CodecThread, JobPanicked, Run},
    credit::{Credit, Credits},
    post::post,
    work::{Submit, Tag, Work, WorkDone, WorkError, WorkOrder},
};
use crate::{
    engine::{EngineKey, Item, ItemState, Outputs, Role, Tensor},
    media::{ActionId, FrameId, Lease, StageTimes, spool::SpoolReader},
    pipelines::{Job, Kept, KeptFrame, Step, Study, Terms, Vault},
    session::{BoutSpec, EndReason, SessionId, SessionSpec, Stages},
    telemetry::{IngestMeters, Label},
};
use actix::prelude::*;
use core::{AfterFailure, Core};
use intake::{Arrivals, Desk, Reserved, counts};
use judging::Judging;
use messages::{Arrived, IntakeHome};
use std::{
    collections::HashMap,
    num::NonZeroUsize,
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::sync::watch;

/// How often a keeper looks whether its client has gone: the windows are in seconds.
const TICK: Duration = Duration::from_secs(1);

/// What a keeper needs besides its session's input.
pub struct Wiring {
    /// Where work goes.
    pub scheduler: Recipient<Submit>,
    /// Decodes and prepares.
    pub studies: Addr<CodecThread>,
    /// Judges and writes artifacts: jobs of seconds.
    pub reports: Addr<CodecThread>,
    /// Who is told.
    pub session: Recipient<Report>,
}

type Then = Box<dyn FnOnce(Outputs) -> Step + Send>;

/// The actor.
pub struct Keeper {
    id: SessionId,
    spec: Arc<SessionSpec>,
    bout: Arc<BoutSpec>,
    terms: Terms,
    core: Core,
    credits: Credits,
    /// Bounds the pictures that are decoded at a time: they are what is large.
    decoding: Credits,
    /// Gone once the session is being judged.
    study: Option<Box<dyn Study>>,
    reader: SpoolReader,
    arrivals: Arc<Arrivals>,
    /// The right to write, while nobody has it.
    desk: Option<Desk>,
    /// When it came home.
    home_since: Instant,
    pending: HashMap<u64, Then>,
    judging: Option<Judging>,
    stages: watch::Sender<Stages>,
    opened: Instant,
    /// The reservation for frames in work, until the verdict's job takes it.
    memory: Option<Lease>,
    wiring: Wiring,
    over: bool,
}

impl Keeper {
    /// A keeper that studies nothing until its engines are attached.
    pub fn new(id: SessionId, spec: Arc<SessionSpec>, kept: Kept, wiring: Wiring) -> Self {
        let Kept {
            study,
            vault,
            terms,
            bout,
            ..
        } = kept;
        let Vault {
            writer,
            reader,
            ledger,
            found,
            lease,
            books,
            budget,
        } = vault;
        let arrivals = Arc::new(Arrivals::new(counts(&ledger, &writer)));
        let mut core = Core::new(terms.overlap);
        found.into_iter().for_each(|frame| core.arrive(frame));
        let desk = Desk {
            writer: Some(writer),
            reserved: Reserved::new(&arrivals, ledger.distinct(), books),
            ledger,
            arrivals: Arc::clone(&arrivals),
            budget,
            max_frames: terms.max_frames,
            message_bytes: terms.message_bytes,
            bytes_a_frame: terms.bytes_a_frame,
            meters: IngestMeters::new(&Label::fixed(spec.pipeline)),
            tell: terms.overlap,
        };
        let decoders = NonZeroUsize::new(terms.decode_ahead).unwrap_or(NonZeroUsize::MIN);
        let now = Instant::now();
        Self {
            stages: watch::Sender::new(Stages::new(study.stages())),
            credits: Credits::new(spec.credits),
            decoding: Credits::new(decoders),
            id,
            spec,
            bout: Arc::new(bout),
            terms,
            core,
            study: Some(study),
            reader,
            arrivals,
            desk: Some(desk),
            home_since: now,
            pending: HashMap::new(),
            judging: None,
            opened: now,
            memory: Some(lease),
            wiring,
            over: false,
        }
    }

    /// Starts every frame that can start, and judges when there is nothing left to start.
    fn drive(&mut self, ctx: &mut Context<Self>) {
        self.arrivals
            .fetch()
            .into_iter()
            .for_each(|frame| self.core.arrive(frame));
        while !self.over && self.core.may_start() {
            let (Some(credit), Some(decoder)) = (self.credits.try_take(), self.decoding.try_take())
            else {
                break;
            };
            let Some((at, study)) = self.core.start().zip(self.study.as_ref()) else {
                break;
            };
            let number = at.number;
            let reader = self.reader.clone();
            let job = study.frame(KeptFrame { at, reader });
            self.work(number, (credit, Some(decoder)), job, ctx);
        }
        self.judge_if_complete(ctx);
    }

    /// Runs one step of a frame on the pool for studies. Awaited, and bounded by the frame's credit.
    fn work(
        &mut self,
        number: u64,
        (credit, decoder): (Credit, Option<Credit>),
        job: Job<Step>,
        ctx: &mut Context<Self>,
    ) {
        let done = self.wiring.studies.send(Run::new(job)).into_actor(self);
        ctx.spawn(done.map(move |answer, keeper, ctx| {
            drop(decoder);
            let answer = answer.unwrap_or(Err(JobPanicked));
            keeper.stepped(number, credit, answer, ctx);
            keeper.drive(ctx);
        }));
    }

    fn stepped(
        &mut self,
        number: u64,
        credit: Credit,
        answer: Result<Step, JobPanicked>,
        ctx: &mut Context<Self>,
    ) {
        match answer {
            Ok(Step::Run { key, inputs, then }) => {
                self.pending.insert(number, then);
                self.submit(number, (key, inputs), credit, ctx);
            }
            Ok(Step::Done) => self.studied(number),
            Ok(Step::Undecodable(why)) => {
                tracing::debug!(session = %self.id, frame = number, why, "frame cannot be decoded");
                self.studied(number);
            }
            Ok(Step::Failed(why)) => self.failed(number, &why.to_string()),
            Err(why) => self.failed(number, &why.to_string()),
        }
    }

    fn submit(
        &self,
        number: u64,
        (key, inputs): (EngineKey, Vec<(Role, Tensor)>),
        credit: Credit,
        ctx: &mut Context<Self>,
    ) {
        let now = Instant::now();
        let work = Work::new(WorkOrder {
            session: self.id.clone(),
            key,
            class: self.spec.class,
            deadline: now + self.spec.deadline,
            tag: Tag {
                frame: FrameId(number),
                action: ActionId(0),
                stages: StageTimes::default(),
                mark: now,
            },
            item: Item {
                inputs,
                state: ItemState::None,
                boundary: false,
            },
            credit,
            reply_to: ctx.address().recipient(),
        });
        post(&self.wiring.scheduler, Submit(work));
    }

    fn studied(&mut self, number: u64) {
        self.core.finish(number);
        let (done, of) = (self.core.studied(), self.core.arrived());
        let sink = self.sink();
        if let Some(study) = &self.study {
            study.studied(done, of, &sink);
        }
    }

    /// Nothing may be lost, so a frame is tried again; one that always fails ends the session.
    fn failed(&mut self, number: u64, why: &str) {
        tracing::warn!(session = %self.id, frame = number, why, "frame failed");
        if self.core.fail(number) == AfterFailure::GiveUp {
            self.fault(format!("frame {number} failed again and again: {why}"));
        }
    }

    /// Ends the session with its reason.
    fn end(&mut self, reason: EndReason) {
        if !self.close() {
            post(&self.wiring.session, Report::Over(reason));
        }
    }

    /// Keeps nothing any more; gives whether that was so before.
    fn close(&mut self) -> bool {
        self.arrivals.close();
        std::mem::replace(&mut self.over, true)
    }

    /// Looks whether the client has been away or silent for too long.
    fn look_at_the_clock(&mut self) {
        if self.judging.is_some() {
            return;
        }
        let (since, window) = match self.desk {
            Some(_) => (self.home_since, self.terms.resume_window),
            None => (self.arrivals.touched(), self.terms.silence),
        };
        if since.elapsed() >= window {
            self.end(EndReason::IdleTimeout);
        }
    }

    /// Drops the desk where that may take a while. One that is out goes where its holder drops it.
    fn let_go(&mut self) {
        let at_home = self.desk.take();
        let judged = self.judging.take().and_then(|judging| judging.desk);
        let reports = self.wiring.reports.clone();
        Arbiter::current().spawn(async move {
            let desks = (at_home, judged);
            if let Err(error) = reports.send(Run::new(move || drop(desks))).await {
                tracing::warn!(%error, "a session's folder was left");
            }
        });
    }

    fn view(&self) -> KeptView {
        let working = self.memory.as_ref().map_or(0, Lease::bytes);
        let judging = self.judging.as_ref().map_or(0, Judging::memory_bytes);
        let memory = working + judging;
        KeptView {
            bout: Arc::clone(&self.bout),
            counts: self.arrivals.counts(),
            has_signal: self.judging.is_some(),
            age: self.opened.elapsed(),
            idle: self.arrivals.touched().elapsed(),
            studied: self.core.studied(),
            under_way: self.core.under_way(),
            undecodable: self
                .study
                .as_ref()
                .map_or_else(Vec::new, |s| s.undecodable()),
            memory_bytes: memory + self.arrivals.reserved_bytes(),
        }
    }
}

impl Actor for Keeper {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        // A keeper lives as long as its session: it neither rests nor idles, and looks at the clock itself.
        post(&self.wiring.session, Report::Ingested);
        ctx.run_interval(TICK, |keeper, _| keeper.look_at_the_clock());
    }
}

/// A keeper that ends of itself has failed: without this its session would wait for it for ever.
impl Drop for Keeper {
    fn drop(&mut self) {
        self.arrivals
            .end(EndReason::Fault("its keeper died".into()));
        post(&self.wiring.session, Report::Died);
    }
}

impl Handler<Ingress> for Keeper {
    type Result = ();

    fn handle(&mut self, ingress: Ingress, ctx: &mut Self::Context) {
        match ingress {
            Ingress::Open => {
                post(&self.wiring.session, Report::Ingested);
                self.core.attach();
                self.drive(ctx);
            }
            // All that was acknowledged is in the spool, where the next process finds it: nothing need be waited for.
            Ingress::Close => {
                self.close();
                post(&self.wiring.session, Report::WorkDrained);
            }
        }
    }
}

impl Handler<Shut> for Keeper {
    type Result = ();

    fn handle(&mut self, Shut(reason): Shut, ctx: &mut Self::Context) {
        self.close();
        // What had its time goes, as what had its answer did. What a restart or a client shall find after a failure of ours stays.
        let may_return = matches!(reason, EndReason::Shutdown | EndReason::Fault(_));
        if !(may_return && self.bout.is_resumable()) {
            self.arrivals.doom();
        }
        self.arrivals.end(reason);
        self.let_go();
        ctx.stop();
    }
}

impl Handler<TakeIntake> for Keeper {
    type Result = Result<Intake, IntakeError>;

    fn handle(&mut self, _: TakeIntake, ctx: &mut Self::Context) -> Self::Result {
        if self.over || self.judging.is_some() {
            return Err(IntakeError::Gone);
        }
        self.arrivals.touch();
        let desk = self.desk.take().ok_or(IntakeError::Busy)?;
        Ok(Intake::new(desk, ctx.address()))
    }
}

impl Handler<IntakeHome> for Keeper {
    type Result = ();

    fn handle(&mut self, IntakeHome(desk): IntakeHome, ctx: &mut Self::Context) {
        self.desk = Some(desk);
        self.home_since = Instant::now();
        self.drive(ctx);
    }
}

impl Handler<Arrived> for Keeper {
    type Result = ();

    fn handle(&mut self, _: Arrived, ctx: &mut Self::Context) {
        self.drive(ctx);
    }
}

impl Handler<WorkDone> for Keeper {
    type Result = ();

    fn handle(&mut self, done: WorkDone, ctx: &mut Self::Context) {
        let number = done.tag.frame.0;
        let then = self.pending.remove(&number);
        match (done.outcome, then) {
            (Ok(outputs), Some(then)) => {
                let job: Job<Step> = Box::new(move || then(outputs));
                self.work(number, (done.credit, None), job, ctx);
            }
            (Ok(_), None) => self.failed(number, "an answer to no question"),
            (Err(WorkError::Abandoned), _) => {}
            (Err(why), _) => {
                drop(done.credit);
                self.failed(number, &why.to_string());
                self.drive(ctx);
            }
        }
    }
}

impl Handler<InspectKept> for Keeper {
    type Result = MessageResult<InspectKept>;

    fn handle(&mut self, _: InspectKept, _: &mut Self::Context) -> Self::Result {
        MessageResult(self.view())
    }
}

//! From the signal to the verdict: what a keeper does once its client has said that all has been sent.

use super::{
    Desk, Keeper,
    intake::Reserved,
    messages::{Conclude, IntakeError, Outcome, Watching},
};
use crate::{
    actors::codec::{JobPanicked, Run},
    media::Lease,
    pipelines::{Conclusion, Elapsed, StageSink, StudyFault},
    session::{EndReason, SignalFile},
};
use actix::prelude::*;
use std::{sync::Arc, time::Instant};
use tokio::sync::oneshot;

/// A session whose signal has come.
pub(super) struct Judging {
    /// Taken when the last frame is studied.
    signal: Option<SignalFile>,
    /// When it came.
    came: Instant,
    /// Keeps the reservation and the spool until the verdict is there. Gone once they have been given back.
    pub(super) desk: Option<Desk>,
    outcome: Option<oneshot::Sender<Outcome>>,
    /// What the job of the verdict uses. It has a share of its own: a session that is stopped may be gone before its job is.
    held: Option<Arc<Held>>,
}

/// Memory of a session that is being judged.
struct Held {
    memory: Option<Lease>,
    _frames: Option<Reserved>,
}

impl Judging {
    /// Bytes of the working memory that it holds.
    pub(super) fn memory_bytes(&self) -> usize {
        let memory = self.held.as_ref().and_then(|held| held.memory.as_ref());
        memory.map_or(0, Lease::bytes)
    }
}

impl Keeper {
    /// Where a study tells how far it is.
    pub(super) fn sink(&self) -> StageSink {
        let stages = self.stages.clone();
        Arc::new(move |stage, progress, message| {
            stages.send_if_modified(|stages| stages.advance(stage, progress, message));
        })
    }

    pub(super) fn judge_if_complete(&mut self, ctx: &mut Context<Self>) {
        if self.over || !self.core.is_complete() {
            return;
        }
        let Some(judging) = &mut self.judging else {
            return;
        };
        let Some(signal) = judging.signal.take() else {
            return;
        };
        let Some(study) = self.study.take() else {
            return;
        };
        let came = judging.came;
        let since: Elapsed = Arc::new(move || came.elapsed());
        let held = Arc::new(Held {
            memory: self.memory.take(),
            _frames: judging.desk.as_mut().map(Desk::take_reserved),
        });
        judging.held = Some(Arc::clone(&held));
        let job = study.conclude(signal, since, self.sink());
        let job = move || {
            let answer = job();
            drop(held);
            answer
        };
        let report = self.wiring.reports.send(Run::new(job)).into_actor(self);
        ctx.spawn(report.map(|answer, keeper, ctx| {
            keeper.judged(answer.unwrap_or(Err(JobPanicked)), ctx);
        }));
    }

    /// Gives folder and memory back, and then answers: whoever hears of the verdict may use the session's name again. After a
    /// failure of ours the frames stay on the disk, so that their client can resume.
    fn judged(
        &mut self,
        answer: Result<Result<Conclusion, StudyFault>, JobPanicked>,
        ctx: &mut Context<Self>,
    ) {
        let of_ours = matches!(answer, Ok(Err(StudyFault::Internal(_))) | Err(_));
        if of_ours && self.bout.is_resumable() {
            self.arrivals.close();
        } else {
            self.arrivals.doom();
        }
        let (outcome, reason) = match answer {
            Ok(Ok(Conclusion { document })) => {
                (Outcome::Concluded { document }, EndReason::Concluded)
            }
            Ok(Err(fault)) => failed(fault.to_string()),
            Err(panicked) => failed(panicked.to_string()),
        };
        let judging = self.judging.as_mut();
        let parts = judging.map(|j| (j.desk.take(), j.held.take(), j.outcome.take()));
        let (desk, held, waiting) = parts.unwrap_or_default();
        // Told from there, so that a stop that comes meanwhile cannot lose it.
        let reports = self.wiring.reports.clone();
        let give_back = Run::new(move || {
            drop((desk, held));
            // Whoever asked may have gone; the artifacts are there all the same.
            waiting.map(|waiting| waiting.send(outcome));
        });
        // A task of its own: what an actor awaits is called off when it stops.
        let given_back = actix::spawn(async move { reports.send(give_back).await });
        ctx.spawn(given_back.into_actor(self).map(|_, keeper, _| {
            keeper.end(reason);
        }));
    }

    /// The session cannot go on.
    pub(super) fn fault(&mut self, why: String) {
        let (outcome, reason) = failed(why);
        self.answer(outcome);
        self.end(reason);
    }

    fn answer(&mut self, outcome: Outcome) {
        let waiting = self.judging.as_mut().and_then(|j| j.outcome.take());
        // Whoever asked may have gone; the artifacts are there all the same.
        waiting.map(|waiting| waiting.send(outcome));
    }
}

fn failed(why: String) -> (Outcome, EndReason) {
    (Outcome::Failed(why.clone()), EndReason::Fault(why))
}

impl Handler<Conclude> for Keeper {
    type Result = Result<Watching, IntakeError>;

    fn handle(
        &mut self,
        Conclude { desk, signal }: Conclude,
        ctx: &mut Self::Context,
    ) -> Self::Result {
        let (answer, outcome) = oneshot::channel();
        let watching = Watching {
            stages: self.stages.subscribe(),
            outcome,
        };
        let Some(study) = self.study.as_ref().filter(|_| !self.over) else {
            // What becomes of the folder is known when the session has said why it ends.
            self.desk = Some(desk);
            return Err(IntakeError::Gone);
        };
        if let Err(why) = study.check(&signal) {
            self.desk = Some(desk);
            self.home_since = Instant::now();
            // The receiver is in this very answer.
            drop(answer.send(Outcome::BadSignal(why)));
            return Ok(watching);
        }
        self.arrivals.touch();
        self.core.seal();
        self.judging = Some(Judging {
            signal: Some(signal),
            came: Instant::now(),
            desk: Some(desk),
            outcome: Some(answer),
            held: None,
        });
        self.drive(ctx);
        Ok(watching)
    }
}

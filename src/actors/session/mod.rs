//! The session: control. It owns the state machine and time; pixels never pass through it.

mod messages;
#[cfg(test)]
mod tests;

pub use messages::{Apply, Describe, Opening, SessionEnded, SessionView};

use super::{
    buffer::{Ingress, Report, Shut},
    post::post,
    scheduler::{Attach, AttachError, Detach},
};
use crate::{
    engine::EngineKey,
    session::{Command, Effect, EndReason, Input, Machine, SessionId, SessionSpec, State},
    telemetry::{
        Label, SessionMeter,
        labels::{EndReason as EndLabel, SessionState},
    },
};
use actix::prelude::*;
use std::{
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::sync::oneshot;

/// How often a session looks at the clock: its timeouts are in seconds and minutes.
const TICK: Duration = Duration::from_secs(1);

/// Whom a session speaks to.
pub struct Wiring {
    /// Opens and closes the ingress of what holds its pixels: its buffer, or its keeper.
    pub ingress: Recipient<Ingress>,
    /// Ends it.
    pub shut: Recipient<Shut>,
    /// Takes its work.
    pub attach: Recipient<Attach>,
    /// Takes it no more.
    pub detach: Recipient<Detach>,
    /// Told of its end.
    pub registry: Recipient<SessionEnded>,
}

/// The actor.
pub struct Session {
    id: SessionId,
    /// Engines that are still to be attached.
    keys: Vec<EngineKey>,
    machine: Machine,
    wiring: Wiring,
    opened: Instant,
    last_change: Instant,
    opening: Option<oneshot::Sender<Opening>>,
    meter: Option<SessionMeter>,
    gone: bool,
}

impl Session {
    /// A session that will attach itself when it starts, and answer `opening` when it has.
    pub fn new(
        id: SessionId,
        spec: &Arc<SessionSpec>,
        keys: Vec<EngineKey>,
        wiring: Wiring,
        opening: oneshot::Sender<Opening>,
    ) -> Self {
        let now = Instant::now();
        Self {
            id,
            keys,
            machine: Machine::new(spec.idle_timeout, spec.max_failures),
            wiring,
            opened: now,
            last_change: now,
            opening: Some(opening),
            meter: Some(SessionMeter::start(
                &Label::fixed(spec.pipeline),
                SessionState::Idle,
            )),
            gone: false,
        }
    }

    fn apply(&mut self, input: Input, ctx: &mut Context<Self>) {
        let now = Instant::now();
        let was = self.machine.state().name();
        match self.machine.apply(now, input) {
            Ok(effects) => effects
                .into_iter()
                .for_each(|effect| self.perform(effect, ctx)),
            // The buffer reports as soon as it lives, so a report can come before the engine is attached.
            Err(refused) => tracing::debug!(session = %self.id, %refused, "input ignored"),
        }
        let state = self.machine.state();
        if state.name() != was {
            self.last_change = now;
            tracing::debug!(session = %self.id, from = was, to = state.name(), "state changed");
            if let (Some(meter), Some(label)) = (self.meter.as_mut(), label(state)) {
                meter.change(label);
            }
        }
    }

    /// Attaches the session's engines one after another; it is attached when it has all of them.
    fn attach_next(&mut self, ctx: &mut Context<Self>) {
        let Some(key) = self.keys.pop() else {
            return self.apply(Input::Attached, ctx);
        };
        let session = self.id.clone();
        let attach = self.wiring.attach.send(Attach { session, key });
        ctx.spawn(attach.into_actor(self).map(|answer, session, ctx| {
            let answer = answer.unwrap_or_else(|e| Err(AttachError::Refused(e.to_string())));
            match answer {
                Ok(()) => session.attach_next(ctx),
                Err(e) => {
                    let why = e.to_string();
                    // Whoever opened it may have gone.
                    session.opening.take().map(|opening| opening.send(Err(e)));
                    session.apply(Input::AttachFailed(why), ctx);
                }
            }
        }));
    }

    fn perform(&mut self, effect: Effect, ctx: &mut Context<Self>) {
        match effect {
            Effect::OpenIngress => {
                post(&self.wiring.ingress, Ingress::Open);
                // Whoever opened it may have gone.
                self.opening.take().map(|opening| opening.send(Ok(())));
            }
            Effect::CloseIngress => post(&self.wiring.ingress, Ingress::Close),
            Effect::Close(reason) => self.close(reason, ctx),
        }
    }

    fn close(&mut self, reason: EndReason, ctx: &mut Context<Self>) {
        self.say_goodbye(reason);
        ctx.stop();
    }

    /// Releases everything and tells everybody, once.
    fn say_goodbye(&mut self, reason: EndReason) {
        if std::mem::replace(&mut self.gone, true) {
            return;
        }
        match &reason {
            EndReason::Fault(why) => {
                tracing::warn!(session = %self.id, reason = reason.label(), why, "session ended")
            }
            _ => tracing::info!(session = %self.id, reason = reason.label(), "session ended"),
        }
        if let Some(meter) = self.meter.take() {
            meter.end(end_label(&reason));
        }
        let refused = || AttachError::Refused(reason.to_string());
        self.opening
            .take()
            .map(|opening| opening.send(Err(refused())));
        post(&self.wiring.detach, Detach(self.id.clone()));
        post(&self.wiring.shut, Shut(reason.clone()));
        post(
            &self.wiring.registry,
            SessionEnded {
                session: self.id.clone(),
                reason,
            },
        );
    }
}

/// A session whose actor dies, by a panic or with its arbiter, must not stay in anybody's list.
impl Drop for Session {
    fn drop(&mut self) {
        self.say_goodbye(EndReason::Fault("the session's actor died".into()));
    }
}

impl Actor for Session {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.run_interval(TICK, |session, ctx| session.apply(Input::Tick, ctx));
        self.attach_next(ctx);
    }
}

impl Handler<Apply> for Session {
    type Result = ();

    fn handle(&mut self, Apply(command): Apply, ctx: &mut Self::Context) {
        match command {
            Command::Stop(reason) => self.apply(Input::Stop(reason), ctx),
            Command::Drain { within } => {
                let deadline = Instant::now() + within;
                self.apply(Input::Drain { deadline }, ctx);
                // The tick is too coarse for a shutdown.
                ctx.run_later(within, |session, ctx| session.apply(Input::Tick, ctx));
            }
        }
    }
}

impl Handler<Report> for Session {
    type Result = ();

    fn handle(&mut self, report: Report, ctx: &mut Self::Context) {
        let input = match report {
            Report::Ingested => Input::Ingested,
            Report::Recovered => Input::FrameDone,
            Report::WorkFailed(why) => Input::WorkFailed(why),
            Report::Rested => Input::Rested,
            Report::Watched(yes) => Input::Watched(yes),
            Report::WorkDrained => Input::WorkDrained,
            Report::Over(reason) => Input::Stop(reason),
            Report::Died => Input::Stop(EndReason::Fault("its buffer died".into())),
        };
        self.apply(input, ctx);
    }
}

impl Handler<Describe> for Session {
    type Result = MessageResult<Describe>;

    fn handle(&mut self, _: Describe, _: &mut Self::Context) -> Self::Result {
        MessageResult(SessionView {
            state: self.machine.state().name(),
            age: self.opened.elapsed(),
            in_state: self.last_change.elapsed(),
        })
    }
}

fn label(state: &State) -> Option<SessionState> {
    match state {
        State::Opening | State::Idle { .. } => Some(SessionState::Idle),
        State::Live { .. } => Some(SessionState::Running),
        State::Draining { .. } => Some(SessionState::Draining),
        State::Ended { .. } => None,
    }
}

fn end_label(reason: &EndReason) -> EndLabel {
    match reason {
        EndReason::ClientStopped => EndLabel::Stopped,
        EndReason::OperatorStopped => EndLabel::Admin,
        EndReason::Evicted => EndLabel::Evicted,
        EndReason::IdleTimeout => EndLabel::Idle,
        EndReason::Concluded => EndLabel::Concluded,
        EndReason::Shutdown => EndLabel::Drained,
        EndReason::Fault(_) => EndLabel::Failed,
    }
}

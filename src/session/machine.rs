//! The state of a session. One enum whose variants hold what exists only in that state, and one function that changes it.
//!
//! The function returns effects; the session actor performs them. It never reads a clock.

use super::command::EndReason;
use std::time::{Duration, Instant};

/// Where a session stands.
#[derive(Clone, Debug, PartialEq)]
pub enum State {
    /// The engine is being attached; input is not taken yet.
    Opening,
    /// Nothing moves. `since` is the last sign of life, `watched` whether somebody looks.
    Idle {
        /// Last input, frame or change of viewers.
        since: Instant,
        /// Whether it has viewers.
        watched: bool,
    },
    /// Frames are being made. `failures` counts those in a row that failed.
    Live {
        /// Whether it has viewers.
        watched: bool,
        /// Failures since the last frame that succeeded.
        failures: u32,
    },
    /// Takes no input any more; what is in flight may finish until `deadline`.
    Draining {
        /// When it ends in any case.
        deadline: Instant,
        /// Why it ends.
        reason: EndReason,
    },
    /// Over, for ever.
    Ended {
        /// Why.
        reason: EndReason,
    },
}

/// What can happen to a session.
#[derive(Clone, Debug, PartialEq)]
pub enum Input {
    /// The engine takes this session's work from now on.
    Attached,
    /// The engine does not; the text says why.
    AttachFailed(String),
    /// The buffer took a piece of input.
    Ingested,
    /// A frame was finished.
    FrameDone,
    /// A piece of work failed; the text says how.
    WorkFailed(String),
    /// The pipeline has nothing left to draw.
    Rested,
    /// Whether anybody watches has changed.
    Watched(bool),
    /// The server shuts down; work in flight may finish until then.
    Drain {
        /// When the session ends in any case.
        deadline: Instant,
    },
    /// Nothing is in flight any more.
    WorkDrained,
    /// Somebody ended it.
    Stop(EndReason),
    /// Time went by.
    Tick,
}

/// What the shell must do.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Take input from now on.
    OpenIngress,
    /// Take no more input.
    CloseIngress,
    /// Release everything and tell the clients why.
    Close(EndReason),
}

/// An input that makes no sense in the state; nothing changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{input} is not allowed while {state}")]
pub struct NotAllowed {
    /// The state's name.
    pub state: &'static str,
    /// The input's name.
    pub input: &'static str,
}

/// A session's state with the two limits that its transitions need.
#[derive(Debug)]
pub struct Machine {
    state: State,
    idle_timeout: Duration,
    max_failures: u32,
}

impl Machine {
    /// A session whose engine is being attached.
    pub fn new(idle_timeout: Duration, max_failures: u32) -> Self {
        Self {
            state: State::Opening,
            idle_timeout,
            max_failures,
        }
    }

    /// Where it stands.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// The only place where a session changes state.
    ///
    /// # Errors
    /// The pair of state and input, if they do not go together; the state stays as it was.
    pub fn apply(&mut self, now: Instant, input: Input) -> Result<Vec<Effect>, NotAllowed> {
        use {Input as I, State as S};
        let idle = |watched| {
            (
                S::Idle {
                    since: now,
                    watched,
                },
                vec![],
            )
        };
        let live = |watched, failures| (S::Live { watched, failures }, vec![]);
        let (next, effects) = match (&self.state, input) {
            (S::Ended { .. }, _) => return Ok(vec![]),
            (S::Opening, I::Stop(reason)) => ended(reason, true),
            (S::Opening, I::AttachFailed(why)) => ended(EndReason::Fault(why), true),
            (S::Opening, I::Drain { .. }) => ended(EndReason::Shutdown, true),
            (S::Opening, I::Attached) => (
                S::Idle {
                    since: now,
                    watched: false,
                },
                vec![Effect::OpenIngress],
            ),
            (S::Opening, I::Tick) => return Ok(vec![]),

            (S::Idle { .. } | S::Live { .. }, I::Stop(reason)) => ended(reason, true),
            (S::Idle { .. }, I::Drain { .. }) => ended(EndReason::Shutdown, true),
            (S::Idle { watched, .. }, I::Ingested) => live(*watched, 0),
            (S::Idle { .. }, I::Watched(watched)) => idle(watched),
            (S::Idle { watched, .. }, I::FrameDone | I::WorkFailed(_) | I::Rested) => {
                idle(*watched)
            }
            (
                S::Idle {
                    since,
                    watched: false,
                },
                I::Tick,
            ) if now.duration_since(*since) >= self.idle_timeout => {
                ended(EndReason::IdleTimeout, true)
            }
            (S::Idle { .. } | S::Live { .. }, I::Tick | I::WorkDrained) => return Ok(vec![]),

            (S::Live { watched, failures }, I::Ingested) => live(*watched, *failures),
            (S::Live { watched, .. }, I::FrameDone) => live(*watched, 0),
            (S::Live { watched, failures }, I::WorkFailed(why)) => {
                if failures + 1 >= self.max_failures {
                    ended(EndReason::Fault(why), true)
                } else {
                    live(*watched, failures + 1)
                }
            }
            (S::Live { watched, .. }, I::Rested) => idle(*watched),
            (S::Live { failures, .. }, I::Watched(watched)) => live(watched, *failures),
            (S::Live { .. }, I::Drain { deadline }) => (
                S::Draining {
                    deadline,
                    reason: EndReason::Shutdown,
                },
                vec![Effect::CloseIngress],
            ),

            (S::Draining { .. }, I::Stop(reason)) => ended(reason, false),
            (S::Draining { reason, .. }, I::WorkDrained) => ended(reason.clone(), false),
            (S::Draining { deadline, reason }, I::Tick) if now >= *deadline => {
                ended(reason.clone(), false)
            }
            (
                S::Draining { .. },
                I::Tick
                | I::FrameDone
                | I::WorkFailed(_)
                | I::Rested
                | I::Watched(_)
                | I::Ingested
                | I::Drain { .. },
            ) => return Ok(vec![]),

            (
                state @ S::Opening,
                input @ (I::Ingested | I::FrameDone | I::WorkFailed(_) | I::Rested),
            )
            | (state @ S::Opening, input @ (I::Watched(_) | I::WorkDrained))
            | (state, input @ (I::Attached | I::AttachFailed(_))) => {
                return Err(NotAllowed {
                    state: state.name(),
                    input: input.name(),
                });
            }
        };
        self.state = next;
        Ok(effects)
    }
}

fn ended(reason: EndReason, ingress_open: bool) -> (State, Vec<Effect>) {
    let mut effects = Vec::with_capacity(2);
    if ingress_open {
        effects.push(Effect::CloseIngress);
    }
    effects.push(Effect::Close(reason.clone()));
    (State::Ended { reason }, effects)
}

impl State {
    /// The bounded label for metrics, logs and the admin view.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Opening => "opening",
            Self::Idle { .. } => "idle",
            Self::Live { .. } => "live",
            Self::Draining { .. } => "draining",
            Self::Ended { .. } => "ended",
        }
    }
}

impl Input {
    fn name(&self) -> &'static str {
        match self {
            Self::Attached => "attached",
            Self::AttachFailed(_) => "attach failed",
            Self::Ingested => "input",
            Self::FrameDone => "a frame",
            Self::WorkFailed(_) => "a failure",
            Self::Rested => "rest",
            Self::Watched(_) => "a change of viewers",
            Self::Drain { .. } => "drain",
            Self::WorkDrained => "work drained",
            Self::Stop(_) => "stop",
            Self::Tick => "tick",
        }
    }
}

#[cfg(test)]
#[path = "machine_tests.rs"]
mod tests;

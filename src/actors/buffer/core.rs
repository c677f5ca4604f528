//! When a frame starts, and with what. Pure: no actor, no clock.
//!
//! A frame starts when the state is home, a credit is free, the pacer says so and there is something to draw. Input is
//! dropped here, before anything was spent on it.

use crate::{
    engine::{ItemState, Role, Tensor},
    media::{ActionId, FrameId, Stage, StageTimes},
    pipelines::{Draft, Track},
    session::{
        Action, Class, Media, SessionSpec, ingress::NewestWins, pacing::Pacer, rate::RateLimit,
    },
};
use std::time::{Duration, Instant};

/// The runtime's timers go by whole milliseconds and round up, so a frame is called for this much before its beat: it starts
/// up to a millisecond early instead of late, and the beat itself does not move.
const TIMER: Duration = Duration::from_millis(1);

/// What the shell shall do next.
#[derive(Debug)]
pub enum Step {
    /// Submit this frame.
    Draw(Box<Drawing>),
    /// Ask again then.
    WaitUntil(Instant),
    /// There is nothing to draw until the next input.
    Rest,
    /// Something that is in flight must come back first.
    Blocked,
}

/// A frame that starts now.
#[derive(Debug)]
pub struct Drawing {
    /// Its number.
    pub frame: FrameId,
    /// The action that it answers.
    pub action: ActionId,
    /// Inputs by role.
    pub inputs: Vec<(Role, Tensor)>,
    /// Whether it ends a chunk.
    pub boundary: bool,
    /// The session's state, on its way to the engine.
    pub state: ItemState,
    /// Times up to here.
    pub stages: StageTimes,
    /// When its deadline is.
    pub deadline: Instant,
    /// What its deadline means.
    pub class: Class,
}

struct Pending {
    action: Action,
    accepted: Instant,
}

/// The pure half of a buffer.
pub struct Core {
    track: Box<dyn Track>,
    pending: NewestWins<Pending>,
    pacer: Pacer,
    rate: RateLimit,
    deadline: Duration,
    class: Class,
    /// The frame that started last was not run, because its deadline had passed.
    was_late: bool,
    state: Option<ItemState>,
    next_frame: u64,
    open: bool,
}

impl Core {
    /// A buffer that takes no input yet.
    pub fn new(spec: &SessionSpec, track: Box<dyn Track>, now: Instant) -> Self {
        let mut core = Self {
            track,
            pending: NewestWins::default(),
            pacer: Pacer::new(spec.period),
            rate: RateLimit::new(spec.input_rate, now),
            deadline: spec.deadline,
            class: spec.class,
            was_late: false,
            state: None,
            next_frame: 0,
            open: false,
        };
        core.state_home(ItemState::Lost);
        core
    }

    /// Takes input, or no more.
    pub fn set_open(&mut self, open: bool) {
        self.open = open;
    }

    /// Whether input is taken.
    pub fn is_open(&self) -> bool {
        self.open
    }

    /// Input came.
    ///
    /// # Errors
    /// How long until this much input would be taken.
    pub fn offer(&mut self, now: Instant, media: Media) -> Result<Accepted, Duration> {
        self.rate.take(now)?;
        Ok(match media {
            Media::Action(action) => Accepted {
                replaced: self
                    .pending
                    .put(Pending {
                        action,
                        accepted: now,
                    })
                    .is_some(),
            },
            Media::Scene(change) => {
                // A change that shows makes the track want a frame; nothing need wait here.
                self.track.adjust(change);
                Accepted { replaced: false }
            }
        })
    }

    /// What to do now.
    pub fn step(&mut self, now: Instant, credit_is_free: bool) -> Step {
        if !self.open || !credit_is_free || self.state.is_none() {
            return Step::Blocked;
        }
        if self.is_still(now) {
            self.pacer.rest();
            return Step::Rest;
        }
        match self.pacer.due() {
            Some(due) if due > now + TIMER => Step::WaitUntil(due - TIMER),
            _ => self.draw(now),
        }
    }

    /// Whether nothing waits and nothing moves.
    pub fn is_still(&self, now: Instant) -> bool {
        self.pending.is_empty() && self.track.is_still(now)
    }

    /// The state came back; one that was lost begins again.
    pub fn state_home(&mut self, state: ItemState) {
        let state = match state {
            ItemState::Lost | ItemState::None => ItemState::Fresh(self.track.fresh_state()),
            kept => kept,
        };
        self.state = Some(state);
    }

    /// The frame that started last came to nothing.
    pub fn not_drawn(&mut self) {
        self.track.not_drawn();
    }

    /// The frame that started last was not run, because its deadline had passed: the next one is run late rather than not
    /// at all. On a device that is too slow for every deadline a session would otherwise never see a frame, while whoever
    /// asks a moment before it sees all.
    pub fn too_late(&mut self) {
        self.was_late = true;
    }

    /// A number for a frame that is no drawing: the start picture or a repeat.
    pub fn number(&mut self) -> FrameId {
        let frame = FrameId(self.next_frame);
        self.next_frame += 1;
        frame
    }

    /// Pieces of input that a newer one replaced before they were used.
    pub fn replaced(&self) -> u64 {
        self.pending.replaced()
    }

    fn draw(&mut self, now: Instant) -> Step {
        let Some(state) = self.state.take() else {
            return Step::Blocked;
        };
        let stages = self.waits(now);
        if let Some(Pending { action, .. }) = self.pending.take() {
            self.track.act(now, action);
        }
        let Draft {
            inputs,
            boundary,
            action,
        } = self.track.draft(now);
        self.pacer.started(now);
        let (frame, deadline) = (self.number(), now + self.deadline);
        let class = if std::mem::take(&mut self.was_late) {
            Class::Lossless
        } else {
            self.class
        };
        Step::Draw(Box::new(Drawing {
            frame,
            action,
            inputs,
            boundary,
            state,
            stages,
            deadline,
            class,
        }))
    }

    /// Where an action's time went so far: on its way in, waiting for the beat, and whatever it waited beyond that.
    ///
    /// What is in flight and comes back before the beat has delayed nothing, so only the wait after the beat is queueing.
    fn waits(&mut self, now: Instant) -> StageTimes {
        let mut stages = StageTimes::default();
        let asked = match self.pending.peek() {
            Some(Pending { action, accepted }) => {
                stages.set(
                    Stage::Input,
                    accepted.saturating_duration_since(action.received),
                );
                *accepted
            }
            None => self.pacer.due().unwrap_or(now),
        };
        let waited = now.saturating_duration_since(asked);
        let beat = self.pacer.due().map_or(Duration::ZERO, |due| {
            due.saturating_duration_since(asked).min(waited)
        });
        stages.set(Stage::Tick, beat);
        stages.set(Stage::Queue, waited - beat);
        stages
    }
}

/// What became of input that was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Accepted {
    /// Whether it took the place of input that was never used.
    pub replaced: bool,
}

#[cfg(test)]
#[path = "core_tests.rs"]
mod tests;

//! The transition table row by row, and a property test against a smaller model of the same rules.

use super::*;
use proptest::prelude::*;

const IDLE: Duration = Duration::from_secs(600);
const FAILURES: u32 = 3;

fn machine_in(state: State) -> Machine {
    Machine {
        state,
        idle_timeout: IDLE,
        max_failures: FAILURES,
    }
}

fn closing(reason: EndReason) -> Vec<Effect> {
    vec![Effect::CloseIngress, Effect::Close(reason)]
}

#[test]
fn every_row_of_the_table() {
    use {EndReason as R, Input as I, State as S};
    let t0 = Instant::now();
    let later = t0 + Duration::from_secs(5);
    let idle = |watched| S::Idle { since: t0, watched };
    let fresh = |watched| S::Idle {
        since: later,
        watched,
    };
    let live = |failures| S::Live {
        watched: true,
        failures,
    };
    let draining = || S::Draining {
        deadline: later,
        reason: R::Shutdown,
    };
    let over = |reason: R| S::Ended { reason };
    let fault = || R::Fault("boom".into());
    let failed = || I::WorkFailed("boom".into());
    let rows: Vec<(State, Input, State, Vec<Effect>)> = vec![
        (
            S::Opening,
            I::Attached,
            fresh(false),
            vec![Effect::OpenIngress],
        ),
        (
            S::Opening,
            I::AttachFailed("boom".into()),
            over(fault()),
            closing(fault()),
        ),
        (
            S::Opening,
            I::Stop(R::ClientStopped),
            over(R::ClientStopped),
            closing(R::ClientStopped),
        ),
        (
            S::Opening,
            I::Drain { deadline: later },
            over(R::Shutdown),
            closing(R::Shutdown),
        ),
        (S::Opening, I::Tick, S::Opening, vec![]),
        (idle(true), I::Ingested, live(0), vec![]),
        (idle(true), I::Watched(false), fresh(false), vec![]),
        (idle(true), I::FrameDone, fresh(true), vec![]),
        (idle(true), failed(), fresh(true), vec![]),
        (idle(true), I::Rested, fresh(true), vec![]),
        (idle(false), I::Tick, idle(false), vec![]),
        (idle(true), I::WorkDrained, idle(true), vec![]),
        (
            idle(true),
            I::Stop(R::Evicted),
            over(R::Evicted),
            closing(R::Evicted),
        ),
        (
            idle(true),
            I::Drain { deadline: later },
            over(R::Shutdown),
            closing(R::Shutdown),
        ),
        (live(2), I::Ingested, live(2), vec![]),
        (live(2), I::FrameDone, live(0), vec![]),
        (live(0), failed(), live(1), vec![]),
        (live(2), failed(), over(fault()), closing(fault())),
        (live(1), I::Rested, fresh(true), vec![]),
        (
            live(1),
            I::Watched(false),
            S::Live {
                watched: false,
                failures: 1,
            },
            vec![],
        ),
        (live(1), I::Tick, live(1), vec![]),
        (live(1), I::WorkDrained, live(1), vec![]),
        (
            live(0),
            I::Stop(R::OperatorStopped),
            over(R::OperatorStopped),
            closing(R::OperatorStopped),
        ),
        (
            live(0),
            I::Drain { deadline: later },
            draining(),
            vec![Effect::CloseIngress],
        ),
        (
            draining(),
            I::WorkDrained,
            over(R::Shutdown),
            vec![Effect::Close(R::Shutdown)],
        ),
        (
            draining(),
            I::Tick,
            over(R::Shutdown),
            vec![Effect::Close(R::Shutdown)],
        ),
        (
            draining(),
            I::Stop(R::ClientStopped),
            over(R::ClientStopped),
            vec![Effect::Close(R::ClientStopped)],
        ),
        (draining(), I::FrameDone, draining(), vec![]),
        (draining(), failed(), draining(), vec![]),
        (draining(), I::Ingested, draining(), vec![]),
        (over(R::Evicted), I::Ingested, over(R::Evicted), vec![]),
        (
            over(R::Evicted),
            I::Stop(R::ClientStopped),
            over(R::Evicted),
            vec![],
        ),
    ];
    for (from, input, to, effects) in rows {
        let mut m = machine_in(from.clone());
        assert_eq!(
            m.apply(later, input.clone()),
            Ok(effects),
            "effects of {input:?} in {from:?}"
        );
        assert_eq!(m.state, to, "state after {input:?} in {from:?}");
    }
}

#[test]
fn what_makes_no_sense_is_refused_by_name_and_changes_nothing() {
    let now = Instant::now();
    let mut m = Machine::new(IDLE, FAILURES);
    let refused = m.apply(now, Input::Ingested).unwrap_err();
    assert_eq!(refused.to_string(), "input is not allowed while opening");
    assert_eq!(m.state(), &State::Opening);
    m.apply(now, Input::Attached).unwrap();
    assert_eq!(
        m.apply(now, Input::Attached).unwrap_err().to_string(),
        "attached is not allowed while idle"
    );
}

#[test]
fn an_unwatched_session_times_out_to_the_second_and_a_watched_one_never() {
    let t0 = Instant::now();
    let mut m = Machine::new(IDLE, FAILURES);
    m.apply(t0, Input::Attached).unwrap();
    assert_eq!(
        m.apply(t0 + IDLE - Duration::from_secs(1), Input::Tick),
        Ok(vec![])
    );
    m.apply(t0 + IDLE, Input::Tick).unwrap();
    assert_eq!(
        m.state(),
        &State::Ended {
            reason: EndReason::IdleTimeout
        }
    );

    let mut watched = Machine::new(IDLE, FAILURES);
    watched.apply(t0, Input::Attached).unwrap();
    watched.apply(t0, Input::Watched(true)).unwrap();
    assert_eq!(watched.apply(t0 + 10 * IDLE, Input::Tick), Ok(vec![]));
}

/// The model: five facts about a session, updated by rules that do not share a line with the machine.
#[derive(Debug, Default)]
struct Model {
    attached: bool,
    moving: bool,
    draining: bool,
    ended: bool,
    watched: bool,
    failures_in_a_row: u32,
    quiet_for: Duration,
}

impl Model {
    fn apply(&mut self, step: Duration, input: &Input) {
        if self.ended {
            return;
        }
        self.quiet_for += step;
        match input {
            Input::Stop(_) => self.ended = true,
            Input::AttachFailed(_) if !self.attached => self.ended = true,
            Input::Attached if !self.attached => {
                (self.attached, self.quiet_for) = (true, Duration::ZERO)
            }
            Input::Drain { .. } if self.moving => self.draining = true,
            Input::Drain { .. } => self.ended = true,
            Input::WorkDrained if self.draining => self.ended = true,
            // The test drains with a deadline that is already over.
            Input::Tick if self.draining => self.ended = true,
            Input::Tick if self.attached && !self.moving && !self.watched => {
                self.ended = self.quiet_for >= IDLE
            }
            _ if !self.attached || self.draining => {}
            Input::Watched(yes) => (self.watched, self.quiet_for) = (*yes, Duration::ZERO),
            Input::Ingested => {
                self.failures_in_a_row = if self.moving {
                    self.failures_in_a_row
                } else {
                    0
                };
                self.moving = true;
            }
            Input::FrameDone => (self.failures_in_a_row, self.quiet_for) = (0, Duration::ZERO),
            Input::WorkFailed(_) if self.moving => {
                self.failures_in_a_row += 1;
                self.ended = self.failures_in_a_row >= FAILURES;
            }
            Input::WorkFailed(_) => self.quiet_for = Duration::ZERO,
            Input::Rested => (self.moving, self.quiet_for) = (false, Duration::ZERO),
            _ => {}
        }
    }

    fn name(&self) -> &'static str {
        match self {
            Self { ended: true, .. } => "ended",
            Self { draining: true, .. } => "draining",
            Self {
                attached: false, ..
            } => "opening",
            Self { moving: true, .. } => "live",
            _ => "idle",
        }
    }
}

fn any_input(t0: Instant) -> impl Strategy<Value = Input> {
    prop_oneof![
        2 => Just(Input::Attached),
        1 => Just(Input::AttachFailed("no".into())),
        6 => Just(Input::Ingested),
        6 => Just(Input::FrameDone),
        3 => Just(Input::WorkFailed("no".into())),
        4 => Just(Input::Rested),
        3 => any::<bool>().prop_map(Input::Watched),
        1 => Just(Input::Drain { deadline: t0 }),
        2 => Just(Input::WorkDrained),
        1 => Just(Input::Stop(EndReason::ClientStopped)),
        4 => Just(Input::Tick),
    ]
}

proptest! {
    #[test]
    fn any_history_agrees_with_the_model(
        history in (Just(Instant::now())).prop_flat_map(|t0| {
            (Just(t0), prop::collection::vec((0u64..400, any_input(t0)), 1..80))
        })
    ) {
        let (t0, steps) = history;
        let (mut now, mut model) = (t0, Model::default());
        let mut machine = Machine::new(IDLE, FAILURES);
        let (mut opened, mut shut, mut closed) = (0, 0, 0);
        for (seconds, input) in steps {
            let step = Duration::from_secs(seconds);
            now += step;
            let before = machine.state().clone();
            model.apply(step, &input);
            match machine.apply(now, input) {
                Ok(effects) => for effect in effects {
                    match effect {
                        Effect::OpenIngress => opened += 1,
                        Effect::CloseIngress => shut += 1,
                        Effect::Close(_) => closed += 1,
                    }
                },
                Err(_) => prop_assert_eq!(&before, machine.state(), "a refused input changes nothing"),
            }
            prop_assert_eq!(machine.state().name(), model.name());
            prop_assert!(opened <= 1 && shut <= 1 && closed <= 1);
            prop_assert_eq!(closed == 1, model.ended, "closed exactly when ended");
            prop_assert!(closed <= shut, "input is closed before the session is");
        }
    }
}

//! How a model comes to life: one enum, one function. Never inside a request.

use serde::Serialize;
use std::time::Duration;

/// How a model stands.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "state", rename_all = "lowercase")]
pub enum LoadState {
    /// Known, not in memory.
    Unloaded,
    /// Being read and built; `progress` is 0 to 1.
    Loading {
        /// How far.
        progress: f32,
    },
    /// Answering runs whose results nobody sees, so that the first client waits for nothing.
    Warming {
        /// Runs done.
        done: u32,
        /// Runs in all.
        of: u32,
    },
    /// Serving.
    Ready {
        /// From the beginning of loading to the end of warming.
        #[serde(rename = "load_seconds", serialize_with = "as_seconds")]
        took: Duration,
    },
    /// Given up. Terminal until somebody asks again.
    Failed {
        /// What is wrong.
        why: String,
        /// How to mend it.
        fix: String,
    },
}

/// What can happen to a model.
#[derive(Clone, Debug, PartialEq)]
pub enum LoadEvent {
    /// Loading begins.
    Begin,
    /// The fraction that is done.
    Progress(f32),
    /// In memory; so many warm-up runs follow.
    Loaded {
        /// Warm-up runs.
        warmup: u32,
    },
    /// One warm-up run was answered.
    WarmedOnce,
    /// All of it is done.
    Warmed {
        /// Time since [`LoadEvent::Begin`].
        took: Duration,
    },
    /// It went wrong.
    Fail {
        /// What.
        why: String,
        /// The cure.
        fix: String,
    },
    /// Taken out of memory.
    Unload,
}

/// An event that makes no sense in the state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a model that is {state} cannot {event}")]
pub struct NotAllowed {
    /// The state's name.
    pub state: &'static str,
    /// The event's name.
    pub event: &'static str,
}

impl LoadState {
    /// The state after an event.
    ///
    /// # Errors
    /// If the two do not go together.
    pub fn after(&self, event: LoadEvent) -> Result<Self, NotAllowed> {
        use {LoadEvent as E, LoadState as S};
        Ok(match (self, event) {
            // Also in the middle of it: an engine that failed while it was rebuilt is built once more.
            (_, E::Begin) => S::Loading { progress: 0.0 },
            (S::Loading { .. }, E::Progress(progress)) => S::Loading {
                progress: progress.clamp(0.0, 1.0),
            },
            (S::Loading { .. }, E::Loaded { warmup }) => S::Warming {
                done: 0,
                of: warmup,
            },
            (S::Warming { done, of }, E::WarmedOnce) => S::Warming {
                done: done + 1,
                of: *of,
            },
            (S::Warming { .. }, E::Warmed { took }) => S::Ready { took },
            (_, E::Fail { why, fix }) => S::Failed { why, fix },
            (S::Ready { .. } | S::Failed { .. } | S::Unloaded, E::Unload) => S::Unloaded,
            (state, event) => {
                return Err(NotAllowed {
                    state: state.name(),
                    event: event.name(),
                });
            }
        })
    }

    /// The bounded label for metrics and health.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Unloaded => "unloaded",
            Self::Loading { .. } => "loading",
            Self::Warming { .. } => "warming",
            Self::Ready { .. } => "ready",
            Self::Failed { .. } => "failed",
        }
    }

    /// Whether it serves.
    pub fn is_ready(&self) -> bool {
        matches!(self, Self::Ready { .. })
    }
}

impl LoadEvent {
    fn name(&self) -> &'static str {
        match self {
            Self::Begin => "begin loading",
            Self::Progress(_) => "make progress",
            Self::Loaded { .. } => "be loaded",
            Self::WarmedOnce => "be warmed",
            Self::Warmed { .. } => "become ready",
            Self::Fail { .. } => "fail",
            Self::Unload => "be unloaded",
        }
    }
}

fn as_seconds<S: serde::Serializer>(d: &Duration, s: S) -> Result<S::Ok, S::Error> {
    s.serialize_f64(d.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_to_ready_and_the_ways_off_it() {
        use {LoadEvent as E, LoadState as S};
        let took = Duration::from_millis(80);
        let fail = || E::Fail {
            why: "no file".into(),
            fix: "add it".into(),
        };
        let failed = || S::Failed {
            why: "no file".into(),
            fix: "add it".into(),
        };
        let rows = [
            (S::Unloaded, E::Begin, S::Loading { progress: 0.0 }),
            (
                S::Loading { progress: 0.0 },
                E::Progress(7.0),
                S::Loading { progress: 1.0 },
            ),
            (
                S::Loading { progress: 0.5 },
                E::Loaded { warmup: 2 },
                S::Warming { done: 0, of: 2 },
            ),
            (
                S::Warming { done: 0, of: 2 },
                E::WarmedOnce,
                S::Warming { done: 1, of: 2 },
            ),
            (
                S::Warming { done: 2, of: 2 },
                E::Warmed { took },
                S::Ready { took },
            ),
            (S::Loading { progress: 0.5 }, fail(), failed()),
            (S::Ready { took }, fail(), failed()),
            (failed(), E::Begin, S::Loading { progress: 0.0 }),
            (S::Ready { took }, E::Begin, S::Loading { progress: 0.0 }),
            (
                S::Warming { done: 1, of: 2 },
                E::Begin,
                S::Loading { progress: 0.0 },
            ),
            (S::Ready { took }, E::Unload, S::Unloaded),
        ];
        for (from, event, to) in rows {
            assert_eq!(
                from.after(event.clone()),
                Ok(to),
                "{from:?} after {event:?}"
            );
        }
    }

    #[test]
    fn a_model_cannot_become_ready_without_having_been_warmed() {
        let e = LoadState::Loading { progress: 1.0 }
            .after(LoadEvent::Warmed {
                took: Duration::ZERO,
            })
            .unwrap_err();
        assert_eq!(e.to_string(), "a model that is loading cannot become ready");
    }
}

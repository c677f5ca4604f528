//! Meters of one engine: its state, its loads and its runs.

use std::time::Duration;

use ::metrics::{Counter, Gauge, Histogram};

use super::exporter::{counter, gauge, histogram};
use super::labels::{EngineState, Label, RunOutcome};
use super::metrics;

/// One engine. Make it once, when its model is found.
pub struct EngineMeters {
    states: Vec<Gauge>,
    load: Gauge,
    batch: Histogram,
    runs: Vec<Counter>,
}

impl EngineMeters {
    /// Meters for the engine that runs the model `engine` on `device`; it is unloaded.
    pub fn new(engine: &Label, device: &Label) -> Self {
        let (e, d) = (|| engine.into(), || device.into());
        let state = |s: &EngineState| gauge(&metrics::ENGINE_STATE, [e(), d(), s.as_str().into()]);
        let run = |o: &RunOutcome| counter(&metrics::ENGINE_RUNS, [e(), d(), o.as_str().into()]);
        let meters = Self {
            states: EngineState::ALL.iter().map(state).collect(),
            load: gauge(&metrics::ENGINE_LOAD, [e(), d()]),
            batch: histogram(&metrics::BATCH_SIZE, [e(), d()]),
            runs: RunOutcome::ALL.iter().map(run).collect(),
        };
        meters.state(EngineState::Unloaded);
        meters
    }

    /// It is in `state` from now on.
    pub fn state(&self, state: EngineState) {
        for (gauge, of) in self.states.iter().zip(EngineState::ALL) {
            gauge.set(if *of == state { 1.0 } else { 0.0 });
        }
    }

    /// It was loaded and warmed in `took`.
    pub fn loaded(&self, took: Duration) {
        self.load.set(took.as_secs_f64());
    }

    /// It ran a batch of `items`.
    pub fn ran(&self, items: usize, outcome: RunOutcome) {
        self.batch.record(items as f64);
        self.runs[outcome as usize].increment(1);
    }
}

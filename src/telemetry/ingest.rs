//! Meters of frames that clients send one by one.

use ::metrics::Counter;

use super::exporter::counter;
use super::labels::{IngestOutcome, Label};
use super::metrics;

/// What becomes of one pipeline's incoming frames. From its making on each of its series is exported, at 0 too.
#[derive(Clone)]
pub struct IngestMeters {
    frames: Vec<Counter>,
    bytes: Counter,
    saturated: Counter,
}

impl IngestMeters {
    /// Meters for `pipeline`.
    pub fn new(pipeline: &Label) -> Self {
        let frames = |outcome: &IngestOutcome| {
            let labels = [pipeline.into(), outcome.as_str().into()];
            counter(&metrics::INGEST_FRAMES, labels)
        };
        Self {
            frames: IngestOutcome::ALL.iter().map(frames).collect(),
            bytes: counter(&metrics::INGEST_BYTES, [pipeline.into()]),
            saturated: counter(&metrics::SATURATED, [pipeline.into()]),
        }
    }

    /// A frame of so many bytes came.
    pub fn frame(&self, outcome: IngestOutcome, bytes: usize) {
        self.frames[outcome as usize].increment(1);
        self.bytes.increment(bytes as u64);
    }

    /// A frame met a full server.
    pub fn saturated(&self) {
        self.saturated.increment(1);
    }
}

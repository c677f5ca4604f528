//! Meters of the frame path: what frames cost and what viewers got.

use std::time::Duration;

use ::metrics::{Counter, Gauge, Histogram, SharedString};

use super::exporter::{counter, gauge, histogram};
use super::labels::{DropReason, Label, ViewerOutcome};
use super::metrics;

/// One pipeline's frames. Make it once and share it.
pub struct FrameMeters {
    stages: Vec<Histogram>,
    latency: Histogram,
    first: Histogram,
    interval: Histogram,
    delivered: Counter,
    dropped: Vec<Counter>,
}

impl FrameMeters {
    /// Meters for `pipeline`, whose frames pass the stages named `stages`, in that order.
    pub fn new(pipeline: &Label, stages: impl IntoIterator<Item = &'static str>) -> Self {
        let p = || SharedString::from(pipeline);
        let stage = |name: &'static str| histogram(&metrics::STAGE_DURATION, [p(), name.into()]);
        let dropped =
            |why: &DropReason| counter(&metrics::FRAMES_DROPPED, [p(), why.as_str().into()]);
        Self {
            stages: stages.into_iter().map(stage).collect(),
            latency: histogram(&metrics::FRAME_LATENCY, [p()]),
            first: histogram(&metrics::FIRST_FRAME, [p()]),
            interval: histogram(&metrics::FRAME_INTERVAL, [p()]),
            delivered: counter(&metrics::FRAMES, [p()]),
            dropped: DropReason::ALL.iter().map(dropped).collect(),
        }
    }

    /// A frame spent `took` in the stage at `index` of those given to [`new`](Self::new); others are
    /// ignored.
    pub fn stage(&self, index: usize, took: Duration) {
        if let Some(stage) = self.stages.get(index) {
            stage.record(took);
        }
    }

    /// A frame was delivered, `latency` after the input that it answers.
    pub fn delivered(&self, latency: Duration) {
        self.delivered.increment(1);
        self.latency.record(latency);
    }

    /// A session's first frame came `after` its first input.
    pub fn first(&self, after: Duration) {
        self.first.record(after);
    }

    /// A running session's frame came `since_last` after the one before it.
    pub fn interval(&self, since_last: Duration) {
        self.interval.record(since_last);
    }

    /// A frame will never be delivered.
    pub fn dropped(&self, reason: DropReason) {
        self.dropped[reason as usize].increment(1);
    }
}

/// One pipeline's viewers. Make it once and share it.
#[derive(Clone)]
pub struct ViewerMeters {
    watching: Gauge,
    sent: Counter,
    skipped: Counter,
}

impl ViewerMeters {
    /// Meters for `pipeline`.
    pub fn new(pipeline: &Label) -> Self {
        let outcome = |outcome: ViewerOutcome| {
            counter(
                &metrics::VIEWER_FRAMES,
                [pipeline.into(), outcome.as_str().into()],
            )
        };
        Self {
            watching: gauge(&metrics::VIEWERS, [pipeline.into()]),
            sent: outcome(ViewerOutcome::Sent),
            skipped: outcome(ViewerOutcome::Skipped),
        }
    }

    /// A viewer came; it counts until the meter is dropped.
    pub fn watch(&self) -> ViewerMeter {
        self.watching.increment(1.0);
        ViewerMeter {
            meters: self.clone(),
            last: None,
        }
    }
}

/// One viewer, counted while it exists.
pub struct ViewerMeter {
    meters: ViewerMeters,
    last: Option<u64>,
}

impl ViewerMeter {
    /// It gets the session's frame of this number, by the order of showing; those since its last one it missed.
    pub fn got(&mut self, shown: u64) {
        let missed = self.last.map_or(0, |last| shown.saturating_sub(last + 1));
        self.meters.skipped.increment(missed);
        self.meters.sent.increment(1);
        self.last = Some(shown);
    }
}

impl Drop for ViewerMeter {
    fn drop(&mut self) {
        self.meters.watching.decrement(1.0);
    }
}

//! Meters of sessions: how many, in which state, why they end and why some are refused.

use ::metrics::{Counter, Gauge};

use super::exporter::{counter, gauge};
use super::labels::{EndReason, Label, Queue, RejectReason, SessionState};
use super::metrics;

/// One session, counted in exactly one state while it exists, and ended exactly once: dropped
/// without [`end`](Self::end) it counts as [`EndReason::Lost`].
pub struct SessionMeter {
    pipeline: Label,
    state: SessionState,
    ended: bool,
}

impl SessionMeter {
    /// A session of `pipeline` started.
    pub fn start(pipeline: &Label, state: SessionState) -> Self {
        counter(&metrics::SESSIONS_STARTED, [pipeline.into()]).increment(1);
        let meter = Self {
            pipeline: pipeline.clone(),
            state,
            ended: false,
        };
        meter.gauge().increment(1.0);
        meter
    }

    /// It is in another state from now on.
    pub fn change(&mut self, state: SessionState) {
        self.gauge().decrement(1.0);
        self.state = state;
        self.gauge().increment(1.0);
    }

    /// It ended.
    pub fn end(mut self, reason: EndReason) {
        self.count_end(reason);
    }

    fn count_end(&mut self, reason: EndReason) {
        if !std::mem::replace(&mut self.ended, true) {
            let labels = [(&self.pipeline).into(), reason.as_str().into()];
            counter(&metrics::SESSIONS_ENDED, labels).increment(1);
            self.gauge().decrement(1.0);
        }
    }

    fn gauge(&self) -> Gauge {
        gauge(
            &metrics::SESSIONS,
            [(&self.pipeline).into(), self.state.as_str().into()],
        )
    }
}

impl Drop for SessionMeter {
    fn drop(&mut self) {
        self.count_end(EndReason::Lost);
    }
}

/// One pipeline's admission. Make it once: from then on each of its series is exported, at 0 too.
pub struct AdmissionMeters {
    rejected: Vec<Counter>,
    saturated: Counter,
}

impl AdmissionMeters {
    /// Meters for `pipeline`. Its sessions' series begin at 0 as well, so that rates have a start.
    pub fn new(pipeline: &Label) -> Self {
        let p = || pipeline.into();
        counter(&metrics::SESSIONS_STARTED, [p()]).increment(0);
        for reason in EndReason::ALL {
            counter(&metrics::SESSIONS_ENDED, [p(), reason.as_str().into()]).increment(0);
        }
        for state in SessionState::ALL {
            gauge(&metrics::SESSIONS, [p(), state.as_str().into()]).increment(0.0);
        }
        let rejected = |reason: &RejectReason| {
            counter(&metrics::ADMISSION_REJECTED, [p(), reason.as_str().into()])
        };
        Self {
            rejected: RejectReason::ALL.iter().map(rejected).collect(),
            saturated: counter(&metrics::SATURATED, [p()]),
        }
    }

    /// A session was refused. [`RejectReason::Full`] and [`RejectReason::Memory`] count as
    /// saturation too.
    pub fn rejected(&self, reason: RejectReason) {
        self.rejected[reason as usize].increment(1);
        if matches!(reason, RejectReason::Full | RejectReason::Memory) {
            self.saturated();
        }
    }

    /// Something that a running session asked for met a full server.
    pub fn saturated(&self) {
        self.saturated.increment(1);
    }
}

/// The depth of one queue.
pub struct QueueMeter(Gauge);

impl QueueMeter {
    /// The meter of `queue`.
    pub fn new(queue: Queue) -> Self {
        Self(gauge(&metrics::QUEUE_DEPTH, [queue.as_str().into()]))
    }

    /// It holds `items` now.
    pub fn set(&self, items: usize) {
        self.0.set(items as f64);
    }
}

/// A ready handle on the memory that uploads hold; set it to the bytes whenever they change.
pub fn upload_memory() -> Gauge {
    gauge(&metrics::UPLOAD_MEMORY, [])
}

/// A ready handle on the memory that the referee's sessions have reserved, in bytes.
pub fn bout_memory() -> Gauge {
    gauge(&metrics::BOUT_MEMORY, [])
}

/// A ready handle on the room on the disk that frames lie on, in bytes.
pub fn spool_free() -> Gauge {
    gauge(&metrics::SPOOL_FREE, [])
}

//! `[sessions]`: bounds on the sessions of all pipelines together.

use std::num::NonZeroUsize;
use std::time::Duration;

use super::read::Reader;

/// Bounds on sessions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sessions {
    /// Sessions at the same time.
    pub max: NonZeroUsize,
    /// One that nobody controls or watches ends after this long.
    pub idle_timeout: Duration,
    /// Threads that run sessions.
    pub threads: NonZeroUsize,
}

impl Sessions {
    pub(super) fn read(reader: &mut Reader<'_>) -> Self {
        Self {
            max: reader.count("sessions.max", 100_000),
            idle_timeout: reader.millis("sessions.idle_timeout_ms", 100..=86_400_000),
            threads: reader.count("sessions.threads", 256),
        }
    }
}

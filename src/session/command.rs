//! What anybody may ask of a session on the control lane, and why a session ended.

use std::{fmt, time::Duration};

/// A request on the control lane; never queued behind pixels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// End now, for this reason.
    Stop(EndReason),
    /// The server shuts down: take no more input, finish what is in flight, then end.
    Drain {
        /// Time for that.
        within: Duration,
    },
}

/// Why a session ended: one label value in the metrics each, except for the text of a fault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EndReason {
    /// Its client asked.
    ClientStopped,
    /// An operator asked.
    OperatorStopped,
    /// A newer session took its place.
    Evicted,
    /// Nobody gave input or watched for the idle timeout.
    IdleTimeout,
    /// It gave the one answer that it was opened for.
    Concluded,
    /// The server shuts down.
    Shutdown,
    /// Its work failed again and again; the text says how.
    Fault(String),
}

impl EndReason {
    /// The bounded label for metrics and logs.
    pub fn label(&self) -> &'static str {
        match self {
            Self::ClientStopped => "client",
            Self::OperatorStopped => "operator",
            Self::Evicted => "evicted",
            Self::IdleTimeout => "idle",
            Self::Concluded => "concluded",
            Self::Shutdown => "shutdown",
            Self::Fault(_) => "fault",
        }
    }
}

impl fmt::Display for EndReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fault(why) => write!(f, "fault: {why}"),
            other => f.write_str(other.label()),
        }
    }
}

//! The values that labels may have.
//!
//! Invariant: every set is closed, or grows only with what the operator configures.

use ::metrics::SharedString;

/// The name of something configured: a pipeline, a model, a listener. Never of a client, a session, a
/// path or a prompt: each value is a time series that is kept for ever.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Label(SharedString);

impl Label {
    /// A name that the code knows.
    pub const fn fixed(name: &'static str) -> Self {
        Self(SharedString::const_str(name))
    }

    /// A name out of the configuration or a model repository.
    pub fn configured(name: &str) -> Self {
        Self(SharedString::from(name.to_owned()))
    }
}

impl From<&'static str> for Label {
    fn from(name: &'static str) -> Self {
        Self::fixed(name)
    }
}

impl From<&Label> for SharedString {
    fn from(label: &Label) -> Self {
        label.0.clone()
    }
}

/// Declares a closed set of label values.
macro_rules! label_set {
    ($(#[$doc:meta])* $name:ident { $($(#[$value_doc:meta])* $value:ident = $text:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum $name { $($(#[$value_doc])* $value),+ }

        impl $name {
            /// Every value, in the order of declaration.
            pub const ALL: &'static [Self] = &[$(Self::$value),+];

            /// The text of the label.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$value => $text),+ }
            }
        }
    };
}

label_set! {
    /// What a session is doing.
    SessionState {
        /// Made, but nothing asked of it yet.
        Idle = "idle",
        /// Frames are being made.
        Running = "running",
        /// Told to end, finishing what it has.
        Draining = "draining",
    }
}

label_set! {
    /// Why a session ended.
    EndReason {
        /// Its client stopped it.
        Stopped = "stopped",
        /// It gave the one answer that it was opened for.
        Concluded = "concluded",
        /// An administrator ended it.
        Admin = "admin",
        /// Nobody used it for the idle timeout.
        Idle = "idle",
        /// A newer one took its place.
        Evicted = "evicted",
        /// Its engine failed.
        Failed = "failed",
        /// The server shut down.
        Drained = "drained",
        /// It vanished without a reason: a fault of ours.
        Lost = "lost",
    }
}

label_set! {
    /// Why a new session was refused.
    RejectReason {
        /// The limit of sessions or streams is reached.
        Full = "full",
        /// Its model is not ready.
        NotReady = "not_ready",
        /// The server is shutting down.
        Draining = "draining",
        /// The memory for uploads is used up.
        Memory = "memory",
        /// What was sent is not acceptable.
        Invalid = "invalid",
    }
}

label_set! {
    /// Why a frame was dropped.
    DropReason {
        /// A newer input took its place before anything was spent on it.
        Replaced = "replaced",
        /// It could not be ready in time, so it was not run.
        Late = "late",
        /// Whoever asked for it has gone.
        Abandoned = "abandoned",
        /// The engine or a codec failed on it.
        Failed = "failed",
    }
}

label_set! {
    /// What became of a frame that a client sent.
    IngestOutcome {
        /// Kept.
        Received = "received",
        /// Held already, so not kept again.
        Duplicate = "duplicate",
        /// Not kept, because of what it was.
        Flawed = "flawed",
        /// Not kept, because there was no room.
        Refused = "refused",
    }
}

label_set! {
    /// What one viewer got of a frame.
    ViewerOutcome {
        /// The frame.
        Sent = "sent",
        /// Nothing: it was still busy with an earlier one.
        Skipped = "skipped",
    }
}

label_set! {
    /// What memory of a GPU is used for.
    MemoryOwner {
        /// Weights and code of engines.
        Engine = "engine",
        /// Buffers of fixed shapes.
        Slot = "slot",
        /// States of sessions.
        Session = "session",
        /// Host memory that the GPU reaches.
        Pinned = "pinned",
    }
}

label_set! {
    /// What a clock drives.
    ClockDomain {
        /// The processors.
        Graphics = "graphics",
        /// The memory.
        Memory = "memory",
    }
}

label_set! {
    /// How far an engine is.
    EngineState {
        /// Known, not loaded.
        Unloaded = "unloaded",
        /// Being read.
        Loading = "loading",
        /// Running its first, unused batches.
        Warming = "warming",
        /// Serving.
        Ready = "ready",
        /// Given up.
        Failed = "failed",
    }
}

label_set! {
    /// How one run of a batch ended.
    RunOutcome {
        /// With results.
        Ok = "ok",
        /// With an error of the engine.
        Failed = "failed",
        /// With a panic, after which the engine is rebuilt.
        Panicked = "panicked",
    }
}

label_set! {
    /// A queue that is measured.
    Queue {
        /// Pictures waiting for a codec thread.
        Codec = "codec",
        /// Work waiting for an engine.
        Scheduler = "scheduler",
        /// Batches waiting for a device.
        Device = "device",
    }
}

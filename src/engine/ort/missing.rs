//! Why ONNX Runtime cannot be used, and what a person can do about it.

use crate::engine::backend::{LoadError, Probe};
use onnxruntime_find::Fault;
use std::path::PathBuf;

/// Why ONNX Runtime cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Missing {
    /// It is nowhere.
    #[error("no ONNX Runtime is installed where it is looked for")]
    Absent,
    /// A file is no library that can be called.
    #[error(transparent)]
    Unusable(#[from] Fault),
    /// This process has another one already.
    #[error("{in_use} is in use, and a process can have only one; {} is not opened", path.display())]
    Another {
        /// The file that was asked for.
        path: PathBuf,
        /// The one in use.
        in_use: String,
    },
    /// It does not come up.
    #[error("{library} does not start: {words}")]
    Unstarted {
        /// Version and path.
        library: String,
        /// What it says.
        words: String,
    },
    /// It does not run on this processor.
    #[error("{library} does not run on {device}: {words}")]
    NoDevice {
        /// Version and path.
        library: String,
        /// The processor, and the provider for it.
        device: String,
        /// What it says.
        words: String,
        /// What the provider needs.
        needs: &'static str,
    },
}

impl Missing {
    /// What a person can do about it.
    pub fn fix(&self) -> String {
        match self {
            Self::Absent => format!(
                "install it (`pip install onnxruntime`, or a release's archive), 1.{} or later, and name its \
                 libonnxruntime.so in engine.onnxruntime",
                ort::MINOR_VERSION
            ),
            Self::Another { .. } => "start the server again to change the library".into(),
            Self::NoDevice { needs, .. } => (*needs).into(),
            Self::Unusable(_) | Self::Unstarted { .. } => format!(
                "name a libonnxruntime.so of version 1.{} or later in engine.onnxruntime, or install that one again",
                ort::MINOR_VERSION
            ),
        }
    }
}

impl From<Missing> for Probe {
    fn from(missing: Missing) -> Self {
        Self::Missing {
            why: missing.to_string(),
            fix: missing.fix(),
        }
    }
}

impl From<Missing> for LoadError {
    fn from(missing: Missing) -> Self {
        Self::new(missing.to_string(), missing.fix())
    }
}

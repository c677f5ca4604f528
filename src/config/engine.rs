//! `[engine]`: where models are found and what runs them.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use super::gamecraft::directory;
use super::read::Reader;
use super::threads::Threads;

/// Models and the libraries that run them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Engine {
    /// Directory with models beside the built-in ones; it need not exist.
    pub models_dir: PathBuf,
    /// Threads of the models on the CPU.
    pub cpu_threads: Threads,
    /// Which library runs them on the CPU.
    pub backend: BackendChoice,
    /// The file of ONNX Runtime's library; `None` looks for it.
    pub onnxruntime: Option<PathBuf>,
    /// Failures of one engine in a row until it counts as failed.
    pub max_failures: NonZeroUsize,
}

/// A choice of library.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BackendChoice {
    /// The best one that this machine has.
    Auto,
    /// The built-in one.
    Rten,
    /// ONNX Runtime.
    OnnxRuntime,
}

impl Engine {
    pub(super) fn read(reader: &mut Reader<'_>) -> Self {
        let backends = [
            ("auto", BackendChoice::Auto),
            ("rten", BackendChoice::Rten),
            ("onnxruntime", BackendChoice::OnnxRuntime),
        ];
        Self {
            models_dir: reader.text(
                "engine.models_dir",
                "a directory",
                PathBuf::new(),
                directory,
            ),
            cpu_threads: reader.threads("engine.cpu_threads"),
            backend: reader.choice("engine.backend", backends),
            onnxruntime: reader.text("engine.onnxruntime", "a path", None, |path| {
                Some(directory(path))
            }),
            max_failures: reader.count("engine.max_failures", 1_000),
        }
    }
}

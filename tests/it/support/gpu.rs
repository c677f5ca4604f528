//! A machine with a GPU: the driver's double, and a world that an interpreter of kernels gets through.

use std::path::{Path, PathBuf};

/// The driver's double: cargo builds it beside the tests.
pub fn driver() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    test.with_file_name("libfake_cuda.so")
}

/// A folder of models with the built-in world, warmed at a small size.
pub fn small_world() -> tempfile::TempDir {
    let models = tempfile::tempdir().unwrap();
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/world-box");
    let to = models.path().join("world-box");
    std::fs::create_dir(&to).unwrap();
    for file in ["model.onnx", "card.md"] {
        std::fs::copy(from.join(file), to.join(file)).unwrap();
    }
    let manifest = std::fs::read_to_string(from.join("model.toml")).unwrap();
    let small = manifest
        .replace("height = 352, width = 608", "height = 64, width = 64")
        .replace("gpu = 8", "gpu = 1");
    std::fs::write(to.join("model.toml"), small).unwrap();
    models
}

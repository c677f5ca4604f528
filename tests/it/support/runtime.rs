//! The libraries that run models, where this machine has them.

use std::path::{Path, PathBuf};

/// ONNX Runtime as the environment names it, or that of the tests' Python; says so if there is none.
pub fn onnxruntime() -> Option<PathBuf> {
    let peers = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/peers");
    let named = std::env::var_os("ORT_DYLIB_PATH").map(PathBuf::from);
    let found = named.or_else(|| frameloom::engine::ort::in_python(&peers).into_iter().next());
    if found.is_none() {
        println!("skipped: no ONNX Runtime, neither in ORT_DYLIB_PATH nor in target/peers");
    }
    found
}

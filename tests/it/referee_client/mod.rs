//! `frameloom client referee`, the real program, against a server that plays a script and against the real one.

mod aftermath;
mod double;
mod films;
mod generate;
mod proxy;
mod python;
mod real;
mod scripted;
mod uploads;

use tempfile::TempDir;

use crate::support::{pictures, server::Launch};

/// A directory with pictures of this size and a signal file.
fn bout(frames: u32, name: &str, picture: &[u8]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for number in 0..frames {
        std::fs::write(folder.path().join(format!("{number}.{name}")), picture).unwrap();
    }
    std::fs::write(
        folder.path().join("signal.txt"),
        "0.001s | Phrase recording started\n",
    )
    .unwrap();
    folder
}

fn jpegs(frames: u32) -> TempDir {
    bout(frames, "jpg", &pictures::jpeg(64, 48))
}

/// Runs the client to its end: its code, and what it printed.
fn client(arguments: &[&str]) -> (Option<i32>, String) {
    Launch::command(&["client", "referee"])
        .args(arguments)
        .run()
}

fn path(folder: &TempDir, name: &str) -> String {
    folder.path().join(name).to_str().unwrap().to_owned()
}

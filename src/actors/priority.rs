//! Which threads step back when there is more to do than cores: who has a key or a frame to deliver goes first.
//!
//! Where the system refuses, everybody is equal: slower answers, nothing else.

/// A device's threads: they compute for milliseconds at a time, all others for microseconds. Measured in
/// `docs/performance.md`.
pub const DEVICE: i32 = 5;

/// Whoever studies, judges and draws what nobody watches live.
pub const BEHIND: i32 = 10;

/// Lets this thread, and those that it starts, step back so far (nice, 0 to 19).
pub fn step_back(nice: i32) {
    if let Err(error) = rustix::process::setpriority_process(None, nice) {
        tracing::debug!(%error, "a thread keeps its priority");
    }
}

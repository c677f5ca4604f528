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

/// Has this thread woken when it asks to be: by default the system may take 50 µs longer, which is a frame's whole time on a
/// fast device.
pub fn wake_on_time() {
    let slack = std::num::NonZeroU64::new(1_000);
    if let Err(error) = rustix::thread::set_current_timer_slack(slack) {
        tracing::debug!(%error, "a thread may be woken late");
    }
}

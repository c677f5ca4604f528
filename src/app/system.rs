//! What the process asks of the system at its start: which freed memory to keep, and as many open files as it may have.

use rustix::process::{Resource, getrlimit, setrlimit};

/// Blocks from this size on are mapped and unmapped one by one. Above the planes of the largest frame that the page offers
/// (704×1216: 10.3 MB), which come and go many times a second and must stay cheap.
#[cfg(target_env = "gnu")]
const LARGE: i32 = 12 << 20;

/// Free memory up to this size stays with an arena: more than the model frees between two frames of that size.
#[cfg(target_env = "gnu")]
const KEPT: i32 = 64 << 20;

/// Lets the buffers of frames stay with the process, and nothing of a photograph. Called once, before other threads run.
///
/// Left to itself, glibc returns freed blocks of a frame's size to the kernel, and the next frame fetches them again page by
/// page: 2,300 page faults a frame, and a third of the model's time. It also learns from the first upload of a photograph
/// to keep blocks of that size in every thread's arena: 96 MiB after thirty of 6 megapixels, where with these settings it
/// has 74. How it was measured, and what else was tried: `docs/performance.md`. Other allocators decide for themselves.
#[cfg(target_env = "gnu")]
pub fn keep_frames_and_no_uploads() {
    for (setting, bytes) in [
        (libc::M_MMAP_THRESHOLD, LARGE),
        (libc::M_TRIM_THRESHOLD, KEPT),
    ] {
        // SAFETY: mallopt only sets a number of the allocator; there are no pointers and no other thread yet.
        // Should it refuse, it goes on with its own: slower, and no less right.
        let _ = unsafe { libc::mallopt(setting, bytes) };
    }
}

/// Nothing to fix.
#[cfg(not(target_env = "gnu"))]
pub fn keep_frames_and_no_uploads() {}

/// Raises the limit of open files as far as the system lets us: the usual 1,024 would be reached by 500 viewers. The low
/// value is there for programs that use `select`, which we do not.
pub fn allow_many_files() {
    let mut files = getrlimit(Resource::Nofile);
    files.current = files.maximum;
    if let Err(error) = setrlimit(Resource::Nofile, files) {
        tracing::warn!(%error, "the limit of open files stays as it is");
    }
}

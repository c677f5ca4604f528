//! What the process asks of the system at its start: that large blocks of memory go back at once, and as many open files as
//! it may have.

use rustix::process::{Resource, getrlimit, setrlimit};

/// Blocks from this size on are mapped and unmapped one by one. Above the planes of a frame of the default size (2.6 MB),
/// which come and go thirty times a second and must stay cheap.
#[cfg(target_env = "gnu")]
const LARGE: i32 = 4 << 20;

/// Lets nothing of a large block stay with the process once it is given back. Called once, before other threads run.
///
/// An uploaded photograph takes tens of megabytes for a moment. glibc learns from the first one to keep blocks of that size
/// for the next, in each thread's own arena: after thirty uploads of 6 megapixels the process had 111 MB, where with a fixed
/// threshold it has 37. Other allocators decide for themselves.
#[cfg(target_env = "gnu")]
pub fn give_back_large_blocks() {
    // SAFETY: mallopt only sets a number of the allocator; there are no pointers and no other thread yet.
    let set = unsafe { libc::mallopt(libc::M_MMAP_THRESHOLD, LARGE) };
    if set == 0 {
        tracing::debug!("the allocator kept its own threshold for large blocks");
    }
}

/// Nothing to fix.
#[cfg(not(target_env = "gnu"))]
pub fn give_back_large_blocks() {}

/// Raises the limit of open files as far as the system lets us: the usual 1,024 would be reached by 500 viewers. The low
/// value is there for programs that use `select`, which we do not.
pub fn allow_many_files() {
    let mut files = getrlimit(Resource::Nofile);
    files.current = files.maximum;
    if let Err(error) = setrlimit(Resource::Nofile, files) {
        tracing::warn!(%error, "the limit of open files stays as it is");
    }
}

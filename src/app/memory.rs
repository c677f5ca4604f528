//! What the allocator keeps: nothing of a large block, once it is given back.
//!
//! An uploaded photograph takes tens of megabytes for a moment. glibc learns from the first one to keep blocks of that size
//! for the next, in each thread's own arena: after thirty uploads of 6 megapixels the process had 111 MB, where with a fixed
//! threshold it has 37. Other allocators decide for themselves.

/// Blocks from this size on are mapped and unmapped one by one. Above the planes of a frame of the default size (2.6 MB),
/// which come and go thirty times a second and must stay cheap.
#[cfg(target_env = "gnu")]
const LARGE: i32 = 4 << 20;

/// Fixes the threshold. Called once, before other threads run.
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

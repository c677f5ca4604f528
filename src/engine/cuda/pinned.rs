//! Frames in pinned memory that leave the device's thread: lent to whoever encodes them, and used again when they come back.

use super::{
    gpu::{Gpu, lock},
    memory::Pinned,
};
use crate::engine::LoadError;
use std::{
    fmt,
    ops::Deref,
    sync::{Arc, Mutex},
};

/// Buffers of one size that are at home.
pub struct PinnedPool {
    gpu: Arc<Gpu>,
    bytes: usize,
    home: Arc<Mutex<Vec<Pinned>>>,
}

/// A frame's bytes as the device left them; the buffer goes home when this is dropped, on any thread.
pub struct PinnedBytes {
    buffer: Option<Pinned>,
    home: Arc<Mutex<Vec<Pinned>>>,
}

impl PinnedPool {
    /// A pool of so many buffers of so many bytes.
    ///
    /// # Errors
    /// If the system has not the memory.
    pub fn new(gpu: &Arc<Gpu>, bytes: usize, count: usize) -> Result<Self, LoadError> {
        let buffers = (0..count).map(|_| Pinned::take(gpu, bytes));
        let mut home = buffers.collect::<Result<Vec<_>, _>>()?;
        // Coming home must take no memory either.
        home.reserve(2 * count);
        Ok(Self {
            gpu: Arc::clone(gpu),
            bytes,
            home: Arc::new(Mutex::new(home)),
        })
    }

    /// Lends a buffer; takes a new one only when all are out, which the frames in flight bound.
    pub fn lend(&self) -> Result<PinnedBytes, LoadError> {
        let at_home = lock(&self.home).pop();
        let buffer = match at_home {
            Some(buffer) => buffer,
            None => Pinned::take(&self.gpu, self.bytes)?,
        };
        Ok(PinnedBytes {
            buffer: Some(buffer),
            home: Arc::clone(&self.home),
        })
    }
}

impl PinnedBytes {
    /// Where the device shall write.
    pub(super) fn at(&self) -> *mut u8 {
        self.buffer
            .as_ref()
            .map_or(std::ptr::null_mut(), Pinned::at)
    }
}

impl Deref for PinnedBytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.buffer.as_ref().map_or(&[], Pinned::bytes)
    }
}

impl Drop for PinnedBytes {
    fn drop(&mut self) {
        if let Some(buffer) = self.buffer.take() {
            lock(&self.home).push(buffer);
        }
    }
}

impl fmt::Debug for PinnedBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PinnedBytes({})", self.len())
    }
}

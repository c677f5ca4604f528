//! Frames in pinned memory that leave the device's thread: lent to whoever encodes them, and used again when they come back.

use super::{
    gpu::{Gpu, lock},
    memory::Pinned,
};
use crate::engine::LoadError;
use std::{
    cell::Cell,
    fmt,
    ops::Deref,
    sync::{Arc, Mutex},
};

/// Buffers of one size, those that are lent among them.
pub struct PinnedPool {
    gpu: Arc<Gpu>,
    bytes: usize,
    made: Cell<usize>,
    home: Arc<Mutex<Vec<Pinned>>>,
}

/// A frame's bytes as the device left them; the buffer goes home when this is dropped, on any thread.
pub struct PinnedBytes {
    buffer: Option<Pinned>,
    home: Arc<Mutex<Vec<Pinned>>>,
}

impl PinnedPool {
    /// An empty pool of buffers of so many bytes.
    pub fn new(gpu: &Arc<Gpu>, bytes: usize) -> Self {
        Self {
            gpu: Arc::clone(gpu),
            bytes,
            made: Cell::new(0),
            home: Arc::default(),
        }
    }

    /// Takes memory until there are so many.
    ///
    /// # Errors
    /// If the system has it not.
    pub fn provide(&self, count: usize) -> Result<(), LoadError> {
        while self.made.get() < count {
            let buffer = Pinned::take(&self.gpu, self.bytes)?;
            let mut home = lock(&self.home);
            home.push(buffer);
            // Coming home must take no memory.
            home.reserve(count);
            self.made.set(self.made.get() + 1);
        }
        Ok(())
    }

    /// Gives back those that are home and above so many.
    pub fn trim(&self, count: usize) {
        while self.made.get() > count {
            let Some(buffer) = lock(&self.home).pop() else {
                return;
            };
            drop(buffer);
            self.made.set(self.made.get() - 1);
        }
    }

    /// Lends a buffer; takes a new one only when all are out, which what was provided prevents.
    ///
    /// # Errors
    /// If the system has not the memory.
    pub fn lend(&self) -> Result<PinnedBytes, LoadError> {
        let at_home = lock(&self.home).pop();
        let buffer = match at_home {
            Some(buffer) => buffer,
            None => {
                self.made.set(self.made.get() + 1);
                Pinned::take(&self.gpu, self.bytes)?
            }
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

//! How fast bytes move: between host and device over the bus, and within the device's own memory.
//!
//! What frames are held against when they are measured; no frame comes here. Invariant: memory on both sides has been touched
//! before anything is timed, so that no page is fetched while it counts.

use super::{
    fault::{Check as _, Checked, Code},
    gpu::{Gpu, Owner},
    memory::{Block, Pinned},
    stream::Stream,
};
use crate::engine::LoadError;
use cust::sys::{
    CUdeviceptr, cuMemcpyDtoDAsync_v2, cuMemcpyDtoH_v2, cuMemcpyDtoHAsync_v2, cuMemcpyHtoD_v2,
    cuMemcpyHtoDAsync_v2,
};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};

/// What the host's side holds: no value that a system has a page of already, as it may have of zeros.
const FILL: u8 = 0xA5;

/// Which way bytes go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// From memory of the host that the device reads by itself.
    Up,
    /// To such memory.
    Down,
    /// From memory of the host that the driver copies first.
    PageableUp,
    /// To such memory.
    PageableDown,
    /// From one place of the device's memory to another: each byte is read and written there.
    Within,
}

/// Memory of one size on both sides.
pub struct Transfer {
    stream: Stream,
    from: Block,
    to: Block,
    pinned: Pinned,
    pageable: Vec<u8>,
}

impl Transfer {
    /// Takes memory of so many bytes: twice on the device, twice on the host. On the device's thread.
    ///
    /// # Errors
    /// If it is not there.
    pub fn new(gpu: &Arc<Gpu>, bytes: usize) -> Result<Self, LoadError> {
        let block = |what| Block::take(gpu, bytes, Owner::Slot, what);
        let stream = Stream::new();
        let mut transfer = Self {
            stream: stream.map_err(|e| e.load("making a stream"))?,
            from: block("bytes to be copied")?,
            to: block("copied bytes")?,
            pinned: Pinned::take(gpu, bytes)?,
            pageable: vec![FILL; bytes],
        };
        transfer.pinned.bytes_mut().fill(FILL);
        for way in [Way::Up, Way::PageableUp, Way::Within, Way::Down] {
            transfer.time(way, 1)?;
        }
        Ok(transfer)
    }

    /// Bytes that a copy moves.
    pub fn bytes(&self) -> usize {
        self.from.bytes()
    }

    /// Copies all of it so many times, one behind the other, and waits: from the first call to the end of the last copy.
    ///
    /// # Errors
    /// The driver's words.
    pub fn time(&mut self, way: Way, times: usize) -> Result<Duration, LoadError> {
        let told = |e: Code| e.load("copying");
        let begun = Instant::now();
        let copied = (0..times).try_for_each(|_| self.copy(way));
        // Waited for in any case: what was queued still uses the memory.
        let waited = self.stream.synchronize();
        copied.and(waited).map_err(told)?;
        Ok(begun.elapsed())
    }

    fn copy(&mut self, way: Way) -> Checked<()> {
        let (from, to): (CUdeviceptr, CUdeviceptr) = (self.from.at(), self.to.at());
        let (bytes, stream) = (self.from.bytes(), self.stream.as_inner());
        let (pinned, pageable) = (self.pinned.at(), self.pageable.as_mut_ptr());
        // SAFETY: every side has these bytes and lives as long as `self`; `time` waits for the stream before it returns, so
        // nobody reads or writes the host's side meanwhile. The copies without a stream end before they return.
        let copied = unsafe {
            match way {
                Way::Up => cuMemcpyHtoDAsync_v2(from, pinned.cast(), bytes, stream),
                Way::Down => cuMemcpyDtoHAsync_v2(pinned.cast(), from, bytes, stream),
                Way::PageableUp => cuMemcpyHtoD_v2(from, pageable.cast(), bytes),
                Way::PageableDown => cuMemcpyDtoH_v2(pageable.cast(), from, bytes),
                Way::Within => cuMemcpyDtoDAsync_v2(to, from, bytes, stream),
            }
        };
        copied.check()
    }
}

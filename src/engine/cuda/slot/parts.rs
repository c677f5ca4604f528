//! All memory of a slot, taken at once.

use super::super::{
    engine::{Making, Shared},
    fault::{Check as _, Checked},
    gpu::{Gpu, Owner},
    machine::{Buffers, Layout},
    memory::{Block, Pinned},
    ptx::PixelKernels,
    stream::Stream,
};
use crate::engine::LoadError;
use cust::sys::{CUdeviceptr, cuMemcpyHtoDAsync_v2, cuMemsetD8Async};
use std::{rc::Rc, sync::Arc};

/// Everything that a slot holds but its program.
pub struct Parts {
    pub gpu: Arc<Gpu>,
    pub stream: Stream,
    pub layout: Layout,
    /// What it shares with the other slots of its shape.
    pub shared: Rc<Shared>,
    _making: Making,
    pub up: Block,
    pub up_host: Pinned,
    pub down: Block,
    pub down_host: Pinned,
    /// Pixels of session states that begin, an item behind the other.
    pub arriving: Option<Block>,
    pub kernels: PixelKernels,
    /// Where the successors of an item's states are written.
    pub spare: Vec<Vec<Block>>,
}

// === impl Parts ===

impl Parts {
    /// Takes everything.
    ///
    /// # Errors
    /// If memory is short.
    pub fn take(
        gpu: &Arc<Gpu>,
        layout: Layout,
        shared: Rc<Shared>,
        kernels: PixelKernels,
    ) -> Result<Self, LoadError> {
        let block = |bytes, what| Block::take(gpu, bytes, Owner::Slot, what);
        let pixels: usize = layout.states.iter().map(|s| s.port.leaving()).sum();
        let has_pixels = layout.states.iter().any(|s| s.port.pixels.is_some());
        Ok(Self {
            stream: Stream::new().map_err(|e| e.load("making a stream"))?,
            up: block(layout.up, "a slot's inputs")?,
            up_host: Pinned::take(gpu, layout.up)?,
            down: block(layout.down, "a slot's outputs")?,
            down_host: Pinned::take(gpu, layout.down)?,
            arriving: has_pixels
                .then(|| block(pixels * layout.batch, "pictures that arrive"))
                .transpose()?,
            kernels,
            spare: (0..layout.batch)
                .map(|_| shared.states.blocks(Owner::Slot))
                .collect::<Result<_, _>>()?,
            gpu: Arc::clone(gpu),
            _making: shared.join(layout.batch)?,
            layout,
            shared,
        })
    }

    /// The device's side of the buffers.
    pub fn buffers(&self) -> Buffers {
        Buffers {
            up: self.up.at(),
            down: self.down.at(),
        }
    }

    /// Puts zeros wherever the program reads or writes, so that a first run computes with numbers.
    pub fn clear(&self) -> Checked<()> {
        let spare = self.spare.iter().flatten();
        for block in spare.chain([&self.up, &self.down]) {
            // SAFETY: the block is alive and has so many bytes.
            unsafe { cuMemsetD8Async(block.at(), 0, block.bytes(), self.stream.as_inner()) }
                .check()?;
        }
        Ok(())
    }

    /// Writes where an item's states are and where their successors go, if the program reads that.
    pub fn place(&mut self, item: usize, current: impl Iterator<Item = CUdeviceptr>) {
        let Some(places) = self.layout.places else {
            return;
        };
        let mut at = places.of(item);
        for (current, next) in current.zip(&self.spare[item]) {
            for address in [current, next.at()] {
                let bytes = address.to_ne_bytes();
                self.up_host.bytes_mut()[at..at + bytes.len()].copy_from_slice(&bytes);
                at += bytes.len();
            }
        }
    }

    /// Puts a copy from host to device on the stream.
    ///
    /// # Safety
    /// `from` must have so many bytes and stay as it is until the stream has come past the copy.
    pub unsafe fn copy_up(&self, to: CUdeviceptr, from: *const u8, bytes: usize) -> Checked<()> {
        // SAFETY: the caller's promise for the source; the target is a block of this slot or of a state that rides in it.
        unsafe { cuMemcpyHtoDAsync_v2(to, from.cast(), bytes, self.stream.as_inner()) }.check()
    }
}

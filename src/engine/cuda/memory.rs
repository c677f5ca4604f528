//! Memory on a device, and host memory that a device reaches: taken once, accounted, given back by whoever drops it last.

use super::{
    fault::{Check as _, Checked, Code},
    gpu::{Gpu, Owner},
};
use crate::engine::LoadError;
use cust::{
    memory::{DevicePointer, cuda_free, cuda_malloc},
    sys::{CUdeviceptr, cuMemGetInfo_v2, cuMemHostRegister_v2, cuMemHostUnregister},
};
use std::{
    alloc::{Layout, alloc_zeroed, dealloc},
    sync::{Arc, atomic::Ordering},
};

/// Pages of the host, which registered memory must fill; also what a DMA engine likes.
const PAGE: usize = 4096;
/// `CU_MEMHOSTREGISTER_PORTABLE`: pinned for every context, so that its bytes may be read on any thread.
const PORTABLE: u32 = 1;

/// Memory on the device.
#[derive(Debug)]
pub struct Block {
    gpu: Arc<Gpu>,
    raw: Raw,
}

/// Host memory that the device reads and writes by itself.
///
/// It is the program's own memory, registered with the driver, not the driver's: a frame may be on its way to a client when
/// the context is reset, and the driver's memory would be gone under it.
#[derive(Debug)]
pub struct Pinned {
    gpu: Arc<Gpu>,
    raw: Raw,
}

/// Memory without an owner's conscience: freed by [`Raw::free`] alone.
#[derive(Debug, Clone, Copy)]
pub struct Raw {
    at: u64,
    bytes: usize,
    /// `None` is pinned host memory.
    owner: Option<Owner>,
    generation: u64,
}

/// The device has not the memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{} are needed and {} of the device's {} are free", size(*need), size(*free), size(*total))]
pub struct Short {
    need: usize,
    free: usize,
    total: usize,
}

/// Bytes for people.
fn size(bytes: usize) -> String {
    format!("{:.1} MiB", bytes as f64 / f64::from(1 << 20))
}

/// Memory that a library took for itself, by the difference that it made beside what is accounted: given back by the library,
/// and off the account when this is dropped.
#[derive(Debug)]
pub struct Claim {
    gpu: Arc<Gpu>,
    bytes: usize,
    owner: Owner,
}

impl Claim {
    /// Runs what takes memory, and enters what is less free after it.
    ///
    /// # Errors
    /// What that says.
    pub fn measured<T, E>(
        gpu: &Arc<Gpu>,
        owner: Owner,
        take: impl FnOnce() -> Result<T, E>,
    ) -> Result<(T, Self), E> {
        let accounted = || {
            let memory = gpu.memory();
            memory.engines + memory.slots + memory.sessions
        };
        let ((before, _), known) = (free_and_total(), accounted());
        let taken = take()?;
        let ((after, _), known) = (free_and_total(), accounted().saturating_sub(known));
        let bytes = before.saturating_sub(after).saturating_sub(known);
        gpu.account(Some(owner)).fetch_add(bytes, Ordering::Relaxed);
        let gpu = Arc::clone(gpu);
        Ok((taken, Self { gpu, bytes, owner }))
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        let account = self.gpu.account(Some(self.owner));
        account.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

impl Block {
    /// Takes memory; not zeroed.
    ///
    /// # Errors
    /// If it is not there: what is needed, and what is free.
    pub fn take(gpu: &Arc<Gpu>, bytes: usize, owner: Owner, what: &str) -> Result<Self, LoadError> {
        // SAFETY: only the address is used, for as long as this lives; the driver refuses zero bytes, so one is asked for.
        let taken = unsafe { cuda_malloc::<u8>(bytes.max(1)) };
        let at = taken.map_err(|e| refused(e.into(), bytes, what))?.as_raw();
        Ok(Self {
            raw: Raw::entered(gpu, at, bytes, Some(owner)),
            gpu: Arc::clone(gpu),
        })
    }

    /// Exchanges what two blocks hold; each keeps its place in the account.
    pub fn exchange(&mut self, other: &mut Self) {
        debug_assert_eq!(self.raw.bytes, other.raw.bytes, "blocks of one purpose");
        std::mem::swap(&mut self.raw.at, &mut other.raw.at);
        std::mem::swap(&mut self.raw.generation, &mut other.raw.generation);
    }

    /// Its address on the device.
    pub fn at(&self) -> CUdeviceptr {
        self.raw.at
    }

    /// Its bytes.
    pub fn bytes(&self) -> usize {
        self.raw.bytes
    }
}

impl Pinned {
    /// Takes pinned memory, zeroed.
    ///
    /// # Errors
    /// If the system has none.
    pub fn take(gpu: &Arc<Gpu>, bytes: usize) -> Result<Self, LoadError> {
        let short = || LoadError::new("no host memory to be pinned", "give the machine more");
        let layout = pages(bytes).ok_or_else(short)?;
        // SAFETY: the layout has at least a page.
        let at = unsafe { alloc_zeroed(layout) };
        if at.is_null() {
            return Err(short());
        }
        // SAFETY: whole pages of our own, which stay until they are unregistered or the context has gone.
        let registered =
            unsafe { cuMemHostRegister_v2(at.cast(), layout.size(), PORTABLE) }.check();
        if let Err(e) = registered {
            // SAFETY: taken above with this layout.
            unsafe { dealloc(at, layout) };
            return Err(e.load("pinning host memory"));
        }
        Ok(Self {
            raw: Raw::entered(gpu, at as u64, bytes, None),
            gpu: Arc::clone(gpu),
        })
    }

    /// The bytes as they are. While a copy to this memory is under way they change.
    pub fn bytes(&self) -> &[u8] {
        // SAFETY: initialised host memory of this length that lives as long as `self`. The slot reads only what no copy is
        // under way to.
        unsafe { std::slice::from_raw_parts(self.raw.at as *const u8, self.raw.bytes) }
    }

    /// The bytes, to be written.
    pub fn bytes_mut(&mut self) -> &mut [u8] {
        // SAFETY: as above, and `self` is borrowed alone.
        unsafe { std::slice::from_raw_parts_mut(self.raw.at as *mut u8, self.raw.bytes) }
    }

    /// Where it is, for a copy by the device.
    pub fn at(&self) -> *mut u8 {
        self.raw.at as *mut u8
    }
}

impl Raw {
    fn entered(gpu: &Gpu, at: u64, bytes: usize, owner: Option<Owner>) -> Self {
        gpu.account(owner).fetch_add(bytes, Ordering::Relaxed);
        Self {
            at,
            bytes,
            owner,
            generation: gpu.generation(),
        }
    }

    /// Frees it, on the device's thread; what went with an earlier context is only taken off the account.
    pub fn free(self, gpu: &Gpu) {
        let is_alive = self.generation == gpu.generation();
        if self.owner.is_none() && is_alive && !self.unregister() {
            // The device may still reach these pages: they are kept until its context has gone.
            return gpu.leave(self);
        }
        gpu.account(self.owner)
            .fetch_sub(self.bytes, Ordering::Relaxed);
        match self.owner {
            // An error here is one that an earlier call left; it is told by the next run.
            // SAFETY: taken from the driver in this context, and nobody else has the address.
            Some(_) if is_alive => unsafe {
                let _ = cuda_free(DevicePointer::<u8>::from_raw(self.at));
            },
            Some(_) => {}
            None => self.free_host(),
        }
    }

    /// Whether the device has let go of the host's pages.
    fn unregister(self) -> bool {
        let at = self.at as *mut u8;
        // SAFETY: registered in this context by `Pinned::take`.
        unsafe { cuMemHostUnregister(at.cast()) }.check().is_ok()
    }

    fn free_host(self) {
        if let Some(layout) = pages(self.bytes) {
            // SAFETY: taken by `Pinned::take` with this layout, given back once, and no device reaches it any more.
            unsafe { dealloc(self.at as *mut u8, layout) };
        }
    }

    fn leave(self, gpu: &Gpu) {
        match gpu.is_here() {
            true => self.free(gpu),
            false => gpu.leave(self),
        }
    }
}

impl Drop for Block {
    fn drop(&mut self) {
        self.raw.leave(&self.gpu);
    }
}

impl Drop for Pinned {
    fn drop(&mut self) {
        self.raw.leave(&self.gpu);
    }
}

/// Why memory was not to be had.
fn refused(error: Code, need: usize, what: &str) -> LoadError {
    if error != Code::OUT_OF_MEMORY {
        return error.load(&format!("taking memory for {what}"));
    }
    let (free, total) = free_and_total();
    LoadError::new(
        format!("no memory for {what}: {}", Short { need, free, total }),
        "end sessions, choose a smaller size, or stop what else runs on the device",
    )
}

/// Whole pages for so many bytes.
fn pages(bytes: usize) -> Option<Layout> {
    Layout::from_size_align(bytes.max(1).checked_next_multiple_of(PAGE)?, PAGE).ok()
}

/// Bytes of the current device that are free, and all; zeros if it cannot be asked.
pub fn free_and_total() -> (usize, usize) {
    ask().unwrap_or_default()
}

/// The same, or why it cannot be asked.
pub fn ask() -> Checked<(usize, usize)> {
    let (mut free, mut total) = (0, 0);
    // SAFETY: both pointers are good for the call.
    unsafe { cuMemGetInfo_v2(&raw mut free, &raw mut total) }.check()?;
    Ok((free, total))
}

//! Memory as callers see it: device blocks, pinned host memory, and copies between them.
//!
//! Not responsible for carrying copies out. Invariant: a range of device memory that is not all of one block is refused at
//! the call, and pageable host memory is never touched after the call that named it.
#![allow(unsafe_code)]

use crate::{
    code::Code,
    context::Context,
    machine::Shared,
    queue::LEGACY,
    space::Owner,
    work::{Source, Work},
};
use std::{
    alloc::{Layout, alloc, dealloc},
    collections::BTreeMap,
};

/// Pinned memory begins at pages.
const PAGE: usize = 4096;

/// Pinned memory of a context that died holds this: whoever still reads it shall see it.
const DEAD: u8 = 0xDD;

/// Pinned host memory by address. What is left when a context dies is filled and never given back, so that a late access
/// is visible, and no access to memory that somebody else has got.
#[derive(Debug, Default)]
pub(crate) struct Pinned(BTreeMap<usize, Held>);

/// One range of pinned memory.
#[derive(Clone, Copy, Debug)]
struct Held {
    layout: Layout,
    /// Whether it is the caller's, who has registered it.
    registered: bool,
}

impl Pinned {
    fn allocate(&mut self, bytes: usize) -> Result<usize, Code> {
        let layout = Layout::from_size_align(bytes, PAGE);
        let layout = layout.ok().filter(|_| bytes > 0);
        let layout = layout.ok_or(Code::INVALID_VALUE)?;
        // SAFETY: the layout is of at least one byte.
        let address = unsafe { alloc(layout) } as usize;
        if address == 0 {
            return Err(Code::OUT_OF_MEMORY);
        }
        let registered = false;
        self.0.insert(address, Held { layout, registered });
        Ok(address)
    }

    /// Notes memory of the caller's.
    fn register(&mut self, address: usize, bytes: usize) -> Result<(), Code> {
        let layout = Layout::from_size_align(bytes, 1);
        let layout = layout.ok().filter(|_| address > 0 && bytes > 0);
        let layout = layout.ok_or(Code::INVALID_VALUE)?;
        let registered = true;
        if self.holds(address, 1) {
            return Err(Code::ALREADY_REGISTERED);
        }
        self.0.insert(address, Held { layout, registered });
        Ok(())
    }

    fn take(&mut self, address: usize, registered: bool) -> Result<Layout, Code> {
        let held = self.0.get(&address).copied();
        let held = held.filter(|held| held.registered == registered);
        let held = held.ok_or(match registered {
            true => Code::NOT_REGISTERED,
            false => Code::INVALID_VALUE,
        })?;
        self.0.remove(&address);
        Ok(held.layout)
    }

    fn release(&mut self, address: usize) -> Result<(), Code> {
        let layout = self.take(address, false)?;
        // SAFETY: `allocate` got the block with this layout, and the table held it until now.
        unsafe { dealloc(address as *mut u8, layout) };
        Ok(())
    }

    fn holds(&self, address: usize, bytes: usize) -> bool {
        let before = self.0.range(..=address).next_back();
        before.is_some_and(|(start, held)| address - start + bytes <= held.layout.size())
    }

    /// Number of blocks, and their bytes together.
    pub fn held(&self) -> (u64, u64) {
        let bytes: usize = self.0.values().map(|held| held.layout.size()).sum();
        (self.0.len() as u64, bytes as u64)
    }
}

impl Drop for Pinned {
    fn drop(&mut self) {
        // What was registered stays its caller's, as it is.
        for (&address, held) in self.0.iter().filter(|(_, held)| !held.registered) {
            // SAFETY: the block is live, because the table holds it; it is leaked from here on.
            unsafe { std::ptr::write_bytes(address as *mut u8, DEAD, held.layout.size()) };
        }
    }
}

impl Context {
    /// `cuMemAlloc`.
    pub fn allocate(&mut self, bytes: usize) -> Result<u64, Code> {
        self.outside_captures()?;
        self.space.allocate(bytes, Owner::Caller)
    }

    /// `cuMemFree`.
    pub fn release(&mut self, shared: &mut Shared, address: u64) -> Result<(), Code> {
        self.outside_captures()?;
        if address == 0 {
            return Ok(());
        }
        self.settle(shared)?;
        self.space.release(address, Owner::Caller)
    }

    /// `cuMemHostAlloc`.
    pub fn allocate_pinned(&mut self, bytes: usize) -> Result<usize, Code> {
        self.outside_captures()?;
        self.pinned.allocate(bytes)
    }

    /// `cuMemFreeHost`.
    pub fn release_pinned(&mut self, shared: &mut Shared, address: usize) -> Result<(), Code> {
        self.outside_captures()?;
        self.settle(shared)?;
        self.pinned.release(address)
    }

    /// `cuMemHostRegister`.
    pub fn register(&mut self, address: usize, bytes: usize) -> Result<(), Code> {
        self.outside_captures()?;
        self.pinned.register(address, bytes)
    }

    /// `cuMemHostUnregister`.
    pub fn unregister(&mut self, shared: &mut Shared, address: usize) -> Result<(), Code> {
        self.outside_captures()?;
        self.settle(shared)?;
        self.pinned.take(address, true).map(drop)
    }

    /// A copy to the device.
    ///
    /// # Safety
    /// `from` is valid for reads of `bytes` now, and until it was carried out if it is pinned.
    pub unsafe fn copy_to_device(
        &mut self,
        shared: &mut Shared,
        (to, from, bytes): (u64, usize, usize),
        stream: usize,
    ) -> Result<(), Code> {
        if from == 0 {
            return Err(Code::INVALID_VALUE);
        }
        self.on_device(to, bytes)?;
        // SAFETY: the caller's promise.
        let from = unsafe { self.source(from, bytes) };
        let work = Work::ToDevice { to, from, bytes };
        self.enqueue(shared, stream, work)
    }

    /// Where a copy reads: pageable memory is taken along at once.
    ///
    /// # Safety
    /// `from` is valid for reads of `bytes`.
    unsafe fn source(&self, from: usize, bytes: usize) -> Source {
        if self.pinned.holds(from, bytes) {
            return Source::Pinned(from);
        }
        // SAFETY: the caller's promise.
        Source::Kept(unsafe { std::slice::from_raw_parts(from as *const u8, bytes) }.into())
    }

    /// A copy to the host; into pageable memory it is carried out at once, as the driver does.
    ///
    /// # Safety
    /// `to` is valid for writes of `bytes` now, and until it was carried out if it is pinned.
    pub unsafe fn copy_to_host(
        &mut self,
        shared: &mut Shared,
        (to, from, bytes): (usize, u64, usize),
        stream: usize,
    ) -> Result<(), Code> {
        if to == 0 {
            return Err(Code::INVALID_VALUE);
        }
        self.on_device(from, bytes)?;
        let at_once = !self.pinned.holds(to, bytes) && self.streams.get(stream)?.capture.is_none();
        self.enqueue(shared, stream, Work::ToHost { to, from, bytes })?;
        match at_once {
            true => self.finish(shared, stream),
            false => Ok(()),
        }
    }

    /// A copy within the device.
    pub fn copy_within(
        &mut self,
        shared: &mut Shared,
        (to, from, bytes): (u64, u64, usize),
        stream: usize,
    ) -> Result<(), Code> {
        self.on_device(to, bytes)?;
        self.on_device(from, bytes)?;
        self.enqueue(shared, stream, Work::Within { to, from, bytes })
    }

    /// `count` times `pattern`, from `to` on.
    pub fn fill(
        &mut self,
        shared: &mut Shared,
        (to, pattern, count): (u64, &[u8], usize),
        stream: usize,
    ) -> Result<(), Code> {
        if !to.is_multiple_of(pattern.len() as u64) {
            return Err(Code::INVALID_VALUE);
        }
        let bytes = pattern.len().checked_mul(count);
        self.on_device(to, bytes.ok_or(Code::INVALID_VALUE)?)?;
        let pattern = pattern.to_vec();
        self.enqueue(shared, stream, Work::Fill { to, pattern, count })
    }

    /// Carries out all that a stream has queued.
    fn finish(&mut self, shared: &mut Shared, stream: usize) -> Result<(), Code> {
        self.carry_out(shared, |streams, bench| {
            streams.run(stream, u64::MAX, bench)
        })
    }

    /// A call without a stream: it works on the legacy one, and waits for it.
    pub fn synchronously(
        &mut self,
        shared: &mut Shared,
        call: impl FnOnce(&mut Self, &mut Shared) -> Result<(), Code>,
    ) -> Result<(), Code> {
        self.outside_captures()?;
        call(self, shared)?;
        self.finish(shared, LEGACY)
    }

    fn on_device(&self, address: u64, bytes: usize) -> Result<(), Code> {
        match self.space.holds(address, bytes) {
            true => Ok(()),
            false => Err(Code::INVALID_VALUE),
        }
    }
}

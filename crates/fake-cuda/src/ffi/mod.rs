//! The driver's functions as C calls them.
//!
//! Each counts itself, fails if a test has planned it, checks that the driver is initialised and a context is current where
//! the driver does, and hands on to the machine. Parameters that a function writes are references: `NULL` is `None`, and
//! a caller from C gives, as the driver's manual asks, an aligned place of that type. Names, order and types of parameters
//! are those of `cuda.h`; a handle there is an opaque pointer, here its number.
//!
//! Invariant: the machine is locked for the length of a call, so a thread sees the work of another whole or not at all.
#![allow(unsafe_code)]

mod context;
mod copy;
mod device;
mod event;
mod graph;
mod launch;
mod memory;
mod names;
mod stream;
mod text;
mod unsupported;

pub use context::*;
pub use copy::*;
pub use device::*;
pub use event::*;
pub use graph::*;
pub use launch::*;
pub use memory::*;
pub(crate) use names::is_known;
pub use names::names;
pub use stream::*;
pub use text::*;
pub use unsupported::*;

use crate::{
    code::Code,
    context::Context,
    machine::{Machine, Shared},
    settings::Settings,
};
use std::{
    cell::RefCell,
    ffi::{CStr, c_char},
    sync::{LazyLock, Mutex, MutexGuard, PoisonError},
};

/// An opaque pointer of the driver.
pub type Handle = usize;

/// An address in a device's memory.
pub type DeviceAddress = u64;

/// Number of a device.
pub type DeviceNumber = i32;

/// `CUresult`: 0, or a [`Code`].
pub type Answer = i32;

static MACHINE: LazyLock<Mutex<Machine>> = LazyLock::new(|| {
    let mut machine = Machine::new(0);
    let chosen = Settings::of_environment(|name| std::env::var(name).ok());
    // A test that means something else than it says must not pass: this ends the process with these words.
    machine.shared.settings = chosen.unwrap_or_else(|slip| panic!("{slip}"));
    Mutex::new(machine)
});

thread_local! {
    /// The contexts of this thread, the current one last; 0 is none.
    static CURRENT: RefCell<Vec<Handle>> = const { RefCell::new(Vec::new()) };
}

/// The one machine of this copy of the library.
pub(crate) fn machine() -> MutexGuard<'static, Machine> {
    MACHINE.lock().unwrap_or_else(PoisonError::into_inner)
}

fn current_handle() -> Handle {
    CURRENT.with_borrow(|stack| stack.last().copied().unwrap_or(0))
}

fn answer(result: Result<(), Code>) -> Answer {
    result.map_or_else(|code| code.0, |()| 0)
}

/// A call that needs nothing.
fn call(name: &'static str, work: impl FnOnce(&mut Machine) -> Result<(), Code>) -> Answer {
    debug_assert!(is_known(name), "{name} is missing in the list");
    let mut machine = machine();
    answer(machine.enter(name).and_then(|()| work(&mut machine)))
}

/// A call that needs `cuInit`.
fn ready(name: &'static str, work: impl FnOnce(&mut Machine) -> Result<(), Code>) -> Answer {
    call(name, |machine| match machine.initialised {
        true => work(machine),
        false => Err(Code::NOT_INITIALIZED),
    })
}

/// A call that needs a context.
fn current(
    name: &'static str,
    work: impl FnOnce(&mut Context, &mut Shared) -> Result<(), Code>,
) -> Answer {
    ready(name, |machine| {
        let (context, shared) = machine.context(current_handle())?;
        work(context, shared)
    })
}

/// Writes a result; without a place for it the call is wrong.
fn put<T>(to: Option<&mut T>, value: T) -> Result<(), Code> {
    *to.ok_or(Code::INVALID_VALUE)? = value;
    Ok(())
}

/// A handle of a stream as the machine knows it: 1 (`CU_STREAM_LEGACY`) is the legacy stream too, and the stream of each
/// thread (2) is not to be had.
fn stream_handle(stream: Handle) -> Result<Handle, Code> {
    match stream {
        0 | 1 => Ok(0),
        2 => Err(Code::NOT_SUPPORTED),
        made => Ok(made),
    }
}

/// A text that C gives.
///
/// # Safety
/// `text` is `NULL` or ends with a zero, and stays as it is during the call.
unsafe fn text<'a>(text: *const c_char) -> Result<&'a str, Code> {
    if text.is_null() {
        return Err(Code::INVALID_VALUE);
    }
    // SAFETY: the caller's promise.
    let text = unsafe { CStr::from_ptr(text) };
    text.to_str().map_err(|_| Code::INVALID_VALUE)
}

/// Writes a text with a zero behind it, cut to `room` bytes.
///
/// # Safety
/// `to` is valid for writes of `room` bytes.
pub(crate) unsafe fn put_text(to: *mut c_char, room: usize, text: &str) {
    let length = text.len().min(room.saturating_sub(1));
    if to.is_null() || room == 0 {
        return;
    }
    // SAFETY: at most `room` bytes, by the caller's promise; the text is not in that memory, which is borrowed for writing.
    unsafe {
        std::ptr::copy_nonoverlapping(text.as_ptr(), to.cast(), length);
        to.add(length).write(0);
    }
}

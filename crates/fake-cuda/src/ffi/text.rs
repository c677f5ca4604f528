//! Names and texts of errors.
#![expect(
    missing_docs,
    reason = "as the driver's manual names and describes them"
)]

use super::{Answer, call, put};
use crate::code::{self, Code};
use std::ffi::{CStr, c_char};

fn of_error(to: Option<&mut *const c_char>, found: Option<&'static CStr>) -> Result<(), Code> {
    put(to, found.map_or(std::ptr::null(), CStr::as_ptr))?;
    found.map(|_| ()).ok_or(Code::INVALID_VALUE)
}

#[unsafe(no_mangle)]
pub extern "C" fn cuGetErrorName(error: Answer, name: Option<&mut *const c_char>) -> Answer {
    call("cuGetErrorName", |_| of_error(name, code::name(error)))
}

#[unsafe(no_mangle)]
pub extern "C" fn cuGetErrorString(error: Answer, text: Option<&mut *const c_char>) -> Answer {
    call("cuGetErrorString", |_| of_error(text, code::text(error)))
}

//! The caller's logger, as a library sees it: an object whose `log` lies at one of two places.

use crate::abi::wrong;
use std::ffi::{CString, c_char, c_void};

/// An error, as loggers count.
pub(crate) const ERROR: i32 = 1;

/// A logger.
#[derive(Clone, Copy)]
pub(crate) struct Words {
    logger: usize,
    log: usize,
}

type Log = unsafe extern "C" fn(*mut c_void, i32, *const c_char);
type Language = unsafe extern "C" fn(*mut c_void) -> i32;
type Introduction = unsafe extern "C" fn(*mut c_void) -> Interface;

#[repr(C)]
struct Interface {
    kind: *const c_char,
    major: i32,
    minor: i32,
}

// === impl Words ===

impl Words {
    /// Of a logger whose `log` is its virtual function number `log`. One that begins with an introduction must give the
    /// right one.
    ///
    /// # Safety
    /// `logger` is an object of that form, and lives as long as this library.
    pub(crate) unsafe fn new(logger: *mut c_void, log: usize) -> Self {
        if logger.is_null() {
            wrong("a runtime was asked for without a logger");
        }
        let words = Self {
            logger: logger.expose_provenance(),
            log,
        };
        if log > 0 {
            // SAFETY: a logger of this form begins with these two.
            unsafe { words.introduced() }
        }
        words
    }

    fn object(self) -> *mut c_void {
        std::ptr::with_exposed_provenance_mut(self.logger)
    }

    /// # Safety
    /// The logger's virtual function of that number is an `F`.
    unsafe fn function<F: Copy>(self, number: usize) -> F {
        // SAFETY: an object begins with the address of its functions; the caller vouches for the type.
        unsafe {
            let functions = *self.object().cast::<*const *const ()>();
            functions.add(number).cast::<F>().read()
        }
    }

    /// # Safety
    /// The logger is of the form that begins with an introduction.
    unsafe fn introduced(self) {
        // SAFETY: the caller vouches for the form; what the introduction says ends with a zero byte.
        let (language, info, kind) = unsafe {
            let language = self.function::<Language>(0)(self.object());
            let info = self.function::<Introduction>(1)(self.object());
            let kind = std::ffi::CStr::from_ptr(info.kind);
            (language, info, kind)
        };
        if language != 0 || kind != c"ILogger" || (info.major, info.minor) != (1, 0) {
            wrong("the logger does not introduce itself as one");
        }
    }

    /// Logs a message.
    pub(crate) fn say(self, severity: i32, message: &str) {
        let message = CString::new(message.replace('\0', " ")).expect("zero bytes were replaced");
        // SAFETY: whoever gave the logger vouched for its form and life.
        unsafe { self.function::<Log>(self.log)(self.object(), severity, message.as_ptr()) }
    }

    /// Logs an error.
    pub(crate) fn complain(self, message: &str) {
        self.say(ERROR, message);
    }
}

//! Where a library's words go: an object of ours in the shape of the vendor's `ILogger`.
//!
//! The shape has two forms: up to TensorRT 10 it has a method and a destructor, from 11 on it begins with what every
//! interface there has. One logger has both faces. Errors are kept a thread, between [`listen`] and [`overheard`], so that
//! a failure carries the words that were said of it and not of another thread's.
//!
//! Invariant: a logger lives as long as the program; the libraries keep the first that they were given.

use std::{
    cell::RefCell,
    ffi::{CStr, c_char, c_void},
    panic::{AssertUnwindSafe, catch_unwind},
};

/// How grave a message is; the smaller, the graver (`ILogger::Severity`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// The library is in a state that it did not foresee.
    InternalError,
    /// Something that was asked was not done.
    Error,
    /// It was done, perhaps not as expected.
    Warning,
    /// A fact.
    Info,
    /// For those who debug it.
    Verbose,
}

/// Takes a message, on whichever thread the library is on; must not call the library.
pub type Report = fn(Severity, &str);

/// What libraries log to. It is never freed: make one a program.
#[derive(Clone, Copy)]
pub struct Logger {
    ten: &'static Face,
    eleven: &'static Face,
}

/// Which face a library wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// Up to TensorRT 10.
    Ten,
    /// From TensorRT 11 and TensorRT-RTX 1.5 on.
    Eleven,
}

/// What a library sees: a pointer to methods. Ours lies behind it.
#[repr(C)]
struct Face {
    methods: &'static Methods,
    report: Report,
}

/// A form's methods; the library reads from the union's first word on.
#[repr(C)]
union Methods {
    ten: Ten,
    eleven: Eleven,
}

type Log = unsafe extern "C" fn(*const Face, i32, *const c_char);
type Destroy = extern "C" fn(*mut c_void);

#[repr(C)]
#[derive(Clone, Copy)]
struct Ten {
    log: Log,
    destroy: [Destroy; 2],
}

#[repr(C)]
#[derive(Clone, Copy)]
struct Eleven {
    language: extern "C" fn(*const Face) -> i32,
    interface: extern "C" fn(*const Face) -> Interface,
    destroy: [Destroy; 2],
    log: Log,
}

/// `InterfaceInfo`.
#[repr(C)]
struct Interface {
    kind: *const c_char,
    major: i32,
    minor: i32,
}

static TEN: Methods = Methods {
    ten: Ten {
        log,
        destroy: [keep; 2],
    },
};

static ELEVEN: Methods = Methods {
    eleven: Eleven {
        language,
        interface,
        destroy: [keep; 2],
        log,
    },
};

/// `APILanguage::kCPP`: the object is called as C++ objects are.
extern "C" fn language(_: *const Face) -> i32 {
    0
}

/// As the interface introduces itself in version 1.0, the only one.
extern "C" fn interface(_: *const Face) -> Interface {
    Interface {
        kind: c"ILogger".as_ptr(),
        major: 1,
        minor: 0,
    }
}

/// The destructors: a logger is never destroyed.
extern "C" fn keep(_: *mut c_void) {}

unsafe extern "C" fn log(this: *const Face, severity: i32, message: *const c_char) {
    if message.is_null() {
        return;
    }
    // SAFETY: the library passes back the face that it was given, which is never freed, and a message that ends with a
    // zero byte.
    let (face, message) = unsafe { (&*this, CStr::from_ptr(message)) };
    let (severity, message) = (Severity::from_raw(severity), message.to_string_lossy());
    note(severity, &message);
    // A panic must not cross the library's frames. What it carries may panic again when it is dropped.
    if let Err(panic) = catch_unwind(AssertUnwindSafe(|| (face.report)(severity, &message))) {
        std::mem::forget(panic);
    }
}

/// Errors kept of one call, in bytes: several lines of the libraries, which write a few hundred bytes each.
const KEPT: usize = 4096;

thread_local! {
    static SAID: RefCell<String> = const { RefCell::new(String::new()) };
}

fn note(severity: Severity, message: &str) {
    if severity > Severity::Error {
        return;
    }
    // A thread that is ending has no one left to tell.
    let _ = SAID.try_with(|said| {
        let mut said = said.borrow_mut();
        if said.len() + message.len() <= KEPT {
            let between = if said.is_empty() { "" } else { "; " };
            said.push_str(between);
            said.push_str(message);
        }
    });
}

/// Forgets what was said on this thread, before a call.
pub(crate) fn listen() {
    let _ = SAID.try_with(|said| said.borrow_mut().clear());
}

/// The errors that were logged on this thread since [`listen`], if any.
pub(crate) fn overheard() -> Option<String> {
    let said = SAID.try_with(|said| said.borrow().clone()).ok()?;
    (!said.is_empty()).then_some(said)
}

// === impl Severity ===

impl Severity {
    /// A number that is not known here counts as the least grave.
    fn from_raw(raw: i32) -> Self {
        match raw {
            0 => Self::InternalError,
            1 => Self::Error,
            2 => Self::Warning,
            3 => Self::Info,
            _ => Self::Verbose,
        }
    }
}

// === impl Logger ===

impl Logger {
    /// Passes every message on to `report`, which may be called from any thread; a panic in it is swallowed.
    #[must_use]
    pub fn new(report: Report) -> Self {
        let face = |methods| -> &'static Face { Box::leak(Box::new(Face { methods, report })) };
        Self {
            ten: face(&TEN),
            eleven: face(&ELEVEN),
        }
    }

    /// The face for a library of that shape, as it is passed to it.
    pub(crate) fn face(&self, shape: Shape) -> *mut c_void {
        let face = match shape {
            Shape::Ten => self.ten,
            Shape::Eleven => self.eleven,
        };
        std::ptr::from_ref(face).cast_mut().cast()
    }
}

impl std::fmt::Debug for Logger {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Logger")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Calls `log` as a library does, through the face's methods.
    fn say(face: &'static Face, severity: i32, message: &CStr) {
        // SAFETY: `log` takes the face that it belongs to and a message that ends with a zero byte; both faces have the
        // method.
        unsafe { log(face, severity, message.as_ptr()) }
    }

    #[test]
    fn errors_of_one_call_are_kept_together_and_lesser_messages_are_not() {
        let logger = Logger::new(|_, _| ());
        say(logger.ten, 1, c"of a call before");
        listen();
        say(logger.ten, 1, c"first");
        say(logger.ten, 2, c"only a warning");
        say(logger.eleven, 0, c"second");
        assert_eq!(overheard().as_deref(), Some("first; second"));
    }

    #[test]
    fn what_another_thread_is_told_is_not_overheard() {
        listen();
        let logger = Logger::new(|_, _| ());
        let other = std::thread::spawn(move || say(logger.ten, 1, c"elsewhere"));
        other.join().unwrap();
        assert_eq!(overheard(), None);
    }

    #[test]
    fn a_panic_in_the_callback_does_not_cross() {
        listen();
        let logger = Logger::new(|_, _| panic!("the callback's own"));
        say(logger.eleven, 1, c"still kept");
        assert_eq!(overheard().as_deref(), Some("still kept"));
    }

    #[test]
    fn a_flood_of_errors_is_bounded() {
        listen();
        let logger = Logger::new(|_, _| ());
        (0..KEPT).for_each(|_| say(logger.ten, 1, c"again"));
        assert!(overheard().unwrap().len() <= KEPT + "; ".len());
    }
}

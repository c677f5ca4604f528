//! Exit codes, as in sysexits(3); client programs have their own.

use std::io::Write as _;

/// How the program ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// All went well.
    Ok,
    /// It did not.
    Failure,
    /// No listener could be opened, or no server answers (EX_UNAVAILABLE).
    Unavailable,
    /// The settings are wrong (EX_CONFIG).
    Config,
    /// As a client program ended, which has codes of its own.
    Client(u8),
}

impl Exit {
    fn code(self) -> u8 {
        match self {
            Self::Ok => 0,
            Self::Failure => 1,
            Self::Unavailable => 69,
            Self::Config => 78,
            Self::Client(code) => code,
        }
    }

    /// Ends the process at once.
    ///
    /// Leaving `main` would run the destructors of C++ libraries, beside threads that nobody waits for: a model that is loaded or
    /// run by ONNX Runtime at that moment then fails, or ends the process by SIGSEGV in place of this code. What Rust owns has
    /// been dropped before.
    pub fn now(self) -> ! {
        // Nobody is left to hear that it failed.
        let _ = std::io::stdout().flush();
        // SAFETY: it takes a number and does not come back.
        unsafe { libc::_exit(self.code().into()) }
    }
}

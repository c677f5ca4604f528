//! Exit codes, as in sysexits(3); client programs have their own.

use std::process::ExitCode;

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

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Ok => 0,
            Exit::Failure => 1,
            Exit::Unavailable => 69,
            Exit::Config => 78,
            Exit::Client(code) => code,
        })
    }
}

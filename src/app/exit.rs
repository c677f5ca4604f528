//! Exit codes, as in sysexits(3).

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
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Ok => 0,
            Exit::Failure => 1,
            Exit::Unavailable => 69,
            Exit::Config => 78,
        })
    }
}

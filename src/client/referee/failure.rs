//! How the client ends: its failures, its outcomes, and their exit codes.
//!
//! Not responsible for the program's other commands. Invariant: every end has one code, and [`EXIT_CODES`] names each.

/// The codes as a person reads them, below the command's help.
pub const EXIT_CODES: &str = "\
Exit codes:
  0  a verdict: left or right (or: healthy, written)
  1  something here failed: a file that cannot be read or written, ffmpeg missing
  2  the command line is wrong
  3  no connection, or one that broke and could not be resumed
  4  the server refused
  5  the server could not analyse the bout
  6  a result without a winner: the referee abstains, or one light leaves nothing to decide";

/// Why there is no result.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The command line asks for something that cannot be.
    #[error("{0}")]
    Usage(String),
    /// Something on this machine failed: a file, a program, a camera.
    #[error("{0}")]
    Local(String),
    /// The server cannot be reached, or the connection broke.
    #[error("{0}")]
    Connection(String),
    /// The server said no.
    #[error("the server refused: {message} ({code})")]
    Refused {
        /// The protocol's error code, or the HTTP status.
        code: String,
        /// The server's own words.
        message: String,
    },
    /// The server took the bout and could not analyse it.
    #[error("the analysis failed: {0}")]
    Analysis(String),
}

/// What came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// A verdict, or whatever else was asked for.
    Done,
    /// A result that names no winner.
    NoWinner,
}

// === impl Failure ===

impl Failure {
    /// The exit code.
    #[must_use]
    pub const fn code(&self) -> u8 {
        match self {
            Self::Local(_) => 1,
            Self::Usage(_) => 2,
            Self::Connection(_) => 3,
            Self::Refused { .. } => 4,
            Self::Analysis(_) => 5,
        }
    }
}

// === impl Ending ===

impl Ending {
    /// The exit code.
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::NoWinner => 6,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_help_names_every_code() {
        let failures = [
            Failure::Local(String::new()),
            Failure::Usage(String::new()),
            Failure::Connection(String::new()),
            Failure::Refused {
                code: String::new(),
                message: String::new(),
            },
            Failure::Analysis(String::new()),
        ];
        let codes = failures.iter().map(Failure::code);
        let codes = codes.chain([Ending::Done.code(), Ending::NoWinner.code()]);
        for code in codes {
            assert!(EXIT_CODES.contains(&format!("\n  {code}  ")), "{code}");
        }
    }
}

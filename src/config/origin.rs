//! Where a setting came from, as messages and `frameloom config print` show it.

use std::fmt;
use std::path::PathBuf;

/// The layer that set a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// The embedded `config/frameloom.toml`.
    Default,
    /// A file given by the user.
    File {
        /// Its path, as given.
        path: PathBuf,
        /// The line of the value, counted from 1.
        line: usize,
    },
    /// A variable of the environment, by its name.
    Env(String),
    /// A flag of the command line, as typed.
    Flag(String),
}

impl fmt::Display for Origin {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => out.write_str("default"),
            Self::File { path, line } => write!(out, "{}:{line}", path.display()),
            Self::Env(name) => write!(out, "env {name}"),
            Self::Flag(name) => write!(out, "flag {name}"),
        }
    }
}

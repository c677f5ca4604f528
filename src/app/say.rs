//! What the person who started the server is told while it serves.
//!
//! A terminal that has gone, or a full disk behind a redirection, must not end the server, as `println!` would.

use std::{
    fmt::Display,
    io::{Write, stderr, stdout},
};

/// Tells news.
pub fn news(line: impl Display) {
    tell(stdout(), line);
}

/// Tells what went wrong.
pub fn trouble(line: impl Display) {
    tell(stderr(), line);
}

fn tell(mut to: impl Write, line: impl Display) {
    if let Err(error) = writeln!(to, "{line}") {
        tracing::debug!(%error, "nobody to tell");
    }
}

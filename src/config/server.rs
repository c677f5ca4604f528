//! `[server]`: the process as a whole.

use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;
use std::time::Duration;

use super::read::Reader;
use super::threads::Threads;

/// The process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    /// The address of every listener that has none of its own.
    pub host: IpAddr,
    /// Threads that serve sockets.
    pub workers: Threads,
    /// Where the process id is written; `None` writes no file.
    pub pid_file: Option<PathBuf>,
    /// Time from the first signal to exit.
    pub drain_deadline: Duration,
}

impl Server {
    pub(super) fn read(reader: &mut Reader<'_>) -> Self {
        Self {
            host: reader.text(
                "server.host",
                ADDRESS,
                IpAddr::V4(Ipv4Addr::LOCALHOST),
                address,
            ),
            workers: reader.threads("server.workers"),
            pid_file: reader.text("server.pid_file", "a path", None, |path| {
                Some(optional(path))
            }),
            drain_deadline: reader.millis("server.drain_deadline_ms", 100..=60_000),
        }
    }
}

/// What [`address`] takes, in a fault's words.
pub(super) const ADDRESS: &str = "an address such as 127.0.0.1, 0.0.0.0 or ::1";

/// An IP address, or `localhost`. Other names are not looked up: start must not depend on a resolver.
pub(super) fn address(text: &str) -> Option<IpAddr> {
    if text == "localhost" {
        Some(IpAddr::V4(Ipv4Addr::LOCALHOST))
    } else {
        text.parse().ok()
    }
}

fn optional(path: &str) -> Option<PathBuf> {
    (!path.is_empty()).then(|| PathBuf::from(path))
}

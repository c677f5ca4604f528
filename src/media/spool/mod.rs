//! Frames on disk: appended as they come, read back at any place, and found again after a crash.
//!
//! One folder a session, `<root>/<name>/`:
//!
//! | file | holds |
//! |---|---|
//! | `head.json` | what the owner wants to know when it finds the folder again; opaque here |
//! | `frames.spool` | the frames in the order in which they came, each a [`record`] |
//! | `signal` | the file that ends the upload: its name, a line feed, its bytes |
//! | another `*.spool` | frames derived from those, which can be made again |
//!
//! Every call blocks for a copy into the page cache; only [`SpoolWriter::sync`], and under
//! [`Fsync::Always`] an append, waits for the disk. Not responsible for which frames are kept:
//! numbers are not compared. Invariant: a folder has at most one owner on the machine (an advisory
//! lock that the kernel takes back when a process dies), and what [`SpoolWriter::append`] returned
//! is read back byte for byte, also by the next process.

mod folder;
mod leftovers;
mod name;
mod reader;
mod record;
mod room;
mod root;
mod scan;
mod scratch;
#[cfg(test)]
mod tests;
mod writer;

use std::io;

pub use leftovers::{Cleaned, Retention};
pub use name::{LONGEST_NAME, is_name};
pub use reader::SpoolReader;
pub use record::{FrameRef, HEADER_BYTES};
pub use root::{KeptSignal, Leftover, Recovered, SpoolRoot};
pub use scratch::Scratch;
pub use writer::SpoolWriter;

/// When frames are forced from the kernel's memory to the disk. A process that is killed loses
/// nothing under any of these; they differ in what survives a loss of power.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Fsync {
    /// Never: the kernel writes when it likes, usually within half a minute.
    Never,
    /// When the owner says so ([`SpoolWriter::sync`]), and with the signal.
    #[default]
    End,
    /// Before each append returns.
    Always,
}

/// How a root keeps its spools.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SpoolOptions {
    /// When frames are forced to the disk.
    pub fsync: Fsync,
    /// Bytes of the file system that stay free for others; 0 fills it to the last.
    pub min_free_bytes: u64,
}

/// Why a spool could not do what it was asked for.
#[derive(Debug, thiserror::Error)]
pub enum SpoolError {
    /// The name is empty, too long, or more than one plain component of a path.
    #[error("a spool's name must be one plain component of a path")]
    Name,
    /// There is one of that name already.
    #[error("there is a spool of that name already")]
    Exists,
    /// There is none of that name.
    #[error("there is no spool of that name")]
    Missing,
    /// Somebody else, in this process or another, owns it.
    #[error("the spool is in use")]
    InUse,
    /// A file of the folder is not there.
    #[error("the spool has no {0}")]
    Damaged(&'static str),
    /// The file system has no room, or too little is left free. The spool is as it was before.
    #[error("the disk is full")]
    DiskFull,
    /// More bytes than a record holds (4 GiB).
    #[error("{0} bytes are too many for one frame")]
    TooLarge(usize),
    /// A sync failed earlier, so what was written before it may be lost.
    #[error("an earlier sync failed, so the spool cannot be trusted to be on the disk")]
    Unsynced,
    /// Anything else that the system says.
    #[error(transparent)]
    Io(io::Error),
}

impl From<io::Error> for SpoolError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::DiskFull,
            _ => Self::Io(error),
        }
    }
}

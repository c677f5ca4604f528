//! The folder of one session: who owns it, and how its small files come to be.
//!
//! Invariant: as long as a [`Folder`] exists, no other one exists for the same path, in this process
//! or another: it holds an exclusive lock on the directory, which dies with the process.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::SpoolError;
use super::root::{FRAMES, HEAD};

/// A folder that is owned.
#[derive(Debug)]
pub(super) struct Folder {
    path: PathBuf,
    /// The open directory; the lock is on it.
    handle: File,
}

/// An open spool in a folder that is owned for as long.
#[derive(Debug)]
pub(super) struct SpoolFile {
    pub(super) file: File,
    pub(super) folder: Arc<Folder>,
}

impl Folder {
    /// Takes the folder at `path` into ownership.
    pub(super) fn own(path: PathBuf) -> Result<Self, SpoolError> {
        let handle = File::open(&path).map_err(missing(SpoolError::Missing))?;
        match handle.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(SpoolError::InUse),
            Err(TryLockError::Error(error)) => return Err(error.into()),
        }
        // Whoever owned it until now may have removed it.
        if handle.metadata()?.nlink() == 0 {
            return Err(SpoolError::Missing);
        }
        Ok(Self { path, handle })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Opens the spool `name` in the folder; `fresh` makes it, and empties one that is there.
    pub(super) fn spool(
        self: &Arc<Self>,
        name: &str,
        fresh: bool,
    ) -> Result<Arc<SpoolFile>, SpoolError> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(fresh).truncate(fresh);
        let file = options
            .open(self.path.join(name))
            .map_err(missing(SpoolError::Damaged("frames")))?;
        let folder = Arc::clone(self);
        Ok(Arc::new(SpoolFile { file, folder }))
    }

    /// Writes a small file as a whole or not at all; `durable` also forces it to the disk.
    pub(super) fn write(&self, name: &str, parts: &[&[u8]], durable: bool) -> io::Result<()> {
        let (draft, path) = (self.path.join(draft(name)), self.path.join(name));
        let written = write_all(&draft, parts, durable).and_then(|()| fs::rename(&draft, path));
        if written.is_err() {
            // The error that is told is the first one.
            let _ = fs::remove_file(&draft);
            return written;
        }
        if durable {
            self.handle.sync_all()
        } else {
            Ok(())
        }
    }

    /// Forces the file `name`, its entry in the folder and the folder's own entry to the disk.
    pub(super) fn settle(&self, name: &str) -> io::Result<()> {
        File::open(self.path.join(name))?.sync_all()?;
        self.handle.sync_all()?;
        match self.path.parent() {
            Some(root) => File::open(root)?.sync_all(),
            None => Ok(()),
        }
    }

    /// Removes the folder and all in it. Files that are open stay readable to those who hold them.
    pub(super) fn remove(&self) -> io::Result<()> {
        fs::remove_dir_all(&self.path)
    }

    /// Removes what a process left that died while it made the folder: the frames' file, without
    /// any, and the head's draft. Anything else in the folder is not ours, and an error.
    pub(super) fn remove_unfinished(&self) -> io::Result<()> {
        for name in [FRAMES.to_owned(), draft(HEAD)] {
            match fs::remove_file(self.path.join(name)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        fs::remove_dir(&self.path)
    }
}

/// The name of a file that is being written.
fn draft(name: &str) -> String {
    format!("{name}.new")
}

fn write_all(path: &Path, parts: &[&[u8]], durable: bool) -> io::Result<()> {
    let mut file = File::create(path)?;
    parts.iter().try_for_each(|part| file.write_all(part))?;
    if durable { file.sync_all() } else { Ok(()) }
}

/// `otherwise` for a path that is not there.
pub(super) fn missing(otherwise: SpoolError) -> impl FnOnce(io::Error) -> SpoolError {
    |error| match error.kind() {
        io::ErrorKind::NotFound => otherwise,
        _ => error.into(),
    }
}

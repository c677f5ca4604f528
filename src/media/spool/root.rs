//! The directory that holds every session's folder: making, finding again and removing them.
//!
//! Invariant: it never leaves its directory, because a folder's name is one plain component.

use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use super::folder::{Folder, missing};
use super::name::is_name;
use super::reader::SpoolReader;
use super::record::FrameRef;
use super::room::{Room, free_bytes};
use super::scan::scan;
use super::scratch::Scratch;
use super::writer::SpoolWriter;
use super::{SpoolError, SpoolOptions};

/// What the owner wrote about the session. A folder without it was never finished, and counts as
/// none.
pub(super) const HEAD: &str = "head.json";
/// The frames.
pub(super) const FRAMES: &str = "frames.spool";
/// The signal file, behind its name and a line feed.
pub(super) const SIGNAL: &str = "signal";
/// For the owner alone: films of people lie there.
const MODE: u32 = 0o700;

/// A directory of spools. Clones are the same one.
#[derive(Clone, Debug)]
pub struct SpoolRoot(Arc<Root>);

#[derive(Debug)]
struct Root {
    dir: PathBuf,
    handle: File,
    options: SpoolOptions,
    /// Held by whoever takes or frees a folder, so that looking whether one is owned, which owns it
    /// for a moment, does not keep another from owning it.
    turn: Mutex<()>,
}

/// A session that was found again.
#[derive(Debug)]
pub struct Recovered {
    /// What was said of it when it was made.
    pub head: String,
    /// Appends behind the last whole frame.
    pub writer: SpoolWriter,
    /// Reads them.
    pub reader: SpoolReader,
    /// Every whole frame, in the order in which they came.
    pub frames: Vec<FrameRef>,
    /// Bytes behind them that were cut off; 0 unless somebody died within a write.
    pub cut_bytes: u64,
    /// The signal, if it had come.
    pub signal: Option<KeptSignal>,
}

/// A signal file as it was uploaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptSignal {
    /// Its name.
    pub filename: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// A folder that nobody owns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leftover {
    /// Its name.
    pub name: String,
    /// What was said of it when it was made; empty if it was not finished.
    pub head: String,
    /// Whole frames.
    pub frames: u64,
    /// Bytes of all its files.
    pub bytes: u64,
    /// Whether the signal had come.
    pub has_signal: bool,
    /// When anything in it was last written.
    pub modified: SystemTime,
}

impl SpoolRoot {
    /// Opens `dir` and makes it, for this user alone, if there is none.
    ///
    /// # Errors
    /// What the system says.
    pub fn open(dir: impl Into<PathBuf>, options: SpoolOptions) -> Result<Self, SpoolError> {
        let dir = dir.into();
        DirBuilder::new().recursive(true).mode(MODE).create(&dir)?;
        let handle = File::open(&dir)?;
        Ok(Self(Arc::new(Root {
            dir,
            handle,
            options,
            turn: Mutex::new(()),
        })))
    }

    /// The directory.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.0.dir
    }

    /// Bytes that may still be written to its file system, those that shall stay free included.
    ///
    /// # Errors
    /// What the system says.
    pub fn free_bytes(&self) -> Result<u64, SpoolError> {
        free_bytes(&self.0.handle)
    }

    /// A file without a name beside the spools, for what is not kept: nothing is left of it once it is closed.
    ///
    /// # Errors
    /// What the system says.
    pub fn scratch(&self) -> Result<Scratch, SpoolError> {
        Scratch::new(&self.0.dir, self.0.options.min_free_bytes)
    }

    /// Makes the spool `name`; `head` is given back when it is found again.
    ///
    /// # Errors
    /// [`SpoolError::Exists`] if there is one, also one that a dead process left;
    /// [`SpoolError::Name`], [`SpoolError::DiskFull`], what the system says.
    pub fn create(&self, name: &str, head: &str) -> Result<(SpoolWriter, SpoolReader), SpoolError> {
        let path = self.path(name)?;
        let mut room = Room::leaving(self.0.options.min_free_bytes);
        room.take(&self.0.handle, head.len() as u64)?;
        let _turn = self.turn();
        make_folder(&path)?;
        self.fill(&path, head).inspect_err(|_| {
            // The error that is told is the first one.
            let _ = fs::remove_dir_all(&path);
        })
    }

    fn fill(&self, path: &Path, head: &str) -> Result<(SpoolWriter, SpoolReader), SpoolError> {
        let folder = Arc::new(Folder::own(path.to_owned())?);
        let spool = folder.spool(FRAMES, true)?;
        folder.write(HEAD, &[head.as_bytes()], false)?;
        let reader = SpoolReader::new(Arc::clone(&spool));
        Ok((SpoolWriter::new(spool, self.0.options, 0), reader))
    }

    /// Takes the spool `name` over from a process that died, or from an owner that let go of it. What
    /// was half written is cut off.
    ///
    /// # Errors
    /// [`SpoolError::Missing`], [`SpoolError::InUse`], [`SpoolError::Damaged`] if it was not finished,
    /// [`SpoolError::Name`], what the system says.
    pub fn recover(&self, name: &str) -> Result<Recovered, SpoolError> {
        let path = self.path(name)?;
        let folder = {
            let _turn = self.turn();
            Arc::new(Folder::own(path)?)
        };
        let head = fs::read_to_string(folder.path().join(HEAD));
        let head = head.map_err(missing(SpoolError::Damaged("head")))?;
        let spool = folder.spool(FRAMES, false)?;
        let mut frames = Vec::new();
        let found = scan(&spool.file, |frame| frames.push(frame))?;
        spool.file.set_len(found.sound)?;
        Ok(Recovered {
            head,
            reader: SpoolReader::new(Arc::clone(&spool)),
            writer: SpoolWriter::new(spool, self.0.options, found.sound),
            frames,
            cut_bytes: found.length - found.sound,
            signal: kept_signal(folder.path())?,
        })
    }

    /// The folders that nobody owns, by name. Frames are counted by walking through their headers.
    ///
    /// # Errors
    /// What the system says.
    pub fn list(&self) -> Result<Vec<Leftover>, SpoolError> {
        let mut found = Vec::new();
        for entry in fs::read_dir(&self.0.dir)? {
            let entry = entry?;
            let name = entry.file_name().into_string().unwrap_or_default();
            if is_name(&name) && is_ours(&entry.path()) && self.is_left(&entry.path())? {
                found.extend(gone_is_none(look(name, &entry.path()))?);
            }
        }
        found.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(found)
    }

    /// Removes the folder `name`, which nobody may own.
    ///
    /// # Errors
    /// [`SpoolError::Missing`], [`SpoolError::InUse`], [`SpoolError::Name`], what the system says.
    pub fn remove(&self, name: &str) -> Result<(), SpoolError> {
        let path = self.path(name)?;
        let _turn = self.turn();
        if !is_ours(&path) {
            return Err(SpoolError::Missing);
        }
        Ok(Folder::own(path)?.remove()?)
    }

    fn is_left(&self, path: &Path) -> Result<bool, SpoolError> {
        let _turn = self.turn();
        match Folder::own(path.to_owned()) {
            Ok(_) => Ok(true),
            Err(SpoolError::InUse | SpoolError::Missing) => Ok(false),
            Err(error) => Err(error),
        }
    }

    fn path(&self, name: &str) -> Result<PathBuf, SpoolError> {
        is_name(name)
            .then(|| self.0.dir.join(name))
            .ok_or(SpoolError::Name)
    }

    fn turn(&self) -> MutexGuard<'_, ()> {
        // It guards no data that a panic could have left half changed.
        self.0.turn.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether there is a folder that this module made: a directory of other things, into which somebody
/// put the spool by mistake, must not be cleaned up.
fn is_ours(path: &Path) -> bool {
    path.join(FRAMES).is_file()
}

/// Makes the folder, in place of one that was begun and never finished.
fn make_folder(path: &Path) -> Result<(), SpoolError> {
    let make = || DirBuilder::new().mode(MODE).create(path);
    match make() {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            if path.join(HEAD).try_exists()? {
                return Err(SpoolError::Exists);
            }
            let removed = Folder::own(path.to_owned())?.remove_unfinished();
            removed.map_err(|_| SpoolError::Exists)?;
            Ok(make()?)
        }
        Err(error) => Err(error.into()),
    }
}

/// Describes the folder at `path`.
fn look(name: String, path: &Path) -> io::Result<Leftover> {
    let (mut bytes, mut modified) = (0, fs::metadata(path)?.modified()?);
    for file in fs::read_dir(path)? {
        let about = file?.metadata()?;
        bytes += about.len();
        modified = modified.max(about.modified()?);
    }
    let head = gone_is_none(fs::read_to_string(path.join(HEAD)))?;
    let mut frames = 0;
    if let Some(file) = gone_is_none(File::open(path.join(FRAMES)))? {
        scan(&file, |_| frames += 1)?;
    }
    Ok(Leftover {
        name,
        head: head.unwrap_or_default(),
        frames,
        bytes,
        has_signal: path.join(SIGNAL).try_exists()?,
        modified,
    })
}

fn kept_signal(path: &Path) -> io::Result<Option<KeptSignal>> {
    let file = gone_is_none(fs::read(path.join(SIGNAL)))?;
    let split = |mut file: Vec<u8>| {
        let at = file.iter().position(|byte| *byte == b'\n')?;
        let bytes = file.split_off(at + 1);
        file.truncate(at);
        let filename = String::from_utf8(file).ok()?;
        Some(KeptSignal { filename, bytes })
    };
    Ok(file.and_then(split))
}

fn gone_is_none<T>(result: io::Result<T>) -> io::Result<Option<T>> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

//! [`Scratch`]: a file for what is read once and not kept.

use std::fs::File;
use std::io::{Seek as _, Write as _};
use std::path::Path;

use super::SpoolError;
use super::room::Room;

/// A file without a name that leaves the disk as much room as a spool does; nothing is left of it once it is closed.
#[derive(Debug)]
pub struct Scratch {
    file: File,
    room: Room,
}

impl Scratch {
    pub(super) fn new(dir: &Path, min_free_bytes: u64) -> Result<Self, SpoolError> {
        Ok(Self {
            file: tempfile::tempfile_in(dir)?,
            room: Room::leaving(min_free_bytes),
        })
    }

    /// Appends bytes.
    ///
    /// # Errors
    /// [`SpoolError::DiskFull`], what the system says.
    pub fn append(&mut self, bytes: &[u8]) -> Result<(), SpoolError> {
        self.room.take(&self.file, bytes.len() as u64)?;
        Ok(self.file.write_all(bytes)?)
    }

    /// The file, from its beginning.
    ///
    /// # Errors
    /// What the system says.
    pub fn finish(mut self) -> Result<File, SpoolError> {
        self.file.rewind()?;
        Ok(self.file)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read as _;

    #[test]
    fn what_was_appended_is_read_from_the_beginning() {
        let dir = tempfile::tempdir().unwrap();
        let mut scratch = Scratch::new(dir.path(), 0).unwrap();
        scratch.append(b"a video, ").unwrap();
        scratch.append(b"in two pieces").unwrap();
        let mut read = String::new();
        scratch.finish().unwrap().read_to_string(&mut read).unwrap();
        assert_eq!(read, "a video, in two pieces");
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
    }

    #[test]
    fn what_shall_stay_free_is_not_written_to() {
        let dir = tempfile::tempdir().unwrap();
        let mut scratch = Scratch::new(dir.path(), u64::MAX).unwrap();
        assert!(matches!(scratch.append(b"a"), Err(SpoolError::DiskFull)));
    }
}

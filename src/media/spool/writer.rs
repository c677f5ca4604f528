//! Appending frames to a spool.
//!
//! Invariant: the file ends where the last whole record ends. An append that fails leaves the file
//! as long as it was, and the next one starts there.

use std::fs::File;
use std::io::{self, IoSlice};
use std::sync::Arc;

use super::folder::{Folder, SpoolFile};
use super::name::is_name;
use super::reader::SpoolReader;
use super::record::{FrameRef, HEADER_BYTES, Header, ending};
use super::room::Room;
use super::root::{FRAMES, HEAD, SIGNAL};
use super::{Fsync, SpoolError, SpoolOptions};
use crate::media::Encoding;

/// The one that appends to a spool. Neither `Clone` nor shared: there is one a spool.
#[derive(Debug)]
pub struct SpoolWriter {
    spool: Arc<SpoolFile>,
    options: SpoolOptions,
    /// Where the next record goes: the length of all whole ones.
    end: u64,
    room: Room,
    disk: Disk,
}

/// What is known to be on the disk.
#[derive(Debug, Default)]
struct Disk {
    /// Whether the folder itself, and the head in it, are.
    settled: bool,
    /// A sync has failed. The kernel tells of lost pages once and then forgets them, so a second try
    /// could succeed without them.
    failed: bool,
    syncs: u64,
}

impl SpoolWriter {
    pub(super) fn new(spool: Arc<SpoolFile>, options: SpoolOptions, end: u64) -> Self {
        Self {
            spool,
            options,
            end,
            room: Room::leaving(options.min_free_bytes),
            disk: Disk::default(),
        }
    }

    /// Appends a frame. When it returns, the kernel has it: a process that is killed loses nothing.
    /// Under [`Fsync::Always`] the disk has it too.
    ///
    /// # Errors
    /// [`SpoolError::DiskFull`] when there is no room, [`SpoolError::TooLarge`] from 4 GiB on, and
    /// what else the system says. The spool is then as it was before, and may be appended to again.
    pub fn append(
        &mut self,
        number: u64,
        encoding: Encoding,
        payload: &[u8],
    ) -> Result<FrameRef, SpoolError> {
        let bytes = u32::try_from(payload.len());
        let header = Header {
            number,
            encoding,
            bytes: bytes.map_err(|_| SpoolError::TooLarge(payload.len()))?,
            ending: ending(payload),
        };
        let record = (HEADER_BYTES + payload.len()) as u64;
        self.room.take(&self.spool.file, record)?;
        let before = self.end;
        let written = self.write(&header, payload);
        if let Err(error) = written {
            self.end = before;
            // Should this fail too, the next append overwrites the remains, or recovery cuts them.
            let _ = self.spool.file.set_len(before);
            return Err(error);
        }
        Ok(header.frame(before))
    }

    fn write(&mut self, header: &Header, payload: &[u8]) -> Result<(), SpoolError> {
        write_record(&self.spool.file, self.end, &header.to_bytes(), payload)?;
        self.end += (HEADER_BYTES + payload.len()) as u64;
        match self.options.fsync {
            Fsync::Always => self.sync(),
            Fsync::Never | Fsync::End => Ok(()),
        }
    }

    /// Forces all that was appended, and the folder it lies in, to the disk. Does nothing under
    /// [`Fsync::Never`].
    ///
    /// # Errors
    /// What the system says. From then on every call fails with [`SpoolError::Unsynced`].
    pub fn sync(&mut self) -> Result<(), SpoolError> {
        if self.options.fsync == Fsync::Never {
            return Ok(());
        }
        let folder = &self.spool.folder;
        self.disk.sync(&self.spool.file, || folder.settle(HEAD))
    }

    /// Calls of [`sync`](Self::sync) that reached the disk so far, those of appends too.
    #[must_use]
    pub const fn syncs(&self) -> u64 {
        self.disk.syncs
    }

    /// Bytes of the spool on disk.
    #[must_use]
    pub const fn bytes(&self) -> u64 {
        self.end
    }

    /// Keeps the upload's signal file beside the frames, in place of an earlier one, as a whole or not
    /// at all. When this returns it is on the disk, and so are the frames, but for [`Fsync::Never`].
    ///
    /// # Errors
    /// [`SpoolError::Name`] if `filename` is not a name, [`SpoolError::DiskFull`], those of
    /// [`sync`](Self::sync), what the system says.
    pub fn keep_signal(&mut self, filename: &str, bytes: &[u8]) -> Result<(), SpoolError> {
        if !is_name(filename) {
            return Err(SpoolError::Name);
        }
        self.sync()?;
        let durable = self.options.fsync != Fsync::Never;
        let parts = [filename.as_bytes(), b"\n", bytes];
        Ok(self.folder().write(SIGNAL, &parts, durable)?)
    }

    /// A second spool in the same folder, empty, for frames that are derived from these and can be made
    /// again. So it is never forced to the disk, nothing in it is recovered, and it leaves twice the
    /// reserve free: where the disk becomes full, these frames give way to those.
    ///
    /// # Errors
    /// [`SpoolError::Name`] if `file` is not a name or that of another file here; what the system says.
    pub fn beside(&self, file: &str) -> Result<(Self, SpoolReader), SpoolError> {
        if !is_name(file) || [HEAD, FRAMES, SIGNAL].contains(&file) {
            return Err(SpoolError::Name);
        }
        let spool = self.folder().spool(file, true)?;
        let options = SpoolOptions {
            fsync: Fsync::Never,
            min_free_bytes: self.options.min_free_bytes.saturating_mul(2),
        };
        let reader = SpoolReader::new(Arc::clone(&spool));
        Ok((Self::new(spool, options, 0), reader))
    }

    /// Removes the session's folder with all that is in it. Readers go on reading what they know.
    ///
    /// # Errors
    /// What the system says; something may then be left.
    pub fn discard(self) -> Result<(), SpoolError> {
        Ok(self.folder().remove()?)
    }

    fn folder(&self) -> &Arc<Folder> {
        &self.spool.folder
    }
}

impl Disk {
    fn sync(
        &mut self,
        file: &File,
        settle: impl FnOnce() -> io::Result<()>,
    ) -> Result<(), SpoolError> {
        if self.failed {
            return Err(SpoolError::Unsynced);
        }
        let settled = if self.settled { Ok(()) } else { settle() };
        let synced = settled.and_then(|()| file.sync_data());
        self.failed = synced.is_err();
        self.settled = synced.is_ok();
        self.syncs += u64::from(synced.is_ok());
        Ok(synced?)
    }
}

/// Writes header and payload at `at` with one call, or as many as the kernel wants: it may take a
/// part only, and then the next call says why.
fn write_record(file: &File, at: u64, header: &[u8], payload: &[u8]) -> io::Result<()> {
    let mut parts = [IoSlice::new(header), IoSlice::new(payload)];
    let (mut rest, mut at) = (&mut parts[..], at);
    // Drops a payload of no bytes, which would look like a write that never ends.
    IoSlice::advance_slices(&mut rest, 0);
    while !rest.is_empty() {
        match rustix::io::pwritev(file, rest, at) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(written) => {
                IoSlice::advance_slices(&mut rest, written);
                at += written as u64;
            }
            Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

    #[test]
    fn a_sync_that_failed_once_is_never_believed_again() {
        // The kernel refuses to sync a pipe.
        let (pipe, _end) = io::pipe().unwrap();
        let broken = File::from(std::os::fd::OwnedFd::from(pipe));
        let sound = tempfile::tempfile().unwrap();
        let mut disk = Disk::default();
        assert!(matches!(
            disk.sync(&broken, || Ok(())),
            Err(SpoolError::Io(_))
        ));
        assert!(matches!(
            disk.sync(&sound, || Ok(())),
            Err(SpoolError::Unsynced)
        ));
        assert_eq!(disk.syncs, 0);
    }

    #[test]
    fn the_folder_is_settled_with_the_first_sync_only() {
        let file = tempfile::tempfile().unwrap();
        let (mut disk, settled) = (Disk::default(), Cell::new(0));
        let settle = || {
            settled.set(settled.get() + 1);
            Ok(())
        };
        for _ in 0..3 {
            disk.sync(&file, settle).unwrap();
        }
        assert_eq!((settled.get(), disk.syncs), (1, 3));
    }
}

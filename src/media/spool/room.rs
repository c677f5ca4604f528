//! Room on the file system, asked for seldom enough to cost nothing.
//!
//! Invariant: between two questions at most [`ASK_EVERY`] bytes are written, and never more than were
//! free above the reserve when it was last asked; what others write in between is not seen.

use std::fs::File;

use super::SpoolError;

/// Bytes after which the file system is asked again. At 30 frames of 200 KB a second that is about
/// every three seconds; ten sessions together can be wrong by 160 MiB, so the reserve should be more.
const ASK_EVERY: u64 = 16 << 20;

/// What may be written before the file system is asked again.
#[derive(Debug)]
pub(super) struct Room {
    reserve: u64,
    granted: u64,
}

impl Room {
    /// Leaves `reserve` bytes free; 0 never asks.
    pub(super) const fn leaving(reserve: u64) -> Self {
        Self {
            reserve,
            granted: 0,
        }
    }

    /// Grants `bytes` on the file system that holds `file`, or says that the disk is full.
    pub(super) fn take(&mut self, file: &File, bytes: u64) -> Result<(), SpoolError> {
        if self.reserve == 0 {
            return Ok(());
        }
        if self.granted < bytes {
            self.granted = self.grant(free_bytes(file)?, bytes);
        }
        self.granted = self
            .granted
            .checked_sub(bytes)
            .ok_or(SpoolError::DiskFull)?;
        Ok(())
    }

    fn grant(&self, free: u64, bytes: u64) -> u64 {
        free.saturating_sub(self.reserve).min(ASK_EVERY.max(bytes))
    }
}

/// Bytes that a process without privileges may still write beside `file`.
pub(super) fn free_bytes(file: &File) -> Result<u64, SpoolError> {
    let stat = rustix::fs::fstatvfs(file).map_err(std::io::Error::from)?;
    Ok(stat.f_bavail.saturating_mul(stat.f_frsize))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_free_above_the_reserve_is_granted_up_to_a_bound() {
        let room = Room::leaving(100);
        assert_eq!(room.grant(1_000, 10), 900);
        assert_eq!(room.grant(u64::MAX, 10), ASK_EVERY);
        assert_eq!(room.grant(u64::MAX, 2 * ASK_EVERY), 2 * ASK_EVERY);
        assert_eq!(room.grant(99, 10), 0);
    }

    #[test]
    fn a_refusal_uses_up_nothing_that_a_smaller_frame_could_have() {
        let file = tempfile::tempfile().unwrap();
        let mut room = Room::leaving(free_bytes(&file).unwrap() / 2);
        let far_too_much = 1 << 60;
        assert!(matches!(
            room.take(&file, far_too_much),
            Err(SpoolError::DiskFull)
        ));
        assert!(room.take(&file, 10).is_ok());
    }

    #[test]
    fn without_a_reserve_nothing_is_asked() {
        let file = tempfile::tempfile().unwrap();
        assert!(Room::leaving(0).take(&file, u64::MAX).is_ok());
    }
}

//! Walking a spool from header to header, to find what a dead process left.
//!
//! Reads headers and the last bytes of frames, not their bodies. Invariant: everything up to
//! [`Scan::sound`] is whole records; whatever lies behind it is not.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;

use super::record::{ENDING_BYTES, FrameRef, HEADER_BYTES, Header};

/// What was found.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Scan {
    /// Bytes of whole records.
    pub(super) sound: u64,
    /// Bytes of the file.
    pub(super) length: u64,
}

/// Walks through `file` and shows every whole record's frame to `visit`.
pub(super) fn scan(file: &File, mut visit: impl FnMut(FrameRef)) -> io::Result<Scan> {
    let length = file.metadata()?.len();
    let mut sound = 0;
    while let Some(frame) = whole_record(file, sound, length)? {
        sound = frame.offset + u64::from(frame.bytes);
        visit(frame);
    }
    Ok(Scan { sound, length })
}

/// The frame of the record at `at`, if all of it is there.
fn whole_record(file: &File, at: u64, length: u64) -> io::Result<Option<FrameRef>> {
    let mut raw = [0; HEADER_BYTES];
    if length.saturating_sub(at) < HEADER_BYTES as u64 {
        return Ok(None);
    }
    file.read_exact_at(&mut raw, at)?;
    let Some(header) = Header::from_bytes(&raw) else {
        return Ok(None);
    };
    let frame = header.frame(at);
    let fits = length - frame.offset >= u64::from(frame.bytes);
    let whole = fits && ending_of(file, &frame)? == header.ending;
    Ok(whole.then_some(frame))
}

fn ending_of(file: &File, frame: &FrameRef) -> io::Result<[u8; ENDING_BYTES]> {
    let mut ending = [0; ENDING_BYTES];
    let known = ENDING_BYTES.min(frame.bytes as usize);
    let from = frame.offset + u64::from(frame.bytes) - known as u64;
    file.read_exact_at(&mut ending[..known], from)?;
    Ok(ending)
}

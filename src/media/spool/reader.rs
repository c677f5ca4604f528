//! Reading frames back while others are still being written.

use std::io;
use std::os::unix::fs::FileExt as _;
use std::sync::Arc;

use super::folder::SpoolFile;
use super::record::FrameRef;

/// Reads frames of one spool, from any number of threads. Clones share one open file, and keep the
/// folder owned.
#[derive(Clone, Debug)]
pub struct SpoolReader(Arc<SpoolFile>);

impl SpoolReader {
    pub(super) const fn new(file: Arc<SpoolFile>) -> Self {
        Self(file)
    }

    /// Reads the bytes of `frame` into `buffer`, which then holds nothing else. A buffer that is used
    /// again costs no allocation.
    ///
    /// # Errors
    /// What the system says; `UnexpectedEof` for a frame that is not in this spool.
    pub fn read(&self, frame: &FrameRef, buffer: &mut Vec<u8>) -> io::Result<()> {
        buffer.resize(frame.bytes as usize, 0);
        self.0.file.read_exact_at(buffer, frame.offset)
    }
}

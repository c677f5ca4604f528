//! The indices of an AVI file: one a segment, and the old one that stands behind the first.
//!
//! Invariant: an index is written behind the frames it names, so a file without one has lost its end, not its frames.

use super::FRAME;
use super::layout::words;

/// Segments of a file: 256 of up to a gibibyte are beyond what anyone streams.
pub(super) const MOST_SEGMENTS: usize = 256;
/// A frame that needs no other one: every JPEG.
const KEY_FRAME: u32 = 0x10;
/// The index names chunks, not other indices.
const INDEX_OF_CHUNKS: u32 = 1 << 24;

/// A finished segment: the file's first `RIFF`, or one of those behind it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Segment {
    /// The size field of its `RIFF` chunk.
    pub riff_bytes: u32,
    /// The size field of its `movi` list.
    pub movi_bytes: u32,
    /// Where its index chunk begins in the file.
    pub index_at: u64,
    /// Bytes of that chunk, its header included.
    pub index_bytes: u32,
    /// Frames in it.
    pub frames: u32,
}

/// The frames of the segment that is being written.
#[derive(Debug)]
pub(super) struct Index {
    /// Where the list's kind, `movi`, stands in the file; the offsets are counted from there.
    base: u64,
    /// For each frame the offset of its chunk, and its size.
    frames: Vec<(u32, u32)>,
}

// === impl Index ===

impl Index {
    /// Of a segment whose `movi` stands at `base`.
    pub const fn new(base: u64) -> Self {
        Self {
            base,
            frames: Vec::new(),
        }
    }

    /// The next frame: where its chunk begins in the file, and how long it is without header.
    pub fn add(&mut self, at: u64, bytes: u32) {
        self.frames.push(((at - self.base) as u32, bytes));
    }

    /// Frames so far.
    pub fn frames(&self) -> u32 {
        self.frames.len() as u32
    }

    /// Where the list's kind stands.
    pub const fn base(&self) -> u64 {
        self.base
    }

    /// Bytes that both indices will have, headers included.
    pub fn bytes(&self) -> u64 {
        8 + 24 + 8 + 24 * self.frames.len() as u64
    }

    /// The body of the segment's own index, `ix00`; it points at what is inside the chunks.
    pub fn standard(&self) -> Vec<u8> {
        let longs_an_entry = 2;
        let mut bytes = words(&[longs_an_entry | INDEX_OF_CHUNKS, self.frames()]);
        bytes.extend(FRAME);
        bytes.extend(self.base.to_le_bytes());
        bytes.extend(words(&[0]));
        for (at, size) in &self.frames {
            bytes.extend(words(&[at + 8, *size]));
        }
        bytes
    }

    /// The body of the old index, `idx1`, which only the first segment has; it points at the chunks.
    pub fn legacy(&self) -> Vec<u8> {
        let entry = |(at, size): &(u32, u32)| {
            let mut bytes = FRAME.to_vec();
            bytes.extend(words(&[KEY_FRAME, *at, *size]));
            bytes
        };
        self.frames.iter().flat_map(entry).collect()
    }
}

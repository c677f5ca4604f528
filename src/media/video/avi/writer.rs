//! JPEGs into an AVI file.
//!
//! Invariant: frames already written stay where they are; only sizes and counts in headers are written again.

use std::fs::File;
use std::io::{BufWriter, Seek, SeekFrom, Write};
use std::path::Path;

use super::index::{Index, MOST_SEGMENTS, Segment};
use super::layout::{Header, chunk, list};
use super::{AviError, FRAME, MOST_FRAME_BYTES};
use crate::media::video::Rate;

/// Bytes of a segment. Old programs take a gibibyte at most.
const SEGMENT_BYTES: u64 = 1 << 30;
/// A `RIFF` header with its kind, and a list's: what stands before the frames of a segment.
const SEGMENT_HEAD: u64 = 24;

/// Writes a file frame by frame; [`finish`](Self::finish) completes it. A writer that is dropped before leaves a file that
/// plays, without an index.
#[derive(Debug)]
pub struct AviWriter<W: Write + Seek = BufWriter<File>> {
    out: W,
    /// Bytes written so far.
    at: u64,
    header: Header,
    /// Where the running segment's `RIFF` begins.
    segment_at: u64,
    index: Index,
    segment_bytes: u64,
    frames: u64,
}

// === impl AviWriter ===

impl AviWriter {
    /// Creates the file, or empties it. `size` is pixels in a row and rows.
    ///
    /// # Errors
    /// If the file cannot be written, or a side is 0 or above 65,535.
    pub fn create(path: &Path, size: (u32, u32), rate: Rate) -> Result<Self, AviError> {
        let file = BufWriter::with_capacity(1 << 18, File::create(path)?);
        Self::new(file, size, rate)
    }
}

impl<W: Write + Seek> AviWriter<W> {
    /// Writes to `out`, which is at its beginning.
    ///
    /// # Errors
    /// See [`AviWriter::create`].
    pub fn new(out: W, size: (u32, u32), rate: Rate) -> Result<Self, AviError> {
        Self::with_segments(out, size, rate, SEGMENT_BYTES)
    }

    pub(super) fn with_segments(
        mut out: W,
        (width, height): (u32, u32),
        rate: Rate,
        segment_bytes: u64,
    ) -> Result<Self, AviError> {
        let header = Header {
            width: side(width).ok_or(AviError::Sides(width, height))?,
            height: side(height).ok_or(AviError::Sides(width, height))?,
            rate,
            largest: 0,
            segments: Vec::new(),
        };
        let bytes = header.bytes();
        out.write_all(&bytes)?;
        let at = bytes.len() as u64;
        Ok(Self {
            out,
            at,
            header,
            segment_at: 0,
            index: Index::new(at - 4),
            segment_bytes,
            frames: 0,
        })
    }

    /// Appends a JPEG file as the next frame, as it is. One that is larger or smaller than the video is stored too; players
    /// scale it.
    ///
    /// # Errors
    /// If the bytes are no JPEG file or too many, the file has [`AviError::Full`] size, or the disk refuses.
    pub fn frame(&mut self, jpeg: &[u8]) -> Result<(), AviError> {
        let bytes = jpeg.len() as u64;
        if !jpeg.starts_with(&[0xFF, 0xD8, 0xFF]) {
            return Err(AviError::NotAJpeg(self.frames));
        }
        if bytes > MOST_FRAME_BYTES {
            let frame = self.frames;
            return Err(AviError::FrameTooLarge { frame, bytes });
        }
        self.append(jpeg)
    }

    /// Shows the frame before for the time of one more: an empty chunk, which players and programs take as that. Before the first
    /// frame there is nothing to show, and nothing is written.
    ///
    /// # Errors
    /// If the file has [`AviError::Full`] size, or the disk refuses.
    pub fn again(&mut self) -> Result<(), AviError> {
        match self.frames {
            0 => Ok(()),
            _ => self.append(&[]),
        }
    }

    fn append(&mut self, bytes: &[u8]) -> Result<(), AviError> {
        let length = bytes.len() as u32;
        let after = self.at - self.segment_at + u64::from(length) + self.index.bytes() + 64;
        if after > self.segment_bytes && self.index.frames() > 0 {
            self.next_segment()?;
        }
        self.index.add(self.at, length);
        self.header.largest = self.header.largest.max(length);
        self.frames += 1;
        self.write_chunk(FRAME, bytes)
    }

    /// Frames so far.
    pub const fn frames(&self) -> u64 {
        self.frames
    }

    /// Writes the indices and completes the headers.
    ///
    /// # Errors
    /// If the disk refuses.
    pub fn finish(mut self) -> Result<W, AviError> {
        self.end_segment()?;
        self.out.seek(SeekFrom::Start(0))?;
        self.out.write_all(&self.header.bytes())?;
        self.out.seek(SeekFrom::Start(self.at))?;
        self.out.flush()?;
        Ok(self.out)
    }

    fn next_segment(&mut self) -> Result<(), AviError> {
        if self.header.segments.len() + 1 == MOST_SEGMENTS {
            return Err(AviError::Full(self.at));
        }
        self.end_segment()?;
        self.segment_at = self.at;
        let inside = list(*b"LIST", *b"movi", &[]);
        let head = list(*b"RIFF", *b"AVIX", &inside);
        self.out.write_all(&head)?;
        self.at += head.len() as u64;
        self.index = Index::new(self.at - 4);
        // Sizes of 0 say "to the end of the file", should this segment never be completed.
        self.patch(self.segment_at, 0, 0)
    }

    /// Writes the running segment's indices and its sizes.
    fn end_segment(&mut self) -> Result<(), AviError> {
        let index_at = self.at;
        self.write_chunk(*b"ix00", &self.index.standard())?;
        let index_bytes = (self.at - index_at) as u32;
        let movi_end = self.at;
        let is_first = self.header.segments.is_empty();
        if is_first {
            self.write_chunk(*b"idx1", &self.index.legacy())?;
        }
        let segment = Segment {
            riff_bytes: (self.at - self.segment_at - 8) as u32,
            movi_bytes: (movi_end - self.index.base()) as u32,
            index_at,
            index_bytes,
            frames: self.index.frames(),
        };
        self.header.segments.push(segment);
        match is_first {
            // The first one's sizes are in the header, which `finish` writes; until then it reaches to the end.
            true => Ok(()),
            false => self.patch(self.segment_at, segment.riff_bytes, segment.movi_bytes),
        }
    }

    /// Writes the two sizes of the segment that begins at `at`.
    fn patch(&mut self, at: u64, riff: u32, movi: u32) -> Result<(), AviError> {
        for (field, size) in [(at + 4, riff), (at + SEGMENT_HEAD - 8, movi)] {
            self.out.seek(SeekFrom::Start(field))?;
            self.out.write_all(&size.to_le_bytes())?;
        }
        self.out.seek(SeekFrom::Start(self.at))?;
        Ok(())
    }

    fn write_chunk(&mut self, name: [u8; 4], body: &[u8]) -> Result<(), AviError> {
        self.out.write_all(&chunk_head(name, body.len()))?;
        self.out.write_all(body)?;
        let padding = body.len() % 2;
        self.out.write_all(&[0][..padding])?;
        self.at += (8 + body.len() + padding) as u64;
        Ok(())
    }
}

fn side(pixels: u32) -> Option<u16> {
    u16::try_from(pixels).ok().filter(|side| *side > 0)
}

fn chunk_head(name: [u8; 4], bytes: usize) -> Vec<u8> {
    let mut head = chunk(name, &[]);
    head[4..8].copy_from_slice(&(bytes as u32).to_le_bytes());
    head
}

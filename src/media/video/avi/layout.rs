//! The fixed bytes at the beginning of an AVI file.
//!
//! Not responsible for frames. Invariant: the header of a stream of given sides and rate always has the same length, so
//! that it can be written again over itself when the counts are known.

use super::FRAME;
use super::index::{MOST_SEGMENTS, Segment};
use crate::media::video::Rate;

/// There is an index; chunks are in order of time; the kinds of chunks can be trusted.
const FLAGS: u32 = 0x10 | 0x100 | 0x800;
const BITS_A_PIXEL: u32 = 24;

/// What a header says.
#[derive(Clone, Debug)]
pub(super) struct Header {
    pub width: u16,
    pub height: u16,
    pub rate: Rate,
    /// Bytes of the largest frame.
    pub largest: u32,
    /// Segments that are whole; the first one's sizes stand in the header. None while the file is being written.
    pub segments: Vec<Segment>,
}

// === impl Header ===

impl Header {
    /// The bytes up to the first frame.
    pub fn bytes(&self) -> Vec<u8> {
        let first = self.segments.first();
        let mut file = list(*b"RIFF", *b"AVI ", &self.lists());
        set_size(&mut file, 4, first.map_or(0, |segment| segment.riff_bytes));
        let mut movi = list(*b"LIST", *b"movi", &[]);
        set_size(&mut movi, 4, first.map_or(0, |segment| segment.movi_bytes));
        file.extend(movi);
        file
    }

    fn lists(&self) -> Vec<u8> {
        let stream = [
            chunk(*b"strh", &self.stream()),
            chunk(*b"strf", &self.format()),
            chunk(*b"indx", &self.super_index()),
        ];
        let extended = chunk(*b"dmlh", &words(&[self.frames()]));
        let inside = [
            chunk(*b"avih", &self.main()),
            list(*b"LIST", *b"strl", &stream.concat()),
            list(*b"LIST", *b"odml", &extended),
        ];
        list(*b"LIST", *b"hdrl", &inside.concat())
    }

    fn frames(&self) -> u32 {
        self.segments.iter().map(|segment| segment.frames).sum()
    }

    fn main(&self) -> Vec<u8> {
        let microseconds = (1e6 / self.rate.fps()).round() as u32;
        let a_second = f64::from(self.largest) * self.rate.fps();
        let in_first = self.segments.first().map_or(0, |segment| segment.frames);
        let (width, height) = (u32::from(self.width), u32::from(self.height));
        words(&[
            microseconds,
            a_second as u32,
            0,
            FLAGS,
            in_first,
            0,
            1,
            self.largest,
            width,
            height,
            0,
            0,
            0,
            0,
        ])
    }

    fn stream(&self) -> Vec<u8> {
        let (scale, rate) = (self.rate.denominator(), self.rate.numerator());
        let numbers = [
            0,
            0,
            0,
            scale,
            rate,
            0,
            self.frames(),
            self.largest,
            u32::MAX,
            0,
        ];
        let mut bytes = [*b"vids", *b"MJPG"].concat();
        bytes.extend(words(&numbers));
        for side in [0, 0, self.width, self.height] {
            bytes.extend(side.to_le_bytes());
        }
        bytes
    }

    /// A `BITMAPINFOHEADER`.
    fn format(&self) -> Vec<u8> {
        let (width, height) = (u32::from(self.width), u32::from(self.height));
        let planes_and_bits = 1 | BITS_A_PIXEL << 16;
        let mut bytes = words(&[40, width, height, planes_and_bits]);
        bytes.extend(*b"MJPG");
        // 65,535² × 3 does not fit; the field is a hint.
        let pixels = width.saturating_mul(height).saturating_mul(3);
        bytes.extend(words(&[pixels, 0, 0, 0, 0]));
        bytes
    }

    /// Where the index of each segment is; with room for all that there can be.
    fn super_index(&self) -> Vec<u8> {
        let longs_an_entry = 4_u32;
        let mut bytes = words(&[longs_an_entry, self.segments.len() as u32]);
        bytes.extend(FRAME);
        bytes.extend(words(&[0, 0, 0]));
        for segment in &self.segments {
            bytes.extend(segment.index_at.to_le_bytes());
            bytes.extend(words(&[segment.index_bytes, segment.frames]));
        }
        bytes.resize(24 + 16 * MOST_SEGMENTS, 0);
        bytes
    }
}

/// A chunk of an even number of bytes.
pub(super) fn chunk(name: [u8; 4], body: &[u8]) -> Vec<u8> {
    let mut bytes = name.to_vec();
    bytes.extend((body.len() as u32).to_le_bytes());
    bytes.extend_from_slice(body);
    bytes
}

/// A list (or a file, with `RIFF`) of chunks.
pub(super) fn list(name: [u8; 4], kind: [u8; 4], body: &[u8]) -> Vec<u8> {
    chunk(name, &[&kind, body].concat())
}

/// Little-endian words.
pub(super) fn words(numbers: &[u32]) -> Vec<u8> {
    numbers
        .iter()
        .flat_map(|number| number.to_le_bytes())
        .collect()
}

fn set_size(bytes: &mut [u8], at: usize, size: u32) {
    bytes[at..at + 4].copy_from_slice(&size.to_le_bytes());
}

//! Whether bytes can be the frame that was announced: what is seen in microseconds, without decoding.
//!
//! Looks at the signature, the sides in the header and the end marker, so it finds what goes wrong on the way: another
//! encoding, another size, an upload that was cut. Not responsible for what only a decoder sees. Invariant: it reads a bounded
//! part of the bytes, whatever they say, and never panics.

use super::raw::{RAW_HEADER_BYTES, raw};
use crate::media::Encoding;
use std::fmt;

/// Behind the end marker some encoders leave padding: the marker is looked for among so many last bytes.
const TAIL: usize = 512;

/// Segments before the header of the picture, at most. Cameras write a dozen.
const MAX_SEGMENTS: usize = 1_000;

const PNG_SIGNATURE: &[u8] = b"\x89PNG\r\n\x1a\n";

/// A PNG's last chunk: no data, its name, and the checksum of that.
const PNG_END: &[u8] = b"\0\0\0\0IEND\xae\x42\x60\x82";

/// Why bytes cannot be the frame that was announced.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FrameFlaw {
    /// There are none.
    #[error("it is empty")]
    Empty,
    /// They do not begin as that encoding does.
    #[error("it does not begin like a {0} picture")]
    NotThat(Encoding),
    /// The encoding is none that is known.
    #[error("{0}")]
    UnknownEncoding(String),
    /// No sides were found where they should be.
    #[error("its header is damaged")]
    Header,
    /// Other sides than the session's.
    #[error("it has {is} pixels, but its session has {should}")]
    OtherSize {
        /// What its header says.
        is: Sides,
        /// What the session's client announced.
        should: Sides,
    },
    /// A raw frame of a length that fits neither form.
    #[error(
        "it has {is} bytes, but {should} are a raw frame of this session, or {RAW_HEADER_BYTES} more with a header"
    )]
    RawLength {
        /// Bytes that came.
        is: usize,
        /// Bytes of the pixels alone.
        should: u64,
    },
    /// It has no end.
    #[error("it is cut off: its end marker is missing")]
    CutOff,
}

/// Pixels in a row, and rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sides {
    /// Pixels in a row.
    pub width: u32,
    /// Rows.
    pub height: u32,
}

/// Whether `bytes` can be a frame of these sides in this encoding.
///
/// # Errors
/// What speaks against it.
pub fn check(bytes: &[u8], encoding: Encoding, should: Sides) -> Result<(), FrameFlaw> {
    if bytes.is_empty() {
        return Err(FrameFlaw::Empty);
    }
    match encoding {
        Encoding::Jpeg => {
            jpeg_sides(bytes)?.same_as(should)?;
            ends_with(bytes, &[0xFF, 0xD9])
        }
        Encoding::Png => {
            png_sides(bytes)?.same_as(should)?;
            ends_with(bytes, PNG_END)
        }
        Encoding::Raw => raw(bytes, should).map(drop),
    }
}

fn ends_with(bytes: &[u8], marker: &[u8]) -> Result<(), FrameFlaw> {
    let tail = &bytes[bytes.len().saturating_sub(TAIL)..];
    let found = tail
        .windows(marker.len())
        .rev()
        .any(|window| window == marker);
    found.then_some(()).ok_or(FrameFlaw::CutOff)
}

/// The sides in the frame header (ITU T.81, B.2.2), which lies behind a few segments that each say how long they are.
fn jpeg_sides(bytes: &[u8]) -> Result<Sides, FrameFlaw> {
    let not_that = FrameFlaw::NotThat(Encoding::Jpeg);
    let mut rest = bytes.strip_prefix(&[0xFF, 0xD8]).ok_or(not_that.clone())?;
    if rest.first() != Some(&0xFF) {
        return Err(not_that);
    }
    for _ in 0..MAX_SEGMENTS {
        let (marker, behind) = marker(rest).ok_or(FrameFlaw::Header)?;
        if is_frame_header(marker) {
            return match behind {
                [_, _, _, h1, h0, w1, w0, ..] => Ok(Sides {
                    width: u16::from_be_bytes([*w1, *w0]).into(),
                    height: u16::from_be_bytes([*h1, *h0]).into(),
                }),
                _ => Err(FrameFlaw::CutOff),
            };
        }
        let [l1, l0, ..] = behind else {
            return Err(FrameFlaw::CutOff);
        };
        let length = usize::from(u16::from_be_bytes([*l1, *l0]));
        if length < 2 || marker == SCAN {
            return Err(FrameFlaw::Header);
        }
        rest = behind.get(length..).ok_or(FrameFlaw::CutOff)?;
    }
    Err(FrameFlaw::Header)
}

/// The start of the picture's data.
const SCAN: u8 = 0xDA;

/// The next marker, behind as many fill bytes as there are, and what follows it.
fn marker(bytes: &[u8]) -> Option<(u8, &[u8])> {
    let (_, rest) = bytes.split_first().filter(|(first, _)| **first == 0xFF)?;
    let fill = rest
        .iter()
        .take(TAIL)
        .take_while(|byte| **byte == 0xFF)
        .count();
    let (marker, behind) = rest[fill..].split_first()?;
    Some((*marker, behind))
}

/// SOF0 to SOF15, without the three of that row that mean something else: DHT, JPG and DAC.
fn is_frame_header(marker: u8) -> bool {
    (0xC0..=0xCF).contains(&marker) && !matches!(marker, 0xC4 | 0xC8 | 0xCC)
}

/// The sides in the header chunk, which is the first (PNG specification, 11.2.2).
fn png_sides(bytes: &[u8]) -> Result<Sides, FrameFlaw> {
    let rest = bytes
        .strip_prefix(PNG_SIGNATURE)
        .ok_or(FrameFlaw::NotThat(Encoding::Png))?;
    match rest {
        [
            0,
            0,
            0,
            13,
            b'I',
            b'H',
            b'D',
            b'R',
            w3,
            w2,
            w1,
            w0,
            h3,
            h2,
            h1,
            h0,
            ..,
        ] => Ok(Sides {
            width: u32::from_be_bytes([*w3, *w2, *w1, *w0]),
            height: u32::from_be_bytes([*h3, *h2, *h1, *h0]),
        }),
        _ => Err(FrameFlaw::Header),
    }
}

// === impl Sides ===

impl Sides {
    pub(super) fn same_as(self, should: Self) -> Result<(), FrameFlaw> {
        match self == should {
            true => Ok(()),
            false => Err(FrameFlaw::OtherSize { is: self, should }),
        }
    }
}

impl fmt::Display for Sides {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}×{}", self.width, self.height)
    }
}

#[cfg(test)]
#[path = "check_tests.rs"]
mod tests;

//! One frame as it lies in the file: a header of 32 bytes, and the frame's bytes.
//!
//! | bytes | holds (numbers little-endian) |
//! |---|---|
//! | 0–3 | `FLS1` |
//! | 4 | the encoding: 0 JPEG, 1 PNG, 2 raw |
//! | 5–7 | zero |
//! | 8–15 | the frame's number |
//! | 16–19 | length of the frame's bytes |
//! | 20–27 | the last eight of them (fewer: padded with zeros) |
//! | 28–31 | CRC-32 of bytes 0–27 |
//!
//! The last bytes are repeated because after a loss of power a file may be as long as it was, with
//! zeros where the data never reached the disk. Summing up all bytes would find more, and cost more
//! than writing them.

use std::array;

use crate::media::Encoding;

/// Bytes of a header.
pub const HEADER_BYTES: usize = 32;
/// Bytes of a frame that its header repeats.
pub(super) const ENDING_BYTES: usize = 8;
/// What a header begins with; the digit is the version of the form.
const MAGIC: [u8; 4] = *b"FLS1";
/// Where the checksum lies, which sums up all before it.
const SUM_AT: usize = 28;

/// Where a frame lies in its spool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrameRef {
    /// The frame's number, as its client gave it.
    pub number: u64,
    /// How its bytes are to be read.
    pub encoding: Encoding,
    /// Where its first byte lies in the file.
    pub offset: u64,
    /// How many they are.
    pub bytes: u32,
}

/// What the header says of the frame behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) number: u64,
    pub(super) encoding: Encoding,
    pub(super) bytes: u32,
    pub(super) ending: [u8; ENDING_BYTES],
}

impl Header {
    pub(super) fn to_bytes(self) -> [u8; HEADER_BYTES] {
        let mut raw = [0; HEADER_BYTES];
        raw[..4].copy_from_slice(&MAGIC);
        raw[4] = code(self.encoding);
        raw[8..16].copy_from_slice(&self.number.to_le_bytes());
        raw[16..20].copy_from_slice(&self.bytes.to_le_bytes());
        raw[20..SUM_AT].copy_from_slice(&self.ending);
        let sum = crc32fast::hash(&raw[..SUM_AT]);
        raw[SUM_AT..].copy_from_slice(&sum.to_le_bytes());
        raw
    }

    /// `None` for anything that [`to_bytes`](Self::to_bytes) does not make.
    pub(super) fn from_bytes(raw: &[u8; HEADER_BYTES]) -> Option<Self> {
        let header = Self {
            encoding: encoding(raw[4])?,
            number: u64::from_le_bytes(part(raw, 8)),
            bytes: u32::from_le_bytes(part(raw, 16)),
            ending: part(raw, 20),
        };
        (header.to_bytes() == *raw).then_some(header)
    }

    /// The frame behind a header that lies at `at`.
    pub(super) const fn frame(&self, at: u64) -> FrameRef {
        FrameRef {
            number: self.number,
            encoding: self.encoding,
            offset: at + HEADER_BYTES as u64,
            bytes: self.bytes,
        }
    }
}

/// The last bytes of `payload`, as a header repeats them.
pub(super) fn ending(payload: &[u8]) -> [u8; ENDING_BYTES] {
    let last = &payload[payload.len().saturating_sub(ENDING_BYTES)..];
    array::from_fn(|at| last.get(at).copied().unwrap_or(0))
}

const fn code(encoding: Encoding) -> u8 {
    match encoding {
        Encoding::Jpeg => 0,
        Encoding::Png => 1,
        Encoding::Raw => 2,
    }
}

const fn encoding(code: u8) -> Option<Encoding> {
    match code {
        0 => Some(Encoding::Jpeg),
        1 => Some(Encoding::Png),
        2 => Some(Encoding::Raw),
        _ => None,
    }
}

fn part<const N: usize>(raw: &[u8; HEADER_BYTES], at: usize) -> [u8; N] {
    array::from_fn(|index| raw[at + index])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header() -> Header {
        Header {
            number: 0x0102_0304_0506_0708,
            encoding: Encoding::Png,
            bytes: 200_000,
            ending: *b"IEND\xaeB`\x82",
        }
    }

    #[test]
    fn a_header_is_read_as_it_was_written() {
        for encoding in [Encoding::Jpeg, Encoding::Png, Encoding::Raw] {
            let header = Header {
                encoding,
                ..header()
            };
            assert_eq!(Header::from_bytes(&header.to_bytes()), Some(header));
        }
    }

    #[test]
    fn a_header_with_any_one_bit_wrong_is_none() {
        let raw = header().to_bytes();
        for bit in 0..HEADER_BYTES * 8 {
            let mut wrong = raw;
            wrong[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(Header::from_bytes(&wrong), None, "bit {bit}");
        }
    }

    #[test]
    fn zeros_are_no_header() {
        assert_eq!(Header::from_bytes(&[0; HEADER_BYTES]), None);
    }

    #[test]
    fn an_ending_is_the_last_eight_bytes_or_all_there_are() {
        assert_eq!(ending(b"0123456789"), *b"23456789");
        assert_eq!(ending(b"ab"), *b"ab\0\0\0\0\0\0");
        assert_eq!(ending(b""), [0; 8]);
    }
}

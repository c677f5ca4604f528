//! A raw frame: its pixels as they are, bare or behind a header.

use super::check::{FrameFlaw, Sides};

/// Bytes of a raw frame's header: height, width, channels, each a little-endian u32.
pub const RAW_HEADER_BYTES: usize = 12;

/// Bytes of a pixel.
const GREY: u32 = 1;
/// B, G, R.
const COLOUR: u32 = 3;

/// The pixels of a raw frame, row by row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RawPixels<'a> {
    /// B, G, R.
    Bgr(&'a [u8]),
    /// One channel.
    Grey(&'a [u8]),
}

/// Reads either form: as many bytes as three channels of these sides take, or a header that tells these sides and one or three
/// channels, and so many bytes behind it.
///
/// # Errors
/// If the sides are others, or the length fits neither form.
pub fn raw(bytes: &[u8], should: Sides) -> Result<RawPixels<'_>, FrameFlaw> {
    let bare = bytes_of(should, COLOUR);
    if bytes.len() as u64 == bare {
        return Ok(RawPixels::Bgr(bytes));
    }
    let wrong = FrameFlaw::RawLength {
        is: bytes.len(),
        should: bare,
    };
    let Some((header, pixels)) = bytes.split_first_chunk::<RAW_HEADER_BYTES>() else {
        return Err(wrong);
    };
    let (words, _) = header.as_chunks::<4>();
    let [height, width, channels] = [0, 1, 2].map(|at: usize| u32::from_le_bytes(words[at]));
    let found = match channels {
        COLOUR => RawPixels::Bgr(pixels),
        GREY => RawPixels::Grey(pixels),
        _ => return Err(wrong),
    };
    Sides { width, height }.same_as(should)?;
    match pixels.len() as u64 == bytes_of(should, channels) {
        true => Ok(found),
        false => Err(wrong),
    }
}

/// Bytes of the pixels.
fn bytes_of(sides: Sides, channels: u32) -> u64 {
    (u64::from(sides.width) * u64::from(sides.height)).saturating_mul(channels.into())
}

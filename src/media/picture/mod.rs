//! A client's picture file to pixels, within limits.
//!
//! Not responsible for where the bytes came from (base64, a body, a file) or for the size that a
//! model wants ([`cover`] gives it). Invariant: the sides in a file's header are checked before
//! memory for its pixels is taken, so a small file that claims a huge picture costs nothing; and
//! what comes out is a whole picture, never the intact half of a damaged one.
//!
//! Transparency is laid over white: a picture with holes is nearly always made to lie on a page,
//! and pages are white. Dropping the alpha channel instead would show the arbitrary colours that
//! editors leave under transparent pixels.

mod check;
mod jpeg;
mod raster;
mod raw;
mod sniff;
mod streamed;

pub use super::resize::cover;
pub use check::{FrameFlaw, Sides, check};
pub use raw::RAW_HEADER_BYTES;
pub use streamed::decode_streamed;

use super::rgb8::Rgb8;
use sniff::Kind;

/// What a client's picture may cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DecodeLimits {
    /// Size of the file, in bytes.
    pub max_bytes: usize,
    /// Width and height, in pixels.
    pub max_side: u32,
    /// Width times height, in pixels.
    pub max_pixels: u64,
}

/// Why a file gave no picture. The messages are meant for the client that sent it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PictureError {
    /// The first bytes are those of no picture format.
    #[error("not a picture: send a JPEG, PNG, WebP, GIF, BMP or TIFF file")]
    NotAPicture,
    /// A picture, in a format or variant that is not read here.
    #[error("{format} pictures are not supported: send a JPEG, PNG, WebP, GIF, BMP or TIFF file")]
    Unsupported {
        /// What it is, such as `HEIC`.
        format: &'static str,
    },
    /// The file is larger than [`DecodeLimits::max_bytes`].
    #[error("the picture file has {bytes} bytes; at most {max_bytes} are accepted")]
    TooManyBytes {
        /// Bytes in the file.
        bytes: usize,
        /// The limit.
        max_bytes: usize,
    },
    /// More pixels than [`DecodeLimits::max_side`] or [`DecodeLimits::max_pixels`] allow.
    #[error(
        "the picture has {width}×{height} pixels; at most {max_side} a side and {max_pixels} in \
         all are accepted"
    )]
    TooLarge {
        /// Pixels in a row, by the file's header.
        width: u32,
        /// Rows, by the file's header.
        height: u32,
        /// The limit of either side.
        max_side: u32,
        /// The limit of the product.
        max_pixels: u64,
    },
    /// The right first bytes, but the rest is cut off, mutated or contradicts itself.
    #[error("the picture is damaged: {0}")]
    Damaged(String),
}

/// Decodes a JPEG, PNG, WebP, GIF (its first frame), BMP or TIFF file, told apart by its first
/// bytes whatever its name says.
///
/// The picture is turned upright by its EXIF orientation, transparency is laid over white, and
/// grey, palette, 16-bit and CMYK files become 8-bit RGB. Colour profiles are not applied. Pure
/// CPU work, about 10 ms for 1920×1080: keep it off threads that must answer quickly.
///
/// # Errors
/// See [`PictureError`]; limits are checked first, in the order bytes, format, sides.
pub fn decode(bytes: &[u8], limits: &DecodeLimits) -> Result<Rgb8, PictureError> {
    limits.check_bytes(bytes.len())?;
    match sniff::kind(bytes)? {
        Kind::Jpeg => jpeg::decode(bytes, limits),
        Kind::Raster(format) => raster::decode(bytes, format, limits),
    }
}

// === impl DecodeLimits ===

/// 20 MiB, 16,384 pixels a side, 50 million in all: any phone's camera, and no more.
impl Default for DecodeLimits {
    fn default() -> Self {
        Self {
            max_bytes: 20 << 20,
            max_side: 16_384,
            max_pixels: 50_000_000,
        }
    }
}

impl DecodeLimits {
    /// What decoders may allocate at most, in bytes: 12 a pixel (a progressive JPEG in full colour
    /// holds 6 of coefficients, 3 of planes and 3 of result; a 16-bit RGBA file 8 and 3) and
    /// 1 MiB for tables.
    #[must_use]
    pub fn working_bytes(&self) -> u64 {
        self.max_pixels.saturating_mul(12).saturating_add(1 << 20)
    }

    fn check_bytes(&self, bytes: usize) -> Result<(), PictureError> {
        let max_bytes = self.max_bytes;
        if bytes > max_bytes {
            return Err(PictureError::TooManyBytes { bytes, max_bytes });
        }
        Ok(())
    }

    fn check_sides(&self, width: u32, height: u32) -> Result<(), PictureError> {
        let &Self {
            max_side,
            max_pixels,
            ..
        } = self;
        if width == 0 || height == 0 {
            return Err(PictureError::Damaged(format!(
                "its header says {width}×{height} pixels"
            )));
        }
        if width.max(height) > max_side || u64::from(width) * u64::from(height) > max_pixels {
            return Err(PictureError::TooLarge {
                width,
                height,
                max_side,
                max_pixels,
            });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;

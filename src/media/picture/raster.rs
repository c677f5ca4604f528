//! PNG, WebP, GIF, BMP and TIFF files to pixels.
//!
//! Not responsible for JPEG. Invariant: the decoder has read a header and nothing else when the
//! sides are checked.

use std::io::Cursor;

use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageError, ImageFormat, ImageReader, Limits};

use super::{DecodeLimits, PictureError};
use crate::media::rgb8::Rgb8;

/// Transparency is laid over this value in all channels; see the parent module.
const PAPER: u8 = 255;

pub(super) fn decode(
    bytes: &[u8],
    format: ImageFormat,
    limits: &DecodeLimits,
) -> Result<Rgb8, PictureError> {
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    reader.limits(memory(limits));
    let mut decoder = reader.into_decoder()?;
    let (width, height) = decoder.dimensions();
    limits.check_sides(width, height)?;
    if decoder.total_bytes() > limits.working_bytes() {
        return Err(PictureError::Unsupported {
            format: "large floating-point",
        });
    }
    // Unreadable EXIF data is no reason to refuse a sound picture.
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let mut image = DynamicImage::from_decoder(decoder)?;
    image.apply_orientation(orientation);
    Ok(flatten(image))
}

/// Memory alone: the sides are checked by us, whose error names them.
fn memory(limits: &DecodeLimits) -> Limits {
    let mut memory = Limits::no_limits();
    memory.max_alloc = Some(limits.working_bytes());
    memory
}

/// 8-bit RGB, without transparency.
fn flatten(image: DynamicImage) -> Rgb8 {
    let (width, height) = (image.width(), image.height());
    let data = if image.color().has_alpha() {
        on_paper(image.into_rgba8().into_raw())
    } else {
        image.into_rgb8().into_raw()
    };
    Rgb8 {
        width,
        height,
        data,
    }
}

/// RGBA to RGB in place, so that a large picture is held once.
fn on_paper(mut rgba: Vec<u8>) -> Vec<u8> {
    let pixels = rgba.len() / 4;
    for pixel in 0..pixels {
        let alpha = u32::from(rgba[pixel * 4 + 3]);
        for channel in 0..3 {
            let colour = u32::from(rgba[pixel * 4 + channel]);
            let mixed = (colour * alpha + u32::from(PAPER) * (255 - alpha) + 127) / 255;
            rgba[pixel * 3 + channel] = mixed as u8;
        }
    }
    rgba.truncate(pixels * 3);
    rgba.shrink_to_fit();
    rgba
}

impl From<ImageError> for PictureError {
    fn from(error: ImageError) -> Self {
        match error {
            ImageError::Unsupported(_) => Self::Unsupported {
                format: "unusual variants of such",
            },
            ImageError::Limits(_) => {
                Self::Damaged("it needs more memory than its size explains".into())
            }
            ImageError::IoError(_) => Self::Damaged("it ends too early".into()),
            other => Self::Damaged(other.to_string()),
        }
    }
}

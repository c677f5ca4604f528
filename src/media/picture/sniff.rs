//! What a file is, by its first bytes.
//!
//! Not responsible for whether the rest is sound. Invariant: a file is given to a decoder only if
//! it begins with that format's signature, so text or an executable never reaches one.

use image::ImageFormat;

use super::PictureError;

/// The decoder that a file is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// For the JPEG library.
    Jpeg,
    /// For the `image` crate, as this format.
    Raster(ImageFormat),
}

/// Tells the formats apart that are read here, and names those that people send by mistake.
pub(super) fn kind(bytes: &[u8]) -> Result<Kind, PictureError> {
    match bytes {
        [0xFF, 0xD8, 0xFF, ..] => Ok(Kind::Jpeg),
        [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1A, b'\n', ..] => {
            Ok(Kind::Raster(ImageFormat::Png))
        }
        [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => Ok(Kind::Raster(ImageFormat::Gif)),
        [
            b'R',
            b'I',
            b'F',
            b'F',
            _,
            _,
            _,
            _,
            b'W',
            b'E',
            b'B',
            b'P',
            ..,
        ] => Ok(Kind::Raster(ImageFormat::WebP)),
        // Two letters are a weak signature: the reserved bytes and a known header size complete it.
        [
            b'B',
            b'M',
            _,
            _,
            _,
            _,
            0,
            0,
            0,
            0,
            _,
            _,
            _,
            _,
            12 | 40 | 52 | 56 | 64 | 108 | 124,
            0,
            0,
            0,
            ..,
        ] => Ok(Kind::Raster(ImageFormat::Bmp)),
        [b'I', b'I', 42, 0, ..] | [b'M', b'M', 0, 42, ..] => Ok(Kind::Raster(ImageFormat::Tiff)),
        other => Err(refusal(other)),
    }
}

/// A client that sent an iPhone's HEIC is helped by its name, not by "not a picture".
fn refusal(bytes: &[u8]) -> PictureError {
    let format = match bytes {
        [
            _,
            _,
            _,
            _,
            b'f',
            b't',
            b'y',
            b'p',
            b'a',
            b'v',
            b'i',
            b'f' | b's',
            ..,
        ] => "AVIF",
        [
            _,
            _,
            _,
            _,
            b'f',
            b't',
            b'y',
            b'p',
            b'h',
            b'e',
            b'i' | b'v',
            _,
            ..,
        ]
        | [
            _,
            _,
            _,
            _,
            b'f',
            b't',
            b'y',
            b'p',
            b'm',
            b'i' | b's',
            b'f',
            b'1',
            ..,
        ] => "HEIC",
        [0xFF, 0x0A, ..] | [0, 0, 0, 12, b'J', b'X', b'L', b' ', ..] => "JPEG XL",
        [0, 0, 0, 12, b'j', b'P', b' ', b' ', ..] => "JPEG 2000",
        [0, 0, 1, 0, ..] => "ICO",
        [b'8', b'B', b'P', b'S', ..] => "Photoshop",
        [b'<', b's', b'v', b'g', ..] => "SVG",
        [b'I', b'I', 43, 0, ..] | [b'M', b'M', 0, 43, ..] => "BigTIFF",
        _ => return PictureError::NotAPicture,
    };
    PictureError::Unsupported { format }
}

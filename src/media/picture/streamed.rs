//! A frame of an upload to pixels, by the encoding that its sender named.
//!
//! Unlike [`decode`](super::decode) it does not guess: a PNG that was called a JPEG is a fault.

use super::{
    DecodeLimits, PictureError,
    check::{FrameFlaw, Sides},
    jpeg, raster,
    raw::{RawPixels, raw},
    sniff::{self, Kind},
};
use crate::media::{Encoding, Rgb8};
use image::ImageFormat;

/// Decodes one frame. Raw frames are B, G, R row by row, with a header of [`RAW_HEADER_BYTES`](super::RAW_HEADER_BYTES) or without
/// one; `size` (pixels in a row, rows) tells those without one apart. One or three channels are read.
///
/// # Errors
/// If the bytes are not of that encoding, are damaged, or break a limit.
pub fn decode_streamed(
    encoding: Encoding,
    bytes: &[u8],
    size: (u32, u32),
    limits: &DecodeLimits,
) -> Result<Rgb8, PictureError> {
    limits.check_bytes(bytes.len())?;
    let other = || PictureError::Damaged(format!("its bytes are not those of a {encoding} frame"));
    match encoding {
        Encoding::Raw => pixels(bytes, size).map_err(|_| other()),
        Encoding::Jpeg => match sniff::kind(bytes)? {
            Kind::Jpeg => jpeg::decode(bytes, limits),
            Kind::Raster(_) => Err(other()),
        },
        Encoding::Png => match sniff::kind(bytes)? {
            Kind::Raster(ImageFormat::Png) => raster::decode(bytes, ImageFormat::Png, limits),
            Kind::Jpeg | Kind::Raster(_) => Err(other()),
        },
    }
}

fn pixels(bytes: &[u8], size: (u32, u32)) -> Result<Rgb8, FrameFlaw> {
    let (width, height) = size;
    Ok(match raw(bytes, Sides { width, height })? {
        RawPixels::Bgr(bytes) => from_bgr(bytes, size),
        RawPixels::Grey(bytes) => from_grey(bytes, size),
    })
}

fn from_bgr(bytes: &[u8], (width, height): (u32, u32)) -> Rgb8 {
    let mut data = bytes.to_vec();
    data.chunks_exact_mut(3).for_each(|pixel| pixel.swap(0, 2));
    Rgb8 {
        width,
        height,
        data,
    }
}

fn from_grey(bytes: &[u8], (width, height): (u32, u32)) -> Rgb8 {
    let data = bytes.iter().flat_map(|&grey| [grey; 3]).collect();
    Rgb8 {
        width,
        height,
        data,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SIZE: (u32, u32) = (2, 1);

    fn decoded(encoding: Encoding, bytes: &[u8]) -> Result<Vec<u8>, String> {
        decode_streamed(encoding, bytes, SIZE, &DecodeLimits::default())
            .map(|picture| picture.data)
            .map_err(|e| e.to_string())
    }

    fn with_header(height: u32, width: u32, channels: u32, rest: &[u8]) -> Vec<u8> {
        let mut bytes: Vec<u8> = [height, width, channels]
            .iter()
            .flat_map(|n| n.to_le_bytes())
            .collect();
        bytes.extend_from_slice(rest);
        bytes
    }

    #[test]
    fn raw_frames_are_read_with_and_without_a_header() {
        let bgr = [1, 2, 3, 4, 5, 6];
        let rgb = vec![3, 2, 1, 6, 5, 4];
        assert_eq!(decoded(Encoding::Raw, &bgr), Ok(rgb.clone()));
        assert_eq!(decoded(Encoding::Raw, &with_header(1, 2, 3, &bgr)), Ok(rgb));
    }

    #[test]
    fn a_grey_raw_frame_becomes_three_equal_channels() {
        let grey = with_header(1, 2, 1, &[9, 8]);
        assert_eq!(decoded(Encoding::Raw, &grey), Ok(vec![9, 9, 9, 8, 8, 8]));
    }

    #[test]
    fn a_raw_frame_of_another_size_than_its_header_or_its_session_is_refused() {
        for bytes in [
            with_header(1, 2, 3, &[0; 5]),
            with_header(2, 1, 3, &[0; 6]),
            with_header(1, 2, 4, &[0; 8]),
            with_header(u32::MAX, u32::MAX, 3, &[]),
            vec![0; 7],
        ] {
            let refused = decoded(Encoding::Raw, &bytes).unwrap_err();
            assert!(refused.contains("raw frame"), "{refused}");
        }
    }

    #[test]
    fn a_frame_of_another_encoding_than_said_is_refused() {
        let jpeg = crate::media::jpeg::Encoder::new(
            crate::media::jpeg::Quality::new(90).unwrap(),
            crate::media::jpeg::Subsampling::S420,
        )
        .encode(&Rgb8::filled(2, 1, [10; 3]))
        .unwrap();
        assert!(decoded(Encoding::Jpeg, &jpeg).is_ok());
        let refused = decoded(Encoding::Png, &jpeg).unwrap_err();
        assert!(refused.contains("not those of a png frame"), "{refused}");
    }

    proptest! {
        #[test]
        fn any_bytes_give_a_picture_or_a_fault(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
            for encoding in [Encoding::Raw, Encoding::Jpeg, Encoding::Png] {
                drop(decoded(encoding, &bytes));
            }
        }
    }
}

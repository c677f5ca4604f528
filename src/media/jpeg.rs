//! Pictures to JPEG, many times a second.
//!
//! The only place that names the encoder library, so that it can be changed here alone. Not
//! responsible for reading JPEG (`picture`) or for scheduling. Invariant: an encoder gives the
//! same bytes for the same picture and settings.

use bytes::Bytes;
use libjpeg_turbo_rs as turbo;

use super::rgb8::Rgb8;

/// The largest side of a JPEG that common decoders accept (libjpeg's `JPEG_MAX_DIMENSION`).
pub const MAX_SIDE: u32 = 65_500;

/// JPEG quality on libjpeg's scale, 1 (smallest) to 100 (best).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Quality(u8);

/// How much colour is kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Subsampling {
    /// Half the colour resolution both ways: the usual choice for video.
    #[default]
    S420,
    /// All of it: about a quarter more bytes, and clean edges in saturated red and blue.
    S444,
}

/// Why a picture could not be encoded.
#[derive(Debug, thiserror::Error)]
pub enum JpegError {
    /// Not a quality.
    #[error("a JPEG quality is 1 to 100, not {0}")]
    Quality(u32),
    /// A side of 0, or one that no decoder takes.
    #[error("a JPEG's sides are 1 to {MAX_SIDE} pixels, not {width}×{height}")]
    Sides {
        /// Pixels in a row.
        width: u32,
        /// Rows.
        height: u32,
    },
    /// The data does not fit the sides.
    #[error("a picture of {width}×{height} has {expected} bytes, not {found}")]
    Length {
        /// Pixels in a row.
        width: u32,
        /// Rows.
        height: u32,
        /// `width * height * 3`.
        expected: usize,
        /// What was there.
        found: usize,
    },
    /// The library refused; not expected for a whole picture.
    #[error("the JPEG encoder failed: {0}")]
    Encoder(String),
}

/// Encodes pictures with fixed settings; keep one where frames of one stream are encoded.
#[derive(Debug)]
pub struct Encoder {
    quality: Quality,
    subsampling: Subsampling,
}

// === impl Quality ===

impl Quality {
    /// For still pictures and streams whose contract states it.
    pub const HIGH: Self = Self(90);

    /// Checks that `value` is 1 to 100.
    ///
    /// # Errors
    /// [`JpegError::Quality`] outside that range.
    pub fn new(value: u32) -> Result<Self, JpegError> {
        match u8::try_from(value) {
            Ok(quality @ 1..=100) => Ok(Self(quality)),
            _ => Err(JpegError::Quality(value)),
        }
    }

    /// 1 to 100.
    #[must_use]
    pub const fn get(self) -> u8 {
        self.0
    }
}

// === impl Encoder ===

impl Encoder {
    /// An encoder with these settings.
    #[must_use]
    pub fn new(quality: Quality, subsampling: Subsampling) -> Self {
        Self {
            quality,
            subsampling,
        }
    }

    /// A whole baseline JFIF file with the standard Huffman tables.
    ///
    /// Optimised tables would save 5 % of the bytes for more than twice the time.
    ///
    /// # Errors
    /// A picture whose sides or length are wrong, or a refusal of the library.
    pub fn encode(&mut self, picture: &Rgb8) -> Result<Bytes, JpegError> {
        check(picture)?;
        turbo::compress(
            &picture.data,
            picture.width as usize,
            picture.height as usize,
            turbo::PixelFormat::Rgb,
            self.quality.get(),
            self.subsampling.into(),
        )
        .map(Bytes::from)
        .map_err(|error| JpegError::Encoder(error.to_string()))
    }
}

fn check(picture: &Rgb8) -> Result<(), JpegError> {
    let &Rgb8 {
        width,
        height,
        ref data,
    } = picture;
    let sides = 1..=MAX_SIDE;
    if !sides.contains(&width) || !sides.contains(&height) {
        return Err(JpegError::Sides { width, height });
    }
    let expected = width as usize * height as usize * Rgb8::CHANNELS;
    if data.len() != expected {
        return Err(JpegError::Length {
            width,
            height,
            expected,
            found: data.len(),
        });
    }
    Ok(())
}

impl From<Subsampling> for turbo::Subsampling {
    fn from(subsampling: Subsampling) -> Self {
        match subsampling {
            Subsampling::S420 => Self::S420,
            Subsampling::S444 => Self::S444,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::picture::{DecodeLimits, decode};

    /// Soft gradients, so that the loss of a good encoder is small.
    fn gradient(width: u32, height: u32) -> Rgb8 {
        Rgb8::from_fn(width, height, |x, y| {
            [
                (x * 255 / width) as u8,
                (y * 255 / height) as u8,
                ((x + y) * 255 / (width + height)) as u8,
            ]
        })
    }

    fn encoder(quality: u32, subsampling: Subsampling) -> Encoder {
        Encoder::new(Quality::new(quality).expect("1 to 100"), subsampling)
    }

    fn worst_difference(a: &Rgb8, b: &Rgb8) -> u8 {
        a.data
            .iter()
            .zip(&b.data)
            .map(|(a, b)| a.abs_diff(*b))
            .max()
            .unwrap_or(0)
    }

    #[test]
    fn a_picture_survives_the_round_trip() {
        for (width, height) in [(64, 48), (33, 17), (1, 1)] {
            let picture = gradient(width, height);
            let jpeg = encoder(95, Subsampling::S444)
                .encode(&picture)
                .expect("encodes");
            let back = decode(&jpeg, &DecodeLimits::default()).expect("decodes");
            assert_eq!((back.width, back.height), (width, height));
            assert!(worst_difference(&picture, &back) <= 12, "{width}×{height}");
        }
    }

    #[test]
    fn one_encoder_gives_the_same_bytes_for_the_same_picture() {
        let mut encoder = encoder(85, Subsampling::S420);
        let first = encoder.encode(&gradient(64, 64)).expect("encodes");
        let _other = encoder.encode(&gradient(32, 16)).expect("encodes");
        assert_eq!(first, encoder.encode(&gradient(64, 64)).expect("encodes"));
    }

    #[test]
    fn higher_quality_and_full_colour_cost_bytes() {
        let picture = Rgb8::from_fn(64, 64, |x, y| [(x * y) as u8, (x ^ y) as u8, (x * 7) as u8]);
        let size = |quality, sampling| {
            encoder(quality, sampling)
                .encode(&picture)
                .expect("encodes")
                .len()
        };
        assert!(size(50, Subsampling::S420) < size(90, Subsampling::S420));
        assert!(size(90, Subsampling::S420) < size(90, Subsampling::S444));
    }

    #[test]
    fn a_quality_outside_1_to_100_is_refused() {
        for bad in [0, 101, 346] {
            assert!(matches!(Quality::new(bad), Err(JpegError::Quality(value)) if value == bad));
        }
    }

    #[test]
    fn a_picture_with_missing_bytes_is_refused() {
        let mut picture = gradient(16, 16);
        picture.data.pop();
        let result = encoder(85, Subsampling::S420).encode(&picture);
        assert!(matches!(
            result,
            Err(JpegError::Length {
                expected: 768,
                found: 767,
                ..
            })
        ));
    }

    #[test]
    fn a_side_of_zero_is_refused() {
        let picture = Rgb8 {
            width: 0,
            height: 4,
            data: Vec::new(),
        };
        assert!(matches!(
            encoder(85, Subsampling::S420).encode(&picture),
            Err(JpegError::Sides { .. })
        ));
    }
}

//! Pictures to the bytes of frames, in the encoding and size that were asked for.
//!
//! Invariant: a picture that is what was asked for already goes through untouched; nothing is encoded twice.

use super::{Failure, options::Encoding, source::Clip};
use crate::media::{
    DecodeLimits, Rgb8,
    jpeg::{Encoder, Quality, Subsampling},
    picture, resize,
};
use bytes::{BufMut as _, Bytes, BytesMut};
use std::io::Cursor;

/// The guide's default.
const QUALITY: u32 = 85;

/// A picture as its source gives it.
#[derive(Clone, Debug)]
pub enum Picture {
    /// A JPEG file.
    Jpeg(Bytes),
    /// A PNG file.
    Png(Bytes),
    /// Pixels.
    Rgb(Rgb8),
}

/// What somebody asked of frames, before the clip is known.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Wish {
    /// How they travel.
    pub encoding: Encoding,
    /// JPEG quality, 1 to 100.
    pub quality: Option<u32>,
    /// Pixels in a row.
    pub width: Option<u32>,
    /// Rows.
    pub height: Option<u32>,
    /// Frames a second at most.
    pub fps: Option<f64>,
}

/// How the frames of a clip shall be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Form {
    /// How they travel.
    pub encoding: Encoding,
    /// JPEG quality, 1 to 100, where somebody asked for one.
    pub quality: Option<u32>,
    /// Sides in pixels, where other than the source's.
    pub resized: Option<(u32, u32)>,
}

/// Makes frames of pictures.
#[derive(Debug)]
pub struct Packer {
    form: Form,
    jpeg: Encoder,
}

// === impl Wish ===

impl Wish {
    /// The form that fulfils it for a clip. A side that was not asked for follows the other one, even as videos need it.
    #[must_use]
    pub fn form(&self, clip: &Clip) -> Form {
        let follow = |side: u32, of: u32, other: u32| {
            let exact = f64::from(side) * f64::from(other) / f64::from(of.max(1));
            ((exact / 2.0).round() as u32 * 2).max(2)
        };
        let sides = match (self.width, self.height) {
            (Some(width), Some(height)) => (width, height),
            (Some(width), None) => (width, follow(width, clip.width, clip.height)),
            (None, Some(height)) => (follow(height, clip.height, clip.width), height),
            (None, None) => (clip.width, clip.height),
        };
        Form {
            encoding: self.encoding,
            quality: self.quality,
            resized: (sides != (clip.width, clip.height)).then_some(sides),
        }
    }
}

// === impl Form ===

impl Form {
    /// Sides of the frames of a clip in pixels.
    #[must_use]
    pub fn sides(&self, clip: &Clip) -> (u32, u32) {
        self.resized.unwrap_or((clip.width, clip.height))
    }

    /// The quality that a frame's announcement names: that of JPEGs encoded here.
    #[must_use]
    pub const fn announced_quality(&self) -> Option<u32> {
        match self.encoding {
            Encoding::Jpeg => self.quality,
            Encoding::Png | Encoding::Raw => None,
        }
    }
}

// === impl Packer ===

impl Packer {
    /// One for a stream.
    ///
    /// # Errors
    /// [`Failure::Usage`] if the quality is none.
    pub fn new(form: Form) -> Result<Self, Failure> {
        let quality = Quality::new(form.quality.unwrap_or(QUALITY))
            .map_err(|why| Failure::Usage(why.to_string()))?;
        Ok(Self {
            form,
            jpeg: Encoder::new(quality, Subsampling::S420),
        })
    }

    /// The bytes of a frame.
    ///
    /// # Errors
    /// [`Failure::Local`] if the picture is damaged.
    pub fn pack(&mut self, picture: Picture) -> Result<Bytes, Failure> {
        let untouched = self.form.resized.is_none();
        match (self.form.encoding, picture) {
            (Encoding::Jpeg, Picture::Jpeg(file)) if untouched && self.form.quality.is_none() => {
                Ok(file)
            }
            (Encoding::Png, Picture::Png(file)) if untouched => Ok(file),
            (_, picture) => self.encode(&self.sized(picture.pixels()?)),
        }
    }

    fn sized(&self, picture: Rgb8) -> Rgb8 {
        match self.form.resized {
            Some((width, height)) => resize::cover(&picture, width, height),
            None => picture,
        }
    }

    fn encode(&mut self, picture: &Rgb8) -> Result<Bytes, Failure> {
        let broken = |why: String| Failure::Local(format!("a frame cannot be encoded: {why}"));
        match self.form.encoding {
            Encoding::Jpeg => self
                .jpeg
                .encode(picture)
                .map_err(|why| broken(why.to_string())),
            Encoding::Png => png(picture).map_err(|why| broken(why.to_string())),
            Encoding::Raw => Ok(raw(picture)),
        }
    }
}

// === impl Picture ===

impl Picture {
    /// Its pixels.
    ///
    /// # Errors
    /// [`Failure::Local`] if the file is damaged.
    pub fn pixels(self) -> Result<Rgb8, Failure> {
        match self {
            Self::Rgb(pixels) => Ok(pixels),
            Self::Jpeg(file) | Self::Png(file) => picture::decode(&file, &DecodeLimits::default())
                .map_err(|why| Failure::Local(format!("a frame cannot be read: {why}"))),
        }
    }
}

fn png(picture: &Rgb8) -> image::ImageResult<Bytes> {
    let mut file = Cursor::new(Vec::new());
    image::write_buffer_with_format(
        &mut file,
        &picture.data,
        picture.width,
        picture.height,
        image::ColorType::Rgb8,
        image::ImageFormat::Png,
    )?;
    Ok(file.into_inner().into())
}

/// Twelve bytes of height, width and channels, little-endian, then blue, green and red of each pixel.
fn raw(picture: &Rgb8) -> Bytes {
    let mut bytes = BytesMut::with_capacity(12 + picture.data.len());
    for side in [picture.height, picture.width, 3] {
        bytes.put_u32_le(side);
    }
    for pixel in picture.data.chunks_exact(Rgb8::CHANNELS) {
        bytes.put_slice(&[pixel[2], pixel[1], pixel[0]]);
    }
    bytes.freeze()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::referee::source::Count;

    fn packer(encoding: Encoding, quality: Option<u32>, resized: Option<(u32, u32)>) -> Packer {
        Packer::new(Form {
            encoding,
            quality,
            resized,
        })
        .unwrap()
    }

    fn picture() -> Rgb8 {
        Rgb8::from_fn(32, 16, |x, y| [x as u8 * 8, y as u8 * 16, 40])
    }

    fn jpeg() -> Bytes {
        packer(Encoding::Jpeg, Some(70), None)
            .pack(Picture::Rgb(picture()))
            .unwrap()
    }

    #[test]
    fn one_side_that_was_asked_for_brings_the_other() {
        let clip = Clip {
            fps: 30.0,
            width: 1920,
            height: 1080,
            frames: Count::Unknown,
        };
        let wish = |width, height| {
            let wish = Wish {
                encoding: Encoding::Jpeg,
                quality: None,
                width,
                height,
                fps: None,
            };
            wish.form(&clip).resized
        };
        assert_eq!(wish(Some(1280), None), Some((1280, 720)));
        assert_eq!(wish(None, Some(720)), Some((1280, 720)));
        assert_eq!(wish(Some(1920), None), None);
        assert_eq!(wish(Some(100), Some(100)), Some((100, 100)));
    }

    #[test]
    fn a_jpeg_that_may_stay_as_it_is_goes_through_untouched() {
        let file = jpeg();
        let packed = packer(Encoding::Jpeg, None, None).pack(Picture::Jpeg(file.clone()));
        assert_eq!(packed.unwrap(), file);
    }

    #[test]
    fn a_quality_that_was_asked_for_holds_for_jpegs_too() {
        let file = jpeg();
        let packed = packer(Encoding::Jpeg, Some(5), None).pack(Picture::Jpeg(file.clone()));
        assert!(packed.unwrap().len() < file.len());
    }

    #[test]
    fn a_size_that_was_asked_for_holds() {
        for source in [Picture::Jpeg(jpeg()), Picture::Rgb(picture())] {
            let packed = packer(Encoding::Png, None, Some((20, 10)))
                .pack(source)
                .unwrap();
            let pixels = Picture::Png(packed).pixels().unwrap();
            assert_eq!((pixels.width, pixels.height), (20, 10));
        }
    }

    #[test]
    fn png_loses_nothing() {
        let packed = packer(Encoding::Png, None, None)
            .pack(Picture::Rgb(picture()))
            .unwrap();
        assert_eq!(Picture::Png(packed).pixels().unwrap(), picture());
    }

    #[test]
    fn a_raw_frame_is_height_width_channels_and_blue_green_red() {
        let two = Rgb8 {
            width: 2,
            height: 1,
            data: vec![1, 2, 3, 4, 5, 6],
        };
        let packed = packer(Encoding::Raw, None, None)
            .pack(Picture::Rgb(two))
            .unwrap();
        let expected = [1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 3, 2, 1, 6, 5, 4];
        assert_eq!(packed, expected.as_slice());
    }
}

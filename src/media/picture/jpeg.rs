//! JPEG files to pixels.
//!
//! The only place that names the two decoder libraries. The first is fast and strict; a file that
//! it refuses is shown to the second once, which knows more of the oddities that cameras and
//! editors write. Invariant: a file that ends early is never a picture, with either of them.

use libjpeg_turbo_rs as turbo;
use turbo::JpegError as TurboError;
use zune_jpeg::JpegDecoder;
use zune_jpeg::errors::DecodeErrors as ZuneError;
use zune_jpeg::zune_core::bytestream::ZCursor;
use zune_jpeg::zune_core::colorspace::ColorSpace;
use zune_jpeg::zune_core::options::DecoderOptions;

use super::{DecodeLimits, PictureError};
use crate::media::rgb8::Rgb8;

/// Passes over the picture in a progressive file. Encoders write about ten; each costs as much
/// time as the picture has pixels, whatever the file's size.
const MAX_SCANS: usize = 100;

/// A first "no", and whether the second library is worth asking.
enum Refusal {
    Final(PictureError),
    Doubtful(String),
}

pub(super) fn decode(bytes: &[u8], limits: &DecodeLimits) -> Result<Rgb8, PictureError> {
    match decode_strict(bytes, limits) {
        Ok(picture) => Ok(picture),
        Err(Refusal::Final(error)) => Err(error),
        Err(Refusal::Doubtful(why)) => decode_again(bytes, limits, why),
    }
}

// === the first library ===

fn decode_strict(bytes: &[u8], limits: &DecodeLimits) -> Result<Rgb8, Refusal> {
    let mut decoder = turbo::Decoder::new_with_limits(bytes, turbo_limits(limits))?;
    let header = decoder.header();
    limits.check_sides(header.width.into(), header.height.into())?;
    if header.precision != 8 {
        return Err(Refusal::Final(PictureError::Unsupported {
            format: "12-bit and 16-bit JPEG",
        }));
    }
    decoder.set_output_format(turbo::PixelFormat::Rgb);
    // Not lenient: what is missing is an error. Stray bytes between segments are only a warning,
    // as cameras and editors do leave some.
    let upright = decoder.decode_image()?.apply_orientation();
    picture(upright.width, upright.height, upright.data).map_err(Refusal::Final)
}

fn turbo_limits(limits: &DecodeLimits) -> turbo::DecodeLimits {
    // Sides are left to `check_sides`, whose error names them; the header walk allocates no pixels.
    turbo::DecodeLimits {
        max_scans: MAX_SCANS,
        max_pixels: limits.max_pixels,
        max_memory: Some(limits.working_bytes()),
        ..turbo::DecodeLimits::default()
    }
}

// === the second library ===

/// `first` is the first library's reason, which is kept if the second refuses too.
fn decode_again(bytes: &[u8], limits: &DecodeLimits, first: String) -> Result<Rgb8, PictureError> {
    let options = DecoderOptions::default()
        .set_strict_mode(true)
        .set_max_width(limits.max_side as usize)
        .set_max_height(limits.max_side as usize)
        .jpeg_set_max_scans(MAX_SCANS)
        .jpeg_set_out_colorspace(ColorSpace::RGB);
    let damaged = |_: ZuneError| PictureError::Damaged(first.clone());
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(bytes), options);
    decoder.decode_headers().map_err(damaged)?;
    let (width, height) = decoder.dimensions().ok_or(PictureError::NotAPicture)?;
    limits.check_sides(side(width), side(height))?;
    let data = decoder.decode().map_err(damaged)?;
    let orientation = decoder
        .exif()
        .and_then(|exif| image::metadata::Orientation::from_exif_chunk(exif));
    upright(picture(width, height, data)?, orientation)
}

fn upright(
    picture: Rgb8,
    orientation: Option<image::metadata::Orientation>,
) -> Result<Rgb8, PictureError> {
    let Some(orientation) = orientation else {
        return Ok(picture);
    };
    let Rgb8 {
        width,
        height,
        data,
    } = picture;
    let Some(pixels) = image::RgbImage::from_raw(width, height, data) else {
        return Err(PictureError::Damaged(
            "its pixels do not fill its sides".into(),
        ));
    };
    let mut image = image::DynamicImage::from(pixels);
    image.apply_orientation(orientation);
    Ok(Rgb8 {
        width: image.width(),
        height: image.height(),
        data: image.into_bytes(),
    })
}

// === shared ===

fn picture(width: usize, height: usize, data: Vec<u8>) -> Result<Rgb8, PictureError> {
    let picture = Rgb8 {
        width: side(width),
        height: side(height),
        data,
    };
    match picture.is_whole() {
        true => Ok(picture),
        false => Err(PictureError::Damaged(
            "its pixels do not fill its sides".into(),
        )),
    }
}

/// JPEG sides have 16 bits; anything else is refused as too large.
fn side(pixels: usize) -> u32 {
    u32::try_from(pixels).unwrap_or(u32::MAX)
}

impl From<PictureError> for Refusal {
    fn from(error: PictureError) -> Self {
        Self::Final(error)
    }
}

impl From<TurboError> for Refusal {
    fn from(error: TurboError) -> Self {
        match error {
            TurboError::UnexpectedEof => {
                Self::Final(PictureError::Damaged("it ends too early".into()))
            }
            error @ (TurboError::LimitExceeded { .. } | TurboError::AllocationFailed { .. }) => {
                Self::Final(PictureError::Damaged(error.to_string()))
            }
            error => Self::Doubtful(error.to_string()),
        }
    }
}

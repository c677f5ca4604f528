//! Pictures to a given size.
//!
//! Not responsible for choosing the size. Invariant: the result has exactly the sides asked for,
//! is never stretched, and every output pixel comes from inside the picture.

use fast_image_resize as fir;
use fir::images::{TypedImage, TypedImageRef};
use fir::pixels::U8x3;

use super::rgb8::Rgb8;

/// Fills `width × height` with the middle of `picture`: scale = max(width / w, height / h), then
/// a centre crop.
///
/// Bilinear with a filter as wide as the scale, so that a large picture is averaged down and does
/// not flicker with its finest detail. A picture that has the size already is copied as it is.
/// Expects a [whole](Rgb8::is_whole) picture; of one that is not, or for a side of 0, the result
/// is black.
#[must_use]
pub fn cover(picture: &Rgb8, width: u32, height: u32) -> Rgb8 {
    if (picture.width, picture.height) == (width, height) && picture.is_whole() {
        return picture.clone();
    }
    let mut covered = Rgb8::filled(width, height, [0; 3]);
    if picture.is_whole() && covered.is_whole() {
        resize_into(picture, &mut covered);
    }
    covered
}

fn resize_into(picture: &Rgb8, covered: &mut Rgb8) {
    let options = fir::ResizeOptions::new()
        .resize_alg(fir::ResizeAlg::Convolution(fir::FilterType::Bilinear))
        .fit_into_destination(Some((0.5, 0.5)));
    let source = TypedImageRef::<U8x3>::from_buffer(picture.width, picture.height, &picture.data)
        .expect("a whole picture has the length of its sides");
    let mut target =
        TypedImage::<U8x3>::from_buffer(covered.width, covered.height, &mut covered.data)
            .expect("a filled picture has the length of its sides");
    fir::Resizer::new()
        .resize_typed(&source, &mut target, &options)
        .expect("the crop is computed to lie inside the picture");
}

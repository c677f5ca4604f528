//! Pictures to a given size.
//!
//! Not responsible for choosing the size. Invariant: the result has exactly the sides asked for, and every output
//! pixel comes from inside the picture.

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
    run(picture, covered, &options);
}

/// The whole of `picture` at `width × height`, which the caller has chosen so that shapes are kept.
///
/// Bilinear: down to half the size the nearest two pixels in each direction, as OpenCV's `INTER_LINEAR` does, which is what
/// models are trained on; below that a filter as wide as the scale, so that nothing thin falls between pixels. A
/// picture that has the size already is copied as it is. Expects a [whole](Rgb8::is_whole) picture; of one that is not,
/// or for a side of 0, the result is black.
#[must_use]
pub fn whole(picture: &Rgb8, width: u32, height: u32) -> Rgb8 {
    if (picture.width, picture.height) == (width, height) && picture.is_whole() {
        return picture.clone();
    }
    let mut resized = Rgb8::filled(width, height, [0; 3]);
    if picture.is_whole() && resized.is_whole() {
        let halved = picture.width.div_ceil(2) <= width && picture.height.div_ceil(2) <= height;
        let algorithm = match halved {
            true => fir::ResizeAlg::Interpolation(fir::FilterType::Bilinear),
            false => fir::ResizeAlg::Convolution(fir::FilterType::Bilinear),
        };
        run(
            picture,
            &mut resized,
            &fir::ResizeOptions::new().resize_alg(algorithm),
        );
    }
    resized
}

fn run(picture: &Rgb8, covered: &mut Rgb8, options: &fir::ResizeOptions) {
    let source = TypedImageRef::<U8x3>::from_buffer(picture.width, picture.height, &picture.data)
        .expect("a whole picture has the length of its sides");
    let mut target =
        TypedImage::<U8x3>::from_buffer(covered.width, covered.height, &mut covered.data)
            .expect("a filled picture has the length of its sides");
    fir::Resizer::new()
        .resize_typed(&source, &mut target, options)
        .expect("the part that is taken is computed to lie inside the picture");
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const RED: [u8; 3] = [255, 0, 0];
    const GREEN: [u8; 3] = [0, 255, 0];

    #[test]
    fn a_wide_picture_loses_its_sides_equally() {
        let striped = Rgb8::from_fn(
            300,
            100,
            |x, _| if (100..200).contains(&x) { GREEN } else { RED },
        );
        let covered = cover(&striped, 50, 50);
        // The outermost columns average over the edge of the crop, hence inside it.
        assert!((1..49).all(|x| covered.pixel(x, 25) == Some(GREEN)));
    }

    #[test]
    fn a_tall_picture_loses_top_and_bottom_equally() {
        let striped = Rgb8::from_fn(
            100,
            300,
            |_, y| if (100..200).contains(&y) { GREEN } else { RED },
        );
        let covered = cover(&striped, 50, 50);
        assert!((1..49).all(|y| covered.pixel(25, y) == Some(GREEN)));
    }

    #[test]
    fn a_picture_of_the_right_size_is_unchanged() {
        let picture = Rgb8::from_fn(31, 17, |x, y| [x as u8, y as u8, 5]);
        assert_eq!(cover(&picture, 31, 17), picture);
    }

    #[test]
    fn fine_detail_is_averaged_when_shrinking() {
        let checkers = Rgb8::from_fn(256, 256, |x, y| [((x + y) % 2 * 255) as u8; 3]);
        let covered = cover(&checkers, 32, 32);
        assert!(covered.data.iter().all(|&level| level.abs_diff(127) <= 4));
    }

    #[test]
    fn a_picture_with_missing_bytes_becomes_black() {
        let broken = Rgb8 {
            width: 9,
            height: 9,
            data: vec![200; 5],
        };
        assert_eq!(cover(&broken, 4, 4), Rgb8::filled(4, 4, [0; 3]));
    }

    #[test]
    fn half_of_a_whole_picture_is_the_mean_of_four() {
        let picture = Rgb8::from_fn(8, 4, |x, y| [(x * 16) as u8, (y * 32) as u8, 3]);
        let half = whole(&picture, 4, 2);
        assert_eq!(half.pixel(0, 0), Some([8, 16, 3]));
        assert_eq!(half.pixel(3, 1), Some([104, 80, 3]));
    }

    #[test]
    fn nothing_thin_is_lost_when_a_whole_picture_shrinks_far() {
        let line = Rgb8::from_fn(800, 8, |x, _| [if x == 401 { 255 } else { 0 }; 3]);
        assert!(whole(&line, 100, 1).data.iter().any(|&level| level > 20));
    }

    #[test]
    fn a_whole_picture_is_kept_to_its_edges() {
        let sides = Rgb8::from_fn(64, 32, |x, _| if x < 32 { RED } else { GREEN });
        let wide = whole(&sides, 48, 12);
        assert_eq!(wide.pixel(0, 6), Some(RED));
        assert_eq!(wide.pixel(47, 6), Some(GREEN));
    }

    proptest! {
        #[test]
        fn one_colour_stays_one_colour_at_every_size(
            (width, height) in (1u32..400, 1u32..400),
            (to_width, to_height) in (1u32..200, 1u32..200),
            colour in any::<[u8; 3]>(),
        ) {
            let covered = cover(&Rgb8::filled(width, height, colour), to_width, to_height);
            prop_assert_eq!(covered, Rgb8::filled(to_width, to_height, colour));
        }

        #[test]
        fn extreme_shapes_never_leave_the_picture(long in 1u32..16_384, to in (1u32..64, 1u32..64), upright in any::<bool>()) {
            let (width, height) = if upright { (1, long) } else { (long, 1) };
            let covered = cover(&Rgb8::filled(width, height, [9, 8, 7]), to.0, to.1);
            prop_assert_eq!(covered, Rgb8::filled(to.0, to.1, [9, 8, 7]));
        }
    }
}

//! Files that must become the picture they show.

use image::{DynamicImage, GrayImage, ImageBuffer, ImageFormat, Luma, Rgb, Rgba, RgbaImage};
use libjpeg_turbo_rs as turbo;

use super::files::*;
use crate::media::picture::{DecodeLimits, decode};
use crate::media::rgb8::Rgb8;

fn decoded(file: &[u8]) -> Rgb8 {
    decode(file, &DecodeLimits::default()).expect("a sound file")
}

fn near(picture: &Rgb8, x: u32, y: u32, expected: [u8; 3]) -> bool {
    let pixel = picture.pixel(x, y).expect("inside the picture");
    pixel.iter().zip(expected).all(|(a, b)| a.abs_diff(b) <= 6)
}

#[test]
fn every_lossless_format_gives_the_very_pixels() {
    let picture = blocks(24, 16);
    for format in LOSSLESS {
        assert_eq!(
            decoded(&write(&dynamic(&picture), format)),
            picture,
            "{format:?}"
        );
    }
}

#[test]
fn every_kind_of_jpeg_gives_nearly_the_pixels() {
    let picture = blocks(32, 32);
    for file in [
        jpeg(&picture),
        progressive_jpeg(&picture),
        jpeg_with_restarts(&picture),
    ] {
        let back = decoded(&file);
        assert!(near(&back, 4, 4, [255, 0, 0]) && near(&back, 28, 4, [0, 255, 0]));
        assert!(near(&back, 4, 28, [0, 0, 255]) && near(&back, 28, 28, [255, 255, 255]));
    }
}

#[test]
fn bytes_after_the_end_of_a_jpeg_are_ignored() {
    let file = jpeg(&blocks(32, 32));
    let with_more = [file.as_slice(), b"trailing bytes of an editor"].concat();
    assert_eq!(decoded(&with_more), decoded(&file));
}

#[test]
fn stray_bytes_between_the_segments_of_a_jpeg_are_ignored() {
    let file = jpeg(&blocks(32, 32));
    let tables = file
        .windows(2)
        .position(|marker| marker == [0xFF, 0xDB])
        .expect("quantisation tables");
    let padded = [&file[..tables], &[0, 0, 0], &file[tables..]].concat();
    assert_eq!(decoded(&padded), decoded(&file));
}

#[test]
fn an_animation_gives_its_first_frame() {
    let mut file = Vec::new();
    let frame = |colour| image::Frame::new(RgbaImage::from_pixel(8, 8, Rgba(colour)));
    image::codecs::gif::GifEncoder::new(&mut file)
        .encode_frames([frame([255, 0, 0, 255]), frame([0, 0, 255, 255])])
        .expect("writing to memory");
    assert_eq!(decoded(&file), Rgb8::filled(8, 8, [255, 0, 0]));
}

#[test]
fn transparency_is_laid_over_white() {
    let image = RgbaImage::from_fn(3, 1, |x, _| Rgba([200, 0, 100, [0, 128, 255][x as usize]]));
    for format in [ImageFormat::Png, ImageFormat::WebP, ImageFormat::Tiff] {
        let picture = decoded(&write(&DynamicImage::from(image.clone()), format));
        assert_eq!(
            picture.data,
            [255, 255, 255, 227, 127, 177, 200, 0, 100],
            "{format:?}"
        );
    }
}

#[test]
fn sixteen_bits_become_eight() {
    let image = ImageBuffer::from_pixel(2, 2, Rgb([65_535u16, 32_896, 0]));
    let picture = decoded(&write(&DynamicImage::ImageRgb16(image), ImageFormat::Png));
    assert_eq!(picture, Rgb8::filled(2, 2, [255, 128, 0]));
}

#[test]
fn grey_becomes_three_equal_channels() {
    let image = DynamicImage::from(GrayImage::from_pixel(16, 16, Luma([90])));
    assert_eq!(
        decoded(&write(&image, ImageFormat::Png)),
        Rgb8::filled(16, 16, [90; 3])
    );
    let grey = turbo::compress(
        &[90; 256],
        16,
        16,
        turbo::PixelFormat::Grayscale,
        95,
        turbo::Subsampling::S444,
    );
    assert!(near(&decoded(&grey.expect("encodes")), 8, 8, [90; 3]));
}

#[test]
fn a_cmyk_jpeg_of_an_editor_shows_its_colours() {
    // Editors store CMYK inverted: 255 is no ink.
    for (ink, colour) in [
        ([255, 0, 0, 255], [255, 0, 0]),
        ([255; 4], [255; 3]),
        ([255, 255, 255, 0], [0; 3]),
    ] {
        let pixels = ink.repeat(256);
        let file = turbo::compress(
            &pixels,
            16,
            16,
            turbo::PixelFormat::Cmyk,
            95,
            turbo::Subsampling::S444,
        );
        assert!(
            near(&decoded(&file.expect("encodes")), 8, 8, colour),
            "{ink:?}"
        );
    }
}

#[test]
fn a_picture_is_turned_upright_by_its_exif_orientation() {
    // Where the red block of the upper left ends, by orientation 1 to 8 (EXIF 2.3, tag 0x0112).
    let corners = [
        "left top",
        "right top",
        "right bottom",
        "left bottom",
        "left top",
        "right top",
        "right bottom",
        "left bottom",
    ];
    let picture = blocks(64, 32);
    for (orientation, corner) in (1..).zip(corners) {
        for file in [
            jpeg_with_exif(&jpeg(&picture), orientation),
            png_with_exif(&picture, orientation),
        ] {
            let upright = decoded(&file);
            let sides = if orientation < 5 { (64, 32) } else { (32, 64) };
            assert_eq!(
                (upright.width, upright.height),
                sides,
                "orientation {orientation}"
            );
            let x = if corner.starts_with("left") {
                3
            } else {
                sides.0 - 4
            };
            let y = if corner.ends_with("top") {
                3
            } else {
                sides.1 - 4
            };
            assert!(
                near(&upright, x, y, [255, 0, 0]),
                "orientation {orientation}"
            );
        }
    }
}

#[test]
fn an_impossible_orientation_is_ignored() {
    let picture = blocks(64, 32);
    let file = jpeg(&picture);
    assert_eq!(decoded(&jpeg_with_exif(&file, 9)), decoded(&file));
}

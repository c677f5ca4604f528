//! Makes the files that the tests decode.

use std::io::Cursor;

use image::{DynamicImage, ImageEncoder, ImageFormat, RgbImage};
use libjpeg_turbo_rs as turbo;

use crate::media::jpeg::{Encoder, Quality, Subsampling};
use crate::media::rgb8::Rgb8;

/// The formats read by the `image` crate that keep every pixel of a picture with few colours.
pub(super) const LOSSLESS: [ImageFormat; 5] = [
    ImageFormat::Png,
    ImageFormat::WebP,
    ImageFormat::Gif,
    ImageFormat::Bmp,
    ImageFormat::Tiff,
];

/// Four blocks of plain colour, red at the top left.
pub(super) fn blocks(width: u32, height: u32) -> Rgb8 {
    Rgb8::from_fn(width, height, |x, y| {
        match (x < width / 2, y < height / 2) {
            (true, true) => [255, 0, 0],
            (false, true) => [0, 255, 0],
            (true, false) => [0, 0, 255],
            (false, false) => [255, 255, 255],
        }
    })
}

/// A picture with detail everywhere, so that every byte of its file matters.
pub(super) fn detailed(width: u32, height: u32) -> Rgb8 {
    Rgb8::from_fn(width, height, |x, y| {
        [
            (x * 37 + y * 11) as u8,
            (x * y * 5) as u8,
            (x ^ (y * 3)) as u8,
        ]
    })
}

pub(super) fn dynamic(picture: &Rgb8) -> DynamicImage {
    let image = RgbImage::from_raw(picture.width, picture.height, picture.data.clone());
    DynamicImage::from(image.expect("a whole picture"))
}

pub(super) fn write(image: &DynamicImage, format: ImageFormat) -> Vec<u8> {
    let mut file = Cursor::new(Vec::new());
    image
        .write_to(&mut file, format)
        .expect("writing to memory");
    file.into_inner()
}

pub(super) fn jpeg(picture: &Rgb8) -> Vec<u8> {
    let quality = Quality::new(95).expect("1 to 100");
    Encoder::new(quality, Subsampling::S444)
        .encode(picture)
        .expect("encodes")
        .to_vec()
}

pub(super) fn progressive_jpeg(picture: &Rgb8) -> Vec<u8> {
    turbo_encoder(picture)
        .progressive(true)
        .encode()
        .expect("encodes")
}

pub(super) fn jpeg_with_restarts(picture: &Rgb8) -> Vec<u8> {
    turbo_encoder(picture)
        .restart_blocks(2)
        .encode()
        .expect("encodes")
}

fn turbo_encoder(picture: &Rgb8) -> turbo::Encoder<'_> {
    let (width, height) = (picture.width as usize, picture.height as usize);
    turbo::Encoder::new(&picture.data, width, height, turbo::PixelFormat::Rgb).quality(95)
}

/// A file of every kind that is read here.
pub(super) fn one_of_each(picture: &Rgb8) -> Vec<(&'static str, Vec<u8>)> {
    let mut files = vec![
        ("jpeg", jpeg(picture)),
        ("progressive jpeg", progressive_jpeg(picture)),
        ("jpeg with restarts", jpeg_with_restarts(picture)),
    ];
    for format in LOSSLESS {
        files.push((format.extensions_str()[0], write(&dynamic(picture), format)));
    }
    files
}

/// A TIFF structure whose only entry is the orientation (tag 0x0112, a short).
pub(super) fn exif(orientation: u8) -> Vec<u8> {
    let header = [b'I', b'I', 42, 0, 8, 0, 0, 0];
    let entry = [
        1,
        0,
        0x12,
        0x01,
        3,
        0,
        1,
        0,
        0,
        0,
        orientation,
        0,
        0,
        0,
        0,
        0,
        0,
        0,
    ];
    [&header[..], &entry].concat()
}

/// `jpeg` with an APP1 segment right after its start.
pub(super) fn jpeg_with_exif(jpeg: &[u8], orientation: u8) -> Vec<u8> {
    let body = [b"Exif\0\0", exif(orientation).as_slice()].concat();
    let length = u16::try_from(body.len() + 2).expect("short").to_be_bytes();
    [&jpeg[..2], &[0xFF, 0xE1], &length, &body, &jpeg[2..]].concat()
}

pub(super) fn png_with_exif(picture: &Rgb8, orientation: u8) -> Vec<u8> {
    let mut file = Vec::new();
    let mut encoder = image::codecs::png::PngEncoder::new(&mut file);
    encoder
        .set_exif_metadata(exif(orientation))
        .expect("PNG holds EXIF");
    encoder
        .write_image(
            &picture.data,
            picture.width,
            picture.height,
            image::ExtendedColorType::Rgb8,
        )
        .expect("writing to memory");
    file
}

/// A sound JPEG whose frame header claims other sides.
pub(super) fn jpeg_claiming(width: u16, height: u16) -> Vec<u8> {
    let mut file = jpeg(&blocks(16, 16));
    let frame = file
        .windows(2)
        .position(|marker| marker == [0xFF, 0xC0])
        .expect("a baseline frame");
    file[frame + 5..frame + 7].copy_from_slice(&height.to_be_bytes());
    file[frame + 7..frame + 9].copy_from_slice(&width.to_be_bytes());
    file
}

/// A GIF whose screen and only frame claim these sides.
pub(super) fn gif_claiming(width: u16, height: u16) -> Vec<u8> {
    let (w, h) = (width.to_le_bytes(), height.to_le_bytes());
    let screen = [w[0], w[1], h[0], h[1], 0x80, 0, 0, 0, 0, 0, 255, 255, 255];
    let frame = [
        0x2C, 0, 0, 0, 0, w[0], w[1], h[0], h[1], 0, 2, 1, 0x44, 0, 0x3B,
    ];
    [b"GIF89a", &screen[..], &frame].concat()
}

/// A PNG of 8-bit RGB with right checksums that claims these sides and holds hardly any pixels.
pub(super) fn png_claiming(width: u32, height: u32) -> Vec<u8> {
    let header = [
        &width.to_be_bytes()[..],
        &height.to_be_bytes(),
        &[8, 2, 0, 0, 0],
    ]
    .concat();
    // An empty deflate stream in its zlib wrapper.
    let pixels = [0x78, 0x9C, 0x03, 0, 0, 0, 0, 1];
    [
        vec![0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1A, b'\n'],
        png_chunk(b"IHDR", &header),
        png_chunk(b"IDAT", &pixels),
        png_chunk(b"IEND", &[]),
    ]
    .concat()
}

fn png_chunk(name: &[u8; 4], body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len()).expect("short").to_be_bytes();
    let checked = [name, body].concat();
    [&length[..], &checked, &crc32(&checked).to_be_bytes()].concat()
}

/// CRC-32 as PNG wants it (ISO 3309, polynomial 0xEDB88320 reflected).
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0u32, |crc, &byte| {
        (0..8).fold(crc ^ u32::from(byte), |crc, _| {
            (crc >> 1) ^ (0xEDB8_8320 & (crc & 1).wrapping_neg())
        })
    })
}

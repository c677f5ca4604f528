//! Pictures that tests upload: good ones and bad ones, made here.

use std::io::Cursor;

use frameloom::media::{
    Rgb8,
    jpeg::{Encoder, Quality, Subsampling},
};

/// A picture in which every move shows: no two places look alike.
pub fn rgb(width: u32, height: u32) -> Rgb8 {
    let pixel = |at: u32| {
        let (x, y) = (at % width, at / width);
        let stripe = (x / 8 + y / 8) % 2 * 60;
        [
            (x * 255 / width) as u8,
            (y * 255 / height) as u8,
            (40 + stripe + (x * y) % 90) as u8,
        ]
    };
    Rgb8 {
        width,
        height,
        data: (0..width * height).flat_map(pixel).collect(),
    }
}

/// It as PNG.
pub fn png(width: u32, height: u32) -> Vec<u8> {
    let picture = rgb(width, height);
    let mut out = Cursor::new(Vec::new());
    let buffer = image::RgbImage::from_raw(width, height, picture.data).unwrap();
    buffer.write_to(&mut out, image::ImageFormat::Png).unwrap();
    out.into_inner()
}

/// A PNG of a few bytes that takes long to decode: 49 megapixels of nothing, close to what is allowed.
pub fn long_png() -> Vec<u8> {
    let mut out = Cursor::new(Vec::new());
    let nothing = image::GrayImage::new(7000, 7000);
    nothing.write_to(&mut out, image::ImageFormat::Png).unwrap();
    out.into_inner()
}

/// The first picture as JPEG.
pub fn jpeg(width: u32, height: u32) -> Vec<u8> {
    let mut encoder = Encoder::new(Quality::new(90).unwrap(), Subsampling::S420);
    encoder.encode(&rgb(width, height)).unwrap().to_vec()
}

/// A PNG of a few bytes that claims to be as large as this.
pub fn png_header(width: u32, height: u32) -> Vec<u8> {
    let mut file = b"\x89PNG\r\n\x1a\n".to_vec();
    let mut header = b"IHDR".to_vec();
    header.extend(width.to_be_bytes());
    header.extend(height.to_be_bytes());
    header.extend([8, 2, 0, 0, 0]);
    for chunk in [&header[..], b"IDATx", b"IEND"] {
        file.extend(u32::try_from(chunk.len() - 4).unwrap().to_be_bytes());
        file.extend(chunk);
        file.extend(crc32(chunk).to_be_bytes());
    }
    file
}

/// Bytes as base64.
pub fn base64(bytes: &[u8]) -> String {
    base64_simd::STANDARD.encode_to_string(bytes)
}

/// The mean difference of two JPEGs a channel, in steps of 8 bits.
pub fn difference(a: &[u8], b: &[u8]) -> f64 {
    let [a, b] = [a, b].map(|file| image::load_from_memory(file).unwrap().into_rgb8());
    assert_eq!(a.dimensions(), b.dimensions());
    let sum: u64 = std::iter::zip(a.as_raw(), b.as_raw())
        .map(|(a, b)| u64::from(a.abs_diff(*b)))
        .sum();
    sum as f64 / a.as_raw().len() as f64
}

/// The checksum of PNG (ISO 3309).
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            (crc >> 1) ^ (0xedb8_8320 * (crc & 1))
        })
    })
}

//! The one decoded picture: 8-bit RGB, interleaved.
//!
//! Not responsible for how it came to be or where it goes. Invariant: pictures made by this crate
//! have `data.len() == width * height * 3`; code that is handed one checks it with
//! [`Rgb8::is_whole`].

use std::fmt;

/// An 8-bit RGB picture (sRGB as a rule), interleaved, row-major, without padding.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Rgb8 {
    /// Pixels in a row.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// `R G B R G B …`, `width * height * 3` bytes.
    pub data: Vec<u8>,
}

impl Rgb8 {
    /// Bytes in a pixel.
    pub const CHANNELS: usize = 3;

    /// A picture of one colour.
    #[must_use]
    pub fn filled(width: u32, height: u32, colour: [u8; 3]) -> Self {
        let data = colour.repeat(width as usize * height as usize);
        Self {
            width,
            height,
            data,
        }
    }

    /// A picture whose pixel at column `x`, row `y` is `paint(x, y)`.
    pub fn from_fn(width: u32, height: u32, mut paint: impl FnMut(u32, u32) -> [u8; 3]) -> Self {
        let mut data = Vec::with_capacity(width as usize * height as usize * Self::CHANNELS);
        for y in 0..height {
            for x in 0..width {
                data.extend_from_slice(&paint(x, y));
            }
        }
        Self {
            width,
            height,
            data,
        }
    }

    /// The pixel at column `x`, row `y`, or `None` outside the picture.
    #[must_use]
    pub fn pixel(&self, x: u32, y: u32) -> Option<[u8; 3]> {
        if x >= self.width || y >= self.height {
            return None;
        }
        let at = (y as usize * self.width as usize + x as usize) * Self::CHANNELS;
        self.data.get(at..at + Self::CHANNELS)?.try_into().ok()
    }

    /// Number of pixels.
    #[must_use]
    pub fn pixels(&self) -> u64 {
        u64::from(self.width) * u64::from(self.height)
    }

    /// Whether there is at least one pixel and `data` has exactly the bytes that the sides promise.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.pixels() > 0 && self.pixels().checked_mul(3) == u64::try_from(self.data.len()).ok()
    }
}

/// Sides only: a picture in a log line must not print its pixels.
impl fmt::Debug for Rgb8 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Rgb8({}×{}, {} bytes)",
            self.width,
            self.height,
            self.data.len()
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pixel_is_found_by_column_and_row() {
        let picture = Rgb8::from_fn(3, 2, |x, y| [x as u8, y as u8, 9]);
        assert_eq!(picture.pixel(2, 1), Some([2, 1, 9]));
        assert_eq!(picture.pixel(3, 0), None);
    }

    #[test]
    fn a_picture_with_missing_bytes_is_not_whole() {
        let mut picture = Rgb8::filled(4, 4, [1, 2, 3]);
        assert!(picture.is_whole());
        picture.data.pop();
        assert!(!picture.is_whole());
    }

    #[test]
    fn debug_output_names_the_sides_and_no_pixels() {
        assert_eq!(
            format!("{:?}", Rgb8::filled(2, 1, [7; 3])),
            "Rgb8(2×1, 6 bytes)"
        );
    }
}

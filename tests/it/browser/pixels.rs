//! Pictures of the screen and what a test asks of them: blank or not, equal, how different.
//!
//! Not responsible for taking them.

use image::RgbImage;

/// A picture of a part of the screen.
#[derive(PartialEq)]
pub struct Shot(RgbImage);

impl Shot {
    /// Decodes what the browser sent.
    pub fn from_base64_png(text: &str) -> Self {
        let png = base64_simd::STANDARD.decode_to_vec(text).expect("base64");
        Self(image::load_from_memory(&png).expect("a PNG").into_rgb8())
    }

    /// Whether this shows a picture and not one flat colour: the standard deviation of the brightness is above 8
    /// of 255. A flat page is at 0, any photograph or drawing well above 20.
    pub fn shows_a_picture(&self) -> bool {
        let values: Vec<f64> = self
            .0
            .pixels()
            .map(|p| p.0.iter().map(|v| f64::from(*v)).sum::<f64>() / 3.0)
            .collect();
        let count = values.len() as f64;
        let mean = values.iter().sum::<f64>() / count;
        let variance = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / count;
        variance.sqrt() > 8.0
    }

    /// The mean absolute difference of all samples, 0 to 255; 255 for pictures of different sizes.
    pub fn difference(&self, other: &Self) -> f64 {
        if self.0.dimensions() != other.0.dimensions() {
            return 255.0;
        }
        let pairs = self.0.as_raw().iter().zip(other.0.as_raw());
        let sum: u64 = pairs.map(|(a, b)| u64::from(a.abs_diff(*b))).sum();
        sum as f64 / self.0.as_raw().len() as f64
    }
}

//! Frames a second as a fraction, as containers store it.
//!
//! Invariant: both parts are above 0, the fraction is in lowest terms, and its value is within [`Rate::LOWEST`] and
//! [`Rate::HIGHEST`].

use std::fmt;

/// Frames a second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    numerator: u32,
    denominator: u32,
}

/// A number that is no frame rate.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[error(
    "a frame rate is {low} to {high} frames a second, not {0}",
    low = Rate::LOWEST,
    high = Rate::HIGHEST
)]
pub struct NoRate(pub f64);

// === impl Rate ===

impl Rate {
    /// Frames a second, at least.
    pub const LOWEST: f64 = 0.01;
    /// Frames a second, at most: beyond the fastest cameras, and above what containers can tell apart.
    pub const HIGHEST: f64 = 100_000.0;
    /// What a rate is rounded to when it is neither a whole number nor one of television.
    const PARTS: f64 = 1_000.0;
    /// Television's rates are whole ones slowed down by 1000/1001; programs print them with two or three digits.
    const CLOSE: f64 = 0.006;

    /// The fraction `numerator / denominator`.
    ///
    /// # Errors
    /// [`NoRate`] if it is no number or out of range.
    pub fn new(numerator: u32, denominator: u32) -> Result<Self, NoRate> {
        let value = f64::from(numerator) / f64::from(denominator);
        if !(Self::LOWEST..=Self::HIGHEST).contains(&value) {
            return Err(NoRate(value));
        }
        let common = greatest_common_divisor(numerator, denominator);
        Ok(Self {
            numerator: numerator / common,
            denominator: denominator / common,
        })
    }

    /// The nearest rate: whole numbers and television's rates (29.97 is 30000/1001) exactly, others to a thousandth.
    ///
    /// # Errors
    /// [`NoRate`] if `fps` is not finite or out of range.
    pub fn from_fps(fps: f64) -> Result<Self, NoRate> {
        if !(Self::LOWEST..=Self::HIGHEST).contains(&fps) {
            return Err(NoRate(fps));
        }
        let whole = fps.round();
        let slowed = fps.ceil() * 1_000.0 / 1_001.0;
        // In range, so all three fit: 100,000,000 is below 2^32.
        match fps {
            _ if (fps - whole).abs() < 1e-6 => Self::new(whole as u32, 1),
            _ if (fps - slowed).abs() < Self::CLOSE && fps > 10.0 => {
                Self::new(fps.ceil() as u32 * 1_000, 1_001)
            }
            _ => Self::new((fps * Self::PARTS).round() as u32, Self::PARTS as u32),
        }
    }

    /// Frames.
    #[must_use]
    pub const fn numerator(self) -> u32 {
        self.numerator
    }

    /// In so many seconds.
    #[must_use]
    pub const fn denominator(self) -> u32 {
        self.denominator
    }

    /// Frames a second.
    #[must_use]
    pub fn fps(self) -> f64 {
        f64::from(self.numerator) / f64::from(self.denominator)
    }
}

/// `15/1`, as ffmpeg reads it.
impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.numerator, self.denominator)
    }
}

fn greatest_common_divisor(mut a: u32, mut b: u32) -> u32 {
    while b > 0 {
        (a, b) = (b, a % b);
    }
    a.max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_become_the_fractions_that_people_mean() {
        for (fps, fraction) in [
            (15.0, "15/1"),
            (29.97, "30000/1001"),
            (29.970_029_97, "30000/1001"),
            (23.98, "24000/1001"),
            (23.976, "24000/1001"),
            (59.94, "60000/1001"),
            (12.5, "25/2"),
            (0.5, "1/2"),
            (14.985, "15000/1001"),
            (120.0, "120/1"),
        ] {
            assert_eq!(Rate::from_fps(fps).unwrap().to_string(), fraction, "{fps}");
        }
    }

    #[test]
    fn what_is_no_rate_is_refused_by_its_number() {
        for bad in [0.0, -15.0, f64::NAN, f64::INFINITY, 1e9] {
            assert!(Rate::from_fps(bad).is_err(), "{bad}");
        }
        assert!(Rate::new(15, 0).is_err());
        assert!(Rate::new(0, 0).is_err());
        let told = Rate::from_fps(-1.0).unwrap_err().to_string();
        assert_eq!(
            told,
            "a frame rate is 0.01 to 100000 frames a second, not -1"
        );
    }

    #[test]
    fn a_fraction_is_kept_in_lowest_terms() {
        let rate = Rate::new(30_000, 2_000).unwrap();
        assert_eq!((rate.numerator(), rate.denominator()), (15, 1));
        assert_eq!(rate.fps(), 15.0);
    }
}

//! How single fields are read: strictly, but as the clients of the original write them.
//!
//! Whole numbers may be written `1920` or `1920.0`, as Python does of its own accord; negative ones and fractions are refused.

use crate::session::BoutSpec;
use serde::{
    Deserialize, Deserializer,
    de::{Error, Unexpected},
};

/// Above this a JSON number with a decimal point does not name one whole number any more (2^53).
const LARGEST_EXACT: f64 = 9_007_199_254_740_992.0;

#[derive(Deserialize)]
#[serde(untagged, expecting = "a number")]
enum Number {
    Whole(u64),
    Decimal(f64),
}

impl Number {
    fn whole<E: Error>(self) -> Result<u64, E> {
        match self {
            Self::Whole(number) => Ok(number),
            Self::Decimal(number)
                if number.fract() == 0.0 && (0.0..=LARGEST_EXACT).contains(&number) =>
            {
                Ok(number as u64)
            }
            Self::Decimal(number) => Err(E::invalid_value(
                Unexpected::Float(number),
                &"a whole number that is not negative",
            )),
        }
    }
}

/// A whole number, 0 or more.
pub fn whole<'a, D: Deserializer<'a>>(input: D) -> Result<u64, D::Error> {
    Number::deserialize(input)?.whole()
}

/// A whole number, 0 or more, or nothing.
pub fn maybe_whole<'a, D: Deserializer<'a>>(input: D) -> Result<Option<u64>, D::Error> {
    Option::<Number>::deserialize(input)?
        .map(Number::whole)
        .transpose()
}

/// A whole number from 1 to 65,535: pixels of a side. JPEG knows no more.
pub fn side<'a, D: Deserializer<'a>>(input: D) -> Result<u32, D::Error> {
    let side = whole(input)?;
    u16::try_from(side)
        .ok()
        .filter(|side| *side > 0)
        .map(u32::from)
        .ok_or_else(|| D::Error::invalid_value(Unexpected::Unsigned(side), &"1 to 65535 pixels"))
}

/// Frames a second that a bout may have.
pub fn fps<'a, D: Deserializer<'a>>(input: D) -> Result<f64, D::Error> {
    let fps = f64::deserialize(input)?;
    if BoutSpec::FPS.contains(&fps) {
        return Ok(fps);
    }
    let (least, most) = BoutSpec::FPS.into_inner();
    let expected = format!("{least} to {most} frames a second");
    Err(D::Error::invalid_value(
        Unexpected::Float(fps),
        &expected.as_str(),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<u64, serde_json::Error> {
        whole(&mut serde_json::Deserializer::from_str(text))
    }

    #[test]
    fn a_whole_number_may_have_a_point_but_no_fraction() {
        for (text, number) in [("0", 0), ("1920", 1920), ("1920.0", 1920), ("1e3", 1000)] {
            assert_eq!(read(text).unwrap(), number, "{text}");
        }
    }

    #[test]
    fn what_is_no_whole_number_is_refused() {
        for text in ["-1", "1.5", "\"1\"", "true", "null", "1e300", "[1]"] {
            assert!(read(text).is_err(), "{text}");
        }
    }

    #[test]
    fn sides_and_rates_have_bounds() {
        let side = |text| side(&mut serde_json::Deserializer::from_str(text)).is_ok();
        assert_eq!(
            ["0", "1", "65535", "65536"].map(side),
            [false, true, true, false]
        );
        let fps = |text| fps(&mut serde_json::Deserializer::from_str(text)).is_ok();
        assert_eq!(
            ["0", "-1", "0.5", "1", "15", "29.97", "1000", "1001"].map(fps),
            [false, false, false, true, true, true, true, false]
        );
    }
}

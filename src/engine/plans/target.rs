//! What this machine has: the library, and the kind of GPU.

use std::{fmt, str::FromStr};
use tensorrt_rs::{Flavour, Version};

/// What a plan must fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Target {
    /// The library's version.
    pub version: Version,
    /// Which library it is.
    pub flavour: Flavour,
    /// The GPU's compute capability.
    pub compute: Compute,
}

/// A compute capability: what kind of GPU it is, as its vendor counts them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Compute {
    /// The generation.
    pub major: u32,
    /// The kind within it, one digit.
    pub minor: u32,
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            version,
            flavour,
            compute,
        } = self;
        write!(f, "{flavour} {version}, compute capability {compute}")
    }
}

/// As the driver tells it. No GPU has a negative one.
impl From<(i32, i32)> for Compute {
    fn from((major, minor): (i32, i32)) -> Self {
        Self {
            major: major.unsigned_abs(),
            minor: minor.unsigned_abs(),
        }
    }
}

impl fmt::Display for Compute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

impl FromStr for Compute {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let fault = || format!("`{text}` is no compute capability, such as 8.9");
        let (major, minor) = text.split_once('.').ok_or_else(fault)?;
        let number = |digits: &str, most: usize| {
            let is_number = digits.len() <= most && digits.bytes().all(|b| b.is_ascii_digit());
            let number = is_number.then(|| digits.parse().ok()).flatten();
            number.ok_or_else(fault)
        };
        Ok(Self {
            major: number(major, 2)?,
            minor: number(minor, 1)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_compute_capability_is_two_numbers() {
        assert_eq!("12.0".parse(), Ok(Compute::from((12, 0))));
        assert_eq!(Compute::from((8, 9)).to_string(), "8.9");
        for text in ["", "8", "8.", ".9", "8.9.0", "sm_89", "89", "+8.9", "8.10"] {
            assert!(text.parse::<Compute>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_newer_generation_comes_behind_an_older_one() {
        assert!(Compute::from((7, 5)) < Compute::from((8, 0)));
        assert!(Compute::from((8, 9)) < Compute::from((12, 0)));
    }
}

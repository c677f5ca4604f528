//! Which TensorRT a library is.
//!
//! Knows how the libraries count their versions, not what can be done with each: that is [`crate::table`].

use std::fmt;

/// A version, as the library tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version {
    /// Grows when methods move.
    pub major: u32,
    /// Grows when methods are added at the end.
    pub minor: u32,
    /// Grows with corrections.
    pub patch: u32,
}

/// Which of the vendor's three libraries it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Flavour {
    /// `libnvinfer`: builds plans and runs them.
    Full,
    /// `libnvinfer_lean`: runs plans that were built to be version-compatible.
    Lean,
    /// `libtensorrt_rtx`: for consumers' cards; compiles kernels when a plan is first run. Counts versions of its own.
    Rtx,
}

// === impl Version ===

impl Version {
    /// Of what `getInferLibVersion` gives: 10.13.3 is 101303. Up to 8.x it was 8601 for 8.6.1.
    #[must_use]
    pub fn from_raw(raw: i32) -> Self {
        let raw = raw.unsigned_abs();
        let (major, minor) = if raw < 10_000 {
            (raw / 1000, raw / 100 % 10)
        } else {
            (raw / 10_000, raw / 100 % 100)
        };
        Self {
            major,
            minor,
            patch: raw % 100,
        }
    }

    /// Whether libraries of this version can be opened here; see [`crate::SPOKEN`].
    #[must_use]
    pub fn is_spoken(self) -> bool {
        crate::table::Table::of(self).is_some()
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)
    }
}

// === impl Flavour ===

impl Flavour {
    /// RTX counts from 1, far below the others; of these, only the full library exports a builder.
    pub(crate) fn of(version: Version, builds: bool) -> Self {
        match (version.major, builds) {
            (1, _) => Self::Rtx,
            (_, true) => Self::Full,
            (_, false) => Self::Lean,
        }
    }
}

impl fmt::Display for Flavour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Full => "TensorRT",
            Self::Lean => "TensorRT (lean)",
            Self::Rtx => "TensorRT-RTX",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_as_each_generation_counts_them() {
        let text = |raw| Version::from_raw(raw).to_string();
        assert_eq!(text(101_303), "10.13.3");
        assert_eq!(text(110_400), "11.4.0");
        assert_eq!(text(10_701), "1.7.1");
        assert_eq!(text(8_601), "8.6.1");
    }

    #[test]
    fn the_flavour_follows_from_the_version_and_the_builder() {
        let of = |raw, builds| Flavour::of(Version::from_raw(raw), builds);
        assert_eq!(of(101_303, true), Flavour::Full);
        assert_eq!(of(110_400, false), Flavour::Lean);
        assert_eq!(of(10_701, true), Flavour::Rtx);
    }
}

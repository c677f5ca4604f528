//! How the bytes of one streamed frame are to be read.
//!
//! A name only: what a decoder does with it, and whether the bytes are what was said, is not its
//! business.

use std::fmt;

/// The encoding of a streamed frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Encoding {
    /// A JPEG file.
    Jpeg,
    /// A PNG file.
    Png,
    /// Rows of interleaved 8-bit B G R, with or without a header of their size.
    Raw,
}

impl Encoding {
    /// The name on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Jpeg => "jpeg",
            Self::Png => "png",
            Self::Raw => "raw",
        }
    }
}

impl fmt::Display for Encoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

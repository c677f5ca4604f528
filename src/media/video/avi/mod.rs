//! Motion JPEG in AVI: the one video that needs no codec, as each frame is a JPEG file.
//!
//! Not responsible for the JPEGs themselves. The layout is that of Microsoft's "AVI RIFF File Reference", with the OpenDML
//! extensions 1.02 for files beyond a gigabyte. Invariant: a file that was cut off anywhere plays as far as it goes.

mod index;
mod layout;
#[cfg(test)]
mod tests;
mod writer;

pub use writer::AviWriter;

use std::io;

/// The name of the chunks of the first stream, which holds compressed pictures.
const FRAME: [u8; 4] = *b"00dc";

/// The largest frame that is written.
pub const MOST_FRAME_BYTES: u64 = 64 << 20;

/// Why an AVI file could not be written.
#[derive(Debug, thiserror::Error)]
pub enum AviError {
    /// The file system refused; a full disk is [`io::ErrorKind::StorageFull`].
    #[error("{0}")]
    Io(#[from] io::Error),
    /// A frame is larger than [`MOST_FRAME_BYTES`].
    #[error(
        "frame {frame} of the AVI file has {bytes} bytes; at most {MOST_FRAME_BYTES} are written"
    )]
    FrameTooLarge {
        /// Which, from 0.
        frame: u64,
        /// Its size.
        bytes: u64,
    },
    /// What shall be a frame is no JPEG file.
    #[error("frame {0} is not a JPEG file")]
    NotAJpeg(u64),
    /// A side of 0, or one above 65,535.
    #[error("an AVI file's sides are 1 to 65535 pixels, not {0}×{1}")]
    Sides(u32, u32),
    /// The file has as many segments as its index holds.
    #[error("the AVI file is full: it has {0} bytes and can have no more")]
    Full(u64),
}

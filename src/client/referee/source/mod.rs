//! Where pictures come from, each source in its file, all behind [`Source`].
//!
//! Not responsible for how frames travel. Invariant: a source gives pictures in their order, each once, and says what its clip
//! is like before the first.

pub mod avi;
pub mod camera;
pub mod drawn;
pub mod ffmpeg;
pub mod probe;
pub mod sequence;
pub mod thin;

use super::{Failure, pack::Picture};
use std::path::{Path, PathBuf};

/// What is known of a clip before it is read.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Clip {
    /// Pictures a second.
    pub fps: f64,
    /// Pixels in a row.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// How many pictures there are.
    pub frames: Count,
}

/// A number of pictures, as well as it is known before they are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Count {
    /// So many.
    Exactly(u64),
    /// So many, more or less: what a container says, or how long a recording shall last.
    About(u64),
    /// Not at all.
    Unknown,
}

impl Count {
    /// The number, exact or not.
    #[must_use]
    pub const fn about(self) -> Option<u64> {
        match self {
            Self::Exactly(count) | Self::About(count) => Some(count),
            Self::Unknown => None,
        }
    }

    /// The number, if it is exact.
    #[must_use]
    pub const fn exactly(self) -> Option<u64> {
        match self {
            Self::Exactly(count) => Some(count),
            Self::About(_) | Self::Unknown => None,
        }
    }
}

/// A clip, picture by picture. Reading blocks.
pub trait Source: Send {
    /// What it is like.
    fn clip(&self) -> Clip;

    /// The next picture; `None` after the last.
    ///
    /// # Errors
    /// [`Failure::Local`] if it cannot be read.
    fn next(&mut self) -> Result<Option<Picture>, Failure>;
}

/// A clip that can be opened.
#[derive(Clone, Debug)]
pub enum Input {
    /// A video file.
    File(PathBuf),
    /// A directory of pictures, at so many a second.
    Directory(PathBuf, f64),
    /// A camera.
    Camera(camera::Recording),
    /// A bout that the generator draws.
    Drawn(drawn::Plan),
}

impl Input {
    /// Opens it at its first picture.
    ///
    /// # Errors
    /// [`Failure::Local`] if there is none, or it cannot be read here.
    pub fn open(&self) -> Result<Box<dyn Source>, Failure> {
        Ok(match self {
            Self::File(path) => open_file(path)?,
            Self::Directory(path, fps) => Box::new(sequence::Sequence::open(path, *fps)?),
            Self::Camera(recording) => Box::new(camera::open(recording)?),
            Self::Drawn(plan) => Box::new(drawn::Drawn::open(plan)),
        })
    }

    /// What ends it sooner, if it is being recorded while it is sent.
    #[must_use]
    pub const fn stop(&self) -> Option<&camera::Stop> {
        match self {
            Self::Camera(recording) => Some(&recording.stop),
            Self::File(_) | Self::Directory(..) | Self::Drawn(_) => None,
        }
    }

    /// Whether opening it again gives the same pictures again.
    #[must_use]
    pub const fn can_be_read_again(&self) -> bool {
        self.stop().is_none()
    }
}

fn open_file(path: &Path) -> Result<Box<dyn Source>, Failure> {
    match avi::Avi::open(path)? {
        Some(avi) => Ok(Box::new(avi)),
        None => Ok(Box::new(ffmpeg::Decoder::open(path)?)),
    }
}

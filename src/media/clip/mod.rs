//! A video file as JPEG frames in their order: MJPEG-AVI is read as it is, everything else by way of ffmpeg.
//!
//! Both ways end in the same reader, since ffmpeg is asked for an MJPEG-AVI. Blocking. Not responsible for what a frame shows;
//! a frame comes as its encoder wrote it, with the standard's tables if it has none. Invariant: no more is held than one frame of at most the length that was allowed.

mod avi;
mod ffmpeg;
mod tables;

use avi::Avi;
use ffmpeg::Conversion;
pub(super) use ffmpeg::WARY;
use std::{
    fs::File,
    io::{self, BufReader, Read, Seek as _},
};

/// Bytes that are asked of a file or a child at a time.
const READ: usize = 256 * 1024;

/// A video that is being read.
pub struct Clip(Avi<Box<dyn Read + Send>>);

/// Why a video cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ClipError {
    /// It is no MJPEG-AVI, and there is no ffmpeg.
    #[error(
        "only MJPEG-AVI is read without ffmpeg: install ffmpeg, or set referee.ffmpeg to its path ({0})"
    )]
    NoFfmpeg(io::Error),
    /// ffmpeg cannot read it either; its own words.
    #[error("the video cannot be read: {0}")]
    Unreadable(String),
    /// A frame of more bytes than are allowed.
    #[error("a frame of the video has {0} bytes, more than may be")]
    TooLong(usize),
    /// The file breaks off, or the system does not give it.
    #[error("the video cannot be read: {0}")]
    Io(#[from] io::Error),
}

/// What is known of a video before its frames.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct About {
    /// Frames a second.
    pub fps: f64,
    /// Pixels in a row.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// How many frames its header says there are; 0 where it does not.
    pub frames: u32,
}

impl Clip {
    /// Reads `file` if it is an MJPEG-AVI, and `None` if it is something else; frames may have `longest` bytes.
    ///
    /// # Errors
    /// If it breaks off before its first frame, or that is too long.
    pub fn motion_jpeg(file: File, longest: usize) -> Result<Option<Self>, ClipError> {
        let reader: Box<dyn Read + Send> = Box::new(BufReader::with_capacity(READ, file));
        Ok(Avi::open(reader, longest)?.map(Self))
    }

    /// Reads `file`, whatever it is; frames may have `longest` bytes. `ffmpeg` is the program for what is no MJPEG-AVI.
    ///
    /// # Errors
    /// If it is no video, or none that can be read here.
    pub fn open(mut file: File, ffmpeg: &str, longest: usize) -> Result<Self, ClipError> {
        if let Some(clip) = Self::motion_jpeg(file.try_clone()?, longest)? {
            return Ok(clip);
        }
        file.rewind()?;
        let converted: Box<dyn Read + Send> = Box::new(Conversion::start(ffmpeg, file)?);
        let avi = Avi::open(BufReader::with_capacity(READ, converted), longest);
        let unreadable = || ClipError::Unreadable("there is no picture in it".into());
        let avi = avi?.ok_or_else(unreadable)?;
        Ok(Self(avi.boxed()))
    }

    /// What it is like.
    pub fn about(&self) -> About {
        self.0.about()
    }

    /// From now on frames may have this many bytes.
    ///
    /// # Errors
    /// If the frame that was read ahead has more.
    pub fn limit(&mut self, longest: usize) -> Result<(), ClipError> {
        self.0.limit(longest)
    }

    /// The next frame's JPEG; `None` after the last.
    ///
    /// # Errors
    /// If the file breaks off, or the frame is too long.
    pub fn frame(&mut self) -> Result<Option<&[u8]>, ClipError> {
        self.0.frame()
    }
}

#[cfg(test)]
mod tests;

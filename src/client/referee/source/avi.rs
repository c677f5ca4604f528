//! Motion JPEG in an AVI file, read without any other program.
//!
//! Each frame is a JPEG file, which is handed on as it is. Not responsible for the layout ([`crate::media::clip`]). Invariant: a
//! size that the file claims costs memory only up to [`MOST_FRAME_BYTES`], and a file that was cut off reads as far as it goes.

use super::{Clip, Count, Source};
use crate::{
    client::referee::{Failure, pack::Picture},
    media::clip::{self, ClipError},
};
use std::{
    fmt::Display,
    fs::File,
    io::ErrorKind,
    path::{Path, PathBuf},
};

/// The largest frame that is read.
const MOST_FRAME_BYTES: usize = 64 << 20;

/// The clip.
pub struct Avi {
    frames: clip::Clip,
    clip: Clip,
    /// The first picture, until it is asked for.
    first: Option<Picture>,
    path: PathBuf,
}

impl Avi {
    /// Opens a file; `None` if it is another kind of video, which another program has to read.
    ///
    /// # Errors
    /// [`Failure::Local`] if it cannot be read, or is such a file and holds no whole frame.
    pub fn open(path: &Path) -> Result<Option<Self>, Failure> {
        let file = File::open(path).map_err(|why| failed(path, &why))?;
        let frames = match clip::Clip::motion_jpeg(file, MOST_FRAME_BYTES) {
            Ok(Some(frames)) => frames,
            Ok(None) => return Ok(None),
            Err(error) if is_cut_off(&error) => return Err(failed(path, &"no frame in it")),
            Err(error) => return Err(failed(path, &error)),
        };
        let about = frames.about();
        let mut avi = Self {
            frames,
            clip: Clip {
                fps: about.fps,
                width: 0,
                height: 0,
                frames: match about.frames {
                    0 => Count::Unknown,
                    frames => Count::About(frames.into()),
                },
            },
            first: None,
            path: path.to_owned(),
        };
        avi.first = avi.read()?;
        let first = avi.first.clone();
        // A picture's sides count, whatever the header says of them.
        let pixels = first
            .ok_or_else(|| failed(path, &"no frame in it"))?
            .pixels()?;
        (avi.clip.width, avi.clip.height) = (pixels.width, pixels.height);
        Ok(Some(avi))
    }

    /// The next picture; `None` at the end, also where the file was cut off.
    fn read(&mut self) -> Result<Option<Picture>, Failure> {
        match self.frames.frame() {
            Ok(frame) => Ok(frame.map(|jpeg| Picture::Jpeg(trimmed(jpeg).to_vec().into()))),
            Err(error) if is_cut_off(&error) => Ok(None),
            Err(error) => Err(failed(&self.path, &error)),
        }
    }
}

impl Source for Avi {
    fn clip(&self) -> Clip {
        self.clip
    }

    fn next(&mut self) -> Result<Option<Picture>, Failure> {
        match self.first.take() {
            Some(first) => Ok(Some(first)),
            None => self.read(),
        }
    }
}

fn is_cut_off(error: &ClipError) -> bool {
    matches!(error, ClipError::Io(error) if error.kind() == ErrorKind::UnexpectedEof)
}

/// A JPEG without what some writers put behind its end (`FF D9`).
fn trimmed(frame: &[u8]) -> &[u8] {
    let end = frame.windows(2).rposition(|marker| marker == [0xFF, 0xD9]);
    end.map_or(frame, |end| &frame[..end + 2])
}

fn failed(path: &Path, why: &dyn Display) -> Failure {
    Failure::Local(format!("{}: {why}", path.display()))
}

#[cfg(test)]
#[path = "avi_tests.rs"]
mod tests;

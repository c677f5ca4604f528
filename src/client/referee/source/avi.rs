//! Motion JPEG in an AVI file, read without any other program.
//!
//! Each frame is a JPEG file, which is handed on as it is. The layout is that of Microsoft's "AVI RIFF File Reference" with the
//! OpenDML extensions for long files; indices are not needed, since frames are read in their order. Invariant: a size that the
//! file claims costs memory only up to [`MOST_FRAME_BYTES`], and a file that was cut off reads as far as it goes.

use super::{Clip, Count, Source};
use crate::client::referee::{Failure, pack::Picture};
use bytes::Bytes;
use std::{
    fs::File,
    io::{self, BufReader, Read as _},
    path::Path,
};

/// The largest frame that is read.
const MOST_FRAME_BYTES: u32 = 64 << 20;
/// The largest header chunk that is looked at; real ones have less than a hundred bytes.
const MOST_HEADER_BYTES: u32 = 1 << 16;

/// The clip.
#[derive(Debug)]
pub struct Avi {
    file: BufReader<File>,
    clip: Clip,
    /// Names of the chunks that hold its frames: compressed, and as some cameras call them.
    names: [[u8; 4]; 2],
    /// The last frame, which an empty chunk repeats.
    last: Option<Bytes>,
    /// The first one, until it is asked for.
    first: Option<Bytes>,
    what: String,
}

/// What the headers say of the first video stream.
#[derive(Debug, Default, PartialEq)]
struct Header {
    /// Streams so far.
    streams: u8,
    /// Which is the video.
    video: Option<u8>,
    fps: Option<f64>,
    frames: u32,
    codec: [u8; 4],
}

impl Avi {
    /// Opens a file; `None` if it is another kind of video, which another program has to read.
    ///
    /// # Errors
    /// [`Failure::Local`] if it cannot be read, or is such a file and holds no frame.
    pub fn open(path: &Path) -> Result<Option<Self>, Failure> {
        let what = path.display().to_string();
        let failed = |why: &dyn std::fmt::Display| Failure::Local(format!("{what}: {why}"));
        let mut file = BufReader::new(File::open(path).map_err(|why| failed(&why))?);
        let header = read_header(&mut file).map_err(|why| failed(&why))?;
        let Some((header, stream)) = header.and_then(|it| it.video.map(|stream| (it, stream)))
        else {
            return Ok(None);
        };
        let (Some(fps), true) = (header.fps, header.codec.eq_ignore_ascii_case(b"MJPG")) else {
            return Ok(None);
        };
        let digits = [b'0' + stream / 10, b'0' + stream % 10];
        let mut avi = Self {
            file,
            clip: Clip {
                fps,
                width: 0,
                height: 0,
                frames: match header.frames {
                    0 => Count::Unknown,
                    frames => Count::About(frames.into()),
                },
            },
            names: [*b"dc", *b"db"].map(|kind| [digits[0], digits[1], kind[0], kind[1]]),
            last: None,
            first: None,
            what: what.clone(),
        };
        let first = avi.frame()?.ok_or_else(|| failed(&"no frame in it"))?;
        // Some cameras leave out the usual Huffman tables, and such frames are no JPEG files by themselves.
        if !has_tables(&first) {
            return Ok(None);
        }
        let pixels = Picture::Jpeg(first.clone()).pixels()?;
        (avi.clip.width, avi.clip.height) = (pixels.width, pixels.height);
        avi.first = Some(first);
        Ok(Some(avi))
    }

    fn frame(&mut self) -> Result<Option<Bytes>, Failure> {
        let frame = self.read_frame();
        frame.map_err(|why| Failure::Local(format!("{}: {why}", self.what)))
    }

    /// The next frame; `None` at the end, also where the file was cut off.
    fn read_frame(&mut self) -> io::Result<Option<Bytes>> {
        while let Some((name, size)) = chunk(&mut self.file)? {
            if is_list(name) {
                skip(&mut self.file, 4)?;
            } else if !self.names.contains(&name) {
                skip(&mut self.file, padded(size))?;
            } else if size > MOST_FRAME_BYTES {
                return Err(io::Error::other(format!("a frame of {size} bytes")));
            } else if size > 0 {
                let frame = body(&mut self.file, size)?;
                self.last = frame.map(|frame| Bytes::from(trimmed(frame)));
                return Ok(self.last.clone());
            } else if self.last.is_some() {
                return Ok(self.last.clone());
            }
        }
        Ok(None)
    }
}

impl Source for Avi {
    fn clip(&self) -> Clip {
        self.clip
    }

    fn next(&mut self) -> Result<Option<Picture>, Failure> {
        let frame = match self.first.take() {
            Some(first) => Some(first),
            None => self.frame()?,
        };
        Ok(frame.map(Picture::Jpeg))
    }
}

/// Reads up to the first list of frames; `None` if it is no AVI file.
fn read_header(file: &mut BufReader<File>) -> io::Result<Option<Header>> {
    let riff = body(file, 12)?;
    if !riff.is_some_and(|riff| riff.starts_with(b"RIFF") && riff.ends_with(b"AVI ")) {
        return Ok(None);
    }
    let mut header = Header::default();
    while let Some((name, size)) = chunk(file)? {
        match &name {
            b"LIST" => {
                if body(file, 4)?.is_none_or(|kind| kind == b"movi") {
                    break;
                }
            }
            b"strh" | b"strf" if size <= MOST_HEADER_BYTES => {
                let Some(fields) = body(file, size)? else {
                    break;
                };
                match &name {
                    b"strh" => header.stream(&fields),
                    _ => header.format(&fields),
                }
            }
            _ => skip(file, padded(size))?,
        }
    }
    Ok(Some(header))
}

impl Header {
    /// `strh`: what the next stream is.
    fn stream(&mut self, fields: &[u8]) {
        if self.video.is_none() && fields.starts_with(b"vids") {
            self.video = Some(self.streams);
            let (scale, rate) = (u32_at(fields, 20), u32_at(fields, 24));
            let fps = f64::from(rate) / f64::from(scale);
            self.fps = (fps.is_finite() && fps > 0.0).then_some(fps);
            self.frames = u32_at(fields, 32);
        }
        self.streams = self.streams.saturating_add(1);
    }

    /// `strf`: how the stream that was just named is encoded.
    fn format(&mut self, fields: &[u8]) {
        if self.video.is_some_and(|video| video + 1 == self.streams) {
            self.codec = u32_at(fields, 16).to_le_bytes();
        }
    }
}

/// The next chunk's name and size; `None` at the end.
fn chunk(file: &mut BufReader<File>) -> io::Result<Option<([u8; 4], u32)>> {
    let head = body(file, 8)?;
    Ok(head.map(|head| ([head[0], head[1], head[2], head[3]], u32_at(&head, 4))))
}

const fn is_list(name: [u8; 4]) -> bool {
    matches!(&name, b"LIST" | b"RIFF")
}

/// So many bytes and the padding behind them; `None` if the file ends before.
fn body(file: &mut BufReader<File>, size: u32) -> io::Result<Option<Vec<u8>>> {
    let mut bytes = Vec::new();
    file.by_ref().take(size.into()).read_to_end(&mut bytes)?;
    if bytes.len() < size as usize {
        return Ok(None);
    }
    skip(file, padded(size) - i64::from(size))?;
    Ok(Some(bytes))
}

fn skip(file: &mut BufReader<File>, bytes: i64) -> io::Result<()> {
    file.seek_relative(bytes)
}

/// Chunks begin at even places.
fn padded(size: u32) -> i64 {
    i64::from(size) + i64::from(size % 2)
}

/// A little-endian number; 0 where the fields are too short.
fn u32_at(fields: &[u8], at: usize) -> u32 {
    let bytes = fields
        .get(at..at + 4)
        .and_then(|bytes| bytes.try_into().ok());
    bytes.map_or(0, u32::from_le_bytes)
}

/// Whether Huffman tables (`FF C4`) stand in a JPEG's head.
fn has_tables(jpeg: &[u8]) -> bool {
    let head = jpeg.windows(2).take_while(|marker| *marker != [0xFF, 0xDA]);
    head.into_iter().any(|marker| marker == [0xFF, 0xC4])
}

/// A JPEG without what some writers put behind its end (`FF D9`).
fn trimmed(mut frame: Vec<u8>) -> Vec<u8> {
    if let Some(end) = frame.windows(2).rposition(|marker| marker == [0xFF, 0xD9]) {
        frame.truncate(end + 2);
    }
    frame
}

#[cfg(test)]
#[path = "avi_tests.rs"]
mod tests;

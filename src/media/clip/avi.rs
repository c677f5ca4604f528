//! MJPEG-AVI, read from its beginning to its end without looking back, so that it may come out of a pipe.
//!
//! Layout: "AVI RIFF File Reference" (Microsoft) and the OpenDML extension, whose later segments are more of the same. Lengths of
//! lists are not believed: a writer that could not seek back left them empty.

use super::{About, ClipError, tables};
use crate::media::{
    Encoding,
    picture::{Sides, check},
};
use std::io::{self, Read};

/// A stream's header (`AVISTREAMHEADER`): kind, handler, from byte 20 on scale and rate, and its length at 32.
const STREAM_HEADER: usize = 36;
/// A picture's format (`BITMAPINFOHEADER`): from byte 4 on width, height, and the compression at 16.
const FORMAT: usize = 20;

/// Names of the compression under which JPEG frames go, in whatever case.
const MJPEG: [&[u8; 4]; 2] = [b"MJPG", b"JPEG"];

/// A file that is being read.
pub struct Avi<R> {
    reader: R,
    about: About,
    /// The two digits with which the video's chunks begin.
    stream: [u8; 2],
    longest: usize,
    frame: Vec<u8>,
    /// Whether the frame was read ahead.
    ahead: bool,
    /// Whether a frame lacked tables.
    completed: bool,
}

struct Chunk {
    name: [u8; 4],
    length: usize,
}

/// What the headers say so far.
#[derive(Default)]
struct Found {
    streams: u8,
    video: Option<Video>,
}

struct Video {
    stream: u8,
    fps: f64,
    frames: u32,
    sides: Option<(u32, u32)>,
}

impl<R: Read> Avi<R> {
    /// Reads the headers and the first frame; `None` if it is something else than an AVI of whole JPEG pictures.
    pub fn open(mut reader: R, longest: usize) -> Result<Option<Self>, ClipError> {
        let mut head = [0; 12];
        if !fill(&mut reader, &mut head)? || &head[..4] != b"RIFF" || &head[8..] != b"AVI " {
            return Ok(None);
        }
        let Some((video, (width, height))) = headers(&mut reader)? else {
            return Ok(None);
        };
        let mut avi = Self {
            reader,
            about: About {
                fps: video.fps,
                width,
                height,
                frames: video.frames,
            },
            stream: [b'0' + video.stream / 10, b'0' + video.stream % 10],
            longest,
            frame: Vec::new(),
            ahead: false,
            completed: false,
        };
        avi.ahead = avi.read()?;
        // A picture without tables is none that is known here.
        let whole = avi.frame.windows(2).any(|pair| pair == [0xFF, 0xC4]);
        let readable = avi.ahead && whole && !avi.is_interlaced();
        Ok(readable.then_some(avi))
    }

    /// Some capture cards, which leave out tables too, write each half of the lines as a picture; only ffmpeg weaves them.
    fn is_interlaced(&self) -> bool {
        let About { width, height, .. } = self.about;
        self.completed && check(&self.frame, Encoding::Jpeg, Sides { width, height }).is_err()
    }

    /// What the headers say.
    pub fn about(&self) -> About {
        self.about
    }

    /// From now on frames may have this many bytes.
    pub fn limit(&mut self, longest: usize) -> Result<(), ClipError> {
        self.longest = longest;
        match self.frame.len() {
            length if length > longest => Err(ClipError::TooLong(length)),
            _ => {
                self.frame.shrink_to(longest);
                Ok(())
            }
        }
    }

    /// The next frame.
    pub fn frame(&mut self) -> Result<Option<&[u8]>, ClipError> {
        let is_there = std::mem::take(&mut self.ahead) || self.read()?;
        Ok(is_there.then_some(&self.frame))
    }

    /// Reads on to the next frame; `false` at the end. An empty chunk stands for the same picture once more, if there was one.
    fn read(&mut self) -> Result<bool, ClipError> {
        while let Some(Chunk { name, length }) = chunk(&mut self.reader)? {
            let [a, b, kind @ ..] = name;
            if is_list(&name) {
                skip(&mut self.reader, 4)?;
            } else if [a, b] != self.stream || !matches!(&kind, b"dc" | b"db") {
                skip(&mut self.reader, padded(length))?;
            } else if length > self.longest {
                return Err(ClipError::TooLong(length));
            } else if length == 0 {
                if !self.frame.is_empty() {
                    return Ok(true);
                }
            } else {
                self.frame.resize(length, 0);
                self.reader.read_exact(&mut self.frame)?;
                skip(&mut self.reader, padded(length) - length as u64)?;
                self.completed |= tables::complete(&mut self.frame);
                return Ok(true);
            }
        }
        Ok(false)
    }
}

impl<R: Read + Send + 'static> Avi<R> {
    /// The same behind a pointer.
    pub fn boxed(self) -> Avi<Box<dyn Read + Send>> {
        Avi {
            reader: Box::new(self.reader),
            about: self.about,
            stream: self.stream,
            longest: self.longest,
            frame: self.frame,
            ahead: self.ahead,
            completed: self.completed,
        }
    }
}

/// The video, and its sides.
type Pictures = (Video, (u32, u32));

/// The video's header, read up to where the frames begin.
fn headers(reader: &mut impl Read) -> io::Result<Option<Pictures>> {
    let mut found = Found::default();
    while let Some(Chunk { name, length }) = chunk(reader)? {
        match &name {
            b"LIST" => {
                let mut kind = [0; 4];
                reader.read_exact(&mut kind)?;
                match &kind {
                    b"movi" => {
                        let video = found.video;
                        return Ok(video.and_then(|video| video.sides.map(|sides| (video, sides))));
                    }
                    b"hdrl" | b"strl" => {}
                    _ => skip(reader, padded(length).saturating_sub(4))?,
                }
            }
            b"strh" => found.stream(&part(reader, length)?),
            b"strf" => found.format(&part(reader, length)?),
            _ => skip(reader, padded(length))?,
        }
    }
    Ok(None)
}

impl Found {
    fn stream(&mut self, header: &[u8; STREAM_HEADER]) {
        let stream = self.streams;
        self.streams = self.streams.saturating_add(1);
        let fps = f64::from(word(header, 24)) / f64::from(word(header, 20));
        if &header[..4] == b"vids"
            && self.video.is_none()
            && fps.is_finite()
            && fps > 0.0
            && stream < 100
        {
            self.video = Some(Video {
                stream,
                fps,
                frames: word(header, 32),
                sides: None,
            });
        }
    }

    fn format(&mut self, format: &[u8; FORMAT]) {
        let is_last = |video: &&mut Video| video.stream + 1 == self.streams;
        let Some(video) = self.video.as_mut().filter(is_last) else {
            return;
        };
        // A negative height means rows from the top, which JPEG has anyway.
        let (width, height) = (
            word(format, 4),
            word(format, 8).cast_signed().unsigned_abs(),
        );
        let named = |name: &&[u8; 4]| format[16..].eq_ignore_ascii_case(*name);
        if MJPEG.iter().any(named) {
            video.sides = Some((width, height));
        }
    }
}

fn is_list(name: &[u8; 4]) -> bool {
    matches!(name, b"LIST" | b"RIFF")
}

/// The next chunk's name and length; `None` at the end, also of a file that was cut between its pictures.
fn chunk(reader: &mut impl Read) -> io::Result<Option<Chunk>> {
    let mut head = [0; 8];
    Ok(fill(reader, &mut head)?.then(|| Chunk {
        name: [head[0], head[1], head[2], head[3]],
        length: word(&head, 4) as usize,
    }))
}

/// The beginning of a chunk, behind which the rest is passed over; zeros behind a chunk that is shorter.
fn part<const N: usize>(reader: &mut impl Read, length: usize) -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    let there = length.min(N);
    reader.read_exact(&mut bytes[..there])?;
    skip(reader, padded(length) - there as u64)?;
    Ok(bytes)
}

/// Chunks begin at even places.
fn padded(length: usize) -> u64 {
    length as u64 + length as u64 % 2
}

fn skip(reader: &mut impl Read, bytes: u64) -> io::Result<()> {
    io::copy(&mut reader.take(bytes), &mut io::sink()).map(drop)
}

/// Fills `into`; `false` if the end comes first.
fn fill(reader: &mut impl Read, into: &mut [u8]) -> io::Result<bool> {
    match reader.read_exact(into) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(error),
    }
}

/// A little-endian word; `at + 4` is within the bytes of all callers.
fn word(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

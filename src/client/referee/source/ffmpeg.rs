//! Video files by way of ffmpeg, a child process that writes one PPM picture after another.
//!
//! PPM, since each picture then says its own sides, also after ffmpeg has turned a phone's video upright. Invariant: the child
//! ends when the decoder is dropped.

use super::{Clip, Count, Source, probe::probe};
use crate::{
    client::referee::{Failure, pack::Picture},
    media::Rgb8,
};
use std::{
    ffi::{OsStr, OsString},
    io::{BufRead as _, BufReader, ErrorKind, Read as _},
    path::Path,
    process::{Child, ChildStderr, ChildStdout, Command, Stdio},
    thread::JoinHandle,
};

/// The largest side that is believed; a header that says more is damaged.
const MAX_SIDE: u32 = 16_384;

/// A running ffmpeg.
#[derive(Debug)]
pub struct Decoder {
    child: Child,
    output: BufReader<ChildStdout>,
    /// Gives ffmpeg's last words when it has ended.
    said: Option<JoinHandle<String>>,
    clip: Clip,
    /// What it reads, for messages.
    what: String,
    /// Whether it may be cut short, as a recording is by Ctrl+C.
    may_be_cut: bool,
    first: Option<Rgb8>,
}

impl Decoder {
    /// Decodes a video file at its average rate.
    ///
    /// # Errors
    /// [`Failure::Local`] if there is no ffmpeg, or it cannot read the file.
    pub fn open(path: &Path) -> Result<Self, Failure> {
        let what = path.display().to_string();
        if let Err(why) = std::fs::File::open(path) {
            return Err(Failure::Local(format!("{what}: {why}")));
        }
        let (fps, frames) = probe(path)?;
        let path = named(path);
        let input = [OsStr::new("-i"), &path];
        Self::start(&input, fps, frames, what, false)
    }

    /// Records from a device; a recording that is cut short has ended, not failed.
    ///
    /// # Errors
    /// As [`Decoder::open`].
    pub fn record(
        input: &[&OsStr],
        fps: f64,
        frames: Count,
        what: String,
    ) -> Result<Self, Failure> {
        Self::start(input, fps, frames, what, true)
    }

    /// Starts ffmpeg with these arguments for its input, and waits for the first picture.
    fn start(
        input: &[&OsStr],
        fps: f64,
        frames: Count,
        what: String,
        may_be_cut: bool,
    ) -> Result<Self, Failure> {
        let mut child = Command::new("ffmpeg")
            .args(["-nostdin", "-hide_banner", "-loglevel", "error"])
            .args(input)
            .args(["-map", "0:v:0", "-r", &fps.to_string()])
            .args(["-f", "image2pipe", "-c:v", "ppm", "-pix_fmt", "rgb24", "-"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|why| missing("ffmpeg", &what, &why))?;
        let output = child.stdout.take().expect("standard output is piped");
        let said = child
            .stderr
            .take()
            .map(|stderr| std::thread::spawn(|| last_line(stderr)));
        let clip = Clip {
            fps,
            width: 0,
            height: 0,
            frames,
        };
        let mut decoder = Self {
            child,
            output: BufReader::with_capacity(1 << 18, output),
            said,
            clip,
            what,
            may_be_cut,
            first: None,
        };
        let first = decoder
            .picture()?
            .ok_or_else(|| decoder.failure("no picture in it"))?;
        (decoder.clip.width, decoder.clip.height) = (first.width, first.height);
        decoder.first = Some(first);
        Ok(decoder)
    }

    fn picture(&mut self) -> Result<Option<Rgb8>, Failure> {
        match self.read_ppm() {
            Ok(Some(picture)) => Ok(Some(picture)),
            Ok(None) => match self.child.wait() {
                Ok(status) if status.success() || self.may_be_cut => Ok(None),
                _ => Err(self.failure("ffmpeg gave up")),
            },
            Err(why) => Err(self.failure(&why.to_string())),
        }
    }

    /// `P6`, width, height and 255, each ended by one white space, then the pixels.
    fn read_ppm(&mut self) -> std::io::Result<Option<Rgb8>> {
        if self.output.fill_buf()?.is_empty() {
            return Ok(None);
        }
        let damaged = || std::io::Error::new(ErrorKind::InvalidData, "no picture from ffmpeg");
        let [magic, width, height, most] = [self.word()?, self.word()?, self.word()?, self.word()?];
        let side = |text: &str| {
            text.parse()
                .ok()
                .filter(|side| (1..=MAX_SIDE).contains(side))
        };
        let sides = side(&width).zip(side(&height));
        let (width, height) = sides
            .filter(|_| magic == "P6" && most == "255")
            .ok_or_else(damaged)?;
        let mut picture = Rgb8::filled(width, height, [0; 3]);
        self.output.read_exact(&mut picture.data)?;
        Ok(Some(picture))
    }

    fn word(&mut self) -> std::io::Result<String> {
        let mut word = String::new();
        for byte in self.output.by_ref().bytes().take(8) {
            match byte? {
                byte if byte.is_ascii_whitespace() => break,
                byte => word.push(char::from(byte)),
            }
        }
        Ok(word)
    }

    /// What went wrong, in ffmpeg's own words where it had any.
    fn failure(&mut self, otherwise: &str) -> Failure {
        let _ = self.child.kill();
        let said = self
            .said
            .take()
            .and_then(|thread| thread.join().ok())
            .unwrap_or_default();
        let why = if said.is_empty() { otherwise } else { &said };
        Failure::Local(format!("{}: {why}", self.what))
    }
}

impl Source for Decoder {
    fn clip(&self) -> Clip {
        self.clip
    }

    fn next(&mut self) -> Result<Option<Picture>, Failure> {
        let picture = match self.first.take() {
            Some(first) => Some(first),
            None => self.picture()?,
        };
        Ok(picture.map(Picture::Rgb))
    }
}

impl Drop for Decoder {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Reads to the end, so that the child is never held up, and keeps the last line that says something.
fn last_line(stderr: ChildStderr) -> String {
    let lines = BufReader::new(stderr).lines().map_while(Result::ok);
    let said = lines.filter(|line| !line.trim().is_empty());
    said.last().unwrap_or_default().trim().to_owned()
}

/// A path as ffmpeg takes it for a file, whatever its name begins with.
pub(super) fn named(path: &Path) -> OsString {
    let mut name = OsString::from("file:");
    name.push(path);
    name
}

pub(super) fn missing(program: &str, what: &str, why: &std::io::Error) -> Failure {
    Failure::Local(match why.kind() {
        ErrorKind::NotFound => format!(
            "{what}: {program} is needed to read this and is not installed; without it, MJPEG in AVI files and directories \
             of jpg or png pictures can be sent"
        ),
        _ => format!("{what}: {program} does not start: {why}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_program_is_named_with_what_goes_without_it() {
        let why = std::io::Error::from(ErrorKind::NotFound);
        let failure = missing("ffmpeg", "bout.mp4", &why).to_string();
        assert!(
            failure.contains("ffmpeg is needed") && failure.contains("MJPEG"),
            "{failure}"
        );
    }
}

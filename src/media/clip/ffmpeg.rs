//! Any video as an MJPEG-AVI, out of a child process.
//!
//! The child reads the file itself, through its standard input's name, so that it can seek in it. Invariant: it ends when the
//! reader is dropped, or when a file makes it hang.

use super::ClipError;
use crate::media::video::child::{Child, ChildError};
use std::{
    fs::File,
    io::{self, Read},
    process::{ChildStdout, Command, Stdio},
    time::Duration,
};

/// The program reads a frame in milliseconds; a file that gives it so long to think makes it hang.
const PATIENCE: Duration = Duration::from_secs(120);

/// A running ffmpeg.
pub struct Conversion {
    child: Child,
    output: ChildStdout,
}

/// Containers that hold their frames themselves. Playlists are none of them: one could name any file of this machine.
const CONTAINERS: &str = "avi,mov,mp4,matroska,webm,mpegts,mpeg,ogg,flv,asf,mjpeg";

/// How a file of a stranger is opened: what stands before its `-i`.
pub const WARY: [&str; 4] = [
    "-protocol_whitelist",
    "file,pipe,fd",
    "-format_whitelist",
    CONTAINERS,
];

impl Conversion {
    /// Starts `ffmpeg` on `file`.
    ///
    /// # Errors
    /// If there is no such program.
    pub fn start(ffmpeg: &str, file: File) -> Result<Self, ClipError> {
        let mut command = Command::new(ffmpeg);
        command
            .args(["-nostdin", "-hide_banner", "-loglevel", "error"])
            .args(WARY)
            .args(["-i", "/dev/stdin"])
            // The best quality of its encoder: what is judged shall be what was filmed.
            .args([
                "-map", "0:v:0", "-c:v", "mjpeg", "-q:v", "2", "-pix_fmt", "yuvj420p",
            ])
            .args(["-f", "avi", "-"])
            .stdin(Stdio::from(file))
            .stdout(Stdio::piped());
        let mut child = Child::start(command).map_err(ClipError::NoFfmpeg)?;
        let output = child.output().expect("standard output is piped");
        Ok(Self { child, output })
    }

    /// ffmpeg gives no more: an error in its own words, without names of files, unless it was done.
    fn ended(&mut self) -> io::Result<usize> {
        match self.child.finish(PATIENCE) {
            Ok(()) => Ok(0),
            Err(ChildError::Failed(said)) => {
                Err(io::Error::other(said.replace("/dev/stdin: ", "")))
            }
            Err(error) => Err(io::Error::other(error)),
        }
    }
}

impl Read for Conversion {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let Self { child, output } = self;
        match child.within(PATIENCE, || output.read(into))? {
            0 if !into.is_empty() => self.ended(),
            bytes => Ok(bytes),
        }
    }
}

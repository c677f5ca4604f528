//! Any video as an MJPEG-AVI, out of a child process.
//!
//! The child reads the file itself, through its standard input's name, so that it can seek in it. Invariant: it ends when the
//! reader is dropped.

use super::ClipError;
use std::{
    fs::File,
    io::{self, Read},
    process::{Child, ChildStderr, ChildStdout, Command, Stdio},
    thread::{self, JoinHandle},
};

/// Bytes of ffmpeg's last words that are kept.
const WORDS: usize = 400;

/// A running ffmpeg.
pub struct Conversion {
    child: Child,
    output: ChildStdout,
    said: Option<JoinHandle<String>>,
}

/// Containers that hold their frames themselves. Playlists are none of them: one could name any file of this machine.
const CONTAINERS: &str = "avi,mov,mp4,matroska,webm,mpegts,mpeg,ogg,flv,asf,mjpeg";

impl Conversion {
    /// Starts `ffmpeg` on `file`.
    ///
    /// # Errors
    /// If there is no such program.
    pub fn start(ffmpeg: &str, file: File) -> Result<Self, ClipError> {
        let mut child = Command::new(ffmpeg)
            .args(["-nostdin", "-hide_banner", "-loglevel", "error"])
            .args([
                "-protocol_whitelist",
                "file,pipe,fd",
                "-format_whitelist",
                CONTAINERS,
            ])
            .args(["-i", "/dev/stdin"])
            // The best quality of its encoder: what is judged shall be what was filmed.
            .args([
                "-map", "0:v:0", "-c:v", "mjpeg", "-q:v", "2", "-pix_fmt", "yuvj420p",
            ])
            .args(["-f", "avi", "-"])
            .stdin(Stdio::from(file))
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(ClipError::NoFfmpeg)?;
        let output = child.stdout.take().expect("standard output is piped");
        let stderr = child.stderr.take().expect("standard error is piped");
        Ok(Self {
            child,
            output,
            said: Some(thread::spawn(move || last_words(stderr))),
        })
    }

    /// ffmpeg gives no more: an error in its own words, unless it was done.
    fn ended(&mut self) -> io::Result<usize> {
        if self.child.wait()?.success() {
            return Ok(0);
        }
        let said = self.said.take().and_then(|said| said.join().ok());
        Err(io::Error::other(said.unwrap_or_default()))
    }
}

impl Read for Conversion {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        match self.output.read(into)? {
            0 if !into.is_empty() => self.ended(),
            bytes => Ok(bytes),
        }
    }
}

impl Drop for Conversion {
    fn drop(&mut self) {
        // Both fail only if it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Reads all, so that the child never waits for a reader, and keeps the last line without names of files.
fn last_words(mut stderr: ChildStderr) -> String {
    let mut all = Vec::new();
    // What was read before a failure is kept.
    let _ = stderr.by_ref().take(1 << 16).read_to_end(&mut all);
    let _ = io::copy(&mut stderr, &mut io::sink());
    let text = String::from_utf8_lossy(&all);
    let last = text.lines().rfind(|line| !line.trim().is_empty());
    let last = last.unwrap_or("ffmpeg gave up").replace("/dev/stdin: ", "");
    last.chars().take(WORDS).collect()
}

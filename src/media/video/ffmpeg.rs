//! ffmpeg as a child process: frames to H.264, one container to another.
//!
//! The program is optional; whoever has an [`Ffmpeg`] has found one that runs. Invariant: a child never outlives what holds it,
//! and its last words are in the error.

use super::Rate;
use crate::media::Rgb8;
use std::{
    ffi::OsString,
    io::{self, Read as _, Write as _},
    path::Path,
    process::{Child, ChildStdin, Command, Stdio},
    thread::JoinHandle,
};

/// Threads that an encoder may take: the server has others to serve.
const ENCODER_THREADS: &str = "2";

/// Sides must be even in 4:2:0, and the colours those that browsers expect of what does not say otherwise.
const FILTER: &str =
    "pad=ceil(iw/2)*2:ceil(ih/2)*2,scale=out_color_matrix=bt709:out_range=tv,format=yuv420p";

/// Encoders of H.264, the best first.
const H264: [&str; 2] = ["libx264", "libopenh264"];

/// A program that runs.
#[derive(Clone, Debug)]
pub struct Ffmpeg {
    program: String,
    version: String,
    h264: Option<&'static str>,
}

/// What went wrong.
#[derive(Debug, thiserror::Error)]
pub enum FfmpegError {
    /// It cannot be started or spoken to.
    #[error("ffmpeg: {0}")]
    Io(#[from] io::Error),
    /// It ended with an error: its last words.
    #[error("ffmpeg: {0}")]
    Failed(String),
    /// It has no encoder for video that browsers play.
    #[error("this ffmpeg has no encoder for H.264")]
    NoH264,
}

/// A video that is being encoded, frame by frame.
#[derive(Debug)]
pub struct H264Encoder {
    running: Running,
    input: Option<ChildStdin>,
}

/// A child and its last words. Dropped, it is killed and waited for.
#[derive(Debug)]
struct Running {
    child: Child,
    said: Option<JoinHandle<String>>,
}

// === impl Ffmpeg ===

impl Ffmpeg {
    /// The program of this name or path, if it runs.
    pub fn find(program: &str) -> Option<Self> {
        let ask = |argument: &str| {
            let output = Command::new(program)
                .args(["-hide_banner", argument])
                .stdin(Stdio::null())
                .output()
                .ok()?;
            output
                .status
                .success()
                .then(|| String::from_utf8_lossy(&output.stdout).into_owned())
        };
        let version = ask("-version")?;
        let encoders = ask("-encoders").unwrap_or_default();
        Some(Self {
            program: program.to_owned(),
            version: version.lines().next().unwrap_or_default().to_owned(),
            h264: H264.into_iter().find(|name| encoders.contains(name)),
        })
    }

    /// Its first line about itself.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Puts the video of one file into another container, as it is.
    ///
    /// # Errors
    /// If the program fails, or the disk refuses.
    pub fn remux(&self, from: &Path, to: &Path) -> Result<(), FfmpegError> {
        let mut command = self.command();
        command
            .arg("-i")
            .arg(named(from))
            .args(["-c", "copy", "-y"])
            .arg(named(to));
        Running::start(command)?.finish()
    }

    /// Encodes frames of this size to a file that browsers play.
    ///
    /// # Errors
    /// If the program has no encoder, or cannot be started.
    pub fn encode_h264(
        &self,
        (width, height): (u32, u32),
        rate: Rate,
        to: &Path,
    ) -> Result<H264Encoder, FfmpegError> {
        let encoder = self.h264.ok_or(FfmpegError::NoH264)?;
        let mut command = self.command();
        command.args(["-f", "rawvideo", "-pix_fmt", "rgb24", "-video_size"]);
        command.arg(format!("{width}x{height}")).arg("-framerate");
        command.arg(format!("{}/{}", rate.numerator(), rate.denominator()));
        command.args(["-i", "-", "-c:v", encoder, "-threads", ENCODER_THREADS]);
        if encoder == H264[0] {
            command.args(["-preset", "veryfast", "-crf", "23"]);
        }
        command.args(["-vf", FILTER, "-pix_fmt", "yuv420p"]);
        command.args(["-color_range", "tv", "-colorspace", "bt709"]);
        command.args(["-color_primaries", "bt709", "-color_trc", "bt709"]);
        command
            .args(["-movflags", "+faststart", "-y"])
            .arg(named(to));
        command.stdin(Stdio::piped());
        let mut running = Running::start(command)?;
        let input = running.child.stdin.take();
        Ok(H264Encoder { running, input })
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command.args(["-hide_banner", "-loglevel", "error", "-nostdin"]);
        command.stdin(Stdio::null()).stdout(Stdio::null());
        command
    }
}

// === impl H264Encoder ===

impl H264Encoder {
    /// The next frame; all have the size that was told.
    ///
    /// # Errors
    /// If the program has ended.
    pub fn frame(&mut self, picture: &Rgb8) -> Result<(), FfmpegError> {
        let written = match &mut self.input {
            Some(input) => input.write_all(&picture.data),
            None => Ok(()),
        };
        match written {
            Ok(()) => Ok(()),
            // What it said is better than that it does not listen.
            Err(error) => self.running.finish().and(Err(error.into())),
        }
    }

    /// Completes the file.
    ///
    /// # Errors
    /// If the program failed.
    pub fn finish(mut self) -> Result<(), FfmpegError> {
        drop(self.input.take());
        self.running.finish()
    }
}

// === impl Running ===

impl Running {
    fn start(mut command: Command) -> Result<Self, FfmpegError> {
        let mut child = command.stderr(Stdio::piped()).spawn()?;
        let said = child.stderr.take().map(|mut stderr| {
            std::thread::spawn(move || {
                let mut said = Vec::new();
                // What could not be read was not said.
                let _ = stderr.read_to_end(&mut said);
                last_line(&String::from_utf8_lossy(&said))
            })
        });
        Ok(Self { child, said })
    }

    fn finish(&mut self) -> Result<(), FfmpegError> {
        let status = self.child.wait()?;
        let said = self.said.take().and_then(|said| said.join().ok());
        match status.success() {
            true => Ok(()),
            false => Err(FfmpegError::Failed(said.unwrap_or_default())),
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A path that no program takes for an option or a protocol.
fn named(path: &Path) -> OsString {
    let mut name = OsString::from("file:");
    name.push(path);
    name
}

fn last_line(text: &str) -> String {
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    lines.next_back().unwrap_or("it said nothing").to_owned()
}

#[cfg(test)]
#[path = "ffmpeg_tests.rs"]
mod tests;

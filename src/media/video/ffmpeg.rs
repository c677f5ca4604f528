//! ffmpeg as a child process: frames to H.264, one container to another.
//!
//! The program is optional; whoever has an [`Ffmpeg`] has found one that runs. Invariant: a child never outlives what holds it,
//! has a time for everything that it is asked, and its last words are in the error.

use super::{
    Rate, Sound,
    child::{Child, ChildError},
};
use crate::media::{Rgb8, clip};
use std::{
    ffi::OsString,
    fs,
    io::{self, Read as _, Write as _},
    path::{Path, PathBuf},
    process::{ChildStdin, Command, Stdio},
    sync::LazyLock,
    time::Duration,
};

/// The program takes milliseconds for a frame, so one that takes so long for it hangs. On a busy machine it goes last.
const PATIENCE: Duration = Duration::from_secs(120);
/// Bytes a second at which the slowest disk still copies a file.
const SLOWEST: u64 = 1 << 20;

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

/// A program that is being looked for: whoever asks first does it, and everybody else waits for what was found.
pub type Sought = LazyLock<Option<Ffmpeg>, Box<dyn FnOnce() -> Option<Ffmpeg> + Send>>;

/// What went wrong.
#[derive(Debug, thiserror::Error)]
pub enum FfmpegError {
    /// It cannot be started or spoken to.
    #[error("ffmpeg: {0}")]
    Io(#[from] io::Error),
    /// It ended with an error, or never: its last words.
    #[error("ffmpeg: {0}")]
    Failed(#[from] ChildError),
    /// It has no encoder for video that browsers play.
    #[error("this ffmpeg has no encoder for H.264")]
    NoH264,
}

/// A video that is being encoded, frame by frame.
#[derive(Debug)]
pub struct H264Encoder {
    child: Child,
    input: Option<ChildStdin>,
    to: PathBuf,
}

// === impl Ffmpeg ===

impl Ffmpeg {
    /// The program of this name or path, if it runs.
    pub fn find(program: &str) -> Option<Self> {
        let version = ask(program, "-version")?;
        let encoders = ask(program, "-encoders").unwrap_or_default();
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

    /// Puts the video of one file into another container, as it is; with the `sound` of a third, if that has one, as AAC, which
    /// all players know.
    ///
    /// # Errors
    /// If the program fails, or the disk refuses.
    pub fn remux(&self, from: &Path, to: &Path, sound: Option<&Sound>) -> Result<(), FfmpegError> {
        let mut command = self.command();
        command.arg("-i").arg(named(from));
        if let Some(sound) = sound {
            command.stdin(sound.input()?);
            command.args(clip::WARY).args(["-i", "/dev/stdin"]);
            command.args(["-map", "0:v:0", "-map", "1:a:0?", "-c:a", "aac"]);
        }
        command.args(["-c:v", "copy", "-y"]).arg(named(to));
        Ok(Child::start(command)?.finish(time_for(from))?)
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
        let mut child = Child::start(command)?;
        let input = child.input();
        let to = to.to_owned();
        Ok(H264Encoder { child, input, to })
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
    /// If the program has ended, or does not go on.
    pub fn frame(&mut self, picture: &Rgb8) -> Result<(), FfmpegError> {
        let Some(input) = &mut self.input else {
            return Ok(());
        };
        let write = || input.write_all(&picture.data);
        match self.child.within(PATIENCE, write) {
            Ok(()) => Ok(()),
            Err(error) => {
                // What it said is better than that it does not listen.
                self.child.finish(PATIENCE)?;
                Err(error.into())
            }
        }
    }

    /// Completes the file.
    ///
    /// # Errors
    /// If the program failed, or does not end.
    pub fn finish(mut self) -> Result<(), FfmpegError> {
        drop(self.input.take());
        Ok(self.child.finish(time_for(&self.to))?)
    }
}

/// What the program prints when it is asked this; `None` if there is no such program, or it fails or hangs.
fn ask(program: &str, argument: &str) -> Option<String> {
    let mut command = Command::new(program);
    command.args(["-hide_banner", argument]);
    command.stdin(Stdio::null()).stdout(Stdio::piped());
    let mut child = Child::start(command).ok()?;
    let mut output = child.output()?;
    let mut said = Vec::new();
    let read = child.within(PATIENCE, || output.read_to_end(&mut said));
    child.finish(PATIENCE).ok()?;
    read.ok()?;
    Some(String::from_utf8_lossy(&said).into_owned())
}

/// The time that a file may be copied for.
fn time_for(path: &Path) -> Duration {
    let bytes = fs::metadata(path).map_or(0, |about| about.len());
    PATIENCE + Duration::from_secs(bytes / SLOWEST)
}

/// A path that no program takes for an option or a protocol.
fn named(path: &Path) -> OsString {
    let mut name = OsString::from("file:");
    name.push(path);
    name
}

#[cfg(test)]
#[path = "ffmpeg_tests.rs"]
mod tests;

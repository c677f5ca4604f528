//! What the flags mean together: one task, checked before anything is sent.
//!
//! Invariant: a task names everything that it needs; whatever is missing or does not go together has been refused with the flag
//! to change.

use super::{
    Failure,
    generate::{Generating, Place},
    options::Options,
    pack::Wish,
    server::Server,
    source::{
        Input,
        camera::{Recording, Stop},
        drawn,
    },
};
use serde::Deserialize;
use std::{
    hash::{BuildHasher as _, Hasher as _, RandomState},
    path::{Path, PathBuf},
};
use time::OffsetDateTime;

/// Rate of pictures and cameras that have none of their own; the guide's.
const FPS: f64 = 30.0;

/// What to do.
#[derive(Debug)]
pub enum Task {
    /// Ask for the server's health.
    Health(Server),
    /// Draw a bout into files.
    Generate(Generating),
    /// Upload a file by HTTP.
    Upload(Uploading),
    /// Stream frames.
    Stream(Box<Streaming>),
}

/// An upload by HTTP.
#[derive(Clone, Debug)]
pub struct Uploading {
    /// Where to.
    pub server: Server,
    /// The video file.
    pub video: PathBuf,
    /// The signal file.
    pub signal: PathBuf,
    /// Whether the result shall hold the keypoints.
    pub include_keypoints: bool,
    /// Whether an overlay video shall be made.
    pub save_overlay: bool,
    /// Seconds to wait for the answer.
    pub timeout: f64,
    /// Where to save the result.
    pub output: Option<PathBuf>,
}

/// A stream of frames.
#[derive(Clone, Debug)]
pub struct Streaming {
    /// Where to.
    pub server: Server,
    /// The session's name.
    pub session: String,
    /// Where pictures come from.
    pub input: Input,
    /// How frames shall be.
    pub wish: Wish,
    /// Frames on their way at a time.
    pub unacked: usize,
    /// Whether to keep the video's pace.
    pub realtime: bool,
    /// The scoring device's words.
    pub signal: SignalAt,
    /// Whether the result shall hold the keypoints.
    pub include_keypoints: bool,
    /// Whether an overlay video shall be made.
    pub save_overlay: bool,
    /// Where to save the result.
    pub output: Option<PathBuf>,
    /// Where to draw the bout first.
    pub keep: Option<Generating>,
}

/// A signal file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signal {
    /// Its name, without a path.
    pub filename: String,
    /// What it holds.
    pub bytes: Vec<u8>,
}

/// Where the signal is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SignalAt {
    /// Here.
    Hand(Signal),
    /// In this file, when the recording is over.
    Later(PathBuf),
}

// === impl Task ===

impl Task {
    /// What the flags ask for.
    ///
    /// # Errors
    /// [`Failure::Usage`] if they do not go together, [`Failure::Local`] if a file that they name cannot be read.
    pub fn of(options: &Options) -> Result<Self, Failure> {
        if options.health {
            return Ok(Self::Health(server(options)?));
        }
        if options.upload {
            return Ok(Self::Upload(uploading(options)?));
        }
        if options.video_at.is_some() {
            return Err(usage(
                "a video and a signal beside the server belong to --upload; to stream, name them by --video and --signal",
            ));
        }
        match generating(options)? {
            Some(what) if options.server.is_none() => Ok(Self::Generate(what)),
            drawn => Ok(Self::Stream(Box::new(streaming(options, drawn)?))),
        }
    }
}

fn server(options: &Options) -> Result<Server, Failure> {
    match &options.server {
        Some(address) => Server::parse(address, options.token.as_deref()),
        None => Err(usage("which server? Such as http://localhost:8080")),
    }
}

fn uploading(options: &Options) -> Result<Uploading, Failure> {
    let video = options.video_at.as_ref().or(options.video.as_ref());
    let video = video.ok_or_else(|| usage("which video? --upload <SERVER> <VIDEO> <SIGNAL>"))?;
    let signal = options.signal_at.as_ref().or(options.signal.as_ref());
    let signal =
        signal.ok_or_else(|| usage("which signal file? --upload <SERVER> <VIDEO> <SIGNAL>"))?;
    if video.is_dir() {
        return Err(usage(
            "an upload takes one video file; a directory of pictures can be streamed, without --upload",
        ));
    }
    Ok(Uploading {
        server: server(options)?,
        video: video.clone(),
        signal: signal.clone(),
        include_keypoints: options.include_keypoints,
        save_overlay: !options.no_overlay,
        timeout: options.timeout,
        output: options.output.clone(),
    })
}

fn generating(options: &Options) -> Result<Option<Generating>, Failure> {
    let Some(to) = &options.generate else {
        return Ok(None);
    };
    if to
        .as_ref()
        .is_some_and(|to| to.to_string_lossy().contains("://"))
    {
        return Err(usage(
            "--generate takes a directory or an .avi file; name the server before it",
        ));
    }
    let place = to.as_ref().map(|to| place(to)).transpose()?;
    if place.is_none() && options.server.is_none() {
        return Err(usage(
            "--generate needs a directory to draw into, or a server to stream to",
        ));
    }
    Ok(Some(Generating {
        plan: drawn::Plan::of(&options.bout, options.fps)?,
        to: place,
        quality: options.jpeg_quality,
    }))
}

/// What a path that is drawn to means, by its ending.
fn place(to: &Path) -> Result<Place, Failure> {
    match to.extension().and_then(|ending| ending.to_str()) {
        Some("avi") => Ok(Place::Video(to.to_owned())),
        Some("mp4" | "mov" | "mkv" | "webm" | "jpg" | "png") => Err(usage(
            "--generate draws pictures into a directory, or a video into an .avi file",
        )),
        _ => Ok(Place::Directory(to.to_owned())),
    }
}

fn streaming(options: &Options, drawn: Option<Generating>) -> Result<Streaming, Failure> {
    let server = server(options)?;
    let (input, signal) = match &drawn {
        Some(what) => (
            Input::Drawn(what.plan.clone()),
            SignalAt::Hand(what.plan.signal()),
        ),
        None => recorded(options)?,
    };
    Ok(Streaming {
        server,
        session: options
            .session_id
            .clone()
            .unwrap_or_else(|| session_named(OffsetDateTime::now_utc(), random())),
        input,
        wish: Wish {
            encoding: options.encoding,
            quality: options.jpeg_quality,
            width: options.width,
            height: options.height,
            fps: options.fps,
        },
        unacked: usize::from(options.unacked),
        realtime: options.realtime,
        signal,
        include_keypoints: options.include_keypoints,
        save_overlay: !options.no_overlay,
        output: options.output.clone(),
        keep: drawn.filter(|what| what.to.is_some()),
    })
}

/// A video or a camera, and its signal file.
fn recorded(options: &Options) -> Result<(Input, SignalAt), Failure> {
    let signal = options.signal.as_ref();
    let signal = signal.ok_or_else(|| usage("which signal file? --signal FILE"))?;
    match (&options.video, options.camera) {
        (Some(video), None) => Ok((
            video_input(video, options.fps),
            SignalAt::Hand(Signal::read(signal)?),
        )),
        (None, Some(index)) => {
            let recording = Recording {
                index,
                duration: options.duration,
                fps: options.fps.unwrap_or(FPS),
                size: options.width.zip(options.height),
                stop: Stop::default(),
            };
            Ok((Input::Camera(recording), SignalAt::Later(signal.clone())))
        }
        _ => Err(usage(
            "what to send? --video FILE, --video DIR, --camera IDX or --generate",
        )),
    }
}

fn video_input(video: &Path, fps: Option<f64>) -> Input {
    match video.is_dir() {
        true => Input::Directory(video.to_owned(), own_rate(video).or(fps).unwrap_or(FPS)),
        false => Input::File(video.to_owned()),
    }
}

/// The rate that a drawn bout's truth tells of its pictures.
fn own_rate(directory: &Path) -> Option<f64> {
    #[derive(Deserialize)]
    struct Truth {
        fps: f64,
    }
    let text = std::fs::read(directory.join("truth.json")).ok()?;
    let truth: Truth = serde_json::from_slice(&text).ok()?;
    (truth.fps > 0.0 && truth.fps.is_finite()).then_some(truth.fps)
}

/// A name in the guide's form, and a tail: two bouts may begin in one second.
fn session_named(now: OffsetDateTime, tail: u64) -> String {
    let (date, time) = (now.date(), now.time());
    format!(
        "phrase_{:04}{:02}{:02}_{:02}{:02}{:02}_{:06x}",
        date.year(),
        u8::from(date.month()),
        date.day(),
        time.hour(),
        time.minute(),
        time.second(),
        tail & 0xFF_FFFF
    )
}

/// A number that another process hardly has.
fn random() -> u64 {
    RandomState::new().build_hasher().finish()
}

fn usage(text: &str) -> Failure {
    Failure::Usage(text.to_owned())
}

// === impl Signal ===

impl Signal {
    /// Reads it from a file.
    ///
    /// # Errors
    /// [`Failure::Local`] if it cannot be read.
    pub fn read(path: &Path) -> Result<Self, Failure> {
        let cannot =
            |why: &dyn std::fmt::Display| Failure::Local(format!("{}: {why}", path.display()));
        let bytes = std::fs::read(path).map_err(|why| cannot(&why))?;
        let filename = path.file_name().ok_or_else(|| cannot(&"not a file"))?;
        Ok(Self {
            filename: filename.to_string_lossy().into_owned(),
            bytes,
        })
    }
}

// === impl SignalAt ===

impl SignalAt {
    /// The signal, now that it is needed.
    ///
    /// # Errors
    /// [`Failure::Local`] if it cannot be read.
    pub fn read(&self) -> Result<Signal, Failure> {
        match self {
            Self::Hand(signal) => Ok(signal.clone()),
            Self::Later(path) => Signal::read(path),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        options: Options,
    }

    fn task(line: &str) -> Result<Task, Failure> {
        let words = ["referee"].into_iter().chain(line.split_whitespace());
        Task::of(&Line::try_parse_from(words).unwrap().options)
    }

    fn refusal(line: &str) -> String {
        match task(line) {
            Err(Failure::Usage(text)) => text,
            other => panic!("{line}: {other:?}"),
        }
    }

    #[test]
    fn what_is_missing_is_asked_for_by_name() {
        for (line, asked) in [
            ("", "which signal file"),
            ("--health", "which server"),
            ("localhost --video x", "--signal FILE"),
            ("localhost --signal x", "--video FILE"),
            ("--upload localhost", "which video"),
            ("--upload localhost x", "which signal"),
            ("localhost x y", "--upload"),
            ("--generate", "a directory to draw into"),
            ("--generate bout.mp4", "into a directory"),
            ("--generate http://localhost", "name the server before it"),
            ("--upload localhost . y", "one video file"),
        ] {
            let refused = match line {
                "" => refusal("localhost"),
                line => refusal(line),
            };
            assert!(refused.contains(asked), "{line}: {refused}");
        }
    }

    #[test]
    fn flags_that_exclude_each_other_are_refused() {
        for line in [
            "l --video x --camera 0 --signal s",
            "l --generate x --signal s",
            "l --unacked 0",
            "l --jpeg-quality 0",
        ] {
            let words = ["referee"].into_iter().chain(line.split_whitespace());
            assert!(Line::try_parse_from(words).is_err(), "{line}");
        }
    }

    #[test]
    fn a_session_is_named_as_in_the_guide_with_a_tail() {
        let moment = OffsetDateTime::from_unix_timestamp(1_762_432_245).unwrap();
        assert_eq!(
            session_named(moment, 0xFF_0000_0A1B),
            "phrase_20251106_123045_000a1b"
        );
    }

    #[test]
    fn a_directory_that_tells_its_rate_is_thinned_by_fps() {
        let directory = tempfile::tempdir().unwrap();
        assert!(matches!(
            video_input(directory.path(), Some(20.0)),
            Input::Directory(_, 20.0)
        ));
        assert!(matches!(
            video_input(directory.path(), None),
            Input::Directory(_, 30.0)
        ));
        std::fs::write(directory.path().join("truth.json"), r#"{"fps":15.0}"#).unwrap();
        assert!(matches!(
            video_input(directory.path(), Some(5.0)),
            Input::Directory(_, 15.0)
        ));
    }

    #[test]
    fn a_missing_signal_is_noticed_before_anything_is_sent() {
        let failure = task("localhost --video x.avi --signal /nowhere/s.txt").unwrap_err();
        assert!(
            matches!(failure, Failure::Local(_)) && failure.to_string().contains("/nowhere/s.txt")
        );
    }
}

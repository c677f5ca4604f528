//! `[referee]`: match video streamed in, a verdict out.

use std::fmt;
use std::num::{NonZeroU32, NonZeroUsize};
use std::path::PathBuf;
use std::time::Duration;

use super::admin::{SHORTEST_TOKEN, Token};
use super::fault::Problem;
use super::gamecraft::{ModelName, directory};
use super::read::Reader;
use super::threads::Threads;

const MIB: usize = 1 << 20;
const GIB: usize = 1 << 30;
/// The longest time that is accepted, in seconds: longer ones are typing mistakes.
const DAY_S: u64 = 86_400;

/// The referee.
#[derive(Debug, Clone, PartialEq)]
pub struct Referee {
    /// Whether uploads may be streamed.
    pub enabled: bool,
    /// Uploads at the same time.
    pub max_sessions: NonZeroUsize,
    /// Memory of all of them together, in bytes.
    pub memory_bytes: usize,
    /// An upload from which nothing comes ends after this long.
    pub session_timeout: Duration,
    /// How long a client that lost its connection may come back.
    pub resume_window: Duration,
    /// Largest frame.
    pub frame_bytes: usize,
    /// Largest signal file.
    pub signal_bytes: usize,
    /// Largest video that is uploaded as a whole.
    pub video_bytes: u64,
    /// Frames of one upload.
    pub max_frames: u64,
    /// Threads that read sockets and write frames.
    pub ingest_threads: Threads,
    /// When frames are forced to the disk.
    pub fsync: FsyncChoice,
    /// Where frames lie until their verdict is there.
    pub spool_dir: PathBuf,
    /// Bytes of that disk that stay free.
    pub min_free_bytes: u64,
    /// What a start does with uploads that a dead process left.
    pub leftovers: LeftoverPolicy,
    /// Where results lie.
    pub output_dir: PathBuf,
    /// The model that finds fencers.
    pub model: PoseModel,
    /// The rules that decide.
    pub rules: RulesChoice,
    /// Whether analysis starts while frames still come.
    pub overlap: bool,
    /// Frames that one session decodes ahead of its model.
    pub decode_ahead: NonZeroUsize,
    /// Frames of one session between the disk and the model.
    pub in_flight: NonZeroUsize,
    /// Progress messages to one client in a second, at most.
    pub progress_per_second: NonZeroU32,
    /// How video is straightened.
    pub fisheye: RefereeFisheye,
    /// A keypoint table that shows how fencers stand at the beginning.
    pub init_reference_xlsx: Option<PathBuf>,
    /// The program that reads and writes videos.
    pub ffmpeg: String,
    /// Bearer tokens of clients; without any, none is asked for.
    pub tokens: Vec<Token>,
}

/// How video is straightened.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RefereeFisheye {
    /// Whether it is at all.
    pub enabled: bool,
    /// The first coefficient of the equidistant model, -1 to 1.
    pub strength: f64,
    /// How much of the picture's edge is kept, 0 to 1.
    pub balance: f64,
    /// Whether the sound of an uploaded video is kept.
    pub keep_audio: bool,
    /// Whether the log tells how far it is.
    pub progress: bool,
}

/// When frames are forced to the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FsyncChoice {
    /// When the kernel likes.
    Never,
    /// Before the end of an upload and its signal are acknowledged.
    End,
    /// Before each frame is acknowledged.
    Always,
}

/// What a start does with uploads that a dead process left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LeftoverPolicy {
    /// They may be resumed; those to which nothing was written for so long are removed.
    Keep {
        /// `None` removes none.
        remove_after: Option<Duration>,
    },
    /// All are removed.
    Remove,
}

/// The rules that decide.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RulesChoice {
    /// The original's.
    V1,
    /// Ours.
    V2,
}

/// The model that finds fencers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PoseModel {
    /// One that the server knows by name.
    Named(ModelName),
    /// A folder with a `model.toml`, or an `.onnx` file.
    At(PathBuf),
}

impl PoseModel {
    /// A path if `text` has a separator or ends in `.onnx`, else a name.
    fn parse(text: &str) -> Option<Self> {
        let is_path = text.contains('/') || ends_with(text, "onnx");
        if is_path {
            return Some(Self::At(PathBuf::from(text)));
        }
        ModelName::parse(text).map(Self::Named)
    }
}

impl fmt::Display for PoseModel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Named(name) => name.fmt(f),
            Self::At(path) => path.display().fmt(f),
        }
    }
}

impl Referee {
    pub(super) fn read(reader: &mut Reader<'_>) -> Self {
        let rules = [("v2", RulesChoice::V2), ("v1", RulesChoice::V1)];
        let progress = reader.number("referee.progress_per_second", 1..=100);
        Self {
            enabled: reader.switch("referee.enabled"),
            max_sessions: reader.count("referee.max_sessions", 10_000),
            memory_bytes: mebibytes(reader, "referee.memory_mb", 16),
            session_timeout: reader.seconds("referee.session_timeout_s", 1..=DAY_S),
            resume_window: reader.seconds("referee.resume_window_s", 0..=DAY_S),
            frame_bytes: reader.number("referee.frame_bytes", 1_024..=GIB),
            signal_bytes: reader.number("referee.signal_bytes", 1_024..=64 * MIB),
            video_bytes: reader.number("referee.video_bytes", (MIB as u64)..=1 << 40),
            max_frames: reader.number("referee.max_frames", 1..=10_000_000),
            ingest_threads: reader.threads("referee.ingest_threads"),
            fsync: fsync(reader),
            spool_dir: directory_of(reader, "referee.spool_dir"),
            min_free_bytes: mebibytes(reader, "referee.min_free_disk_mb", 0) as u64,
            leftovers: leftovers(reader),
            output_dir: directory_of(reader, "referee.output_dir"),
            model: model(reader),
            rules: reader.choice("referee.rules", rules),
            overlap: reader.switch("referee.overlap"),
            decode_ahead: reader.count("referee.decode_ahead", 256),
            in_flight: reader.count("referee.in_flight", 256),
            progress_per_second: NonZeroU32::new(progress).unwrap_or(NonZeroU32::MIN),
            fisheye: RefereeFisheye::read(reader),
            init_reference_xlsx: reader.text(
                "referee.init_reference_xlsx",
                "a path",
                None,
                optional,
            ),
            ffmpeg: reader.text("referee.ffmpeg", "a program", String::new(), program),
            tokens: tokens(reader),
        }
    }
}

impl RefereeFisheye {
    fn read(reader: &mut Reader<'_>) -> Self {
        Self {
            enabled: reader.switch("referee.fisheye_enabled"),
            strength: reader.decimal("referee.fisheye_strength", -1.0..=1.0),
            balance: reader.decimal("referee.fisheye_balance", 0.0..=1.0),
            keep_audio: reader.switch("referee.fisheye_keep_audio"),
            progress: reader.switch("referee.fisheye_progress"),
        }
    }
}

/// Bytes of a number of MiB, up to a TiB.
fn mebibytes(reader: &mut Reader<'_>, key: &str, least: usize) -> usize {
    reader.number(key, least..=MIB).saturating_mul(MIB)
}

fn fsync(reader: &mut Reader<'_>) -> FsyncChoice {
    let words = [
        ("never", FsyncChoice::Never),
        ("end", FsyncChoice::End),
        ("always", FsyncChoice::Always),
    ];
    reader.choice("referee.fsync", words)
}

fn leftovers(reader: &mut Reader<'_>) -> LeftoverPolicy {
    let hours: u64 = reader.number("referee.leftovers_hours", 0..=87_600);
    let remove_after = (hours > 0).then(|| Duration::from_secs(hours * 3_600));
    let words = [
        ("keep", LeftoverPolicy::Keep { remove_after }),
        ("remove", LeftoverPolicy::Remove),
    ];
    reader.choice("referee.leftovers", words)
}

fn model(reader: &mut Reader<'_>) -> PoseModel {
    let key = "referee.model";
    let expected = "a model's name, a folder with a model.toml, or an .onnx file";
    let stand_in = PoseModel::At(PathBuf::new());
    let mut weights = None;
    let model = reader.text(key, expected, stand_in.clone(), |text| {
        weights = is_weights(text).then(|| text.to_owned());
        // Weights get a fault of their own.
        weights
            .as_ref()
            .map(|_| stand_in)
            .or_else(|| PoseModel::parse(text))
    });
    if let Some(file) = weights {
        let why = "weights of PyTorch can run code of whoever made them, so they are not loaded";
        let exported = PathBuf::from(&file).with_extension("onnx");
        let fix = format!(
            "export them with `yolo export model={file} format=onnx`, and name {}",
            exported.display()
        );
        reader.fault(key, Problem::Unusable { why, fix });
    }
    model
}

fn is_weights(text: &str) -> bool {
    ends_with(text, "pt") || ends_with(text, "pth")
}

fn ends_with(path: &str, extension: &str) -> bool {
    let found = path.rsplit_once('.').map(|(_, found)| found);
    found.is_some_and(|found| found.eq_ignore_ascii_case(extension))
}

fn tokens(reader: &mut Reader<'_>) -> Vec<Token> {
    let expected = format!(
        "empty, or tokens with commas between them, each {SHORTEST_TOKEN} visible ASCII characters or more"
    );
    let parse = |text: &str| {
        let given = text
            .split(',')
            .map(str::trim)
            .filter(|part| !part.is_empty());
        given.map(Token::parse).collect()
    };
    reader.text("referee.tokens", expected, Vec::new(), parse)
}

fn directory_of(reader: &mut Reader<'_>, key: &str) -> PathBuf {
    reader.text(key, "a directory", PathBuf::new(), directory)
}

fn optional(text: &str) -> Option<Option<PathBuf>> {
    Some(directory(text))
}

fn program(text: &str) -> Option<String> {
    (!text.trim().is_empty()).then(|| text.trim().to_owned())
}

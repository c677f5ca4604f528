//! What a pipeline does for a session that keeps all of its input and answers once: the counterpart of
//! [`Track`](super::Track) for evidence.
//!
//! A study hands out jobs and steps and carries none of them out: whoever holds it owns threads, credits and time. Frames are
//! studied in any order and several at a time; what the study makes of them may depend on their numbers only.

use super::Opened;
use crate::{
    engine::{EngineKey, Outputs, Role, RunError, Tensor},
    media::{
        ByteBudget, Lease,
        spool::{FrameRef, SpoolReader, SpoolWriter},
    },
    session::{BoutSpec, SessionSpec, SignalFile, ledger::Ledger},
};
use std::{borrow::Cow, sync::Arc, time::Duration};

/// Work for a thread that may block.
pub type Job<T> = Box<dyn FnOnce() -> T + Send>;

/// Where a study tells how far it is: stage, 0 to 1, words for people.
pub type StageSink = Arc<dyn Fn(&'static str, f32, Cow<'static, str>) + Send + Sync>;

/// Time since the signal came: a study reads no clock itself.
pub type Elapsed = Arc<dyn Fn() -> Duration + Send + Sync>;

/// A session that is ready to be attached to its engines: one that shows frames, or one that keeps them.
pub enum Lane {
    /// Newest input wins, viewers see frames.
    Frames(Box<Opened>),
    /// All input is kept, one answer at the end.
    Kept(Box<Kept>),
}

impl From<Opened> for Lane {
    fn from(opened: Opened) -> Self {
        Self::Frames(Box::new(opened))
    }
}

impl From<Kept> for Lane {
    fn from(kept: Kept) -> Self {
        Self::Kept(Box::new(kept))
    }
}

impl Lane {
    /// The session's policies.
    pub fn spec(&self) -> &SessionSpec {
        match self {
            Self::Frames(opened) => &opened.spec,
            Self::Kept(kept) => &kept.spec,
        }
    }
}

/// A session that keeps its input.
pub struct Kept {
    /// Its policies.
    pub spec: SessionSpec,
    /// The engine that each frame runs on first.
    pub key: EngineKey,
    /// Engines that its later steps run on.
    pub more_keys: Vec<EngineKey>,
    /// Pixels in a row, rows.
    pub size: (u32, u32),
    /// Its side of the pipeline.
    pub study: Box<dyn Study>,
    /// What its client announced.
    pub bout: BoutSpec,
    /// Where its input is kept.
    pub vault: Vault,
    /// How it is served.
    pub terms: Terms,
}

/// How a session that keeps its input is served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms {
    /// Whether frames are studied as they come, or only when the last has come.
    pub overlap: bool,
    /// Frames that are decoded at a time.
    pub decode_ahead: usize,
    /// Without a connection it waits so long for its client to come back.
    pub resume_window: Duration,
    /// With a connection on which nothing comes it waits so long.
    pub silence: Duration,
    /// Frames, at most.
    pub max_frames: u64,
    /// Bytes of one message, at most: what was reserved for it.
    pub message_bytes: usize,
    /// Bytes of memory that one frame costs until the session ends, its bytes on the disk apart.
    pub bytes_a_frame: usize,
}

/// A session's kept input, and the memory that it has reserved.
pub struct Vault {
    /// Takes frames.
    pub writer: SpoolWriter,
    /// Gives them back.
    pub reader: SpoolReader,
    /// Which have come.
    pub ledger: Ledger,
    /// Those that were kept before this process began.
    pub found: Vec<FrameRef>,
    /// The working memory, reserved at the start.
    pub lease: Lease,
    /// What the frames of `found` cost, reserved.
    pub books: Option<Lease>,
    /// Where more is reserved for each thousand frames.
    pub budget: ByteBudget,
}

/// A kept frame and where to read it.
#[derive(Clone, Debug)]
pub struct KeptFrame {
    /// Where it is.
    pub at: FrameRef,
    /// Reads it.
    pub reader: SpoolReader,
}

/// What comes next for one frame.
pub enum Step {
    /// An engine must run; `then` makes the next step of what it gives, on a thread that may be busy for milliseconds.
    Run {
        /// Which engine: one of the session's.
        key: EngineKey,
        /// Inputs by role, each with a batch dimension of 1.
        inputs: Vec<(Role, Tensor)>,
        /// What follows.
        then: Box<dyn FnOnce(Outputs) -> Step + Send>,
    },
    /// The study has what it needs of this frame.
    Done,
    /// This frame shows nothing that can be studied; the study has noted it. Others go on.
    Undecodable(String),
    /// The engine gave what no frame can be made of: ours to mend, and the frame is tried again.
    Failed(RunError),
}

/// One session's side of a pipeline that keeps its input.
pub trait Study: Send + 'static {
    /// The stages that it tells of, in order.
    fn stages(&self) -> &'static [&'static str];

    /// The first step of a frame; called once a frame, or again after an engine failed on it.
    fn frame(&self, frame: KeptFrame) -> Job<Step>;

    /// So many frames of so many are studied: tells the stages that go by frames.
    fn studied(&self, done: u64, of: u64, tell: &StageSink);

    /// Whether the file that ends the session can be read; microseconds.
    ///
    /// # Errors
    /// What is wrong with it, in the dialect's words.
    fn check(&self, signal: &SignalFile) -> Result<(), String>;

    /// Frames that could not be decoded so far, lowest first.
    fn undecodable(&self) -> Vec<u64>;

    /// Judges, and writes what proves it. Takes seconds.
    fn conclude(
        self: Box<Self>,
        signal: SignalFile,
        since: Elapsed,
        tell: StageSink,
    ) -> Job<Result<Conclusion, StudyFault>>;
}

/// What a study came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conclusion {
    /// The result for the client, a JSON object.
    pub document: String,
}

/// Why a study came to nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StudyFault {
    /// What was kept cannot be judged; the text is for the client.
    #[error("{0}")]
    Unusable(String),
    /// Ours.
    #[error("{0}")]
    Internal(String),
}

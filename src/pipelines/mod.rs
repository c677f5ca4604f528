//! What a session does with its engine: pre- and post-processing, one folder a pipeline.
//!
//! A pipeline knows pictures and tensors; it knows neither actors nor HTTP, and the actors know only [`Track`]. Time is an
//! argument.

pub mod kept;
pub mod referee;
pub mod world;

pub use kept::{
    Conclusion, Elapsed, Job, Kept, KeptFrame, Lane, StageSink, Step, Study, StudyFault, Terms,
    Vault,
};

use crate::{
    engine::{EngineKey, Outputs, Role, RunError, Tensor},
    media::{
        ActionId, Rgb8,
        jpeg::{Quality, Subsampling},
    },
    session::{Action, SceneChange, SessionSpec},
};
use bytes::Bytes;
use std::time::Instant;

/// One session's side of a pipeline.
pub trait Track: Send + 'static {
    /// An action takes effect with the next frame.
    fn act(&mut self, now: Instant, action: Action);

    /// Corrects how the picture is read; gives whether that shows in the picture. If it does, the track is not still until
    /// a frame was drafted.
    fn adjust(&mut self, change: SceneChange) -> bool;

    /// Whether there is nothing to draw until the next input.
    fn is_still(&self, now: Instant) -> bool;

    /// The next frame: called once a frame, when it starts.
    fn draft(&mut self, now: Instant) -> Draft;

    /// The frame drafted last was not drawn: the engine's state stands where it stood before it, and the screen shows what
    /// came before. The track is not still until another frame was drafted.
    fn not_drawn(&mut self);

    /// State for an engine that has none of this session yet, or has lost it: back to the start picture.
    fn fresh_state(&mut self) -> Vec<(Role, Tensor)>;
}

/// What the engine shall run for one frame.
#[derive(Debug)]
pub struct Draft {
    /// Inputs by role, state inputs not among them.
    pub inputs: Vec<(Role, Tensor)>,
    /// Whether this frame ends a chunk.
    pub boundary: bool,
    /// The client's number of the action that this frame answers.
    pub action: ActionId,
}

/// Turns a run's outputs into a picture; runs on the codec pool, into a buffer that is used again.
pub type Finish = fn(Outputs, &mut Rgb8) -> Result<(), RunError>;

/// A session that is ready to be attached to an engine.
pub struct Opened {
    /// Its policies.
    pub spec: SessionSpec,
    /// Its side of the pipeline.
    pub track: Box<dyn Track>,
    /// The engine that it needs.
    pub key: EngineKey,
    /// From outputs to pictures.
    pub finish: Finish,
    /// How pictures leave.
    pub quality: (Quality, Subsampling),
    /// Pixels in a row, rows.
    pub size: (u32, u32),
    /// How the picture was read, if the pipeline reads one: shown to people, who may correct it.
    pub scene: Option<SceneChange>,
    /// What is shown before anything was drawn, as JPEG.
    pub start: Bytes,
}

/// Why a session cannot be opened with what its client gave.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpenFault {
    /// The client's fault; the text is for it.
    #[error("{0}")]
    Invalid(String),
    /// What it wants to open is there already.
    #[error("there is a session of this name")]
    Exists,
    /// The memory that it needs is reserved by others.
    #[error("the memory that it needs is reserved by others")]
    NoMemory,
    /// Ours.
    #[error("{0}")]
    Internal(String),
}

//! A track that draws as many frames as it is told and remembers what it was asked.

use super::{SIDE, key};
use crate::{
    engine::{DType, Outputs, Role, RunError, Tensor},
    media::{
        ActionId, Rgb8,
        jpeg::{Encoder, Quality, Subsampling},
    },
    pipelines::{Draft, Opened, Track},
    session::{Action, Direction, Media, SceneChange, SessionSpec, spec},
};
use std::{
    sync::{Arc, Mutex},
    time::Instant,
};

/// What a scripted track did, and how many frames it still wants to draw; cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct TrackLog(Arc<Mutex<Seen>>);

#[derive(Debug, Default)]
struct Seen {
    frames_left: usize,
    frames_an_action: usize,
    acted: Vec<ActionId>,
    fresh: usize,
    not_drawn: usize,
    panics: bool,
}

impl TrackLog {
    /// A track that draws so many frames for each action.
    pub fn drawing(frames_an_action: usize) -> Self {
        let log = Self::default();
        log.with(|seen| seen.frames_an_action = frames_an_action);
        log
    }

    /// A track that panics when it is asked for a frame.
    pub fn panicking() -> Self {
        let log = Self::drawing(1);
        log.with(|seen| seen.panics = true);
        log
    }

    /// The actions that took effect, in order.
    pub fn acted(&self) -> Vec<u64> {
        self.with(|seen| seen.acted.iter().map(|id| id.0).collect())
    }

    /// How often the session began from its start picture.
    pub fn fresh(&self) -> usize {
        self.with(|seen| seen.fresh)
    }

    /// Frames that came to nothing.
    pub fn not_drawn(&self) -> usize {
        self.with(|seen| seen.not_drawn)
    }

    /// Draws no more of itself.
    pub fn halt(&self) {
        self.with(|seen| seen.frames_left = 0);
    }

    fn with<T>(&self, f: impl FnOnce(&mut Seen) -> T) -> T {
        f(&mut self
            .0
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner))
    }
}

impl Track for TrackLog {
    fn act(&mut self, _: Instant, action: Action) {
        self.with(|seen| {
            seen.acted.push(action.id);
            seen.frames_left = seen.frames_an_action;
        });
    }

    fn adjust(&mut self, _: SceneChange) -> bool {
        self.with(|seen| seen.frames_left = seen.frames_left.max(1));
        true
    }

    fn is_still(&self, _: Instant) -> bool {
        self.with(|seen| seen.frames_left == 0)
    }

    fn draft(&mut self, _: Instant) -> Draft {
        self.with(|seen| {
            assert!(!seen.panics, "the script says so");
            seen.frames_left = seen.frames_left.saturating_sub(1);
            Draft {
                inputs: Vec::new(),
                boundary: false,
                action: seen.acted.last().copied().unwrap_or_default(),
            }
        })
    }

    fn not_drawn(&mut self) {
        self.with(|seen| seen.not_drawn += 1);
    }

    fn fresh_state(&mut self) -> Vec<(Role, Tensor)> {
        self.with(|seen| seen.fresh += 1);
        let shape = vec![1, 3, SIDE as usize, SIDE as usize];
        vec![(Role::Borrowed("image"), Tensor::zeros(DType::F32, shape))]
    }
}

/// The press of a key.
pub fn action(id: u64) -> Media {
    Media::Action(Action {
        id: ActionId(id),
        direction: Direction::Forward,
        speed: 1.0,
        received: Instant::now(),
    })
}

/// A spec in which nothing limits and nothing waits for a beat.
pub fn unlimited() -> SessionSpec {
    spec::tests::spec()
}

/// A session of the scripted model, as a pipeline would open it.
pub fn opened(spec: SessionSpec, track: &TrackLog) -> Opened {
    let quality = (Quality::new(90).unwrap(), Subsampling::default());
    let picture = Rgb8::filled(SIDE, SIDE, [128; 3]);
    Opened {
        scene: None,
        spec,
        track: Box::new(track.clone()),
        key: key(),
        finish,
        quality,
        size: (SIDE, SIDE),
        start: Encoder::new(quality.0, quality.1).encode(&picture).unwrap(),
    }
}

/// A plain picture, whatever the engine gave.
fn finish(mut outputs: Outputs, into: &mut Rgb8) -> Result<(), RunError> {
    outputs.take("frame")?;
    *into = Rgb8::filled(SIDE, SIDE, [64; 3]);
    Ok(())
}

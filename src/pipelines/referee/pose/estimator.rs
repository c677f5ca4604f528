//! [`Estimator`]: the steps that lead from a frame to the persons in it.
//!
//! Carries out none of them. Invariant: each chain ends by calling its [`Found`] exactly once, unless a run is never answered.

use std::{borrow::Cow, sync::Arc};

use super::{Letterbox, Person, Thresholds, persons};
use crate::{
    engine::{EngineKey, Outputs, Role, RunError},
    media::Rgb8,
    pipelines::kept::Step,
};

/// The role of the input: `[1, 3, H, W]`, RGB from 0 to 1.
pub const IMAGES: Role = Cow::Borrowed("images");
/// The role of the output: `[1, 56, N]`.
pub const PREDICTIONS: &str = "predictions";

/// What is done with a frame's persons; it says how the frame goes on.
pub type Found = Box<dyn FnOnce(Result<Vec<Person>, RunError>) -> Step + Send>;

/// A way of finding persons: one run of a model, or several that build on each other, such as a detector and then a
/// crop a person.
///
/// A two-step estimator keeps the frame in the closure of its first step, cuts its crops from it when the detector has
/// answered, and gives the next step with another engine's key; `Found` travels along until the last.
pub trait Estimator: Send + Sync {
    /// The engines that its steps run on, the first one's first.
    fn keys(&self) -> Vec<EngineKey>;

    /// The first step for a frame, which every later one leads to `found`. Costs milliseconds.
    fn begin(&self, frame: Arc<Rgb8>, found: Found) -> Step;
}

/// One run that sees the whole picture and gives all persons.
#[derive(Clone, Debug)]
pub struct SingleStage {
    key: EngineKey,
    letterbox: Letterbox,
    thresholds: Thresholds,
}

impl SingleStage {
    /// Frames that `letterbox` takes, on the engine of `key`.
    #[must_use]
    pub fn new(key: EngineKey, letterbox: Letterbox, thresholds: Thresholds) -> Self {
        Self {
            key,
            letterbox,
            thresholds,
        }
    }
}

impl Estimator for SingleStage {
    fn keys(&self) -> Vec<EngineKey> {
        vec![self.key.clone()]
    }

    fn begin(&self, frame: Arc<Rgb8>, found: Found) -> Step {
        let images = match self.letterbox.fill(&frame) {
            Ok(images) => images,
            Err(fault) => return found(Err(fault)),
        };
        let (letterbox, thresholds) = (self.letterbox, self.thresholds);
        Step::Run {
            key: self.key.clone(),
            inputs: vec![(IMAGES, images)],
            then: Box::new(move |outputs| found(read(outputs, &letterbox, &thresholds))),
        }
    }
}

fn read(
    mut outputs: Outputs,
    letterbox: &Letterbox,
    thresholds: &Thresholds,
) -> Result<Vec<Person>, RunError> {
    persons(&outputs.take(PREDICTIONS)?, letterbox, thresholds)
}

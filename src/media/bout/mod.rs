//! Drawn bouts: two fencers, a hall, a signal file, and the truth about all of it; for tests, demonstrations, load and
//! training.
//!
//! Not responsible for files or clients, and no likeness of real footage is claimed. Invariant: a seed and options give the
//! same bytes on every run of a build, and frame `n` does not depend on which frames were drawn before it.
//!
//! | module | holds |
//! |---|---|
//! | [`options`] | what a bout shall be like |
//! | `plan`, `script`, `curve` | who does what when, and why that wins |
//! | `body`, `blade` | where the joints and the blades are |
//! | `camera`, `canvas` | where the picture shows them |
//! | `hall`, `figure` | what things look like |
//! | [`truth`], `signal` | what there is to know |

mod blade;
mod body;
mod camera;
mod canvas;
mod curve;
mod figure;
mod hall;
pub mod options;
mod plan;
mod script;
mod signal;
mod space;
mod stage;
#[cfg(test)]
mod tests;
pub mod truth;

pub use options::{BoutError, BoutOptions, BoutSide};
pub use plan::{Why, WhyKind};
pub use truth::{BoutTruth, FrameTruth, Keypoint};

use super::Rgb8;
use stage::Stage;

/// A bout that can be looked at frame by frame.
pub struct Bout {
    stage: Stage,
    truth: BoutTruth,
    signal: String,
}

impl Bout {
    /// Draws a bout by lot.
    ///
    /// # Errors
    /// If the options ask for what is not drawn.
    pub fn draw(seed: u64, options: BoutOptions) -> Result<Self, BoutError> {
        options.check()?;
        let stage = Stage::set(seed, options);
        let truth = truth::tell(seed, &stage);
        let signal = signal::text(&stage.plan, seed, stage.options.human_line);
        Ok(Self {
            stage,
            truth,
            signal,
        })
    }

    /// Number of frames.
    pub fn len(&self) -> u64 {
        self.stage.frames()
    }

    /// Never: the shortest bout has two seconds.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// One frame; after the last one, as the last one was.
    pub fn frame(&self, number: u64) -> Rgb8 {
        self.stage.frame(number)
    }

    /// All frames in order, drawn as they are asked for.
    pub fn frames(&self) -> impl ExactSizeIterator<Item = Rgb8> + '_ {
        // The longest bout has 864,000 frames.
        (0..self.len() as u32).map(|number| self.frame(u64::from(number)))
    }

    /// What there is to know of the bout.
    pub fn truth(&self) -> &BoutTruth {
        &self.truth
    }

    /// The signal file that belongs to the frames.
    pub fn signal(&self) -> &str {
        &self.signal
    }
}

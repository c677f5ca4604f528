//! What a bout shall be like, and which wishes are refused.
//!
//! Not responsible for what is drawn. Invariant: options that passed [`BoutOptions::check`] can be drawn in bounded memory.

use crate::media::random::Random;
use serde::Serialize;
use std::ops::RangeInclusive;

/// Frame sizes that are drawn, in pixels a side.
const SIDES: RangeInclusive<u32> = 64..=4096;
/// Frame rates that are drawn.
const RATES: RangeInclusive<f64> = 1.0..=240.0;
/// Lengths that are drawn, in seconds. Below two nothing can be told of who attacked.
const LENGTHS: RangeInclusive<f64> = 2.0..=3600.0;

/// One of the two fencers, as the picture shows them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum BoutSide {
    /// The one on the left, who attacks to the right.
    Left,
    /// The one on the right, who attacks to the left.
    Right,
}

impl BoutSide {
    /// Both, left first.
    pub const BOTH: [Self; 2] = [Self::Left, Self::Right];

    /// The opponent.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::Left => Self::Right,
            Self::Right => Self::Left,
        }
    }

    /// `Left` or `Right`, as signal files write it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Left => "Left",
            Self::Right => "Right",
        }
    }
}

/// What a bout shall be like. What is not asked for is drawn by lot from the seed.
#[derive(Clone, Debug, PartialEq)]
pub struct BoutOptions {
    /// Pixels in a row, 64 to 4096.
    pub width: u32,
    /// Rows, 64 to 4096.
    pub height: u32,
    /// Frames a second, 1 to 240.
    pub fps: f64,
    /// Length of the recording in seconds, 2 to 3600.
    pub seconds: f64,
    /// Who shall have the right of way.
    pub winner: Option<BoutSide>,
    /// Strength of the fisheye lens that the frames are seen through (equidistant, `D = [strength, 0, 0, 0]`,
    /// `fx = fy = max(width, height)`); `None` draws straight frames.
    pub lens: Option<f64>,
    /// How far the camera trembles, in pixels to each side.
    pub jitter: u32,
    /// Standard deviation of the sensor's noise, in levels of 255.
    pub noise: f32,
    /// Brightness; 1 is a well-lit hall.
    pub light: f32,
    /// Share of the frame interval in which the shutter is open: 0 draws no motion blur.
    pub shutter: f32,
    /// People who stand far behind.
    pub bystanders: usize,
    /// Whether two more fencers are at it on a piste behind.
    pub bout_behind: bool,
    /// Whether the two fencers are there at all; a hall without them has no truth of keypoints.
    pub fencers: bool,
    /// Whether they wear masks.
    pub masks: bool,
    /// Whether the signal file tells what a human referee said.
    pub human_line: bool,
}

impl Default for BoutOptions {
    fn default() -> Self {
        Self {
            width: 1280,
            height: 720,
            fps: 15.0,
            seconds: 4.0,
            winner: None,
            lens: None,
            jitter: 0,
            noise: 3.0,
            light: 1.0,
            shutter: 0.0,
            bystanders: 2,
            bout_behind: false,
            fencers: true,
            masks: true,
            human_line: false,
        }
    }
}

/// A wish that is not granted.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum BoutError {
    /// A picture too small or too large.
    #[error("a bout is drawn at 64 to 4096 pixels a side, not {0}x{1}")]
    Size(u32, u32),
    /// A rate that nothing plays.
    #[error("a bout is drawn at 1 to 240 frames a second, not {0}")]
    Rate(f64),
    /// Too short or too long.
    #[error("a bout has 2 to 3600 seconds, not {0}")]
    Length(f64),
    /// A lens, noise, light or shutter that is no number of use.
    #[error("{0} is out of range")]
    Look(&'static str),
}

// === impl BoutOptions ===

impl BoutOptions {
    /// Options for training and load: size, rate and length as they are, the rest by lot.
    #[must_use]
    pub fn varied(mut self, seed: u64) -> Self {
        let mut lot = Random::of(seed, 1);
        self.lens = lot.chance(0.4).then(|| f64::from(lot.range(-0.25, 0.05)));
        self.jitter = lot.below(3) as u32;
        self.noise = lot.range(0.0, 9.0);
        self.light = lot.range(0.55, 1.25);
        self.shutter = if lot.chance(0.5) {
            lot.range(0.1, 0.6)
        } else {
            0.0
        };
        self.bystanders = lot.below(6);
        self.bout_behind = lot.chance(0.3);
        self.masks = lot.chance(0.93);
        self
    }

    /// # Errors
    /// The first wish that cannot be granted.
    pub fn check(&self) -> Result<(), BoutError> {
        if !SIDES.contains(&self.width) || !SIDES.contains(&self.height) {
            return Err(BoutError::Size(self.width, self.height));
        }
        if !RATES.contains(&self.fps) {
            return Err(BoutError::Rate(self.fps));
        }
        if !LENGTHS.contains(&self.seconds) {
            return Err(BoutError::Length(self.seconds));
        }
        let looks = [
            ("lens", (-0.5..=0.5).contains(&self.lens.unwrap_or(0.0))),
            ("jitter", self.jitter <= 64),
            ("noise", (0.0..=64.0).contains(&self.noise)),
            ("light", (0.05..=4.0).contains(&self.light)),
            ("shutter", (0.0..=1.0).contains(&self.shutter)),
            ("bystanders", self.bystanders <= 64),
        ];
        match looks.iter().find(|(_, fine)| !fine) {
            Some((what, _)) => Err(BoutError::Look(what)),
            None => Ok(()),
        }
    }
}

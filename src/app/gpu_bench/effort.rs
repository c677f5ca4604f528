//! How much is measured: sizes, batches, repetitions, and how long each may take. Decided once, from the minutes that are given.
//!
//! Invariant: what is timed runs at least [`Effort::least`] times; beyond that it ends with its share of the time.

use std::{
    fmt,
    str::FromStr,
    time::{Duration, Instant},
};

/// Width and height of a picture, in pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Size {
    /// Pixels in a row.
    pub width: usize,
    /// Rows.
    pub height: usize,
}

/// It is not of the form `608x352`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a size is written like 608x352, not {0}")]
pub struct NoSize(String);

/// How much is measured.
#[derive(Clone, Debug)]
pub struct Effort {
    /// Sizes whose frames are compared.
    pub truth: Vec<Size>,
    /// Sizes of the bare loop.
    pub looped: Vec<Size>,
    /// Sizes that go through the scheduler; the bare loop has them too.
    pub scheduled: Vec<Size>,
    /// Batches of the bare loop, rising.
    pub batches: Vec<usize>,
    /// Sessions of the scheduler.
    pub sessions: Vec<usize>,
    /// Batches whose frames are compared.
    pub compared: Vec<usize>,
    /// Items that a slot of the bare loop takes.
    pub max_batch: usize,
    /// Bytes of the copies over the bus, rising.
    pub copies: Vec<usize>,
    /// Bytes of the copy within the device.
    pub within: usize,
    /// Batches, or copies, that are timed at least.
    pub least: usize,
    began: Instant,
    whole: Duration,
    is_quick: bool,
}

const MIB: usize = 1 << 20;

/// The sizes that the pages and dialects offer most, a square one, and the largest that is usual.
const SQUARE: Size = Size::new(320, 320);
const USUAL: Size = Size::new(608, 352);
const LARGE: Size = Size::new(512, 512);
const HD: Size = Size::new(1280, 720);
const SMALL: Size = Size::new(64, 64);

impl Effort {
    /// What can be done in so many minutes from now.
    pub fn new(minutes: u32, is_quick: bool, sizes: &[Size]) -> Self {
        let whole = Duration::from_secs(60 * u64::from(minutes));
        let effort = match is_quick {
            true => Self::quick(whole),
            false => Self::full(whole),
        };
        match sizes {
            [] => effort,
            sizes => Self {
                truth: sizes.to_vec(),
                looped: sizes.to_vec(),
                scheduled: sizes.to_vec(),
                ..effort
            },
        }
    }

    fn full(whole: Duration) -> Self {
        Self {
            truth: vec![SMALL, SQUARE, USUAL],
            looped: vec![SQUARE, USUAL, LARGE, HD],
            scheduled: vec![SQUARE, USUAL],
            batches: vec![1, 2, 4, 8, 16],
            sessions: vec![1, 4, 16, 64],
            compared: vec![1, 4],
            max_batch: 16,
            copies: vec![MIB, 8 * MIB, 64 * MIB],
            within: 256 * MIB,
            least: 20,
            began: Instant::now(),
            whole,
            is_quick: false,
        }
    }

    fn quick(whole: Duration) -> Self {
        Self {
            truth: vec![SMALL],
            looped: vec![SMALL],
            scheduled: vec![SMALL],
            batches: vec![1, 2, 4],
            sessions: vec![1, 4],
            max_batch: 4,
            copies: vec![MIB],
            within: MIB,
            least: 2,
            is_quick: true,
            ..Self::full(whole)
        }
    }

    /// How long one of `runs` measurements may take that have this share of the time together, and never more than `most`.
    pub fn slice(&self, share: f64, runs: usize, most: Duration) -> Duration {
        match self.is_quick {
            true => Duration::ZERO,
            false => most.min(self.whole.mul_f64(share / runs.max(1) as f64)),
        }
    }

    /// Whether the time is over.
    pub fn is_over(&self) -> bool {
        self.began.elapsed() >= self.whole
    }
}

impl Size {
    /// So many columns and rows.
    pub const fn new(width: usize, height: usize) -> Self {
        Self { width, height }
    }

    /// Pixels.
    pub fn pixels(self) -> usize {
        self.width * self.height
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}×{}", self.width, self.height)
    }
}

impl FromStr for Size {
    type Err = NoSize;

    fn from_str(text: &str) -> Result<Self, NoSize> {
        let sides = text.split_once('x').and_then(|(width, height)| {
            let (width, height) = (width.parse().ok()?, height.parse().ok()?);
            Some(Self { width, height })
        });
        sides.ok_or_else(|| NoSize(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_is_two_numbers() {
        assert_eq!("608x352".parse(), Ok(USUAL));
        assert_eq!("608".parse::<Size>(), Err(NoSize("608".to_owned())));
    }

    #[test]
    fn what_goes_through_the_scheduler_was_in_the_bare_loop() {
        for quick in [true, false] {
            let effort = Effort::new(1, quick, &[]);
            let is_looped = |size: &Size| effort.looped.contains(size);
            assert!(effort.scheduled.iter().all(is_looped));
            assert!(effort.batches.iter().all(|n| *n <= effort.max_batch));
            assert!(effort.compared.iter().all(|n| *n <= effort.max_batch));
        }
    }

    #[test]
    fn a_measurement_has_its_share_of_the_time_and_not_more_than_it_needs() {
        let effort = Effort::new(1, false, &[]);
        let second = Duration::from_secs(1);
        assert_eq!(effort.slice(0.5, 60, second), Duration::from_millis(500));
        assert_eq!(effort.slice(0.5, 3, second), second);
        assert_eq!(
            Effort::new(1, true, &[]).slice(0.5, 3, second),
            Duration::ZERO
        );
    }
}

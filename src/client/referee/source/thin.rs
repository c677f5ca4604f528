//! Thinning: fewer frames a second, evenly.
//!
//! Invariant: frame `k` of the thinned clip is the first picture at or after its time `k / rate`.

/// Which pictures of a clip become frames.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Thinning {
    /// Frames for each picture, at most 1.
    share: f64,
    fps: f64,
}

/// Keeps the product of a number and a share that should be whole from falling just below it.
const SLACK: f64 = 1e-9;

impl Thinning {
    /// From a clip's rate to one that is at most `most`.
    #[must_use]
    pub fn new(fps: f64, most: Option<f64>) -> Self {
        let thinned = most.map_or(fps, |most| most.min(fps));
        Self {
            share: thinned / fps,
            fps: thinned,
        }
    }

    /// Frames a second that remain.
    #[must_use]
    pub const fn fps(&self) -> f64 {
        self.fps
    }

    /// Whether the picture of this number, counted from 0, is kept.
    #[must_use]
    pub fn keeps(&self, picture: u64) -> bool {
        picture == 0 || self.frames_before(picture) != self.frames_before(picture - 1)
    }

    /// How many frames so many pictures give.
    #[must_use]
    pub fn frames(&self, pictures: u64) -> u64 {
        pictures
            .checked_sub(1)
            .map_or(0, |last| self.frames_before(last) + 1)
    }

    /// Whole frame times that have passed at a picture.
    fn frames_before(&self, picture: u64) -> u64 {
        (picture as f64 * self.share + SLACK) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn kept(thinning: Thinning, pictures: u64) -> Vec<u64> {
        (0..pictures)
            .filter(|picture| thinning.keeps(*picture))
            .collect()
    }

    #[test]
    fn half_the_rate_keeps_every_other_picture() {
        assert_eq!(kept(Thinning::new(60.0, Some(30.0)), 6), [0, 2, 4]);
    }

    #[test]
    fn a_third_keeps_every_third() {
        assert_eq!(kept(Thinning::new(90.0, Some(30.0)), 9), [0, 3, 6]);
    }

    #[test]
    fn uneven_rates_are_spread() {
        assert_eq!(kept(Thinning::new(30.0, Some(20.0)), 6), [0, 2, 3, 5]);
    }

    #[test]
    fn a_clip_that_is_slow_enough_stays_whole() {
        let thinning = Thinning::new(15.0, Some(30.0));
        assert_eq!(kept(thinning, 4), [0, 1, 2, 3]);
        assert_eq!(thinning.fps(), 15.0);
    }

    proptest! {
        #[test]
        fn the_count_said_beforehand_is_the_count_kept(fps in 1.0..240.0, most in 0.5..240.0, pictures in 0u64..500) {
            let thinning = Thinning::new(fps, Some(most));
            prop_assert_eq!(kept(thinning, pictures).len() as u64, thinning.frames(pictures));
        }
    }
}

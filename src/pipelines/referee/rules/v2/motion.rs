//! One fencer's movement: the few rows, one number a frame, that facts are read from.
//!
//! Towards the opponent is positive. Every row is filled across gaps and smoothed a little, since a keypoint of a pose model
//! trembles by more than a fencer moves from one frame to the next.

use crate::pipelines::referee::{
    rules::series::{filled, slope, smoothed, way},
    tracks::{
        BACK_FOOT, BACK_HIP, FRONT_FOOT, FRONT_HIP, FRONT_SHOULDER, FRONT_WRIST, Side, Tracks,
    },
};

/// Gaussian over places, in frames.
const STEADY: f64 = 0.7;
/// Gaussian over places whose slope is taken, in frames.
const STEADY_SPEED: f64 = 1.0;
/// The shoulder away from the opponent.
const BACK_SHOULDER: usize = FRONT_SHOULDER - 1;

/// A row of a fencer's movement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The wrist nearer to the opponent.
    Hand,
    /// The middle of shoulders and hips.
    Trunk,
    /// How far the shoulders are ahead of the hips.
    Lean,
    /// How far the front foot is ahead of the back foot.
    Stance,
    /// The back foot.
    BackFoot,
    /// How far the hand is ahead of the trunk.
    Reach,
}

/// A fencer's rows, all as long as the bout, in units of the table.
#[derive(Clone, Debug, PartialEq)]
pub struct Motion {
    hand: Vec<f64>,
    trunk: Vec<f64>,
    lean: Vec<f64>,
    stance: Vec<f64>,
    back_foot: Vec<f64>,
    reach: Vec<f64>,
    /// The trunk's speed, in units a frame.
    speed: Vec<f64>,
}

impl Motion {
    /// The keypoints that rows are made of, and what people call them.
    pub const NEEDED: [(usize, &str); 7] = [
        (FRONT_WRIST, "front hand"),
        (FRONT_SHOULDER, "front shoulder"),
        (BACK_SHOULDER, "back shoulder"),
        (FRONT_HIP, "front hip"),
        (BACK_HIP, "back hip"),
        (FRONT_FOOT, "front foot"),
        (BACK_FOOT, "back foot"),
    ];

    /// Reads a fencer's rows; `None` if one of the keypoints they need was never seen.
    pub fn read(tracks: &Tracks, side: Side) -> Option<Self> {
        let row = |keypoint| filled(&tracks.advance(side, keypoint));
        let hand = row(FRONT_WRIST)?;
        let (front_foot, back_foot) = (row(FRONT_FOOT)?, row(BACK_FOOT)?);
        let shoulders = middle(&row(FRONT_SHOULDER)?, &row(BACK_SHOULDER)?);
        let hips = middle(&row(FRONT_HIP)?, &row(BACK_HIP)?);
        let trunk = middle(&shoulders, &hips);
        let steady = |row: &[f64]| smoothed(row, STEADY);
        Some(Self {
            reach: steady(&ahead(&hand, &trunk)),
            lean: steady(&ahead(&shoulders, &hips)),
            stance: steady(&ahead(&front_foot, &back_foot)),
            speed: slope(&smoothed(&trunk, STEADY_SPEED)),
            hand: steady(&hand),
            trunk: steady(&trunk),
            back_foot: steady(&back_foot),
        })
    }

    /// How far a part went from one frame to another, both held to the bout.
    pub fn way(&self, part: Part, from: isize, to: isize) -> f64 {
        way(self.row(part), from, to)
    }

    /// The trunk's greatest speed between two frames, and its frame.
    pub fn peak_speed(&self, from: isize, to: isize) -> (f64, usize) {
        let last = self.speed.len().saturating_sub(1);
        let hold = |frame: isize| (frame.max(0) as usize).min(last);
        let frames = hold(from)..=hold(to);
        frames
            .filter_map(|frame| Some((*self.speed.get(frame)?, frame)))
            .fold((f64::NEG_INFINITY, 0), |best, next| {
                if next.0 > best.0 { next } else { best }
            })
    }

    fn row(&self, part: Part) -> &[f64] {
        match part {
            Part::Hand => &self.hand,
            Part::Trunk => &self.trunk,
            Part::Lean => &self.lean,
            Part::Stance => &self.stance,
            Part::BackFoot => &self.back_foot,
            Part::Reach => &self.reach,
        }
    }
}

fn middle(a: &[f64], b: &[f64]) -> Vec<f64> {
    a.iter().zip(b).map(|(a, b)| (a + b) / 2.0).collect()
}

fn ahead(a: &[f64], b: &[f64]) -> Vec<f64> {
    a.iter().zip(b).map(|(a, b)| a - b).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pipelines::referee::rules::drawn::{Drawn, tracks};

    fn motions(drawn: Drawn) -> [Motion; 2] {
        let tracks = tracks(drawn.clone(), drawn);
        Side::BOTH.map(|side| Motion::read(&tracks, side).unwrap())
    }

    #[test]
    fn both_sides_go_forward_positively() {
        for motion in motions(Drawn::new().go(20, 0.1)) {
            assert!((motion.way(Part::Hand, 5, 15) - 1.0).abs() < 1e-5);
            assert!((motion.way(Part::Trunk, 5, 15) - 1.0).abs() < 1e-5);
            assert!((motion.peak_speed(5, 15).0 - 0.1).abs() < 1e-5);
            assert!(motion.way(Part::Lean, 5, 15).abs() < 1e-5);
        }
    }

    #[test]
    fn a_lunge_grows_the_stance_and_leans_forward() {
        let [motion, _] = motions(Drawn::new().go(5, 0.1).lunge(5, 0.2).go(5, 0.0));
        assert!(motion.way(Part::Stance, 2, 14) > 0.9);
        assert!(motion.way(Part::Lean, 2, 14) > 0.2);
    }

    #[test]
    fn an_arm_that_goes_out_adds_reach_alone() {
        let [motion, _] = motions(Drawn::new().go(5, 0.0).extend(5, 0.1).go(5, 0.0));
        assert!((motion.way(Part::Reach, 2, 14) - 0.5).abs() < 1e-5);
        assert!(motion.way(Part::Trunk, 2, 14).abs() < 1e-5);
    }

    #[test]
    fn the_peak_of_the_speed_is_told_with_its_frame() {
        let [motion, _] = motions(Drawn::new().go(5, 0.1).go(5, 0.3).go(5, 0.1));
        let (speed, frame) = motion.peak_speed(0, 20);
        assert!(speed > 0.28, "{speed}");
        assert!((6..=10).contains(&frame), "{frame}");
    }

    #[test]
    fn gaps_do_not_matter_as_long_as_every_keypoint_was_seen_once() {
        let gap = Drawn::new().go(5, 0.1).hide(3).go(5, 0.1);
        assert!(Motion::read(&tracks(gap.clone(), gap), Side::Left).is_some());
        let never = tracks(Drawn::new().hide(5), Drawn::new().go(5, 0.1));
        assert_eq!(Motion::read(&never, Side::Left), None);
    }
}

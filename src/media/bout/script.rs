//! What one fencer does over time: feet, trunk and weapon arm as curves, written step by step.
//!
//! Not responsible for why: see [`super::plan`]. Lengths are metres, forward is towards the opponent. Invariant: the front
//! foot is ahead of the back foot.

use super::curve::Curve;
use crate::media::random::Random;

/// Metres between the ankles in the guard.
pub const STANCE: f32 = 0.72;

/// One fencer's movements.
#[derive(Clone, Debug)]
pub struct Script {
    /// Front ankle, metres forward of where it began.
    pub front: Curve,
    /// Back ankle, on the same axis.
    pub back: Curve,
    /// How far the weapon arm is stretched, 0 to 1.
    pub extend: Curve,
    /// The trunk's lean forward, radians.
    pub lean: Curve,
    /// How deep the hips are, 0 standing in guard to 1 in a full lunge.
    pub depth: Curve,
}

// === impl Script ===

impl Script {
    /// On guard.
    pub fn on_guard(lot: &mut Random) -> Self {
        Self {
            front: Curve::at_rest(0.0),
            back: Curve::at_rest(-STANCE * lot.range(0.92, 1.08)),
            extend: Curve::at_rest(lot.range(0.0, 0.25)),
            lean: Curve::at_rest(lot.range(0.03, 0.14)),
            depth: Curve::at_rest(lot.range(0.0, 0.25)),
        }
    }

    /// A step of this length in this time: forwards the front foot leads, backwards the back foot.
    pub fn step(&mut self, from: f32, duration: f32, length: f32) {
        let (front, back) = (self.front.end() + length, self.back.end() + length);
        let (first, second) = (from + 0.55 * duration, from + 0.45 * duration);
        let end = from + duration;
        if length >= 0.0 {
            self.front.go(from, first, front);
            self.back.go(second, end, back);
        } else {
            self.back.go(from, first, back);
            self.front.go(second, end, front);
        }
    }

    /// As many equal steps as fit, about 0.4 s each, which together go this far.
    pub fn walk(&mut self, from: f32, to: f32, distance: f32) {
        let count = ((to - from) / 0.4).round().max(1.0);
        let duration = (to - from) / count;
        for number in 0..count as u32 {
            self.step(from + number as f32 * duration, duration, distance / count);
        }
    }

    /// Arm first, then the front foot; all there at `hit`.
    pub fn lunge(&mut self, hit: f32, duration: f32, length: f32) {
        let from = hit - duration;
        self.extend.go(from - 0.12, from + 0.6 * duration, 1.0);
        self.front.go(from, hit - 0.02, self.front.end() + length);
        self.back
            .go(from + 0.5 * duration, hit, self.back.end() + 0.12 * length);
        let full = (length / 0.7).min(1.0);
        self.lean.go(from, hit, 0.12 + 0.3 * full);
        self.depth.go(from, hit, 0.2 + 0.8 * full);
    }

    /// How far the fencer leans back while going back.
    pub fn lean(&mut self, from: f32, to: f32, lean: f32) {
        self.lean.go(from, to, lean);
    }
}

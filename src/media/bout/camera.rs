//! From the hall to the picture: where the camera stands, and what its lens does.
//!
//! Not responsible for trembling, which moves whole pictures. The lens is OpenCV's fisheye model with `D = [k, 0, 0, 0]`.

use super::{
    options::BoutOptions,
    plan::Plan,
    space::{P2, V3, p2},
};
use crate::media::random::Random;

/// Metres that a fencer needs in front of and behind the front ankles' outermost places.
const ROOM: f32 = 1.35;

/// A camera beside the piste, looking across it.
#[derive(Clone, Debug)]
pub struct Camera {
    size: P2,
    /// Pixels a metre at z = 0.
    scale: f32,
    /// The x that is in the picture's middle, metres.
    middle: f32,
    /// Row of the horizon.
    horizon: f32,
    /// Height over the floor and distance from the piste's middle, metres.
    height: f32,
    distance: f32,
    /// Sine and cosine of the roll.
    roll: (f32, f32),
    lens: Option<f32>,
}

// === impl Camera ===

impl Camera {
    /// A camera that has all of the bout in its picture.
    pub fn draw(seed: u64, options: &BoutOptions, plan: &Plan) -> Self {
        let mut lot = Random::of(seed, 3);
        let size = p2(options.width as f32, options.height as f32);
        let (low, high) = extent(plan, options.seconds as f32);
        // Beyond 180 pixels a metre at 1280 x 720 nobody films a phrase; below 90 nobody recognises it.
        let wanted = lot.range(0.07, 0.14) * size.x;
        let fits = size.x / (high - low + 2.0 * ROOM);
        let scale = wanted.min(fits).min(size.y / 2.6);
        let spare = (size.x / scale - (high - low + 2.0 * ROOM)).max(0.0);
        let height = lot.range(0.9, 1.9);
        // Heads stay below the upper edge, feet above the lower one.
        let lowest = (2.25 * scale).max(0.45 * size.y);
        let ground = lot.range(lowest.min(0.86 * size.y), 0.88 * size.y);
        Self {
            size,
            scale,
            middle: 0.5 * (low + high) + lot.range(-0.4, 0.4) * spare,
            horizon: ground - height * scale,
            height,
            distance: lot.range(7.0, 13.0),
            roll: lot.range(-0.02, 0.02).sin_cos(),
            lens: options.lens.map(|k| k as f32),
        }
    }

    /// Pixels a metre at this depth.
    pub fn scale_at(&self, z: f32) -> f32 {
        self.scale * self.distance / (self.distance - z).max(0.5)
    }

    /// Where a place is in a straight picture.
    pub fn project(&self, place: V3) -> P2 {
        let scale = self.scale_at(place.z);
        let x = scale * (place.x - self.middle);
        let y = self.horizon - scale * (place.y - self.height) - 0.5 * self.size.y;
        let (sin, cos) = self.roll;
        p2(
            0.5 * self.size.x + x * cos - y * sin,
            0.5 * self.size.y + x * sin + y * cos,
        )
    }

    /// Where the lens puts a place of the straight picture.
    pub fn bend(&self, place: P2) -> P2 {
        let Some(strength) = self.lens else {
            return place;
        };
        let focal = self.size.x.max(self.size.y);
        let (x, y) = (
            (place.x - 0.5 * self.size.x) / focal,
            (place.y - 0.5 * self.size.y) / focal,
        );
        let radius = x.hypot(y);
        if radius < 1e-6 {
            return place;
        }
        let angle = radius.atan();
        let by = angle * (1.0 + strength * angle * angle) / radius * focal;
        p2(0.5 * self.size.x + x * by, 0.5 * self.size.y + y * by)
    }

    /// Whether straight lines stay straight.
    pub fn is_straight(&self) -> bool {
        self.lens.is_none()
    }

    /// The picture's size, pixels.
    pub fn size(&self) -> P2 {
        self.size
    }
}

/// From where to where the front ankles come along x, metres.
fn extent(plan: &Plan, seconds: f32) -> (f32, f32) {
    let half = 0.5 * plan.gap;
    let [left, right] = &plan.scripts;
    let (mut low, mut high) = (-half, half);
    for tenth in 0..=(seconds * 10.0) as u32 {
        let time = tenth as f32 * 0.1;
        low = low.min(-half + left.front.at(time));
        high = high.max(half - right.front.at(time));
    }
    (low, high)
}

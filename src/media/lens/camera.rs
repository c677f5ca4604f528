//! OpenCV's fisheye model: an ideal fisheye (a ray at the angle θ meets the picture at the distance θ from its centre), bent
//! by a polynomial of which only the first coefficient is used.
//!
//! Knows points, not pictures. Invariant: a point is given only from where the model is one-to-one; beyond the angle at
//! which the polynomial turns back, there is none.

use super::{Fisheye, LensError};

/// Steps and precision of the search for an angle, OpenCV's defaults.
const MOST_STEPS: usize = 10;
const PRECISION: f64 = 1e-8;

/// The camera that took the pictures, and the one through which they are shown straight. Lengths are pixels.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cameras {
    strength: f64,
    /// The largest angle that the model maps one-to-one.
    widest: f64,
    taken: Pinhole,
    pub(super) shown: Pinhole,
}

/// A focal length for both directions, and where the axis meets the picture.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Pinhole {
    pub(super) focal: f64,
    pub(super) centre: [f64; 2],
}

impl Cameras {
    /// For pictures of `width × height`.
    ///
    /// # Errors
    /// [`LensError::NotFinite`], and [`LensError::TooStrong`] if the model does not reach the middle of each side.
    pub(super) fn new(width: u32, height: u32, lens: &Fisheye) -> Result<Self, LensError> {
        let &Fisheye { strength, balance } = lens;
        if !(strength.is_finite() && balance.is_finite()) {
            return Err(LensError::NotFinite { strength, balance });
        }
        let taken = Pinhole {
            focal: f64::from(width.max(height)),
            centre: [f64::from(width) / 2.0, f64::from(height) / 2.0],
        };
        let mut cameras = Self {
            strength,
            widest: widest(strength),
            taken,
            shown: taken,
        };
        let seen = cameras.middles(width, height);
        let seen = seen.ok_or(LensError::TooStrong {
            strength,
            width,
            height,
        })?;
        cameras.shown = shown([width, height].map(f64::from), balance, seen);
        Ok(cameras)
    }

    /// Where the straightened picture's point (`x`, `y`) lies in the picture as it was taken.
    pub(super) fn source(&self, x: f64, y: f64) -> Option<[f64; 2]> {
        let [x, y] = self.shown.ray([x, y]);
        let radius = x.hypot(y);
        let angle = radius.atan();
        if angle > self.widest {
            return None;
        }
        let scale = match radius {
            0.0 => 1.0,
            _ => self.bent(angle) / radius,
        };
        Some(self.taken.point([x * scale, y * scale]))
    }

    /// The distance from the centre at which a ray at `angle` meets the picture, in focal lengths.
    fn bent(&self, angle: f64) -> f64 {
        angle * (1.0 + self.strength * angle * angle)
    }

    /// The middles of the four sides, straightened, in focal lengths. Halves are whole pixels, as OpenCV rounds them.
    fn middles(&self, width: u32, height: u32) -> Option<[[f64; 2]; 4]> {
        let [w, h] = [width, height].map(f64::from);
        let [half_w, half_h] = [width / 2, height / 2].map(f64::from);
        let [top, right, bottom, left] =
            [[half_w, 0.0], [w, half_h], [half_w, h], [0.0, half_h]].map(|at| self.straight(at));
        Some([top?, right?, bottom?, left?])
    }

    /// Where the taken picture's point lies on the plane one focal length away: the inverse of [`Self::source`].
    fn straight(&self, point: [f64; 2]) -> Option<[f64; 2]> {
        let [x, y] = self.taken.ray(point);
        let bent = x.hypot(y);
        if bent <= PRECISION {
            return Some([x, y]);
        }
        let scale = self.angle(bent)?.tan() / bent;
        Some([x * scale, y * scale])
    }

    /// The inverse of [`Self::bent`], by Newton's steps from the angle of an ideal fisheye.
    fn angle(&self, bent: f64) -> Option<f64> {
        let mut angle = bent;
        for _ in 0..MOST_STEPS {
            let slope = 1.0 + 3.0 * self.strength * angle * angle;
            let step = (self.bent(angle) - bent) / slope;
            angle -= step;
            if step.abs() < PRECISION {
                return (0.0..=self.widest).contains(&angle).then_some(angle);
            }
        }
        None
    }
}

impl Pinhole {
    /// Pixels to focal lengths from the axis.
    fn ray(&self, [x, y]: [f64; 2]) -> [f64; 2] {
        [
            (x - self.centre[0]) / self.focal,
            (y - self.centre[1]) / self.focal,
        ]
    }

    /// Focal lengths from the axis to pixels.
    fn point(&self, [x, y]: [f64; 2]) -> [f64; 2] {
        [
            x * self.focal + self.centre[0],
            y * self.focal + self.centre[1],
        ]
    }
}

/// Where θ(1 + kθ²) stops rising, and never beyond a right angle.
fn widest(strength: f64) -> f64 {
    let right = std::f64::consts::FRAC_PI_2;
    match strength < 0.0 {
        true => (1.0 / (-3.0 * strength)).sqrt().min(right),
        false => right,
    }
}

/// The camera that shows `seen`, the straightened middles of the sides, at the picture's edges: the one nearest to it
/// at balance 0, the one farthest from it at 1.
fn shown(size: [f64; 2], balance: f64, seen: [[f64; 2]; 4]) -> Pinhole {
    let axis = |i: usize| seen.map(|point| point[i]);
    let centre = [0, 1].map(|i| axis(i).iter().sum::<f64>() / 4.0);
    let focals = [0, 1].map(|i| {
        let low = axis(i).into_iter().fold(f64::INFINITY, f64::min);
        let high = axis(i).into_iter().fold(f64::NEG_INFINITY, f64::max);
        [
            size[i] / 2.0 / (centre[i] - low),
            size[i] / 2.0 / (high - centre[i]),
        ]
    });
    let all = focals.as_flattened().iter().copied();
    let least = all.clone().fold(f64::INFINITY, f64::min);
    let most = all.fold(f64::NEG_INFINITY, f64::max);
    let balance = balance.clamp(0.0, 1.0);
    let focal = balance * least + (1.0 - balance) * most;
    Pinhole {
        focal,
        centre: [0, 1].map(|i| size[i] / 2.0 - centre[i] * focal),
    }
}

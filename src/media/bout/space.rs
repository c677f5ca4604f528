//! Places in the hall and in the picture.
//!
//! In the hall lengths are metres: x along the piste to the right, y up from the floor, z from the piste's middle towards the
//! camera. In the picture they are pixels: x to the right, y down.

use std::ops::{Add, Mul, Sub};

/// A place or a way in the hall, metres.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct V3 {
    pub x: f32,
    pub y: f32,
    pub z: f32,
}

/// A place in the picture, pixels.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct P2 {
    pub x: f32,
    pub y: f32,
}

/// A place in the hall.
pub const fn v3(x: f32, y: f32, z: f32) -> V3 {
    V3 { x, y, z }
}

/// A place in the picture.
pub const fn p2(x: f32, y: f32) -> P2 {
    P2 { x, y }
}

// === impl V3 ===

impl V3 {
    pub fn length(self) -> f32 {
        (self.x * self.x + self.y * self.y + self.z * self.z).sqrt()
    }

    /// The same way, one metre long; any way for none.
    pub fn unit(self) -> Self {
        match self.length() {
            length if length > 1e-6 => self * (1.0 / length),
            _ => v3(0.0, 1.0, 0.0),
        }
    }

    /// From here (0) to there (1).
    pub fn mix(self, other: Self, along: f32) -> Self {
        self + (other - self) * along
    }

    fn dot(self, other: Self) -> f32 {
        self.x * other.x + self.y * other.y + self.z * other.z
    }

    /// Where a joint is between two ends, with bones of these lengths, bent towards `pole`. Ends too far apart are reached
    /// by stretching.
    pub fn joint(self, end: Self, upper: f32, lower: f32, pole: Self) -> Self {
        let way = end - self;
        let distance = way.length().max(1e-4);
        let along = way.unit();
        let foot = (upper * upper - lower * lower + distance * distance) / (2.0 * distance);
        let height = (upper * upper - foot * foot).max(0.0).sqrt();
        let across = (pole - along * pole.dot(along)).unit();
        let foot = if distance > upper + lower {
            distance * upper / (upper + lower)
        } else {
            foot
        };
        self + along * foot + across * height
    }
}

impl Add for V3 {
    type Output = Self;
    fn add(self, o: Self) -> Self {
        v3(self.x + o.x, self.y + o.y, self.z + o.z)
    }
}

impl Sub for V3 {
    type Output = Self;
    fn sub(self, o: Self) -> Self {
        v3(self.x - o.x, self.y - o.y, self.z - o.z)
    }
}

impl Mul<f32> for V3 {
    type Output = Self;
    fn mul(self, by: f32) -> Self {
        v3(self.x * by, self.y * by, self.z * by)
    }
}

// === impl P2 ===

impl P2 {
    pub fn distance(self, other: Self) -> f32 {
        (self.x - other.x).hypot(self.y - other.y)
    }

    pub fn mix(self, other: Self, along: f32) -> Self {
        p2(
            self.x + (other.x - self.x) * along,
            self.y + (other.y - self.y) * along,
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_joint_keeps_the_length_of_both_bones() {
        let (a, b) = (v3(0.0, 0.0, 0.0), v3(0.5, 0.1, 0.0));
        let knee = a.joint(b, 0.4, 0.35, v3(0.0, 1.0, 0.0));
        assert!(((knee - a).length() - 0.4).abs() < 1e-4);
        assert!(((b - knee).length() - 0.35).abs() < 1e-4);
        assert!(knee.y > 0.0);
    }
}

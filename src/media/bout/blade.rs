//! Where the two blades are: in the guard, at a contact, and on the target.
//!
//! Not responsible for arms. Invariant: at a contact the blades cross, and at the hit each point is on the other's trunk
//! where the blade reaches.

use super::{
    body::Body,
    space::{V3, v3},
};

/// Length of a foil's blade, metres.
const BLADE: f32 = 0.9;

/// A blade, bent as far as it must be.
#[derive(Clone, Copy, Debug)]
pub struct Blade {
    /// In the hand.
    pub hilt: V3,
    /// The bend's control point.
    pub bend: V3,
    /// The point.
    pub point: V3,
}

/// How near in time things are: 0 far, 1 now.
#[derive(Clone, Copy, Debug)]
pub struct Near {
    /// A contact of the blades.
    pub contact: f32,
    /// The hit.
    pub hit: f32,
}

/// How much of an event is seen at a time before or after it: all at it, nothing `around` seconds away.
pub fn nearness(time: f32, event: f32, around: f32) -> f32 {
    let away = ((time - event).abs() / around).min(1.0);
    let left = 1.0 - away;
    left * left * (3.0 - 2.0 * left)
}

/// Both blades, in the order of the bodies. `lift` is how high each point is held above the target, metres.
pub fn blades(bodies: [&Body; 2], lift: [f32; 2], near: Near) -> [Blade; 2] {
    let hilts = bodies.map(hilt);
    // Where blades meet: between the hands, over them.
    let meeting = hilts[0].mix(hilts[1], 0.5) + v3(0.0, 0.12, 0.0);
    [0, 1].map(|me| {
        let (from, other) = (hilts[me], bodies[1 - me]);
        let target = other.pelvis.mix(other.neck, 0.7);
        let aim = (target + v3(0.0, lift[me], 0.0) - from).unit();
        let cross = (meeting - from).unit();
        let straight = from + aim.mix(cross, near.contact).unit() * BLADE;
        thrust(from, straight, target, near.hit)
    })
}

/// The blade with its point moved on to the target, as far as it reaches.
fn thrust(hilt: V3, straight: V3, target: V3, hit: f32) -> Blade {
    let towards = target - hilt;
    // The point stops at the jacket, a hand's breadth before the trunk's middle.
    let reach = (towards.length() - 0.12).clamp(0.2, BLADE);
    let point = straight.mix(hilt + towards.unit() * reach, hit);
    let slack = (BLADE - (point - hilt).length()).max(0.0);
    let bend = hilt.mix(point, 0.5) + v3(0.0, 0.9 * slack.sqrt() * hit, 0.0);
    Blade { hilt, bend, point }
}

fn hilt(body: &Body) -> V3 {
    let arm = &body.front;
    arm.wrist + (arm.wrist - arm.elbow).unit() * 0.09
}

//! From what a fencer does to where the joints are.
//!
//! Proportions are shares of the body's height (Drillis and Contini 1966). Names are a fencer's: the front side is that of
//! the weapon. Not responsible for looks. Invariant: bones keep their lengths.

use super::{
    script::Script,
    space::{V3, v3},
};
use crate::media::random::Random;

/// Shares of the body's height.
const THIGH: f32 = 0.245;
const SHANK: f32 = 0.246;
const TRUNK: f32 = 0.288;
const UPPER_ARM: f32 = 0.172;
const FOREARM: f32 = 0.157;
const SHOULDER: f32 = 0.1;
const HIP: f32 = 0.055;
/// Height of the ankle over the floor, metres.
const ANKLE: f32 = 0.09;

/// What a body is like, and where it stands.
#[derive(Clone, Debug)]
pub struct Build {
    /// Metres.
    pub height: f32,
    /// Girth; 1 is usual.
    pub girth: f32,
    /// Whether the weapon is in the right hand.
    pub right_handed: bool,
    /// 1 faces to the right of the picture, −1 to the left.
    pub facing: f32,
    /// Place along the piste from which forward is counted, and depth; metres.
    pub x: f32,
    pub z: f32,
    /// Angle between shoulders and piste, radians.
    turn: f32,
    /// Where the back hand is kept, from the shoulder, shares of the height.
    back_hand: V3,
    /// Phase of the breath, radians.
    phase: f32,
}

/// A limb's or a body side's joints.
#[derive(Clone, Copy, Debug, Default)]
pub struct SideJoints {
    pub shoulder: V3,
    pub elbow: V3,
    pub wrist: V3,
    pub hip: V3,
    pub knee: V3,
    pub ankle: V3,
    pub toe: V3,
    pub eye: V3,
    pub ear: V3,
}

/// Where all joints are, in the hall.
#[derive(Clone, Debug)]
pub struct Body {
    /// The side with the weapon.
    pub front: SideJoints,
    /// The other one.
    pub back: SideJoints,
    pub nose: V3,
    pub head: V3,
    pub neck: V3,
    pub pelvis: V3,
    /// Whether the front side is the nearer one to the camera.
    pub front_is_near: bool,
}

// === impl Build ===

impl Build {
    /// A fencer by lot.
    pub fn draw(lot: &mut Random, facing: f32, x: f32, z: f32) -> Self {
        let hands = [
            v3(-0.13, 0.1, 0.0),
            v3(-0.1, -0.24, 0.0),
            v3(0.06, -0.26, 0.0),
        ];
        Self {
            height: lot.range(1.58, 1.94),
            girth: lot.range(0.88, 1.2),
            right_handed: lot.chance(0.85),
            facing,
            x,
            z,
            turn: lot.range(0.6, 1.1),
            back_hand: lot.pick(&hands),
            phase: lot.range(0.0, std::f32::consts::TAU),
        }
    }

    /// The joints at a time of a script.
    pub fn pose(&self, script: &Script, time: f32) -> Body {
        let h = self.height;
        let near = (self.facing > 0.0) == self.right_handed;
        let side = if near { 1.0 } else { -1.0 };
        let depth = script.depth.at(time);
        let lift = |speed: f32| ANKLE + (0.028 * speed.abs()).min(0.1);
        let foot = |curve: &super::curve::Curve, side: f32| {
            v3(curve.at(time), lift(curve.speed(time)), side)
        };
        let front_foot = foot(&script.front, 0.05 * side);
        let back_foot = foot(&script.back, -0.07 * side);
        let pelvis = self.pelvis(front_foot, back_foot, depth, time);
        let lean = script.lean.at(time);
        let trunk = v3(lean.sin(), lean.cos(), 0.0);
        let neck = pelvis + trunk * (TRUNK * h);
        let across = v3(self.turn.cos(), 0.0, side * self.turn.sin());
        let extend = script.extend.at(time);
        let arms = self.arms(neck, across, side, extend, depth, time);
        let knees = |hip: V3, foot: V3, pole: V3| hip.joint(foot, THIGH * h, SHANK * h, pole);
        let hip = |sign: f32| pelvis + across * (sign * HIP * h);
        let head = neck + trunk * (0.12 * h) + v3(0.03 * h, 0.01 * h, 0.0);
        let face = |back: f32, up: f32, out: f32| head + v3(back * h, up * h, out * side * h);
        let front = SideJoints {
            hip: hip(1.0),
            knee: knees(hip(1.0), front_foot, v3(1.0, 0.35, 0.15 * side)),
            ankle: front_foot,
            toe: front_foot + v3(0.15, -0.05, 0.0),
            eye: face(0.052, 0.018, 0.018),
            ear: face(0.012, 0.008, 0.042),
            ..arms[0]
        };
        let back = SideJoints {
            hip: hip(-1.0),
            knee: knees(hip(-1.0), back_foot, v3(0.25, 0.3, -side)),
            ankle: back_foot,
            toe: back_foot + v3(0.05, -0.05, -0.13 * side),
            eye: face(0.046, 0.018, -0.02),
            ear: face(-0.018, 0.008, -0.042),
            ..arms[1]
        };
        let mut body = Body {
            front,
            back,
            nose: face(0.062, -0.004, 0.0),
            head,
            neck,
            pelvis,
            front_is_near: near,
        };
        body.each(|joint| *joint = v3(self.x + self.facing * joint.x, joint.y, self.z + joint.z));
        body
    }

    /// Between the feet, as high as both legs reach.
    fn pelvis(&self, front: V3, back: V3, depth: f32, time: f32) -> V3 {
        let h = self.height;
        let x = back.x + (front.x - back.x) * (0.42 + 0.1 * depth);
        let breath = 0.01 * (7.0 * time + self.phase).sin();
        let wanted = (0.425 - 0.1 * depth) * h + ANKLE + breath;
        let leg = 0.985 * (THIGH + SHANK) * h;
        let reach = |foot: V3| {
            let aside = foot.x - x;
            foot.y + (leg * leg - aside * aside).max(0.04).sqrt()
        };
        v3(x, wanted.min(reach(front)).min(reach(back)), 0.0)
    }

    /// Front arm, back arm: shoulders, elbows and wrists alone are set.
    fn arms(
        &self,
        neck: V3,
        across: V3,
        side: f32,
        extend: f32,
        depth: f32,
        time: f32,
    ) -> [SideJoints; 2] {
        let h = self.height;
        let shoulder = |sign: f32| neck + across * (sign * SHOULDER * h) - v3(0.0, 0.02 * h, 0.0);
        let sway = 0.008 * (9.0 * time + 2.0 * self.phase).sin();
        let guard = v3(0.2, -0.125 + sway, 0.02 * side);
        let wrist = shoulder(1.0) + guard.mix(v3(0.32, 0.012, 0.0), extend) * h;
        let flung = v3(-0.25, -0.1, -0.03 * side);
        let kept = v3(self.back_hand.x, self.back_hand.y, -0.05 * side);
        let other = shoulder(-1.0) + kept.mix(flung, (depth - 0.3).max(0.0)) * h;
        let bones = (UPPER_ARM * h, FOREARM * h);
        let arm = |shoulder: V3, wrist: V3, pole: V3| SideJoints {
            shoulder,
            elbow: shoulder.joint(wrist, bones.0, bones.1, pole),
            wrist,
            ..SideJoints::default()
        };
        [
            arm(shoulder(1.0), wrist, v3(-0.1, -1.0, 0.2 * side)),
            arm(shoulder(-1.0), other, v3(-1.0, -0.4, -0.2 * side)),
        ]
    }

    /// Standing about, arms down.
    pub fn standing(&self) -> Body {
        let mut script = Script::on_guard(&mut Random::of(0, 0));
        script.front = super::curve::Curve::at_rest(0.1);
        script.back = super::curve::Curve::at_rest(-0.1);
        let mut body = self.pose(&script, 0.0);
        let h = self.height;
        let rise = (0.49 * h + ANKLE - body.pelvis.y).max(0.0);
        for joint in body.upper() {
            joint.y += rise;
        }
        for side in [&mut body.front, &mut body.back] {
            side.knee = side.hip.mix(side.ankle, 0.5);
            side.elbow = side.shoulder + v3(0.01, -UPPER_ARM * h, 0.0);
            side.wrist = side.elbow + v3(0.03 * self.facing, -FOREARM * h, 0.0);
        }
        body
    }
}

// === impl Body ===

impl Body {
    fn each(&mut self, mut change: impl FnMut(&mut V3)) {
        for side in [&mut self.front, &mut self.back] {
            let legs = [&mut side.knee, &mut side.ankle, &mut side.toe];
            legs.into_iter().for_each(&mut change);
        }
        self.upper().into_iter().for_each(change);
    }

    /// All above the legs.
    fn upper(&mut self) -> Vec<&mut V3> {
        let mut all = vec![
            &mut self.nose,
            &mut self.head,
            &mut self.neck,
            &mut self.pelvis,
        ];
        all.extend(self.front.upper());
        all.extend(self.back.upper());
        all
    }

    /// The seventeen keypoints of COCO, in its order; a right-hander's front is right.
    pub fn keypoints(&self, right_handed: bool) -> [V3; 17] {
        let (left, right) = if right_handed {
            (&self.back, &self.front)
        } else {
            (&self.front, &self.back)
        };
        let pair = |of: fn(&SideJoints) -> V3| [of(left), of(right)];
        let mut all = [self.nose; 17];
        let pairs: [fn(&SideJoints) -> V3; 8] = [
            |s| s.eye,
            |s| s.ear,
            |s| s.shoulder,
            |s| s.elbow,
            |s| s.wrist,
            |s| s.hip,
            |s| s.knee,
            |s| s.ankle,
        ];
        for (index, of) in pairs.into_iter().enumerate() {
            all[1 + 2 * index..3 + 2 * index].copy_from_slice(&pair(of));
        }
        all
    }
}

impl Body {
    /// Temp.
    pub fn hidden(&self, right_handed: bool) -> [bool; 17] {
        let mut all = [false; 17];
        let far_is_right = right_handed != self.front_is_near;
        for at in [1, 3] {
            all[at + usize::from(far_is_right)] = true;
        }
        all
    }
}

// === impl SideJoints ===

impl SideJoints {
    fn upper(&mut self) -> [&mut V3; 6] {
        [
            &mut self.shoulder,
            &mut self.elbow,
            &mut self.wrist,
            &mut self.hip,
            &mut self.eye,
            &mut self.ear,
        ]
    }
}

//! What is known of a drawn bout: who had the right of way and why, when what happened, and where every joint is.
//!
//! Not responsible for how it came about. Keypoints are in pixels of the frames as they are drawn, lens and trembling included.

use super::{
    body::Body,
    options::BoutSide,
    plan::Why,
    space::{P2, V3},
    stage::Stage,
};
use serde::Serialize;

/// Where a joint is in the picture: x to the right, y down, in pixels; and COCO's visibility (2 seen, 1 hidden).
pub type Keypoint = [f32; 3];

/// All that is known of a bout.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct BoutTruth {
    /// The seed it was drawn from.
    pub seed: u64,
    /// Pixels in a row.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// Frames a second.
    pub fps: f64,
    /// Number of frames.
    pub frames: u64,
    /// Who had the right of way.
    pub winner: BoutSide,
    /// Why.
    pub why: Why,
    /// When the first of both hit, seconds; and who.
    pub first_hit: FirstHit,
    /// When both had hit, seconds.
    pub hit_time: f32,
    /// When the blades met, seconds.
    pub blade_contacts: Vec<f32>,
    /// Whether the left and the right fencer have the weapon in the right hand: then their front side is COCO's right.
    pub right_handed: [bool; 2],
    /// Frame by frame; empty for a hall without fencers.
    pub keypoints: Vec<FrameTruth>,
}

/// The first hit of both.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct FirstHit {
    /// Seconds.
    pub time: f32,
    /// Who hit.
    pub by: BoutSide,
}

/// Both fencers in one frame, in COCO's order of keypoints.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FrameTruth {
    /// The left fencer.
    pub left: [Keypoint; 17],
    /// The right fencer.
    pub right: [Keypoint; 17],
    /// The points of both blades, left first.
    pub points: [[f32; 2]; 2],
}

/// The truth of a bout.
pub(super) fn tell(seed: u64, stage: &Stage) -> BoutTruth {
    let plan = &stage.plan;
    let fencers = stage.options.fencers;
    let keypoints = match fencers {
        true => (0..stage.frames()).map(|n| frame(stage, n)).collect(),
        false => Vec::new(),
    };
    BoutTruth {
        seed,
        width: stage.options.width,
        height: stage.options.height,
        fps: stage.options.fps,
        frames: stage.frames(),
        winner: plan.winner,
        why: plan.why.clone(),
        first_hit: FirstHit {
            time: plan.first_hit.0,
            by: plan.first_hit.1,
        },
        hit_time: plan.hit,
        blade_contacts: plan.contacts.clone(),
        right_handed: stage.right_handed(),
        keypoints,
    }
}

fn frame(stage: &Stage, number: u64) -> FrameTruth {
    let (bodies, blades) = stage.poses(stage.time_of(number));
    let shift = stage.tremble(number);
    let seen = |place: V3| {
        let at = stage.camera.bend(stage.camera.project(place));
        P2 {
            x: at.x + shift.x,
            y: at.y + shift.y,
        }
    };
    let person = |body: &Body, right_handed: bool| {
        let hidden = body.hidden(right_handed);
        let mut at = 0;
        body.keypoints(right_handed).map(|place| {
            let P2 { x, y } = seen(place);
            let visibility = if hidden[at] { 1.0 } else { 2.0 };
            at += 1;
            [x, y, visibility]
        })
    };
    let [left, right] = stage.right_handed();
    FrameTruth {
        left: person(&bodies[0], left),
        right: person(&bodies[1], right),
        points: blades.map(|blade| {
            let P2 { x, y } = seen(blade.point);
            [x, y]
        }),
    }
}

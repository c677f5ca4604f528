//! What a tracker sees of a person: seen keypoints, their box, their middle, the size of the torso.
//!
//! Lengths are pixels. Boxes are drawn around keypoints, not those of the detector, which may leave out a stretched arm.

use crate::pipelines::referee::{
    pose::{Keypoint, Person},
    tracks::{BACK_HIP, FRONT_HIP, FRONT_SHOULDER, KEYPOINTS},
};

/// Shoulders and hips, whichever is in front.
const TORSO: [usize; 4] = [FRONT_SHOULDER - 1, FRONT_SHOULDER, BACK_HIP, FRONT_HIP];

/// The torso's part of a person's height, for those of whom no two points of it are seen.
const TORSO_OF_HEIGHT: f32 = 1.0 / 3.0;

/// A person as a tracker sees one.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Body {
    pub(super) points: [Option<[f32; 2]>; KEYPOINTS],
    /// Left, upper, right and lower edge.
    pub(super) edges: Option<[f32; 4]>,
    /// Mean of the seen keypoints.
    pub(super) middle: Option<[f32; 2]>,
    /// Never 0.
    pub(super) torso: f32,
}

impl Body {
    pub(super) fn of(person: &Person) -> Self {
        let points = person.points();
        let edges = keypoint_box(&person.keypoints);
        Self {
            points,
            edges,
            middle: middle(&points),
            torso: torso(&points, edges),
        }
    }

    /// Of the box, in square pixels.
    pub(super) fn area(&self) -> f32 {
        self.edges.map_or(0.0, |[left, upper, right, lower]| {
            (right - left) * (lower - upper)
        })
    }
}

/// Left, upper, right and lower edge of the seen keypoints; `None` of fewer than two.
pub(in crate::pipelines::referee) fn keypoint_box(
    keypoints: &[Keypoint; KEYPOINTS],
) -> Option<[f32; 4]> {
    let mut edges = [
        f32::INFINITY,
        f32::INFINITY,
        f32::NEG_INFINITY,
        f32::NEG_INFINITY,
    ];
    let seen = keypoints.iter().filter(|keypoint| keypoint.is_seen());
    for keypoint in seen.clone() {
        edges[0] = edges[0].min(keypoint.x);
        edges[1] = edges[1].min(keypoint.y);
        edges[2] = edges[2].max(keypoint.x);
        edges[3] = edges[3].max(keypoint.y);
    }
    (seen.count() >= 2).then_some(edges)
}

/// Mean distance of the keypoints that both show, in pixels; `None` if there are none.
pub(super) fn distance(a: &Body, b: &Body) -> Option<f32> {
    let both = a.points.iter().zip(&b.points);
    let shared = both.filter_map(|(a, b)| Some(apart((*a)?, (*b)?)));
    let (count, sum) = shared.fold((0u8, 0.0), |(count, sum), far| (count + 1, sum + far));
    (count > 0).then(|| sum / f32::from(count))
}

/// From one point to another.
pub(super) fn apart(a: [f32; 2], b: [f32; 2]) -> f32 {
    (a[0] - b[0]).hypot(a[1] - b[1])
}

fn middle(points: &[Option<[f32; 2]>]) -> Option<[f32; 2]> {
    let seen = || points.iter().flatten();
    let count = seen().count() as f32;
    let mean = |axis: usize| seen().map(|point| point[axis]).sum::<f32>() / count;
    (count > 0.0).then(|| [mean(0), mean(1)])
}

/// The greatest distance among shoulders and hips.
fn torso(points: &[Option<[f32; 2]>; KEYPOINTS], edges: Option<[f32; 4]>) -> f32 {
    let seen: Vec<[f32; 2]> = TORSO.iter().filter_map(|&at| points[at]).collect();
    let pairs = seen
        .iter()
        .flat_map(|&a| seen.iter().map(move |&b| apart(a, b)));
    let longest = pairs.fold(0.0, f32::max);
    let height = edges.map_or(0.0, |[_, upper, _, lower]| lower - upper);
    let torso = if longest > 0.0 {
        longest
    } else {
        height * TORSO_OF_HEIGHT
    };
    torso.max(1.0)
}

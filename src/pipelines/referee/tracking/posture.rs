//! How unlike two postures are, whatever their size and place: joint angles and ratios of lengths.
//!
//! Points are ordered by direction of attack, so that the front leg is compared with the front leg. The original compares ten
//! angles and ten ratios without naming them in what is known of it; these are the ten joints of the body and the ten limbs
//! and spans that both persons of a side view show.

use super::super::tracks::{KEYPOINTS, Side};
use std::f32::consts::PI;

/// Keypoints of a person, in pixels or any other unit.
pub(super) type Points = [Option<[f32; 2]>; KEYPOINTS];

/// Fewer features than this say nothing.
const FEWEST: usize = 6;

/// Joints: the angle at the middle keypoint.
const JOINTS: [[usize; 3]; 10] = [
    [5, 7, 9],
    [6, 8, 10],
    [7, 5, 11],
    [8, 6, 12],
    [5, 11, 13],
    [6, 12, 14],
    [11, 13, 15],
    [12, 14, 16],
    [13, 11, 12],
    [14, 12, 11],
];

/// Limbs and spans, each measured in torsos.
const SPANS: [[usize; 2]; 10] = [
    [5, 7],
    [7, 9],
    [6, 8],
    [8, 10],
    [11, 13],
    [13, 15],
    [12, 14],
    [14, 16],
    [15, 16],
    [0, 11],
];

/// Shoulders to hips, back and front: what spans are measured in.
const TORSO: [[usize; 2]; 2] = [[5, 11], [6, 12]];

/// Pairs of COCO's keypoints that one person has on both sides.
const PAIRS: [[usize; 2]; 8] = [
    [1, 2],
    [3, 4],
    [5, 6],
    [7, 8],
    [9, 10],
    [11, 12],
    [13, 14],
    [15, 16],
];

/// The mean of |Δ angle| / π and |ln ratio| over the features that both show; `None` of fewer than six.
pub(super) fn distance(a: &Points, b: &Points) -> Option<f32> {
    let angles = JOINTS
        .iter()
        .filter_map(|joint| Some((angle(a, joint)? - angle(b, joint)?).abs() / PI));
    let ratios = SPANS
        .iter()
        .filter_map(|span| Some((ratio(a, span)? / ratio(b, span)?).ln().abs()));
    let features: Vec<f32> = angles.chain(ratios).collect();
    (features.len() >= FEWEST).then(|| features.iter().sum::<f32>() / features.len() as f32)
}

/// Each pair ordered along x: the left fencer's front side is the right one in the picture.
pub(in crate::pipelines::referee) fn ordered(points: &Points, side: Side) -> Points {
    let mut ordered = *points;
    for [back, front] in PAIRS {
        if let (Some(a), Some(b)) = (points[back], points[front])
            && (b[0] - a[0]) * (side.forward() as f32) < 0.0
        {
            ordered.swap(back, front);
        }
    }
    ordered
}

/// The angle at the middle one of three keypoints, 0 to π.
fn angle(points: &Points, [from, at, to]: &[usize; 3]) -> Option<f32> {
    let (from, at, to) = (points[*from]?, points[*at]?, points[*to]?);
    let (u, v) = (
        [from[0] - at[0], from[1] - at[1]],
        [to[0] - at[0], to[1] - at[1]],
    );
    let lengths = u[0].hypot(u[1]) * v[0].hypot(v[1]);
    let cosine = (u[0] * v[0] + u[1] * v[1]) / lengths;
    (lengths > 0.0).then(|| cosine.clamp(-1.0, 1.0).acos())
}

/// A span in torsos; `None` where either has no length.
fn ratio(points: &Points, span: &[usize; 2]) -> Option<f32> {
    let torso = TORSO.iter().find_map(|span| length(points, span))?;
    Some(length(points, span)? / torso)
}

fn length(points: &Points, [a, b]: &[usize; 2]) -> Option<f32> {
    let (a, b) = (points[*a]?, points[*b]?);
    let length = (a[0] - b[0]).hypot(a[1] - b[1]);
    (length > 0.0).then_some(length)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A person whose every keypoint is somewhere else.
    fn somebody(scale: f32, shift: f32) -> Points {
        std::array::from_fn(|at| {
            let at = at as f32;
            Some([
                shift + scale * (at * 7.0 % 5.0),
                shift + scale * (at * at % 11.0),
            ])
        })
    }

    #[test]
    fn size_and_place_do_not_matter() {
        let far = distance(&somebody(1.0, 0.0), &somebody(3.0, 50.0)).unwrap();
        assert!(far < 1e-3, "{far}");
    }

    #[test]
    fn a_bent_knee_is_a_difference() {
        let (straight, mut bent) = (somebody(1.0, 0.0), somebody(1.0, 0.0));
        bent[13] = Some([9.0, 1.0]);
        assert!(distance(&straight, &bent).unwrap() > 0.01);
    }

    #[test]
    fn fewer_than_six_shared_features_say_nothing() {
        let mut poor: Points = [None; KEYPOINTS];
        for at in [5, 7, 9, 11] {
            poor[at] = somebody(1.0, 0.0)[at];
        }
        assert_eq!(distance(&poor, &somebody(1.0, 0.0)), None);
    }

    #[test]
    fn the_front_foot_is_the_one_nearer_to_the_opponent() {
        let mut points: Points = [None; KEYPOINTS];
        points[15] = Some([8.0, 0.0]);
        points[16] = Some([2.0, 0.0]);
        assert_eq!(ordered(&points, Side::Left)[16], Some([8.0, 0.0]));
        assert_eq!(ordered(&points, Side::Right)[16], Some([2.0, 0.0]));
    }
}

//! How badly a person in a frame fits a track, and how badly is too badly.

use super::body::{Body, apart, distance};
use crate::pipelines::referee::pose::iou;

/// A person of this cost or more does not belong to the track.
pub(super) const MOST: f32 = 2.0;

const WEIGHT_OF_KEYPOINTS: f32 = 0.5;
const WEIGHT_OF_BOX: f32 = 0.3;
const WEIGHT_OF_MOTION: f32 = 0.2;
/// What the box costs where there is none.
const WITHOUT_BOX: f32 = 0.5;

/// 0.5 · keypoint distance in torsos + 0.3 · (1 − IoU) + 0.2 · distance from where the track was going, in diagonals of the
/// picture. Infinite if no keypoint is seen in both.
pub(super) fn cost(found: &Body, track: &Body, going: Option<[f32; 2]>, diagonal: f32) -> f32 {
    let keypoints = distance(found, track).map_or(f32::INFINITY, |far| far / track.torso);
    WEIGHT_OF_KEYPOINTS * keypoints
        + WEIGHT_OF_BOX * box_cost(found.edges, track.edges)
        + WEIGHT_OF_MOTION * motion_cost(found.middle, going, diagonal)
}

/// Where the middle will be next if it goes on as it did.
pub(super) fn predicted(now: Option<[f32; 2]>, before: Option<[f32; 2]>) -> Option<[f32; 2]> {
    let now = now?;
    let before = before.unwrap_or(now);
    Some([2.0 * now[0] - before[0], 2.0 * now[1] - before[1]])
}

fn box_cost(found: Option<[f32; 4]>, track: Option<[f32; 4]>) -> f32 {
    match (found, track) {
        (Some(found), Some(track)) => 1.0 - iou(found, track),
        _ => WITHOUT_BOX,
    }
}

fn motion_cost(found: Option<[f32; 2]>, going: Option<[f32; 2]>, diagonal: f32) -> f32 {
    match (found, going) {
        (Some(found), Some(going)) if diagonal > 0.0 => apart(found, going) / diagonal,
        _ => 0.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_box_costs_nothing_and_one_beside_it_all() {
        let here = Some([0.0, 0.0, 10.0, 20.0]);
        assert_eq!(box_cost(here, here), 0.0);
        assert_eq!(box_cost(here, Some([20.0, 0.0, 30.0, 20.0])), 1.0);
    }

    #[test]
    fn half_a_box_is_the_cost_of_none() {
        assert_eq!(box_cost(None, Some([0.0, 0.0, 1.0, 1.0])), 0.5);
        assert_eq!(box_cost(Some([0.0, 0.0, 1.0, 1.0]), None), 0.5);
    }

    #[test]
    fn a_track_goes_on_as_it_did() {
        assert_eq!(
            predicted(Some([5.0, 3.0]), Some([4.0, 5.0])),
            Some([6.0, 1.0])
        );
        assert_eq!(predicted(Some([5.0, 3.0]), None), Some([5.0, 3.0]));
        assert_eq!(predicted(None, Some([5.0, 3.0])), None);
    }

    #[test]
    fn motion_is_measured_in_diagonals() {
        assert_eq!(motion_cost(Some([0.0, 0.0]), Some([3.0, 4.0]), 50.0), 0.1);
        assert_eq!(motion_cost(None, Some([3.0, 4.0]), 50.0), 0.0);
        assert_eq!(motion_cost(Some([0.0, 0.0]), Some([3.0, 4.0]), 0.0), 0.0);
    }
}

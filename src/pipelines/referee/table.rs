//! From two tracks in pixels to the table that the rules read: one scale for all, one direction for each.
//!
//! The rules are the original's. Invariant: the rows of the table are the bout's [`Places`]; a frame that is missing or shows nothing
//! that can be read has empty rows, so that a row's place is its time.

use super::{
    places::Places,
    pose::Person,
    tracking::{TrackedFrame, keypoint_box, ordered},
    tracks::{BACK_FOOT, FRONT_FOOT, KEYPOINTS, Point, Side, Skeleton, Tracks},
};
use serde::Serialize;

/// A box at least so many times as large as the other's is the nearer one's.
const NEARER: f32 = 1.75;

/// The scale of a table, and from where the camera looks.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Normalisation {
    /// Pixels of one unit: a quarter of the distance between the fencers' inner feet in the first frame that shows all four.
    pub constant: f64,
    /// Which fencer is nearer.
    pub video_angle: VideoAngle,
}

/// From where the camera looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum VideoAngle {
    /// The left fencer is nearer.
    Left,
    /// Both are about as far.
    Middle,
    /// The right fencer is nearer.
    Right,
}

/// No frame shows the feet of both.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("No valid frame with keypoints for both tracks found in the video")]
pub struct TooPoor;

/// The table of these frames, at their own rate; frames without a place are left out.
///
/// # Errors
/// If no frame shows both fencers' feet, as then there is no scale.
pub fn normalise(
    frames: &[TrackedFrame],
    places: &Places,
) -> Result<(Tracks, Normalisation), TooPoor> {
    let normalisation = frames.iter().find_map(normalisation).ok_or(TooPoor)?;
    let unit = normalisation.constant as f32;
    let empty = vec![[None; KEYPOINTS]; places.count() as usize];
    let mut tracks = Tracks {
        left: empty.clone(),
        right: empty,
    };
    for frame in frames {
        let Some(place) = places.place(frame.number) else {
            continue;
        };
        let (left, right) = sides(frame);
        tracks.left[place as usize] = row(left, Side::Left, unit);
        tracks.right[place as usize] = row(right, Side::Right, unit);
    }
    Ok((tracks, normalisation))
}

/// Left and right as they stand in this frame: who was left at the start may have passed the other.
pub(super) fn sides(frame: &TrackedFrame) -> (Option<&Person>, Option<&Person>) {
    let left = frame.left.as_ref().map(|tracked| &tracked.person);
    let right = frame.right.as_ref().map(|tracked| &tracked.person);
    let column = |person: &Person| keypoint_box(&person.keypoints).map(|e| (e[0] + e[2]) / 2.0);
    let crossed = left
        .and_then(column)
        .zip(right.and_then(column))
        .is_some_and(|(left, right)| left > right);
    if crossed {
        (right, left)
    } else {
        (left, right)
    }
}

fn normalisation(frame: &TrackedFrame) -> Option<Normalisation> {
    let (left, right) = sides(frame);
    let (left, right) = (left?, right?);
    let mut ankles = Vec::with_capacity(4);
    for person in [left, right] {
        for foot in [BACK_FOOT, FRONT_FOOT] {
            let ankle = person.keypoints[foot];
            ankles.push(ankle.is_seen().then_some(ankle.x)?);
        }
    }
    ankles.sort_by(|a, b| b.total_cmp(a));
    let constant = f64::from(ankles[1] - ankles[2]).abs() / 4.0;
    (constant > 0.0).then(|| Normalisation {
        constant,
        video_angle: video_angle(area(left), area(right)),
    })
}

fn video_angle(left: f32, right: f32) -> VideoAngle {
    if left >= NEARER * right {
        VideoAngle::Left
    } else if right >= NEARER * left {
        VideoAngle::Right
    } else {
        VideoAngle::Middle
    }
}

fn area(person: &Person) -> f32 {
    keypoint_box(&person.keypoints).map_or(0.0, |[left, upper, right, lower]| {
        (right - left) * (lower - upper)
    })
}

/// A fencer's row: pairs ordered by direction of attack, pixels divided by the unit.
fn row(person: Option<&Person>, side: Side, unit: f32) -> Skeleton {
    let Some(person) = person else {
        return [None; KEYPOINTS];
    };
    ordered(&person.points(), side).map(|point| {
        point.map(|[x, y]| Point {
            x: x / unit,
            y: y / unit,
        })
    })
}

#[cfg(test)]
#[path = "table_tests.rs"]
mod tests;

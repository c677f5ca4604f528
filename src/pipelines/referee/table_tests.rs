use super::*;
use crate::pipelines::referee::{
    pose::Keypoint,
    tracking::{Tracked, person},
};

/// The table of frames of which all that came show something.
fn normalise(frames: &[TrackedFrame]) -> Result<(Tracks, Normalisation), TooPoor> {
    super::normalise(frames, &Places::of(frames.iter().map(|frame| frame.number)))
}

fn frame(number: u64, left: Option<Person>, right: Option<Person>) -> TrackedFrame {
    let tracked = |person: Person| Tracked {
        person,
        matched: true,
    };
    TrackedFrame {
        number,
        left: left.map(tracked),
        right: right.map(tracked),
    }
}

fn both(number: u64, left: f32, right: f32) -> TrackedFrame {
    let stands = |x| Some(person(x, 280.0, 300.0));
    frame(number, stands(left), stands(right))
}

#[test]
fn the_unit_is_a_quarter_of_the_way_between_the_inner_feet() {
    let (_, scale) = normalise(&[both(0, 300.0, 700.0)]).unwrap();
    // Feet at 252 and 354, 652 and 754.
    assert!(
        (scale.constant - (652.0 - 354.0) / 4.0).abs() < 1e-3,
        "{scale:?}"
    );
    assert_eq!(scale.video_angle, VideoAngle::Middle);
}

#[test]
fn the_front_foot_is_the_inner_one_of_each() {
    let (tracks, scale) = normalise(&[both(0, 300.0, 700.0)]).unwrap();
    let foot = |side, keypoint| tracks.point(side, 0, keypoint).unwrap().x * scale.constant as f32;
    assert!((foot(Side::Left, FRONT_FOOT) - 354.0).abs() < 0.01);
    assert!((foot(Side::Right, FRONT_FOOT) - 652.0).abs() < 0.01);
    assert!((foot(Side::Right, BACK_FOOT) - 754.0).abs() < 0.01);
}

#[test]
fn persons_who_have_passed_each_other_change_sides() {
    let (tracks, scale) = normalise(&[both(0, 300.0, 700.0), both(1, 700.0, 300.0)]).unwrap();
    let nose = |frame| tracks.point(Side::Left, frame, 0).unwrap().x * scale.constant as f32;
    assert_eq!((nose(0).round(), nose(1).round()), (306.0, 306.0));
}

#[test]
fn a_missing_frame_leaves_an_empty_row() {
    let (tracks, _) = normalise(&[both(3, 300.0, 700.0), both(5, 300.0, 700.0)]).unwrap();
    assert_eq!(tracks.frames(), 3);
    assert_eq!(tracks.point(Side::Left, 1, 0), None);
    assert!(tracks.point(Side::Left, 2, 0).is_some());
}

#[test]
fn frames_that_show_nothing_have_empty_rows_also_at_the_ends() {
    let frames = [both(2, 300.0, 700.0), both(3, 300.0, 700.0)];
    let (tracks, _) = super::normalise(&frames, &Places::of(0..6)).unwrap();
    let seen = |row| tracks.point(Side::Left, row, 0).is_some();
    assert_eq!((0..6).filter(|row| seen(*row)).collect::<Vec<_>>(), [2, 3]);
    assert_eq!(tracks.frames(), 6);
}

#[test]
fn the_nearer_fencer_is_the_one_with_the_larger_box() {
    let near = frame(
        0,
        Some(person(300.0, 280.0, 300.0)),
        Some(person(700.0, 280.0, 200.0)),
    );
    let (_, scale) = normalise(&[near]).unwrap();
    assert_eq!(scale.video_angle, VideoAngle::Left);
}

#[test]
fn without_a_frame_that_shows_all_feet_there_is_no_table() {
    let mut lame = person(700.0, 280.0, 300.0);
    lame.keypoints[FRONT_FOOT] = Keypoint::default();
    let frames = [
        frame(0, Some(person(300.0, 280.0, 300.0)), Some(lame)),
        frame(1, None, None),
    ];
    let why = normalise(&frames).unwrap_err().to_string();
    assert_eq!(
        why,
        "No valid frame with keypoints for both tracks found in the video"
    );
    assert!(normalise(&[]).is_err());
}

//! Two drawn fencers and whoever else is in the hall.

use proptest::prelude::*;

use super::*;
use crate::pipelines::referee::{
    artifacts::table::write_xlsx, places::Places, pose::Keypoint, table, tracks::KEYPOINTS,
};

const SIZE: (u32, u32) = (1000, 600);

/// A person of this height whose middle is here.
pub(in crate::pipelines::referee) fn person(x: f32, y: f32, height: f32) -> Person {
    // Offsets from the middle, in heights: head, ears, shoulders, elbows, wrists, hips, knees, ankles.
    const AT: [[f32; 2]; KEYPOINTS] = [
        [0.02, -0.45],
        [0.0, -0.47],
        [0.03, -0.47],
        [-0.02, -0.46],
        [0.05, -0.46],
        [-0.06, -0.30],
        [0.06, -0.30],
        [-0.12, -0.15],
        [0.12, -0.18],
        [-0.14, -0.02],
        [0.20, -0.20],
        [-0.04, 0.02],
        [0.04, 0.02],
        [-0.10, 0.25],
        [0.12, 0.25],
        [-0.16, 0.48],
        [0.18, 0.48],
    ];
    let keypoints = AT.map(|[dx, dy]| Keypoint {
        x: x + dx * height,
        y: y + dy * height,
        v: 1.0,
    });
    let half = height * 0.2;
    Person {
        bbox: [x - half, y - height / 2.0, x + half, y + height / 2.0],
        confidence: 0.9,
        keypoints,
    }
}

fn tracker() -> Tracker {
    Tracker::new(TrackerOptions {
        frame_size: SIZE,
        reference: None,
    })
}

/// Columns of both noses, and whether they were seen, in the last frame.
fn noses(tracker: &Tracker) -> [Option<(f32, bool)>; 2] {
    let last = tracker.tracked().last().unwrap();
    [last.left, last.right].map(|tracked| {
        tracked.map(|tracked| (tracked.person.keypoints[0].x.round(), tracked.matched))
    })
}

#[test]
fn the_largest_of_each_half_are_the_fencers() {
    let mut t = tracker();
    let bystander = person(400.0, 250.0, 120.0);
    t.feed(
        0,
        &[
            bystander,
            person(700.0, 280.0, 300.0),
            person(300.0, 280.0, 300.0),
        ],
    );
    assert_eq!(noses(&t), [Some((306.0, true)), Some((706.0, true))]);
}

#[test]
fn people_at_the_edges_are_not_fencers() {
    let mut t = tracker();
    let referee = person(500.0, 480.0, 400.0);
    t.feed(
        0,
        &[
            referee,
            person(300.0, 280.0, 300.0),
            person(700.0, 280.0, 300.0),
        ],
    );
    assert_eq!(
        noses(&t).map(|nose| nose.map(|(x, _)| x)),
        [Some(306.0), Some(706.0)]
    );
}

#[test]
fn fencers_are_followed_when_they_pass_each_other() {
    let mut t = tracker();
    for step in 0..41u8 {
        let way = f32::from(step) * 10.0;
        let here = [
            person(300.0 + way, 280.0, 300.0),
            person(700.0 - way, 285.0, 260.0),
        ];
        t.feed(u64::from(step), &here);
    }
    assert_eq!(noses(&t), [Some((706.0, true)), Some((305.0, true))]);
}

#[test]
fn one_person_is_no_pair_and_nobody_is_none() {
    let mut t = tracker();
    t.feed(0, &[]);
    t.feed(1, &[person(300.0, 280.0, 300.0)]);
    assert_eq!(noses(&t), [None, None]);
}

#[test]
fn a_fencer_who_is_not_seen_stays_where_he_was_until_he_is_given_up() {
    let mut t = tracker();
    let (left, right) = (person(300.0, 280.0, 300.0), person(700.0, 280.0, 300.0));
    t.feed(0, &[left, right]);
    for number in 1..=u64::from(MOST_MISSES) {
        t.feed(number, &[left]);
    }
    assert_eq!(noses(&t)[1], Some((706.0, false)));
    t.feed(u64::from(MOST_MISSES) + 1, &[left]);
    assert_eq!(noses(&t)[1], None);
    t.feed(u64::from(MOST_MISSES) + 2, &[left, right]);
    assert_eq!(noses(&t)[1], Some((706.0, true)));
}

#[test]
fn numbers_that_do_not_rise_are_left_out() {
    let mut t = tracker();
    t.feed(5, &[]);
    t.feed(5, &[]);
    t.feed(4, &[]);
    t.feed(9, &[]);
    let numbers: Vec<_> = t.tracked().iter().map(|frame| frame.number).collect();
    assert_eq!(numbers, [5, 9]);
}

#[test]
fn a_stranger_far_away_is_not_taken_for_a_fencer() {
    let mut t = tracker();
    t.feed(
        0,
        &[person(300.0, 280.0, 300.0), person(700.0, 280.0, 300.0)],
    );
    t.feed(1, &[person(300.0, 280.0, 300.0), person(60.0, 100.0, 40.0)]);
    assert_eq!(noses(&t)[1], Some((706.0, false)));
}

// === who is chosen, and who is not ===

/// The workbook of one bout, read back as another bout's reference.
fn reference_of(left: Person, right: Person) -> Arc<ReferencePostures> {
    let tracked = |person| {
        Some(Tracked {
            person,
            matched: true,
        })
    };
    let frame = TrackedFrame {
        number: 0,
        left: tracked(left),
        right: tracked(right),
    };
    let (tracks, _) = table::normalise(&[frame], &Places::of([frame.number])).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("reference.xlsx");
    write_xlsx(&path, &tracks).unwrap();
    Arc::new(ReferencePostures::from_xlsx(&path).unwrap())
}

/// Someone who stands with the feet together and the arms held out.
fn upright(x: f32, y: f32, height: f32) -> Person {
    let mut person = person(x, y, height);
    for (at, dx) in [
        (7, -0.12),
        (8, 0.12),
        (9, -0.19),
        (10, 0.19),
        (13, -0.03),
        (14, 0.03),
        (15, -0.03),
        (16, 0.03),
    ] {
        person.keypoints[at].x = x + dx * height;
    }
    person
}

#[test]
fn a_workbook_of_ours_makes_the_smaller_one_a_fencer_who_stands_like_one() {
    let reference = reference_of(person(300.0, 280.0, 300.0), person(700.0, 280.0, 300.0));
    let mut t = Tracker::new(TrackerOptions {
        frame_size: SIZE,
        reference: Some(reference),
    });
    let people = [
        upright(180.0, 280.0, 320.0),
        person(350.0, 280.0, 250.0),
        person(700.0, 280.0, 250.0),
    ];
    t.feed(0, &people);
    assert_eq!(noses(&t), [Some((355.0, true)), Some((705.0, true))]);
    // By size alone it would be the other.
    let mut by_size = tracker();
    by_size.feed(0, &people);
    assert_eq!(noses(&by_size)[0], Some((186.0, true)));
}

#[test]
fn where_everybody_is_at_an_edge_the_nearest_to_the_middle_of_each_half_are_chosen() {
    let mut t = tracker();
    let feet_below = |x| person(x, 400.0, 300.0);
    t.feed(
        0,
        &[
            feet_below(100.0),
            feet_below(380.0),
            feet_below(620.0),
            feet_below(930.0),
        ],
    );
    assert_eq!(noses(&t), [Some((386.0, true)), Some((626.0, true))]);
}

#[test]
fn who_stands_between_the_halves_gives_way_to_who_stands_in_one() {
    let mut t = tracker();
    let feet_below = |x| person(x, 400.0, 300.0);
    t.feed(
        0,
        &[feet_below(490.0), feet_below(300.0), feet_below(700.0)],
    );
    assert_eq!(noses(&t), [Some((306.0, true)), Some((706.0, true))]);
}

proptest! {
    #[test]
    fn whoever_comes_and_goes_nobody_is_both_fencers(
        frames in prop::collection::vec(prop::collection::vec((0f32..1000.0, 0f32..600.0, 0f32..500.0), 0..5), 1..80),
    ) {
        let mut t = tracker();
        for (number, people) in frames.iter().enumerate() {
            let mut persons: Vec<Person> = people.iter().map(|&(x, y, height)| person(x, y, height)).collect();
            persons.iter_mut().enumerate().for_each(|(at, person)| person.confidence = (number * 8 + at) as f32);
            t.feed(number as u64, &persons);
        }
        prop_assert_eq!(t.tracked().len(), frames.len());
        for frame in t.tracked() {
            let [left, right] = [frame.left, frame.right].map(|one| one.map(|one| one.person.confidence));
            prop_assert!(left.is_none() || left != right);
        }
    }
}

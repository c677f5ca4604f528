//! What the weighed facts make of drawn bouts.

use super::*;
use crate::pipelines::referee::{
    rules::drawn::{Drawn, signal, tracks},
    verdict::Winner,
};
use proptest::prelude::*;

fn go(step: f64) -> Drawn {
    Drawn::new().go(39, step)
}

fn winner(left: Drawn, right: Drawn, hit: f64, contacts: &[f64]) -> Winner {
    decide(&signal(hit, contacts), &tracks(left, right)).winner
}

/// Advances all the time, and reaches out with the last half second.
fn attacks() -> Drawn {
    Drawn::new().go(24, 0.08).extend(6, 0.1).go(9, 0.1)
}

#[test]
fn who_advances_has_it_against_who_retreats() {
    assert_eq!(winner(go(0.1), go(-0.1), 2.2, &[]), Winner::Left);
    assert_eq!(winner(go(-0.1), go(0.1), 2.2, &[]), Winner::Right);
}

#[test]
fn in_one_action_the_hand_that_goes_first_has_it() {
    let early = Drawn::new().go(4, 0.05).extend(6, 0.12).go(9, 0.05);
    let late = Drawn::new().go(10, 0.05).extend(6, 0.12).go(3, 0.05);
    assert_eq!(winner(early, late, 0.7, &[]), Winner::Left);
}

#[test]
fn a_lunge_that_was_under_way_when_the_blades_met_was_parried() {
    let lunged = || Drawn::new().go(5, 0.06).lunge(6, 0.1).go(8, 0.0);
    let waited = || Drawn::new().go(12, 0.05).extend(4, 0.12).go(3, 0.05);
    assert_eq!(winner(lunged(), waited(), 0.9, &[0.75]), Winner::Right);
}

#[test]
fn two_who_do_the_same_are_a_coin() {
    let verdict = decide(&signal(2.2, &[]), &tracks(go(0.1), go(0.1)));
    assert!(verdict.confidence < 0.51);
}

#[test]
fn a_verdict_is_sure_to_the_degree_of_its_chance() {
    let verdict = decide(&signal(2.2, &[]), &tracks(go(0.1), go(-0.1)));
    assert!(verdict.confidence > 0.8 && verdict.confidence < 1.0);
}

#[test]
fn evidence_names_its_frames_in_order_of_time() {
    let verdict = decide(&signal(2.2, &[2.0]), &tracks(attacks(), go(-0.05)));
    assert!(verdict.evidence.len() >= 4, "{:?}", verdict.evidence);
    assert!(verdict.evidence.is_sorted_by_key(|line| line.frame));
    assert!(verdict.evidence.iter().all(|line| line.frame < 40));
    let says = |part: &str| verdict.evidence.iter().any(|line| line.fact.contains(part));
    assert!(
        says("The blades met")
            && says("Way of the hand in 0.5 s: left +")
            && says("(speaks for left)")
    );
}

#[test]
fn evidence_stays_within_a_bout_that_ends_with_the_hit() {
    let verdict = decide(&signal(2.6, &[]), &tracks(attacks(), go(-0.05)));
    assert!(verdict.evidence.iter().all(|line| line.frame < 40));
}

#[test]
fn the_reason_names_the_winner_first() {
    let verdict = decide(&signal(2.2, &[]), &tracks(go(0.1), go(-0.1)));
    assert!(
        verdict.reason.starts_with("Left has right-of-way ("),
        "{}",
        verdict.reason
    );
}

#[test]
fn the_observations_of_the_baseline_are_told_too() {
    let verdict = decide(&signal(2.2, &[]), &tracks(go(0.1), go(-0.1)));
    assert_eq!(verdict.rules, "v2");
    assert!(!verdict.right_pauses.is_empty());
    assert!(!verdict.right_of_way.is_empty());
}

#[test]
fn a_bout_of_a_few_frames_bears_no_verdict() {
    let short = Drawn::new().go(3, 0.1);
    let verdict = decide(&signal(0.2, &[]), &tracks(short.clone(), short));
    assert_eq!(verdict.winner, Winner::Abstain);
    assert_eq!(
        verdict.reason,
        "The tracks are too short for a verdict: 4 frames"
    );
}

#[test]
fn a_fencer_who_was_hidden_around_the_hit_bears_no_verdict() {
    let hidden = Drawn::new().go(20, 0.1).hide(19);
    let verdict = decide(&signal(2.2, &[]), &tracks(go(0.1), hidden));
    assert_eq!(verdict.winner, Winner::Abstain);
    let expected = "The right fencer's front hand was seen in only 0 of 17 frames around the hit";
    assert_eq!(verdict.reason, expected);
}

#[test]
fn keypoints_that_are_missed_now_and_then_do_not_turn_the_verdict() {
    let mut tracks = tracks(go(0.1), go(-0.1));
    for (frame, row) in tracks.left.iter_mut().chain(&mut tracks.right).enumerate() {
        for (keypoint, point) in row.iter_mut().enumerate() {
            *point = point.filter(|_| (frame * 5 + keypoint * 3) % 7 > 2);
        }
    }
    assert_eq!(decide(&signal(2.2, &[]), &tracks).winner, Winner::Left);
}

#[test]
fn a_gap_in_the_tracks_does_not_turn_the_verdict() {
    let gap = Drawn::new().go(24, 0.1).hide(4).go(11, 0.1);
    assert_eq!(winner(gap, go(-0.1), 2.2, &[]), Winner::Left);
}

#[test]
fn the_declared_winner_changes_nothing() {
    let tracks = tracks(attacks(), go(-0.05));
    let mut declared = signal(2.2, &[]);
    let verdict = decide(&declared, &tracks);
    declared.declared_winner = Some(Side::Right);
    assert_eq!(decide(&declared, &tracks), verdict);
}

fn drawn() -> impl Strategy<Value = Drawn> {
    let stretch = (0..5_u8, 1..12_usize, -0.2..0.2_f64);
    proptest::collection::vec(stretch, 1..6).prop_map(|stretches| {
        stretches
            .into_iter()
            .fold(Drawn::new(), |drawn, (kind, frames, step)| match kind {
                0 | 1 => drawn.go(frames, step),
                2 => drawn.lunge(frames, step),
                3 => drawn.extend(frames, step),
                _ => drawn.hide(frames),
            })
    })
}

proptest! {
    #[test]
    fn a_mirror_turns_the_winner_and_keeps_the_confidence(
        left in drawn(), right in drawn(), hit in 0.0..4.0_f64, contact in 0.0..4.0_f64,
    ) {
        let (signal, tracks) = (signal(hit, &[contact]), tracks(left, right));
        let (seen, mirrored) = (decide(&signal, &tracks), decide(&signal, &tracks.mirrored()));
        let turned = match seen.winner {
            Winner::Left => Winner::Right,
            Winner::Right => Winner::Left,
            Winner::Abstain => Winner::Abstain,
        };
        prop_assert_eq!(mirrored.winner, turned);
        prop_assert!((mirrored.confidence - seen.confidence).abs() < 1e-6);
    }

    #[test]
    fn no_tracks_and_times_make_it_panic(
        left in drawn(), right in drawn(), hit in -9.0..1e9_f64, end in proptest::option::of(0.0..1e9_f64),
    ) {
        let mut signal = signal(hit, &[hit - 0.3, -1.0, 1e18]);
        signal.end_time = end;
        let mut tracks = tracks(left, right);
        decide(&signal, &tracks);
        tracks.right.truncate(3);
        decide(&signal, &tracks);
        super::super::v1::decide(&signal, &tracks);
    }
}

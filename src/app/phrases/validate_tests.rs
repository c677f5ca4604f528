//! Whether a cross-validation keeps apart what it must, on made-up bouts.

use super::*;
use crate::pipelines::referee::{
    signal::parse,
    tracks::{KEYPOINTS, Point, Skeleton, Tracks},
};
use std::collections::BTreeSet;

/// A fencer of one point, who goes by `step` a frame for 2 s.
fn rows(side: Side, step: f64) -> Vec<Skeleton> {
    let row = |frame| -> Skeleton {
        let x = 4.0 + side.forward() * (f64::from(frame) * step - 2.0);
        [Some(Point {
            x: x as f32,
            y: 1.0,
        }); KEYPOINTS]
    };
    (0..30).map(row).collect()
}

fn sample(group: usize, winner: Side, lead: f64) -> Sample {
    let text = " 0.0s | Phrase recording started\n 1.8s | HIT: Simultaneous valid hits!\n";
    let signal = parse("drawn", text.as_bytes()).unwrap();
    let tracks = Tracks {
        left: rows(Side::Left, 0.1 + lead),
        right: rows(Side::Right, 0.1),
    };
    Sample {
        bout: Bout::read(&signal, &tracks).unwrap(),
        winner,
        group,
    }
}

/// Twenty bouts that the faster one wins.
fn fair() -> Vec<Sample> {
    let sides = Side::BOTH.into_iter().cycle().take(20).enumerate();
    sides
        .map(|(at, side)| sample(at, side, side.forward() * (0.01 + 0.002 * at as f64)))
        .collect()
}

fn wins(samples: &[Sample], odds: &[f64]) -> usize {
    let pairs = samples.iter().zip(odds);
    pairs
        .filter(|(sample, odds)| *odds * sample.winner.forward() > 0.0)
        .count()
}

#[test]
fn a_rule_that_holds_is_found_without_the_bouts_it_is_judged_on() {
    let samples = fair();
    for choice in [Choice::Weights, Choice::Everything] {
        let odds = held_out(&samples, &parts(&samples, 5, 1), choice);
        assert_eq!(wins(&samples, &odds), 20);
    }
}

#[test]
fn a_bout_has_no_say_in_its_own_verdict() {
    let mut samples = fair();
    let parts = parts(&samples, 5, 1);
    let before = held_out(&samples, &parts, Choice::Weights);
    samples[3].winner = samples[3].winner.other();
    let after = held_out(&samples, &parts, Choice::Weights);
    for at in 0..samples.len() {
        let same_part = parts[at] == parts[3];
        assert_eq!(before[at] == after[at], same_part, "bout {at}");
    }
}

#[test]
fn parts_have_their_shares_of_both_winners() {
    let samples = fair();
    let parts = parts(&samples, 5, 7);
    for part in 0..5 {
        let winners = samples.iter().zip(&parts).filter(|(_, of)| **of == part);
        let left = winners.clone().filter(|(one, _)| one.winner == Side::Left);
        assert_eq!((winners.count(), left.count()), (4, 2));
    }
}

#[test]
fn a_bout_that_was_recorded_twice_stays_in_one_part() {
    let mut samples = fair();
    samples[2].group = 0;
    for seed in 0..20 {
        let parts = parts(&samples, 5, seed);
        assert_eq!(parts[0], parts[2]);
    }
}

#[test]
fn a_seed_gives_the_same_parts_again_and_another_gives_others() {
    let samples = fair();
    assert_eq!(parts(&samples, 5, 3), parts(&samples, 5, 3));
    let seen: BTreeSet<Vec<usize>> = (0..10).map(|seed| parts(&samples, 5, seed)).collect();
    assert!(seen.len() > 5);
}

#[test]
fn the_loss_of_a_coin_is_that_of_one_bit() {
    assert!((log_loss(0.0, Side::Left) - f64::ln(2.0)).abs() < 1e-12);
    assert!(log_loss(3.0, Side::Left) < log_loss(3.0, Side::Right));
}

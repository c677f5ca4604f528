//! Facts in words, for people who look at the frame beside them.
//!
//! Numbers are in units of the table: the fencers' front feet are four apart when the bout starts.

use super::{
    fact::{Bout, Measure},
    leader,
    model::Contribution,
    motion::Part,
};
use crate::pipelines::referee::{
    tracks::{FPS, Side},
    verdict::{Evidence, Pause, Verdict},
};

/// Log-odds below which a fact is not worth a line.
const WORTH_A_LINE: f64 = 0.05;

/// Why the winner won: the strongest facts for him.
pub fn reason(winner: Side, contributions: &[Contribution]) -> String {
    let mut grounds: Vec<&Contribution> = contributions
        .iter()
        .filter(|part| leader(part.log_odds) == Some(winner))
        .collect();
    grounds.sort_by(|a, b| b.log_odds.abs().total_cmp(&a.log_odds.abs()));
    let words: Vec<&str> = grounds.iter().take(2).map(|part| ground(part)).collect();
    format!("{} has right-of-way ({})", winner.title(), words.join("; "))
}

fn ground(part: &Contribution) -> &'static str {
    match part.fact.measure {
        Measure::Way(Part::Hand) => "hand further forward before the hit",
        Measure::Way(Part::Lean) => "body committed forward through the hit",
        Measure::Way(Part::Stance) => "the other was further into a lunge when the blades met",
        Measure::PeakSpeed => "faster in the last action",
        Measure::Way(Part::Trunk) => "body further forward",
        Measure::Way(Part::BackFoot) => "followed through",
        Measure::Way(Part::Reach) => "arm extended through the hit",
        Measure::LastPause => "last pause ended earlier",
    }
}

/// Every fact that counts, the late blade contact, the hit, and each one's last pause, in order of time.
pub fn evidence(bout: &Bout, contributions: &[Contribution], seen: &Verdict) -> Vec<Evidence> {
    let mut evidence = vec![Evidence::at(bout.hit, "The first hit")];
    evidence.extend(
        bout.contact
            .map(|(frame, _)| Evidence::at(frame, "The blades met just before the hit")),
    );
    let pauses = [
        (Side::Left, &seen.left_pauses),
        (Side::Right, &seen.right_pauses),
    ];
    evidence.extend(pauses.iter().filter_map(|(side, of)| last_pause(*side, of)));
    let strong = |part: &&Contribution| part.log_odds.abs() >= WORTH_A_LINE;
    evidence.extend(contributions.iter().filter(strong).filter_map(line));
    evidence.sort_by_key(|line| line.frame);
    evidence
}

fn last_pause(side: Side, pauses: &[Pause]) -> Option<Evidence> {
    let last = pauses.last()?;
    Some(Evidence {
        frame: last.end_frame,
        time: last.end_time,
        fact: format!("{} ended the last pause or retreat", side.title()),
    })
}

fn line(part: &Contribution) -> Option<Evidence> {
    let speaks_for = leader(part.log_odds)?;
    let (what, unit) = what(part);
    let (left, right) = (part.reading.left * unit, part.reading.right * unit);
    let fact = format!("{what}: left {left:+.2}, right {right:+.2} (speaks for {speaks_for})");
    Some(Evidence::at(part.reading.frame, fact))
}

/// What a reading is of, and by what it is multiplied for people, who count in seconds.
fn what(part: &Contribution) -> (String, f64) {
    let seconds = (part.fact.window.1 - part.fact.window.0) as f64 / FPS;
    match part.fact.measure {
        Measure::Way(Part::Hand) => (format!("Way of the hand in {seconds:.1} s"), 1.0),
        Measure::Way(Part::Trunk) => (format!("Way of the body in {seconds:.1} s"), 1.0),
        Measure::Way(Part::Lean) => ("Leaning in through the hit".to_owned(), 1.0),
        Measure::Way(Part::Stance) => ("Feet further apart before the blades met".to_owned(), 1.0),
        Measure::Way(Part::BackFoot) => (format!("Way of the back foot in {seconds:.1} s"), 1.0),
        Measure::Way(Part::Reach) => ("Arm going out through the hit".to_owned(), 1.0),
        Measure::PeakSpeed => ("Highest speed around the hit, a second".to_owned(), FPS),
        // Readings are frames, negated.
        Measure::LastPause => ("End of the last pause, in seconds".to_owned(), -1.0 / FPS),
    }
}

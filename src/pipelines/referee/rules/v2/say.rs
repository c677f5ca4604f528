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
        Measure::Way(Part::Stance) => "the other's lunge was under way before the blades met",
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
    let fact = format!("{} (speaks for {speaks_for})", sentence(part)?);
    Some(Evidence::at(part.reading.frame, fact))
}

fn sentence(part: &Contribution) -> Option<String> {
    let reading = &part.reading;
    let ahead = leader(reading.lead())?;
    let (more, less) = match ahead {
        Side::Left => (reading.left, reading.right),
        Side::Right => (reading.right, reading.left),
    };
    let (who, other) = (ahead.title(), ahead.other());
    let seconds = (part.fact.window.1 - part.fact.window.0) as f64 / FPS;
    let text = match part.fact.measure {
        Measure::Way(Part::Hand) => {
            format!(
                "{who}'s hand went forward by {more:.2} within {seconds:.1} s, {other}'s by {less:.2}"
            )
        }
        Measure::Way(Part::Trunk) => {
            format!("{who} went forward by {more:.2} within {seconds:.1} s, {other} by {less:.2}")
        }
        Measure::Way(Part::Lean) => {
            format!(
                "{who}'s upper body leaned in by {more:.2} through the hit, {other}'s by {less:.2}"
            )
        }
        Measure::Way(Part::Stance) => {
            format!("{who}'s stance had widened by {more:.2}, {other}'s by {less:.2}")
        }
        Measure::Way(Part::BackFoot) => {
            format!("{who}'s back foot followed by {more:.2}, {other}'s by {less:.2}")
        }
        Measure::Way(Part::Reach) => {
            format!("{who}'s arm went out by {more:.2} through the hit, {other}'s by {less:.2}")
        }
        Measure::PeakSpeed => {
            let (more, less) = (more * FPS, less * FPS);
            format!("{who} reached a speed of {more:.2} a second, {other} {less:.2}")
        }
        Measure::LastPause => format!("{who}'s last pause ended earlier than {other}'s"),
    };
    Some(text)
}

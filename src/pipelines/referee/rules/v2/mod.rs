//! The weighed facts: four observations around the hit, each a number that has the left fencer's lead, summed and squashed
//! to a chance.
//!
//! - [`clock`]: when in the video a time of the scoring device is;
//! - [`motion`]: the few rows that facts are read from; [`fact`]: what a fact measures; [`model`]: weights and the chance;
//! - [`fit`]: how weights are found from bouts with a human verdict; [`say`]: facts in words.
//!
//! The sum has no constant term and every fact changes its sign in a mirror, so left and right are treated alike by
//! construction. How well this does, and how it was fitted, is in `docs/referee-accuracy.md`.

pub mod clock;
pub mod fact;
pub mod fit;
pub mod model;
pub mod motion;
mod say;

use super::v1::observe;
use crate::pipelines::referee::{
    signal::Signal,
    tracks::{Side, Tracks},
    verdict::{Moments, Verdict},
};
use clock::Clock;
use fact::Bout;
use model::Model;

/// The verdict by the weights that this program was built with.
pub fn decide(signal: &Signal, tracks: &Tracks) -> Verdict {
    decide_by(&Model::fitted(), signal, tracks)
}

/// The verdict by any weights.
pub fn decide_by(model: &Model, signal: &Signal, tracks: &Tracks) -> Verdict {
    let mut observed = observe(signal, tracks);
    observed.0.rules = "v2";
    if tracks.frames() > 0 {
        let clock = Clock::new(signal, tracks.frames());
        observed.0.moments = Moments::new(signal, |time| clock.frame(time) as u64);
    }
    let bout = match Bout::read(signal, tracks) {
        Ok(bout) => bout,
        Err(poor) => return observed.abstain(poor.to_string()),
    };
    let contributions = model.contributions(&bout);
    let log_odds: f64 = contributions.iter().map(|part| part.log_odds).sum();
    let Some(winner) = leader(log_odds) else {
        return observed.abstain("Nothing tells the two fencers apart");
    };
    Verdict {
        winner: winner.into(),
        reason: say::reason(winner, &contributions),
        confidence: model::chance(log_odds.abs()),
        evidence: say::evidence(&bout, &contributions, &observed.0),
        ..observed.0
    }
}

/// Whom a number favours that is positive for the left fencer.
fn leader(lead: f64) -> Option<Side> {
    match lead {
        _ if lead > 0.0 => Some(Side::Left),
        _ if lead < 0.0 => Some(Side::Right),
        _ => None,
    }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;

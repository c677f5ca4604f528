//! Weights of facts, and the chance that they give together: a logistic model without a constant term.
//!
//! The log-odds of the left fencer are Σ weight · counts · tanh(lead / scale). The hyperbolic tangent keeps one wild
//! keypoint from outvoting everything else. Exchanging left and right changes the sign and nothing else.

use super::fact::{Bout, CHOSEN, Fact, Reading};

/// A fact with its weight.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Weighed {
    /// The fact.
    pub fact: Fact,
    /// The lead, in the fact's unit, from which more of it hardly counts.
    pub scale: f64,
    /// Log-odds of a lead far beyond the scale.
    pub weight: f64,
}

/// Facts with their weights.
#[derive(Clone, Debug, PartialEq)]
pub struct Model {
    /// The facts.
    pub facts: Vec<Weighed>,
}

/// What a fact adds to the verdict.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Contribution {
    /// The fact.
    pub fact: Fact,
    /// As measured.
    pub reading: Reading,
    /// Log-odds for the left fencer.
    pub log_odds: f64,
}

/// Scales and weights in the order of [`CHOSEN`]. They are what `frameloom bench referee --phrases FILE --cross-validate`
/// prints as fitted on all bouts of the file described in `docs/referee-accuracy.md`.
const FITTED: [(f64, f64); 4] = [
    (1.9045, 2.2268),
    (0.3097, 3.4529),
    (0.6221, -4.7316),
    (0.2756, 1.5568),
];

// === impl Model ===

impl Model {
    /// The weights that this program was built with.
    pub fn fitted() -> Self {
        let weighed = |(fact, (scale, weight))| Weighed {
            fact,
            scale,
            weight,
        };
        let facts = CHOSEN.into_iter().zip(FITTED).map(weighed).collect();
        Self { facts }
    }

    /// What each fact adds in a bout.
    pub fn contributions(&self, bout: &Bout) -> Vec<Contribution> {
        self.facts
            .iter()
            .map(|weighed| {
                let reading = bout.measure(&weighed.fact);
                Contribution {
                    fact: weighed.fact,
                    reading,
                    log_odds: weighed.weight * squashed(&reading, weighed.scale),
                }
            })
            .collect()
    }

    /// The log-odds of the left fencer.
    pub fn log_odds(&self, bout: &Bout) -> f64 {
        let contributions = self.contributions(bout);
        contributions.iter().map(|part| part.log_odds).sum()
    }
}

/// A reading between -1 and 1.
pub fn squashed(reading: &Reading, scale: f64) -> f64 {
    reading.counts * (reading.lead() / scale).tanh()
}

/// From log-odds to a chance.
pub fn chance(log_odds: f64) -> f64 {
    1.0 / (1.0 + (-log_odds).exp())
}

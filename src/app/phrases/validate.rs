//! Weights fitted on some bouts and judged on others: every choice is made without the bouts that it is judged on.
//!
//! What is chosen in a fold: the scales and weights always, and for [`Choice::Everything`] which facts are used at all, by an
//! inner cross-validation. Chance comes from a seed alone, so a run can be repeated.

use crate::{
    media::random::Random,
    pipelines::referee::{
        rules::v2::{
            fact::{Bout, CHOSEN, Fact, RIVALS},
            fit::{RIDGE, Recipe},
            model::Model,
        },
        tracks::Side,
    },
};

/// Parts of the inner cross-validation.
const INNER: usize = 5;
/// Mean log loss that a further fact must save on bouts it was not fitted to.
const WORTH_A_FACT: f64 = 0.005;

/// A bout that a human judged.
#[derive(Clone, Debug)]
pub(super) struct Sample {
    /// Its facts.
    pub(super) bout: Bout,
    /// The human's word.
    pub(super) winner: Side,
    /// Bouts of one group stay in one part: a bout that was recorded twice.
    pub(super) group: usize,
}

/// What a fold chooses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Choice {
    /// Weights of the facts that decide.
    Weights,
    /// Facts, too, out of all there are.
    Everything,
}

/// Log-odds of the left fencer in each bout by weights that were fitted without it: `parts` says which bouts go together.
pub(super) fn held_out(samples: &[Sample], parts: &[usize], choice: Choice) -> Vec<f64> {
    let mut odds = vec![0.0; samples.len()];
    let mut names: Vec<usize> = parts.to_vec();
    names.sort_unstable();
    names.dedup();
    for part in names {
        let (judged, fitted): (Vec<usize>, Vec<usize>) =
            (0..samples.len()).partition(|at| parts[*at] == part);
        let fitted: Vec<&Sample> = fitted.iter().map(|at| &samples[*at]).collect();
        let model = choose(&fitted, choice);
        for at in judged {
            odds[at] = model.log_odds(&samples[at].bout);
        }
    }
    odds
}

/// Makes every choice on these bouts, and fits.
pub(super) fn choose(samples: &[&Sample], choice: Choice) -> Model {
    let facts = match choice {
        Choice::Weights => CHOSEN.to_vec(),
        Choice::Everything => best_facts(samples),
    };
    fit(
        samples,
        &Recipe {
            facts,
            ridge: RIDGE,
        },
    )
}

/// Adds the fact that saves most, until none saves enough.
fn best_facts(samples: &[&Sample]) -> Vec<Fact> {
    let mut facts: Vec<Fact> = Vec::new();
    let mut least = f64::ln(2.0);
    loop {
        let rest = CHOSEN.into_iter().chain(RIVALS);
        let best = rest
            .filter(|fact| !facts.contains(fact))
            .map(|fact| {
                let facts = facts.iter().copied().chain([fact]).collect();
                let recipe = Recipe {
                    facts,
                    ridge: RIDGE,
                };
                (inner_loss(samples, &recipe), recipe.facts)
            })
            .min_by(|a, b| a.0.total_cmp(&b.0));
        match best {
            Some((loss, better)) if loss < least - WORTH_A_FACT => (least, facts) = (loss, better),
            _ => return facts,
        }
    }
}

fn inner_loss(samples: &[&Sample], recipe: &Recipe) -> f64 {
    // The order of a file has nothing to do with who won, so every fifth bout makes a fair part.
    let part = |at: usize| samples[at].group % INNER;
    let losses = (0..INNER).flat_map(|part_now| {
        let (judged, fitted): (Vec<usize>, Vec<usize>) =
            (0..samples.len()).partition(|at| part(*at) == part_now);
        let fitted: Vec<&Sample> = fitted.iter().map(|at| samples[*at]).collect();
        let model = fit(&fitted, recipe);
        judged
            .into_iter()
            .map(move |at| log_loss(model.log_odds(&samples[at].bout), samples[at].winner))
    });
    losses.sum::<f64>() / samples.len() as f64
}

fn fit(samples: &[&Sample], recipe: &Recipe) -> Model {
    let bouts: Vec<(&Bout, Side)> = samples
        .iter()
        .map(|sample| (&sample.bout, sample.winner))
        .collect();
    recipe.fit(&bouts)
}

/// How much a chance was off: 0 for certain and right, ln 2 for a coin.
pub(super) fn log_loss(log_odds: f64, winner: Side) -> f64 {
    (-winner.forward() * log_odds).exp().ln_1p()
}

/// Assigns bouts to parts at random, each part with its share of left and right winners.
pub(super) fn parts(samples: &[Sample], count: usize, seed: u64) -> Vec<usize> {
    let mut dice = Dice(Random::new(seed));
    let mut parts = vec![0; samples.len()];
    for side in Side::BOTH {
        let mut groups: Vec<usize> = samples
            .iter()
            .filter(|sample| sample.winner == side)
            .map(|sample| sample.group)
            .collect();
        groups.sort_unstable();
        groups.dedup();
        dice.shuffle(&mut groups);
        let first = dice.below(count);
        for (at, sample) in samples.iter().enumerate() {
            if let Some(place) = groups.iter().position(|group| *group == sample.group) {
                parts[at] = (place + first) % count;
            }
        }
    }
    parts
}

/// What orders bouts by lot.
struct Dice(Random);

impl Dice {
    fn below(&mut self, count: usize) -> usize {
        (self.0.bits() % count as u64) as usize
    }

    fn shuffle<T>(&mut self, items: &mut [T]) {
        for at in (1..items.len()).rev() {
            items.swap(at, self.below(at + 1));
        }
    }
}

#[cfg(test)]
#[path = "validate_tests.rs"]
mod tests;

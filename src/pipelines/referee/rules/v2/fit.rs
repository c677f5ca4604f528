//! How weights are found from bouts with a human verdict: logistic regression with a ridge, by Newton's method.
//!
//! A fit is a function of its bouts alone, without chance. There is no constant term, which is the same as fitting each bout
//! together with its mirror image.

use super::{
    fact::{Bout, Fact},
    model::{Model, Weighed, squashed},
};
use crate::pipelines::referee::tracks::Side;

/// The penalty on weights that is used. From 1 to 10 the agreement on held-out bouts is the same to within one bout of 136.
pub const RIDGE: f64 = 3.0;
/// Leads are squashed at this many times their root mean square.
const SQUASH: f64 = 2.0;
/// Newton's steps at most; a fit takes about six.
const MOST_STEPS: usize = 50;
/// Step in every weight below which a fit is done.
const DONE: f64 = 1e-9;

/// Facts and how hard weights are held to zero.
#[derive(Clone, Debug, PartialEq)]
pub struct Recipe {
    /// The facts to weigh.
    pub facts: Vec<Fact>,
    /// Penalty on the square of weights, for facts of unit size.
    pub ridge: f64,
}

impl Recipe {
    /// Finds weights. Without bouts all of them are 0.
    pub fn fit(&self, bouts: &[(&Bout, Side)]) -> Model {
        let scales: Vec<f64> = self.facts.iter().map(|fact| scale(fact, bouts)).collect();
        let mut rows: Vec<Vec<f64>> = bouts
            .iter()
            .map(|(bout, winner)| {
                let facts = self.facts.iter().zip(&scales);
                facts
                    .map(|(fact, scale)| winner.forward() * squashed(&bout.measure(fact), *scale))
                    .collect()
            })
            .collect();
        let sizes: Vec<f64> = (0..self.facts.len())
            .map(|at| size(rows.iter().map(|row| row[at])))
            .collect();
        for row in &mut rows {
            row.iter_mut().zip(&sizes).for_each(|(x, size)| *x /= size);
        }
        let weights = newton(&rows, self.facts.len(), self.ridge);
        let facts = self.facts.iter().zip(scales).zip(weights.iter().zip(sizes));
        Model {
            facts: facts
                .map(|((fact, scale), (weight, size))| Weighed {
                    fact: *fact,
                    scale,
                    weight: weight / size,
                })
                .collect(),
        }
    }
}

fn scale(fact: &Fact, bouts: &[(&Bout, Side)]) -> f64 {
    SQUASH * size(bouts.iter().map(|(bout, _)| bout.measure(fact).lead()))
}

/// Root mean square; 1 for nothing but zeros.
fn size(values: impl Iterator<Item = f64>) -> f64 {
    let (sum, count) = values.fold((0.0, 0.0), |(sum, count), x| (sum + x * x, count + 1.0));
    let size = f64::sqrt(sum / count);
    if size > 1e-9 { size } else { 1.0 }
}

/// Minimises Σ log(1 + exp(-w·x)) + ridge/2 · |w|², every row turned so that the winner's side is positive.
fn newton(rows: &[Vec<f64>], width: usize, ridge: f64) -> Vec<f64> {
    let mut weights = vec![0.0; width];
    for _ in 0..MOST_STEPS {
        let mut gradient: Vec<f64> = weights.iter().map(|weight| ridge * weight).collect();
        let mut curvature = vec![vec![0.0; width]; width];
        (0..width).for_each(|at| curvature[at][at] = ridge);
        for row in rows {
            let margin: f64 = row.iter().zip(&weights).map(|(x, w)| x * w).sum();
            let miss = super::model::chance(-margin);
            for (i, x) in row.iter().enumerate() {
                gradient[i] -= miss * x;
                for (j, y) in row.iter().enumerate() {
                    curvature[i][j] += miss * (1.0 - miss) * x * y;
                }
            }
        }
        let step = solve(curvature, gradient);
        weights.iter_mut().zip(&step).for_each(|(w, s)| *w -= s);
        if step.iter().all(|step| step.abs() < DONE) {
            break;
        }
    }
    weights
}

/// Solves a·x = b for a symmetric positive definite a, by Gauss's elimination, which needs no pivots for such.
fn solve(mut a: Vec<Vec<f64>>, mut b: Vec<f64>) -> Vec<f64> {
    let width = b.len();
    for at in 0..width {
        let pivot = a[at].clone();
        for below in at + 1..width {
            let factor = a[below][at] / pivot[at];
            for (value, above) in a[below].iter_mut().zip(&pivot) {
                *value -= factor * above;
            }
            b[below] -= factor * b[at];
        }
    }
    for at in (0..width).rev() {
        let known: f64 = (at + 1..width).map(|right| a[at][right] * b[right]).sum();
        b[at] = (b[at] - known) / a[at][at];
    }
    b
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_solution_of_a_system_solves_it() {
        let solution = solve(vec![vec![4.0, 1.0], vec![1.0, 3.0]], vec![1.0, 2.0]);
        let expected = [1.0 / 11.0, 7.0 / 11.0];
        for (found, expected) in solution.iter().zip(expected) {
            assert!((found - expected).abs() < 1e-12);
        }
    }

    #[test]
    fn a_weight_that_cannot_be_told_from_nothing_is_zero() {
        assert_eq!(newton(&[], 2, 1.0), [0.0, 0.0]);
    }

    #[test]
    fn a_fact_that_is_always_on_the_winners_side_has_a_positive_weight() {
        let rows: Vec<Vec<f64>> = (0..20)
            .map(|at| vec![1.0, f64::from(at % 2) - 0.5])
            .collect();
        let [told, noise] = newton(&rows, 2, 1.0)[..] else {
            panic!("two weights")
        };
        assert!(told > 1.0);
        assert!(noise.abs() < 1e-6);
    }

    #[test]
    fn at_the_fit_the_slope_is_zero() {
        let rows = [vec![1.0], vec![0.5], vec![-0.3]];
        let [weight] = newton(&rows, 1, 3.0)[..] else {
            panic!("one weight")
        };
        let slope: f64 = rows
            .iter()
            .map(|row| -row[0] * super::super::model::chance(-row[0] * weight))
            .sum();
        assert!((slope + 3.0 * weight).abs() < 1e-9);
    }
}

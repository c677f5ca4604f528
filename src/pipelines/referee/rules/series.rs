//! Rows of numbers, one a frame: filled, smoothed, differenced.
//!
//! Every function takes any row, the empty one included, and gives finite numbers for finite ones.

/// A row without holes: straight lines across gaps, the nearest value beyond the ends. `None` if nothing was seen.
pub fn filled(row: &[Option<f64>]) -> Option<Vec<f64>> {
    let seen: Vec<(usize, f64)> = row
        .iter()
        .enumerate()
        .filter_map(|(at, value)| Some((at, (*value)?)))
        .collect();
    let (&(first, start), &(last, end)) = (seen.first()?, seen.last()?);
    let mut whole = vec![start; first];
    whole.reserve(row.len() - first);
    for pair in seen.windows(2) {
        let ((from, a), (to, b)) = (pair[0], pair[1]);
        let steps = (to - from) as f64;
        whole.extend((0..to - from).map(|step| a + (b - a) * step as f64 / steps));
    }
    whole.resize(last, end);
    whole.resize(row.len(), end);
    Some(whole)
}

/// A row under a Gaussian of `sigma` frames, cut at four of them; the end values go on beyond the ends.
pub fn smoothed(row: &[f64], sigma: f64) -> Vec<f64> {
    let reach = (4.0 * sigma).round() as usize;
    let bell: Vec<f64> = (0..=2 * reach)
        .map(|at| (-0.5 * ((at as f64 - reach as f64) / sigma).powi(2)).exp())
        .collect();
    let sum: f64 = bell.iter().sum();
    (0..row.len())
        .map(|at| {
            let around = bell.iter().enumerate();
            let weighed = around
                .map(|(k, weight)| weight * row[(at + k).saturating_sub(reach).min(row.len() - 1)]);
            weighed.sum::<f64>() / sum
        })
        .collect()
}

/// Change a frame: half the way from the frame before to the one after, at the ends the one step there is.
pub fn slope(row: &[f64]) -> Vec<f64> {
    (0..row.len())
        .map(|at| {
            let (before, after) = (at.saturating_sub(1), (at + 1).min(row.len() - 1));
            let steps = (after - before).max(1) as f64;
            (row[after] - row[before]) / steps
        })
        .collect()
}

/// Step from the frame before; 0 in the first frame and wherever either end was not seen.
pub fn steps(row: &[Option<f64>]) -> Vec<f64> {
    let pairs = row.windows(2).map(|pair| match (pair[0], pair[1]) {
        (Some(before), Some(now)) => now - before,
        _ => 0.0,
    });
    row.first().map(|_| 0.0).into_iter().chain(pairs).collect()
}

/// Way from one frame to another, both held to the row.
pub fn way(row: &[f64], from: isize, to: isize) -> f64 {
    let at = |frame: isize| {
        let last = row.len().saturating_sub(1);
        row.get((frame.max(0) as usize).min(last))
            .copied()
            .unwrap_or(0.0)
    };
    at(to) - at(from)
}

/// Mean; NaN for nothing.
pub fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// Mean square distance from the mean, over `n - spared`; NaN with too few values.
pub fn variance(values: &[f64], spared: usize) -> f64 {
    let Some(over) = values.len().checked_sub(spared).filter(|over| *over > 0) else {
        return f64::NAN;
    };
    let mean = mean(values);
    values
        .iter()
        .map(|value| (value - mean).powi(2))
        .sum::<f64>()
        / over as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn gaps_are_crossed_in_a_straight_line_and_ends_are_held() {
        let row = [None, Some(1.0), None, None, Some(4.0), None];
        assert_eq!(filled(&row), Some(vec![1.0, 1.0, 2.0, 3.0, 4.0, 4.0]));
    }

    #[test]
    fn a_row_in_which_nothing_was_seen_stays_unknown() {
        assert_eq!(filled(&[None, None]), None);
        assert_eq!(filled(&[]), None);
    }

    #[test]
    fn smoothing_keeps_a_constant_and_flattens_a_peak() {
        let flat = smoothed(&[2.0; 5], 1.0);
        assert!(flat.iter().all(|value| (value - 2.0).abs() < 1e-12));
        let peak = smoothed(&[0.0, 0.0, 1.0, 0.0, 0.0], 1.0);
        assert!((peak[2] - 0.399).abs() < 0.001, "{peak:?}");
    }

    #[test]
    fn the_slope_of_a_line_is_its_step() {
        assert_eq!(slope(&[0.0, 2.0, 4.0, 6.0]), [2.0; 4]);
        assert_eq!(slope(&[5.0]), [0.0]);
    }

    #[test]
    fn a_step_across_a_hole_is_none() {
        let row = [Some(1.0), Some(3.0), None, Some(9.0)];
        assert_eq!(steps(&row), [0.0, 2.0, 0.0, 0.0]);
    }

    #[test]
    fn a_way_beyond_the_row_ends_at_its_ends() {
        assert_eq!(way(&[1.0, 2.0, 5.0], -3, 9), 4.0);
        assert_eq!(way(&[], 0, 1), 0.0);
    }

    #[test]
    fn the_variance_of_a_sample_spares_one() {
        assert_eq!(variance(&[1.0, 3.0], 0), 1.0);
        assert_eq!(variance(&[1.0, 3.0], 1), 2.0);
        assert!(variance(&[1.0], 1).is_nan());
    }

    proptest! {
        #[test]
        fn rows_keep_their_length(row in proptest::collection::vec(proptest::option::of(-9.0..9.0_f64), 0..40)) {
            let length = row.len();
            prop_assert_eq!(steps(&row).len(), length);
            if let Some(whole) = filled(&row) {
                prop_assert_eq!(whole.len(), length);
                prop_assert_eq!(smoothed(&whole, 0.7).len(), length);
                prop_assert_eq!(slope(&whole).len(), length);
            }
        }
    }
}

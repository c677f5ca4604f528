//! Samples, and the few numbers that stand for them.

/// Samples of one quantity, sorted.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Samples(Vec<f64>);

impl FromIterator<f64> for Samples {
    fn from_iter<I: IntoIterator<Item = f64>>(samples: I) -> Self {
        let mut samples: Vec<f64> = samples.into_iter().collect();
        samples.sort_by(f64::total_cmp);
        Self(samples)
    }
}

impl Samples {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The smallest sample that at least `share` (0 to 1) of all samples do not exceed; NaN of none.
    pub fn percentile(&self, share: f64) -> f64 {
        let rank = (share * self.0.len() as f64).ceil().max(1.0) as usize;
        self.0.get(rank - 1).copied().unwrap_or(f64::NAN)
    }

    /// The middle one, or the mean of the middle two; NaN of none.
    pub fn median(&self) -> f64 {
        let middle = |at: usize| self.0.get(at).copied().unwrap_or(f64::NAN);
        match self.0.len() {
            0 => f64::NAN,
            n if n % 2 == 1 => middle(n / 2),
            n => f64::midpoint(middle(n / 2 - 1), middle(n / 2)),
        }
    }

    /// The smallest; NaN of none.
    pub fn min(&self) -> f64 {
        self.0.first().copied().unwrap_or(f64::NAN)
    }

    /// The largest; NaN of none.
    pub fn max(&self) -> f64 {
        self.0.last().copied().unwrap_or(f64::NAN)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_samples_by_nearest_rank() {
        let samples: Samples = (1..=100).rev().map(f64::from).collect();
        assert_eq!(samples.percentile(0.5), 50.0);
        assert_eq!(samples.percentile(0.99), 99.0);
        assert_eq!(samples.percentile(1.0), 100.0);
        assert_eq!(samples.percentile(0.0), 1.0);
    }

    #[test]
    fn the_median_of_an_even_number_lies_between_the_middle_two() {
        assert_eq!(Samples::from_iter([4.0, 1.0, 3.0, 2.0]).median(), 2.5);
        assert_eq!(Samples::from_iter([9.0, 1.0, 5.0]).median(), 5.0);
    }

    #[test]
    fn no_samples_have_no_numbers() {
        let none = Samples::default();
        assert!(none.median().is_nan() && none.percentile(0.99).is_nan() && none.max().is_nan());
    }
}

//! One quantity over time: keys, and a smooth way between them.
//!
//! Invariant: keys never go back in time; a key that would is put at the last one's time.

/// A quantity over time, in seconds.
#[derive(Clone, Debug)]
pub struct Curve(Vec<Key>);

#[derive(Clone, Copy, Debug)]
struct Key {
    time: f32,
    value: f32,
}

impl Curve {
    /// A quantity at rest.
    pub fn at_rest(value: f32) -> Self {
        Self(vec![Key { time: 0.0, value }])
    }

    fn last(&self) -> Key {
        self.0.last().copied().unwrap_or(Key {
            time: 0.0,
            value: 0.0,
        })
    }

    /// Where the quantity ends.
    pub fn end(&self) -> f32 {
        self.last().value
    }

    /// Stays as it is until `from`, and is at `value` at `to`.
    pub fn go(&mut self, from: f32, to: f32, value: f32) {
        let last = self.last();
        let from = from.max(last.time);
        self.0.push(Key {
            time: from,
            value: last.value,
        });
        self.0.push(Key {
            time: to.max(from),
            value,
        });
    }

    /// The value at a time.
    pub fn at(&self, time: f32) -> f32 {
        let after = self.0.partition_point(|key| key.time <= time);
        match (after.checked_sub(1).map(|i| self.0[i]), self.0.get(after)) {
            (None, Some(next)) => next.value,
            (Some(last), None) => last.value,
            (Some(last), Some(next)) => {
                let along = (time - last.time) / (next.time - last.time);
                let eased = along * along * (3.0 - 2.0 * along);
                last.value + (next.value - last.value) * eased
            }
            (None, None) => 0.0,
        }
    }

    /// Change a second at a time, over a hundredth of a second.
    pub fn speed(&self, time: f32) -> f32 {
        (self.at(time + 0.005) - self.at(time - 0.005)) / 0.01
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_curve_rests_moves_and_rests_again() {
        let mut curve = Curve::at_rest(1.0);
        curve.go(2.0, 3.0, 5.0);
        for (time, value) in [(0.0, 1.0), (2.0, 1.0), (2.5, 3.0), (3.0, 5.0), (9.0, 5.0)] {
            assert!((curve.at(time) - value).abs() < 1e-5, "{time}");
        }
        assert!(curve.speed(2.5) > 4.0 && curve.speed(1.0) == 0.0);
    }
}

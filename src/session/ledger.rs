//! Which frames of an upload are held, and how they came.
//!
//! Counts numbers; keeps no frame. By the wire's rules a duplicate is a number that is held already,
//! a frame is out of order when its number is below the highest so far, and the holes are those
//! between the lowest and the highest number. Invariant: the ranges are disjoint and never touch, so
//! numbers that come in order cost one range however many they are; one hole costs one range more.

use std::collections::BTreeMap;

/// The numbers of the frames that a session holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ledger {
    /// First number of a range → its last one.
    ranges: BTreeMap<u64, u64>,
    distinct: u64,
    duplicates: u64,
    out_of_order: u64,
}

/// What became of a frame's number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Noted {
    /// It is new, and held from now on.
    Received,
    /// It was held before; nothing changed but the count of duplicates.
    Duplicate,
}

impl Ledger {
    /// A ledger that holds nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether frame `number` is held.
    #[must_use]
    pub fn holds(&self, number: u64) -> bool {
        self.before(number).is_some_and(|(_, end)| number <= end)
    }

    /// Notes that frame `number` has come.
    pub fn note(&mut self, number: u64) -> Noted {
        let before = self.before(number);
        if before.is_some_and(|(_, end)| number <= end) {
            self.duplicates += 1;
            return Noted::Duplicate;
        }
        if self.highest().is_some_and(|highest| number < highest) {
            self.out_of_order += 1;
        }
        self.distinct += 1;
        self.join(before, number);
        Noted::Received
    }

    /// Different numbers that are held.
    #[must_use]
    pub const fn distinct(&self) -> u64 {
        self.distinct
    }

    /// Frames that came, duplicates too.
    #[must_use]
    pub const fn total(&self) -> u64 {
        self.distinct + self.duplicates
    }

    /// Frames that came although their number was held.
    #[must_use]
    pub const fn duplicates(&self) -> u64 {
        self.duplicates
    }

    /// Frames that were new and whose number was below the highest so far.
    #[must_use]
    pub const fn out_of_order(&self) -> u64 {
        self.out_of_order
    }

    /// The lowest number that is held.
    #[must_use]
    pub fn lowest(&self) -> Option<u64> {
        self.ranges.first_key_value().map(|(start, _)| *start)
    }

    /// The highest number that is held.
    #[must_use]
    pub fn highest(&self) -> Option<u64> {
        self.ranges.last_key_value().map(|(_, end)| *end)
    }

    /// Numbers between the lowest and the highest that are not held.
    #[must_use]
    pub fn missing(&self) -> u64 {
        let span = self.lowest().zip(self.highest());
        // Written so that not even a span of all 64 bits overflows.
        span.map_or(0, |(lowest, highest)| {
            (highest - lowest) - (self.distinct - 1)
        })
    }

    /// The first `limit` of the missing numbers, in order.
    #[must_use]
    pub fn missing_numbers(&self, limit: usize) -> Vec<u64> {
        self.holes()
            .flat_map(|(first, last)| first..=last)
            .take(limit)
            .collect()
    }

    /// The highest of the missing numbers.
    #[must_use]
    pub fn last_missing(&self) -> Option<u64> {
        let last_range = self.ranges.last_key_value()?;
        (self.ranges.len() > 1).then(|| last_range.0 - 1)
    }

    /// Ranges that the ledger keeps: what its memory grows with.
    #[must_use]
    pub fn ranges(&self) -> usize {
        self.ranges.len()
    }

    /// The last range that begins at or below `number`.
    fn before(&self, number: u64) -> Option<(u64, u64)> {
        let range = self.ranges.range(..=number).next_back();
        range.map(|(start, end)| (*start, *end))
    }

    /// Adds `number`, which lies behind the range `before`, to the ranges that it touches.
    fn join(&mut self, before: Option<(u64, u64)>, number: u64) {
        let start = match before {
            Some((start, end)) if end + 1 == number => start,
            _ => number,
        };
        let behind = number
            .checked_add(1)
            .and_then(|next| self.ranges.remove(&next));
        self.ranges.insert(start, behind.unwrap_or(number));
    }

    /// The holes in order, each as its first and its last number.
    fn holes(&self) -> impl Iterator<Item = (u64, u64)> {
        let ends = self.ranges.values();
        let next_starts = self.ranges.keys().skip(1);
        ends.zip(next_starts)
            .map(|(end, start)| (end + 1, start - 1))
    }
}

impl FromIterator<u64> for Ledger {
    /// The ledger after the numbers have come in this order.
    fn from_iter<I: IntoIterator<Item = u64>>(numbers: I) -> Self {
        let mut ledger = Self::new();
        for number in numbers {
            ledger.note(number);
        }
        ledger
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    /// The rules as they are written in the contract, with nothing clever.
    #[derive(Default)]
    struct Naive {
        held: BTreeSet<u64>,
        duplicates: u64,
        out_of_order: u64,
    }

    impl Naive {
        fn note(&mut self, number: u64) -> Noted {
            let below = self.held.last().is_some_and(|highest| number < *highest);
            if !self.held.insert(number) {
                self.duplicates += 1;
                return Noted::Duplicate;
            }
            self.out_of_order += u64::from(below);
            Noted::Received
        }

        fn missing(&self) -> Vec<u64> {
            let span = self.held.first().zip(self.held.last());
            let all = span.into_iter().flat_map(|(low, high)| *low..*high);
            all.filter(|number| !self.held.contains(number)).collect()
        }
    }

    proptest! {
        #[test]
        fn the_ledger_counts_as_the_plain_rules_do(numbers in prop::collection::vec(0_u64..60, 0..120)) {
            let (mut ledger, mut naive) = (Ledger::new(), Naive::default());
            for number in numbers {
                prop_assert_eq!(ledger.holds(number), naive.held.contains(&number));
                prop_assert_eq!(ledger.note(number), naive.note(number));
            }
            let missing = naive.missing();
            prop_assert_eq!(ledger.distinct(), naive.held.len() as u64);
            prop_assert_eq!(ledger.duplicates(), naive.duplicates);
            prop_assert_eq!(ledger.total(), ledger.distinct() + naive.duplicates);
            prop_assert_eq!(ledger.out_of_order(), naive.out_of_order);
            prop_assert_eq!(ledger.lowest(), naive.held.first().copied());
            prop_assert_eq!(ledger.highest(), naive.held.last().copied());
            prop_assert_eq!(ledger.missing(), missing.len() as u64);
            prop_assert_eq!(ledger.last_missing(), missing.last().copied());
            prop_assert_eq!(&ledger.missing_numbers(7)[..], &missing[..missing.len().min(7)]);
        }

        #[test]
        fn ranges_never_touch(numbers in prop::collection::vec(0_u64..60, 1..120)) {
            let ledger: Ledger = numbers.into_iter().collect();
            prop_assert!(ledger.holes().all(|(first, last)| first <= last));
            prop_assert_eq!(ledger.holes().count() + 1, ledger.ranges());
        }
    }

    #[test]
    fn a_million_frames_in_order_cost_one_range() {
        let ledger: Ledger = (5..1_000_005).collect();
        assert_eq!((ledger.ranges(), ledger.distinct()), (1, 1_000_000));
        assert_eq!((ledger.missing(), ledger.out_of_order()), (0, 0));
    }

    #[test]
    fn a_frame_that_fills_a_hole_is_out_of_order_and_closes_it() {
        let mut ledger: Ledger = [0, 1, 3].into_iter().collect();
        assert_eq!(ledger.missing_numbers(10), [2]);
        assert_eq!(ledger.note(2), Noted::Received);
        assert_eq!((ledger.missing(), ledger.out_of_order()), (0, 1));
        assert_eq!(ledger.ranges(), 1);
    }

    #[test]
    fn a_duplicate_below_the_highest_is_not_out_of_order() {
        let ledger: Ledger = [0, 1, 2, 1].into_iter().collect();
        assert_eq!((ledger.duplicates(), ledger.out_of_order()), (1, 0));
        assert_eq!((ledger.distinct(), ledger.total()), (3, 4));
    }

    #[test]
    fn the_largest_number_overflows_nothing() {
        let ledger: Ledger = [u64::MAX, 0, u64::MAX, u64::MAX - 1].into_iter().collect();
        assert_eq!(ledger.missing(), u64::MAX - 2);
        assert_eq!(ledger.missing_numbers(2), [1, 2]);
        assert_eq!(ledger.last_missing(), Some(u64::MAX - 2));
        assert!(ledger.holds(u64::MAX) && !ledger.holds(5));
    }
}

//! Typed access to the merged settings that collects faults instead of stopping at the first.
//!
//! Invariant: whoever gets a stand-in value left a fault behind, so it never reaches a
//! [`Config`](super::Config).

use std::collections::BTreeSet;
use std::fmt::Display;
use std::num::NonZeroUsize;
use std::ops::RangeInclusive;
use std::time::Duration;

use super::document::{self, Value};
use super::fault::{Fault, Problem};
use super::layers::{Merged, Setting};
use super::origin::Origin;
use super::threads::Threads;

/// Reads keys and notes which, and what was wrong with them.
pub(super) struct Reader<'a> {
    merged: &'a Merged,
    faults: Vec<Fault>,
    read: BTreeSet<String>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(merged: &'a Merged) -> Self {
        Self {
            merged,
            faults: Vec::new(),
            read: BTreeSet::new(),
        }
    }

    pub(super) fn into_faults(self) -> Vec<Fault> {
        self.faults
    }

    /// The keys that were asked for.
    #[cfg(test)]
    pub(super) fn keys_read(&self) -> &BTreeSet<String> {
        &self.read
    }

    /// Notes that `key`'s value is wrong.
    pub(super) fn fault(&mut self, key: &str, problem: Problem) {
        let (value, origin) = match self.merged.get(key) {
            Some(Setting { value, origin }) => (value.to_string(), origin.clone()),
            None => (String::new(), Origin::Default),
        };
        self.faults.push(Fault {
            key: key.to_owned(),
            value,
            origin,
            problem,
        });
    }

    /// Whether none of `keys` has a fault, so that a rule between them can be checked.
    pub(super) fn sound(&self, keys: &[&str]) -> bool {
        !self
            .faults
            .iter()
            .any(|fault| keys.contains(&fault.key.as_str()))
    }

    /// The value as `parse` understands it; otherwise a fault and `stand_in`.
    pub(super) fn parsed<T>(
        &mut self,
        key: &str,
        expected: impl Display,
        stand_in: T,
        parse: impl FnOnce(&Value) -> Option<T>,
    ) -> T {
        self.read.insert(key.to_owned());
        let value = self.merged.get(key).map(|setting| &setting.value);
        value.and_then(parse).unwrap_or_else(|| {
            let default = self.merged.default_of(key).map(ToString::to_string);
            let default = default.unwrap_or_default();
            let expected = expected.to_string();
            self.fault(key, Problem::NotA { expected, default });
            stand_in
        })
    }

    /// A text that `parse` understands.
    pub(super) fn text<T>(
        &mut self,
        key: &str,
        expected: impl Display,
        stand_in: T,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> T {
        self.parsed(key, expected, stand_in, |value| match value {
            Value::Text(text) => parse(text),
            _ => None,
        })
    }

    pub(super) fn switch(&mut self, key: &str) -> bool {
        self.parsed(key, "true or false", false, |value| match value {
            Value::Bool(on) => Some(*on),
            _ => None,
        })
    }

    /// A whole number within `allowed`, both ends included.
    pub(super) fn number<T>(&mut self, key: &str, allowed: RangeInclusive<T>) -> T
    where
        T: TryFrom<i64> + PartialOrd + Display + Copy,
    {
        let expected = format!(
            "a whole number from {} to {}",
            allowed.start(),
            allowed.end()
        );
        self.parsed(key, expected, *allowed.start(), |value| match value {
            Value::Integer(number) => T::try_from(*number).ok().filter(|n| allowed.contains(n)),
            _ => None,
        })
    }

    /// A number within `allowed`, which may have a fraction.
    pub(super) fn decimal(&mut self, key: &str, allowed: RangeInclusive<f64>) -> f64 {
        let (least, most) = (allowed.start(), allowed.end());
        let expected = format!("a number from {least:?} to {most:?}");
        let within = |number: &f64| allowed.contains(number);
        self.parsed(key, expected, *least, |value| match value {
            Value::Integer(number) => Some(*number as f64).filter(within),
            Value::Decimal(digits) => document::decimal(digits).filter(within),
            _ => None,
        })
    }

    /// Seconds within `allowed`.
    pub(super) fn seconds(&mut self, key: &str, allowed: RangeInclusive<u64>) -> Duration {
        Duration::from_secs(self.number(key, allowed))
    }

    /// A number from 1 to `most`.
    pub(super) fn count(&mut self, key: &str, most: usize) -> NonZeroUsize {
        NonZeroUsize::new(self.number(key, 1..=most)).unwrap_or(NonZeroUsize::MIN)
    }

    /// Milliseconds within `allowed`.
    pub(super) fn millis(&mut self, key: &str, allowed: RangeInclusive<u64>) -> Duration {
        Duration::from_millis(self.number(key, allowed))
    }

    /// A number of threads; 0 leaves it to the machine.
    pub(super) fn threads(&mut self, key: &str) -> Threads {
        Threads::from_setting(self.number(key, 0..=1024))
    }

    /// One of a fixed set of words; the first is the stand-in.
    pub(super) fn choice<T: Copy, const N: usize>(
        &mut self,
        key: &str,
        words: [(&'static str, T); N],
    ) -> T {
        let expected = words.map(|(word, _)| format!("{word:?}")).join(" or ");
        let find = |text: &str| {
            words
                .iter()
                .find(|(word, _)| *word == text)
                .map(|(_, is)| *is)
        };
        self.text(key, expected, words[0].1, find)
    }
}

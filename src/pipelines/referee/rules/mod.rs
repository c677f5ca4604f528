//! From signal and tracks to a verdict: two sets of rules over the same observations.
//!
//! - [`pauses`], [`right_of_way`], [`blade`], [`speed`], [`lunge`]: one observation each, pure functions over tracks;
//! - [`v1`]: the baseline that decides by them alone; [`v2`]: four weighed facts, fitted on human verdicts;
//! - [`series`]: what rules do with rows of numbers.
//!
//! Rules are deterministic, see no pixels and no clock, and none reads who was declared the winner.

pub mod blade;
pub mod lunge;
pub mod pauses;
pub mod right_of_way;
pub mod series;
pub mod speed;
pub mod v1;
pub mod v2;

#[cfg(test)]
pub(crate) mod drawn;

use super::{signal::Signal, tracks::Tracks, verdict::Verdict};
use std::{fmt, str::FromStr};

/// A set of rules, by name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RuleSet {
    /// The baseline.
    V1,
    /// The weighed facts.
    #[default]
    V2,
}

/// There is no such set.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no rules are named {0:?}: choose v1 or v2")]
pub struct UnknownRules(String);

impl RuleSet {
    /// The verdict of a double touch.
    pub fn decide(self, signal: &Signal, tracks: &Tracks) -> Verdict {
        match self {
            Self::V1 => v1::decide(signal, tracks),
            Self::V2 => v2::decide(signal, tracks),
        }
    }

    /// `v1` or `v2`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::V1 => "v1",
            Self::V2 => "v2",
        }
    }
}

impl FromStr for RuleSet {
    type Err = UnknownRules;

    fn from_str(name: &str) -> Result<Self, UnknownRules> {
        match name {
            "v1" => Ok(Self::V1),
            "v2" => Ok(Self::V2),
            _ => Err(UnknownRules(name.to_owned())),
        }
    }
}

impl fmt::Display for RuleSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_named_as_in_the_settings() {
        assert_eq!("v1".parse(), Ok(RuleSet::V1));
        assert_eq!("v2".parse(), Ok(RuleSet::default()));
        let error = "v3".parse::<RuleSet>().unwrap_err();
        assert_eq!(
            error.to_string(),
            "no rules are named \"v3\": choose v1 or v2"
        );
    }
}

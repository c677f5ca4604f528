//! Verdicts of both sets of rules against the humans', bout by bout and in total.
//!
//! A bout counts if a human said left or right. There an abstention is as wrong as the other side.

use super::read::{Bout, Human, Name};
use crate::pipelines::referee::{
    rules::{v1, v2},
    signal::SignalKind,
    verdict::Winner,
};
use std::fmt;

/// What both sets of rules say of a bout.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Verdicts {
    /// The first set's.
    pub(super) v1: Winner,
    /// The second set's.
    pub(super) v2: Winner,
    /// How sure the second set is.
    pub(super) confidence: f64,
}

/// How often they agree with the humans.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tally {
    /// Bouts with a human left or right.
    pub(super) bouts: usize,
    /// Those in which the first set of rules says the same.
    pub(super) v1: usize,
    /// Those in which the second does.
    pub(super) v2: usize,
    /// Those from which the second abstains.
    abstained: usize,
}

/// Judges a bout; both abstain from one that could not be read, or has nothing to adjudicate.
pub(super) fn judge(bout: Option<&Bout>) -> Verdicts {
    let bout = bout.filter(|bout| bout.signal.kind == SignalKind::DoubleTouch);
    let Some(Bout { signal, tracks, .. }) = bout else {
        return Verdicts {
            v1: Winner::Abstain,
            v2: Winner::Abstain,
            confidence: 0.0,
        };
    };
    let v2 = v2::decide(signal, tracks);
    Verdicts {
        v1: v1::decide(signal, tracks).winner,
        v2: v2.winner,
        confidence: v2.confidence,
    }
}

impl Tally {
    /// Counts a bout, and gives its line: `id human rules-v1 rules-v2 confidence`.
    pub(super) fn add(&mut self, name: &Name, verdicts: &Verdicts) -> String {
        if let Human::Winner(side) = name.human {
            let agrees = |winner: Winner| usize::from(winner == side.into());
            self.bouts += 1;
            self.v1 += agrees(verdicts.v1);
            self.v2 += agrees(verdicts.v2);
            self.abstained += usize::from(verdicts.v2 == Winner::Abstain);
        }
        format!(
            "{} {} {} {} {:.3}",
            name.id,
            name.human,
            verdicts.v1.name(),
            verdicts.v2.name(),
            verdicts.confidence
        )
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            bouts,
            v1,
            v2,
            abstained,
        } = self;
        write!(
            f,
            "agreement rules-v1 {v1}/{bouts} rules-v2 {v2}/{bouts} abstained {abstained}"
        )
    }
}

impl fmt::Display for Human {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Winner(side) => side.name(),
            Self::Abstain => Winner::Abstain.name(),
            Self::None => "none",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pipelines::referee::tracks::Side;

    fn add(tally: &mut Tally, human: Human, v2: Winner) -> String {
        let name = Name {
            id: "a".to_owned(),
            human,
        };
        let verdicts = Verdicts {
            v1: Winner::Left,
            v2,
            confidence: 0.75,
        };
        tally.add(&name, &verdicts)
    }

    #[test]
    fn a_line_has_the_verdicts_and_the_confidence() {
        let line = add(&mut Tally::default(), Human::None, Winner::Right);
        assert_eq!(line, "a none left right 0.750");
    }

    #[test]
    fn bouts_without_a_human_winner_do_not_count() {
        let mut tally = Tally::default();
        add(&mut tally, Human::Abstain, Winner::Left);
        add(&mut tally, Human::None, Winner::Left);
        assert_eq!(tally, Tally::default());
    }

    #[test]
    fn an_abstention_counts_as_wrong() {
        let mut tally = Tally::default();
        add(&mut tally, Human::Winner(Side::Left), Winner::Abstain);
        add(&mut tally, Human::Winner(Side::Right), Winner::Right);
        assert_eq!(
            tally.to_string(),
            "agreement rules-v1 1/2 rules-v2 1/2 abstained 1"
        );
    }

    #[test]
    fn a_bout_that_could_not_be_read_is_abstained_from() {
        assert_eq!(judge(None).v2, Winner::Abstain);
    }
}

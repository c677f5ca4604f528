//! The baseline: right of way by the first pauses, else the first blade contact, else speed, else right.
//!
//! It always has a winner when both fencers were seen. Its reasons are word for word those that clients of its origin know.

use super::{
    blade::{Blade, blade},
    lunge::lunges,
    pauses::pauses,
    right_of_way::{Holder, holder, timeline},
    speed::{clearly_faster, speeds},
};
use crate::pipelines::referee::{
    signal::{Signal, frame_at},
    tracks::{FRONT_FOOT, Side, Tracks},
    verdict::{Evidence, Favour, Moments, Pause, SpeedComparison, Verdict, Winner},
};

/// Share of verdicts that a human referee shared: 73 of 136 bouts, see `docs/referee-accuracy.md`.
const AGREEMENT: f64 = 0.54;

/// What decided, which is what the reason says.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Ground {
    RightOfWay(Holder),
    Blade(Side),
    Speed(Side),
    Simultaneous,
}

/// The baseline's verdict.
pub fn decide(signal: &Signal, tracks: &Tracks) -> Verdict {
    let observed = observe(signal, tracks);
    let seen = |side| (0..tracks.frames()).any(|f| tracks.point(side, f, FRONT_FOOT).is_some());
    if let Some(missing) = Side::BOTH.into_iter().find(|side| !seen(*side)) {
        return observed.abstain(format!("The {missing} fencer was not seen"));
    }
    let ground = ground(&observed);
    Verdict {
        winner: ground.side().into(),
        reason: ground.reason(),
        confidence: AGREEMENT,
        evidence: evidence(signal, &observed, ground),
        ..observed.0
    }
}

/// All the baseline's observations in a verdict that is not one yet: every set of rules tells them.
pub(super) struct Observed(pub(super) Verdict);

/// Looks at everything, and decides nothing.
pub(super) fn observe(signal: &Signal, tracks: &Tracks) -> Observed {
    let (left, right) = (pauses(tracks, Side::Left), pauses(tracks, Side::Right));
    let Blade { favours, details } = blade(&signal.blade_contacts, tracks, holder(&left, &right));
    Observed(Verdict {
        winner: Winner::Abstain,
        reason: String::new(),
        confidence: 0.0,
        evidence: Vec::new(),
        rules: "v1",
        right_of_way: timeline(&left, &right, tracks.frames()),
        left_pauses: left,
        right_pauses: right,
        blade_analysis: favours,
        blade_details: details,
        speed_comparison: speeds(tracks),
        lunge_detected: lunges(tracks, 1.0),
        moments: Moments::new(signal, frame_at),
    })
}

/// The rules in their order.
fn ground(Observed(seen): &Observed) -> Ground {
    if let Some(holder) = holder(&seen.left_pauses, &seen.right_pauses) {
        return Ground::RightOfWay(holder);
    }
    match (seen.blade_analysis, clearly_faster(&seen.speed_comparison)) {
        (Favour::Left, _) => Ground::Blade(Side::Left),
        (Favour::Right, _) => Ground::Blade(Side::Right),
        (Favour::None, Some(side)) => Ground::Speed(side),
        (Favour::None, None) => Ground::Simultaneous,
    }
}

fn evidence(signal: &Signal, Observed(seen): &Observed, ground: Ground) -> Vec<Evidence> {
    let mut evidence: Vec<Evidence> = first_pause(Side::Left, &seen.left_pauses)
        .into_iter()
        .chain(first_pause(Side::Right, &seen.right_pauses))
        .collect();
    let contact = signal.blade_contacts.first();
    evidence.extend(contact.map(|contact| Evidence {
        frame: contact.frame,
        time: contact.time,
        fact: "The blades met for the first time".to_owned(),
    }));
    if let Ground::Speed(side) = ground {
        evidence.push(Evidence::at(0, faster(side, &seen.speed_comparison)));
    }
    evidence.sort_by(|a, b| a.time.total_cmp(&b.time));
    evidence
}

fn first_pause(side: Side, pauses: &[Pause]) -> Option<Evidence> {
    let first = pauses.first()?;
    Some(Evidence {
        frame: first.start_frame,
        time: first.start_time,
        fact: format!(
            "{} stopped advancing for the first time, for {:.2} s",
            side.title(),
            first.duration
        ),
    })
}

fn faster(side: Side, speeds: &SpeedComparison) -> String {
    format!(
        "{} was faster over the whole bout (left {:.3}, right {:.3} a frame)",
        side.title(),
        speeds.left_speed,
        speeds.right_speed
    )
}

// === impl Ground, Observed ===

impl Ground {
    fn side(self) -> Side {
        match self {
            Self::RightOfWay(holder) => holder.side,
            Self::Blade(side) | Self::Speed(side) => side,
            Self::Simultaneous => Side::Right,
        }
    }

    fn reason(self) -> String {
        match self {
            // "only", also when both paused: the words that clients know.
            Self::RightOfWay(Holder { side, lost_at }) => format!(
                "{} has right-of-way (only {} paused at {lost_at:.2}s)",
                side.title(),
                side.other()
            ),
            Self::Blade(side) => format!("Blade analysis favors {side}"),
            Self::Speed(side) => format!("{} had significantly higher speed", side.title()),
            Self::Simultaneous => "Simultaneous action, default to right".to_owned(),
        }
    }
}

impl Observed {
    /// No verdict, and why.
    pub(super) fn abstain(self, reason: impl Into<String>) -> Verdict {
        Verdict {
            reason: reason.into(),
            ..self.0
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pipelines::referee::rules::drawn::{Drawn, signal, tracks};

    fn verdict(left: Drawn, right: Drawn, contacts: &[f64]) -> (Winner, String) {
        let verdict = decide(&signal(1.5, contacts), &tracks(left, right));
        (verdict.winner, verdict.reason)
    }

    fn go(step: f64) -> Drawn {
        Drawn::new().go(24, step)
    }

    fn pausing_at(frames: usize) -> Drawn {
        Drawn::new().go(frames, 0.1).go(6, 0.0).go(18 - frames, 0.1)
    }

    #[test]
    fn who_alone_paused_loses() {
        let (winner, reason) = verdict(go(0.1), pausing_at(3), &[]);
        assert_eq!(winner, Winner::Left);
        assert_eq!(reason, "Left has right-of-way (only right paused at 0.27s)");
    }

    #[test]
    fn of_two_who_paused_the_first_loses() {
        let (winner, reason) = verdict(pausing_at(3), pausing_at(9), &[]);
        assert_eq!(winner, Winner::Right);
        assert_eq!(reason, "Right has right-of-way (only left paused at 0.27s)");
    }

    #[test]
    fn without_pauses_the_blade_decides() {
        let busy = Drawn::new().go(8, 0.1).beat(8, 0.8).go(8, 0.1);
        let (winner, reason) = verdict(busy, go(0.1), &[0.7]);
        assert_eq!(winner, Winner::Left);
        assert_eq!(reason, "Blade analysis favors left");
    }

    #[test]
    fn without_pauses_and_contacts_the_clearly_faster_one_wins() {
        let (winner, reason) = verdict(go(0.2), go(0.1), &[]);
        assert_eq!(winner, Winner::Left);
        assert_eq!(reason, "Left had significantly higher speed");
    }

    #[test]
    fn what_is_simultaneous_goes_to_the_right() {
        let (winner, reason) = verdict(go(0.1), go(0.1), &[]);
        assert_eq!(winner, Winner::Right);
        assert_eq!(reason, "Simultaneous action, default to right");
    }

    #[test]
    fn who_was_never_seen_cannot_be_judged() {
        let (winner, reason) = verdict(go(0.1), Drawn::new().hide(24), &[]);
        assert_eq!(winner, Winner::Abstain);
        assert_eq!(reason, "The right fencer was not seen");
    }

    #[test]
    fn the_declared_winner_changes_nothing() {
        let tracks = tracks(go(0.2), go(0.1));
        let mut declared = signal(1.5, &[]);
        let verdict = decide(&declared, &tracks);
        declared.declared_winner = Some(Side::Right);
        assert_eq!(decide(&declared, &tracks), verdict);
    }
}

//! Who does what when: the course of a bout from its seed, with the truth about its right of way.
//!
//! A bout is, where there is time, some manoeuvring, and then the phrase that counts: one fencer goes forward without a
//! break and lunges, the other hesitates or goes back and hits at the same time. Not responsible for looks.
//! Invariant: the one with the right of way neither rests nor goes back before the other did, nor after it: rules that ask
//! who paused first and rules that ask who paused last both find the winner.

use super::{
    options::{BoutOptions, BoutSide},
    script::Script,
};
use crate::media::random::Random;
use serde::Serialize;

/// Metres between the front ankles on the lines of the guard.
pub const START_GAP: f32 = 4.0;
/// Metres between the front ankles at which stretched arms and blades can meet.
const CONTACT_GAP: f32 = 2.3;
/// Seconds of the phrase that counts, at most; what is longer begins with manoeuvres.
const LONGEST_PHRASE: f32 = 3.6;
/// Seconds that are recorded after the hit.
const AFTER: f32 = 0.2;

/// How the one without the right of way lost it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum WhyKind {
    /// Stood still while the other came.
    Paused,
    /// Went back while the other came.
    Retreated,
}

/// Why the winner had the right of way.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Why {
    /// What the other one did.
    pub kind: WhyKind,
    /// From when, seconds.
    pub from: f32,
    /// Until when, seconds.
    pub to: f32,
    /// The same as a sentence.
    pub text: String,
}

/// The course of a bout.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Both scripts, left first.
    pub scripts: [Script; 2],
    /// Metres between the front ankles at the start.
    pub gap: f32,
    /// Who has the right of way.
    pub winner: BoutSide,
    /// Why.
    pub why: Why,
    /// When the first of the two hits, seconds; and who.
    pub first_hit: (f32, BoutSide),
    /// When both have hit, seconds.
    pub hit: f32,
    /// When the blades meet, seconds.
    pub contacts: Vec<f32>,
}

/// The two scripts by their part in it.
struct Parts {
    winner: Script,
    loser: Script,
    gap: f32,
}

// === impl Plan ===

impl Plan {
    /// Draws the course of a bout.
    pub fn draw(seed: u64, options: &BoutOptions) -> Self {
        let mut lot = Random::of(seed, 2);
        let winner = lot.pick(&BoutSide::BOTH);
        let winner = options.winner.unwrap_or(winner);
        let hit = options.seconds as f32 - AFTER;
        let first = hit - lot.range(0.02, 0.14);
        let first_hit = (first, lot.pick(&BoutSide::BOTH));
        let mut parts = Parts {
            winner: Script::on_guard(&mut lot),
            loser: Script::on_guard(&mut lot),
            gap: START_GAP * lot.range(0.96, 1.04),
        };
        let start = (hit - LONGEST_PHRASE * lot.range(0.75, 1.0)).max(0.0);
        let prelude = if start > 1.2 { start } else { 0.0 };
        parts.manoeuvre(prelude, &mut lot);
        let (kind, from, to) = parts.phrase(prelude, first, &mut lot);
        let why = why(kind, from, to, winner);
        let contacts = parts.contacts(prelude, first, &mut lot);
        let Parts {
            winner: a,
            loser: b,
            gap,
        } = parts;
        let scripts = if winner == BoutSide::Left {
            [a, b]
        } else {
            [b, a]
        };
        Self {
            scripts,
            gap,
            winner,
            why,
            first_hit,
            hit,
            contacts,
        }
    }
}

fn why(kind: WhyKind, from: f32, to: f32, winner: BoutSide) -> Why {
    let (one, other) = (winner.name(), winner.other().name().to_lowercase());
    let did = match kind {
        WhyKind::Paused => "stood still",
        WhyKind::Retreated => "went back",
    };
    let text = format!("{one} attacked while {other} {did} from {from:.2}s to {to:.2}s");
    Why {
        kind,
        from,
        to,
        text,
    }
}

// === impl Parts ===

impl Parts {
    /// Metres between the front ankles at a time.
    fn gap_at(&self, time: f32) -> f32 {
        self.gap - self.winner.front.at(time) - self.loser.front.at(time)
    }

    /// Metres between the front ankles when all that is written has been done.
    fn gap_at_end(&self) -> f32 {
        self.gap - self.winner.front.end() - self.loser.front.end()
    }

    /// Until `until`: one goes forward, the other back, both wait, and the other way round. The later loser is late at the
    /// start, so that it is the first who stands still.
    fn manoeuvre(&mut self, until: f32, lot: &mut Random) {
        let mut now = 0.0;
        let mut pushes = true;
        while until - now > 1.0 {
            let going = lot.range(0.7, 1.3).min(until - now);
            let way = lot.range(0.5, 1.1) * going;
            // Each comes back to where it was, so that a long bout stays in the picture.
            let home = 0.5 * (self.winner.front.end() - self.loser.front.end());
            let way = way + if pushes { -home } else { home };
            let closing = (self.gap_at_end() - lot.range(2.6, 3.4)).clamp(-0.4, 0.4);
            let late = if now == 0.0 {
                0.45
            } else {
                lot.range(0.05, 0.2)
            };
            let (mut ahead, mut behind) = (&mut self.winner, &mut self.loser);
            if !pushes {
                (ahead, behind) = (behind, ahead);
            }
            let way = way.clamp(0.2, 1.6);
            ahead.walk(now, now + going, way + closing.max(0.0));
            behind.walk(now + late, now + late + going, closing.min(0.0) - way);
            now += going + late + lot.range(0.15, 0.5);
            pushes = !pushes;
        }
    }

    /// The phrase that counts. Gives what the loser did, and when.
    fn phrase(&mut self, from: f32, hit: f32, lot: &mut Random) -> (WhyKind, f32, f32) {
        let length = lot.range(0.55, 0.75);
        let lunge = lot.range(0.34, 0.44);
        let counter = lot.range(0.12, 0.35);
        let walked = (0.95 * (hit - lunge - from)).min(lot.range(1.5, 2.4));
        let gap = lot.range(0.72, 0.92);
        // What is left for the loser, so that the blades reach: forward if positive.
        let rest = self.gap_at_end() - gap - walked - length - counter;
        self.winner.walk(from + 0.02, hit - lunge, walked);
        self.winner.lunge(hit, lunge, length);
        let pause = if from == 0.0 {
            lot.range(0.0, 0.6)
        } else {
            0.0
        };
        let answer = hit - lot.range(0.34, 0.42);
        let turn = lot.range(0.45, 0.6) * (answer - from - pause) + from + pause;
        self.loser.lean(turn, turn + 0.3, lot.range(-0.02, 0.08));
        let told = if rest >= 0.3 {
            // Comes forward, then stands.
            self.loser.walk(from + pause, turn, rest);
            (WhyKind::Paused, turn, answer)
        } else {
            let forth = lot.range(0.15, 0.5);
            self.loser.walk(from + pause, turn, forth);
            self.loser.walk(turn, answer - 0.05, rest - forth);
            (WhyKind::Retreated, turn, answer)
        };
        self.loser.lunge(hit, hit - answer, counter);
        told
    }

    /// When the blades meet: at most twice, where they can reach each other, and well before the lunge lands.
    fn contacts(&mut self, from: f32, hit: f32, lot: &mut Random) -> Vec<f32> {
        let mut contacts: Vec<f32> = Vec::new();
        for _ in 0..2 {
            let time = lot.range(from.max(0.4), hit - 0.5);
            let apart = contacts.iter().all(|other| (other - time).abs() > 0.5);
            if apart && self.gap_at(time) < CONTACT_GAP {
                contacts.push(time);
            }
        }
        contacts.sort_by(f32::total_cmp);
        contacts
    }
}

//! What a fact measures: how far one fencer is ahead of the other in one respect, over a window around the first hit.
//!
//! [`CHOSEN`] are the facts that decide. [`RIVALS`] were measured against them and left out; the fit can weigh any.

use super::{
    clock::Clock,
    motion::{Motion, Part},
};
use crate::pipelines::referee::{
    rules::pauses::pauses,
    signal::Signal,
    tracks::{FPS, Side, Tracks},
};

/// Seconds before the hit within which a blade contact belongs to the last action.
const LATE_CONTACT: f64 = 0.6;
/// Seconds of a phrase below which it is one action from the line, and above which it is several.
const ONE_ACTION: f64 = 1.0;
const SEVERAL_ACTIONS: f64 = 2.0;
/// Frames around the hit that must have been seen: those that facts look at.
const LOOKED_AT: (isize, isize) = (-12, 4);
/// Share of them in which each keypoint must have been seen. With less the row is filled with guesses.
const SEEN: f64 = 1.0 / 3.0;
/// Frames of the shortest bout: half a second.
const SHORTEST: usize = 8;

/// How a fact is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measure {
    /// How far a part went.
    Way(Part),
    /// The greatest speed of the trunk.
    PeakSpeed,
    /// When the last pause of the baseline's rule ended; who came out of it earlier is ahead.
    LastPause,
}

/// In which bouts a fact counts, and how much.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// In all.
    Always,
    /// In phrases of several actions: not at all up to 1 s, fully from 2 s.
    Long,
    /// Where the blades met in the last 0.6 s before the hit.
    AfterContact,
}

/// One respect in which fencers are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fact {
    /// How it is measured.
    pub measure: Measure,
    /// Frames from the first hit to the window's first and last one.
    pub window: (isize, isize),
    /// Where it counts.
    pub when: When,
}

/// Whose hand went further forward in the half second before the hit.
pub const HAND: Fact = Fact {
    measure: Measure::Way(Part::Hand),
    window: (-8, 0),
    when: When::Always,
};
/// Whose trunk was faster around the hit, in phrases of several actions.
pub const SPEED: Fact = Fact {
    measure: Measure::PeakSpeed,
    window: (-5, 3),
    when: When::Long,
};
/// Whose stance had grown before a late blade contact: that lunge was parried, so it speaks against him.
pub const PARRIED: Fact = Fact {
    measure: Measure::Way(Part::Stance),
    window: (-12, -3),
    when: When::AfterContact,
};
/// Whose upper body went forward through the hit.
pub const LEAN: Fact = Fact {
    measure: Measure::Way(Part::Lean),
    window: (-2, 3),
    when: When::Always,
};

/// The facts that decide.
pub const CHOSEN: [Fact; 4] = [HAND, SPEED, PARRIED, LEAN];

/// Facts that were measured against the chosen ones and left out, and the chosen ones over other windows. A fit that makes
/// its own choice has all of them to choose from.
pub const RIVALS: [Fact; 17] = [
    rival(Measure::Way(Part::Hand), (-8, 0), When::AfterContact),
    rival(Measure::Way(Part::Reach), (-3, 3), When::AfterContact),
    rival(Measure::Way(Part::Reach), (-3, 3), When::Always),
    rival(Measure::Way(Part::Trunk), (-15, 0), When::Always),
    rival(Measure::Way(Part::Stance), (-8, 0), When::Always),
    rival(Measure::Way(Part::BackFoot), (0, 4), When::Always),
    rival(Measure::PeakSpeed, (-5, 0), When::Always),
    rival(Measure::LastPause, (0, 0), When::Always),
    HAND.over(-6, 0),
    HAND.over(-12, 0),
    SPEED.over(-8, 3),
    SPEED.over(-5, 0),
    PARRIED.over(-8, -3),
    PARRIED.over(-10, -3),
    PARRIED.over(-15, -3),
    LEAN.over(-3, 2),
    LEAN.over(0, 5),
];

const fn rival(measure: Measure, window: (isize, isize), when: When) -> Fact {
    Fact {
        measure,
        window,
        when,
    }
}

impl Fact {
    /// The same fact over another window.
    const fn over(mut self, first: isize, last: isize) -> Self {
        self.window = (first, last);
        self
    }
}

/// A bout, read for facts.
#[derive(Clone, Debug)]
pub struct Bout {
    left: Motion,
    right: Motion,
    /// Frame in which each one's last pause ended, 0 without one.
    last_pauses: [f64; 2],
    /// Frames of the bout, at least [`SHORTEST`].
    frames: usize,
    /// Frame of the first hit.
    pub hit: usize,
    /// Frame and seconds of the last blade contact before the hit, if it belongs to the last action.
    pub contact: Option<(usize, f64)>,
    /// From 0, one action, to 1, several.
    pub length: f64,
}

/// A fact, measured.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reading {
    /// The left fencer's value.
    pub left: f64,
    /// The right fencer's value.
    pub right: f64,
    /// The frame that shows it best.
    pub frame: usize,
    /// How much it counts in this bout, from 0 to 1.
    pub counts: f64,
}

/// Why the tracks do not bear a verdict.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TooPoor {
    /// There is hardly any video.
    #[error("The tracks are too short for a verdict: {0} frames")]
    Short(usize),
    /// A fencer was hardly seen where it matters.
    #[error("The {side} fencer's {part} was seen in only {seen} of {of} frames around the hit")]
    Unseen {
        /// Who.
        side: Side,
        /// What of the fencer.
        part: &'static str,
        /// Frames in which it was seen.
        seen: usize,
        /// Frames looked at.
        of: usize,
    },
}

// === impl Bout ===

impl Bout {
    /// Reads a bout.
    ///
    /// # Errors
    /// If the tracks are too short, or show too little of a fencer around the hit.
    pub fn read(signal: &Signal, tracks: &Tracks) -> Result<Self, TooPoor> {
        let frames = tracks.frames();
        if frames < SHORTEST {
            return Err(TooPoor::Short(frames));
        }
        let clock = Clock::new(signal, frames);
        let hit_time = signal.first_hit.map(|hit| hit.time).or(signal.hit_time);
        let hit = hit_time.map_or(frames - 1, |time| clock.frame(time));
        let read = |side| {
            seen_enough(tracks, side, hit)?;
            Motion::read(tracks, side).ok_or(TooPoor::Short(frames))
        };
        let late = |time: f64| {
            let before = hit_time.map(|hit| hit - time);
            before.is_some_and(|before| (0.0..LATE_CONTACT).contains(&before))
        };
        let mut contacts = signal.blade_contacts.iter().map(|contact| contact.time);
        let actions = hit_time.unwrap_or(frames as f64 / FPS);
        Ok(Self {
            left: read(Side::Left)?,
            right: read(Side::Right)?,
            frames,
            last_pauses: Side::BOTH.map(|side| last_pause(tracks, side)),
            hit,
            contact: contacts
                .rfind(|time| late(*time))
                .map(|time| (clock.frame(time), time)),
            length: ((actions - ONE_ACTION) / (SEVERAL_ACTIONS - ONE_ACTION)).clamp(0.0, 1.0),
        })
    }

    /// Measures a fact.
    pub fn measure(&self, fact: &Fact) -> Reading {
        let hit = self.hit as isize;
        let (from, to) = (hit + fact.window.0, hit + fact.window.1);
        let counts = match fact.when {
            When::Always => 1.0,
            When::Long => self.length,
            When::AfterContact => f64::from(u8::from(self.contact.is_some())),
        };
        let (left, right, frame) = match fact.measure {
            Measure::Way(part) => {
                let way = |motion: &Motion| motion.way(part, from, to);
                (way(&self.left), way(&self.right), self.held(to))
            }
            Measure::PeakSpeed => {
                let (left, at_left) = self.left.peak_speed(from, to);
                let (right, at_right) = self.right.peak_speed(from, to);
                let frame = if left > right { at_left } else { at_right };
                (left, right, frame)
            }
            Measure::LastPause => {
                let [left, right] = self.last_pauses;
                (-left, -right, left.min(right) as usize)
            }
        };
        Reading {
            left,
            right,
            frame,
            counts,
        }
    }

    /// A frame held to the bout.
    fn held(&self, frame: isize) -> usize {
        frame.clamp(0, self.frames as isize - 1) as usize
    }
}

// === impl Reading ===

impl Reading {
    /// How far the left fencer is ahead.
    pub fn lead(&self) -> f64 {
        self.left - self.right
    }
}

fn last_pause(tracks: &Tracks, side: Side) -> f64 {
    let pauses = pauses(tracks, side);
    pauses.last().map_or(0.0, |pause| pause.end_frame as f64)
}

/// Whether each keypoint that facts need was seen often enough around the hit.
fn seen_enough(tracks: &Tracks, side: Side, hit: usize) -> Result<(), TooPoor> {
    let first = hit.saturating_add_signed(LOOKED_AT.0);
    let last = hit.saturating_add_signed(LOOKED_AT.1);
    let frames = first..=last.min(tracks.frames().saturating_sub(1));
    let of = frames.clone().count();
    for (keypoint, part) in Motion::NEEDED {
        let is_seen = |frame: &usize| tracks.point(side, *frame, keypoint).is_some();
        let seen = frames.clone().filter(is_seen).count();
        if (seen as f64) < SEEN * of as f64 {
            return Err(TooPoor::Unseen {
                side,
                part,
                seen,
                of,
            });
        }
    }
    Ok(())
}

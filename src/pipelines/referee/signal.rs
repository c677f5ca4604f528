//! What the scoring device wrote of a phrase: when it began, who hit when, and when the blades met.
//!
//! The reader knows the lines it needs and passes over all others, whatever their encoding or line ends. A phrase with one
//! light is not an error: there is nothing to adjudicate, which [`SignalKind::Skipped`] says. The line that names a winner
//! ([`Signal::declared_winner`]) is for the record alone: no rule may read it.

use super::tracks::{FPS, Side};
use serde::Serialize;

/// Why a phrase with one light has no verdict.
pub const ONE_LIGHT: &str = "Only one fencer recorded a valid hit; nothing to adjudicate.";
/// Blade contacts kept. A bout has a few; a file with more of them is not one of a scoring device.
const MOST_CONTACTS: usize = 1_000;
/// Seconds that a time may have: a day. What is beyond is not a time.
const LATEST: f64 = 86_400.0;

/// A phrase as the scoring device saw it.
#[derive(Clone, Debug, PartialEq)]
pub struct Signal {
    /// Whether there is something to adjudicate.
    pub kind: SignalKind,
    /// When the recording started, in seconds of the device's clock for this phrase.
    pub start_time: f64,
    /// When both had hit, or else the first hit; there is one whenever `kind` is [`SignalKind::DoubleTouch`].
    pub hit_time: Option<f64>,
    /// The first line of a hit.
    pub first_hit: Option<FirstHit>,
    /// When the blades met, in the file's order, those after the hit included.
    pub blade_contacts: Vec<BladeContact>,
    /// When the lockout began.
    pub lockout_start: Option<f64>,
    /// When the recording ended, which is when its video ends, too.
    pub end_time: Option<f64>,
    /// Who won according to a person at the device; no rule may read it.
    pub declared_winner: Option<Side>,
}

/// Whether there is something to adjudicate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SignalKind {
    /// Both fencers hit within the lockout.
    DoubleTouch,
    /// They did not.
    Skipped {
        /// For people: [`ONE_LIGHT`].
        reason: &'static str,
        /// What the device wrote, for the log: `Not a double-touch phrase (Fencer 1: HIT, Fencer 2: MISS)`.
        detail: String,
    },
}

/// The first hit that the device saw.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FirstHit {
    /// Seconds.
    pub time: f64,
    /// Who hit; `None` when both did within one tick of the device.
    pub by: Option<Side>,
}

/// The blades met.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct BladeContact {
    /// Seconds.
    pub time: f64,
    /// Frame at 15 a second.
    pub frame: u64,
}

/// The phrase under the names that clients read.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Phrase {
    /// Seconds of the start.
    pub start_time: f64,
    /// Frame of the start.
    pub start_frame: u64,
    /// Seconds of the hit.
    pub simultaneous_hit_time: Option<f64>,
    /// Frame of the hit.
    pub simultaneous_hit_frame: Option<u64>,
    /// When the blades met.
    pub blade_contacts: Vec<BladeContact>,
    /// Seconds of the lockout's begin.
    pub lockout_start: Option<f64>,
    /// `left`, `right` or `unknown`.
    pub declared_winner: &'static str,
    /// Frames a second of the frame numbers here.
    pub fps: f64,
}

/// Why a file is not one of a phrase.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignalError {
    /// No line tells when the recording started.
    #[error("Could not find start time in {0}")]
    NoStart(String),
    /// No line tells of a hit.
    #[error("Could not find simultaneous hit time in {0}")]
    NoHit(String),
}

/// The frame at 15 a second that shows a time in seconds. Negative times and NaN show frame 0.
pub fn frame_at(time: f64) -> u64 {
    (time * FPS) as u64
}

/// Reads a signal file. `name` is the file's name for error texts; bytes that are not UTF-8 are passed over.
///
/// # Errors
/// If the start, or in a double touch the hit, is missing.
pub fn parse(name: &str, bytes: &[u8]) -> Result<Signal, SignalError> {
    let text = String::from_utf8_lossy(bytes);
    let mut lines = Lines::default();
    // A lone carriage return ends a line, too: old devices write so.
    text.split(['\n', '\r']).for_each(|line| lines.read(line));
    lines.finish(name)
}

/// What the lines said so far. Of lines that say the same thing the first counts.
#[derive(Debug, Default)]
struct Lines {
    start: Option<f64>,
    simultaneous: Option<f64>,
    first_hit: Option<FirstHit>,
    contacts: Vec<BladeContact>,
    lockout: Option<f64>,
    end: Option<f64>,
    scores: Option<[String; 2]>,
    winner: Option<Side>,
}

// === impl Lines ===

impl Lines {
    fn read(&mut self, line: &str) {
        let time = time_in(line);
        if line.contains("Phrase recording started") {
            self.start = self.start.or(time);
        }
        if line.contains("Simultaneous valid hits") {
            self.simultaneous = self.simultaneous.or(time);
        }
        if line.contains("HIT:") {
            let hit = time.map(|time| FirstHit {
                time,
                by: scorer(line),
            });
            self.first_hit = self.first_hit.or(hit);
        }
        if line.contains("Off-Target: Blade-to-blade contact") {
            self.contact(time);
        }
        if line.contains("Lockout period started") {
            self.lockout = self.lockout.or(time);
        }
        if line.contains("Phrase recording ended") {
            self.end = self.end.or(time);
        }
        if line.contains("Scores ->") {
            let words = [word_after(line, "Fencer 1:"), word_after(line, "Fencer 2:")];
            if let [Some(one), Some(two)] = words {
                self.scores.get_or_insert([one, two]);
            }
        }
        self.winner = self.winner.or_else(|| declared_winner(line));
    }

    fn contact(&mut self, time: Option<f64>) {
        let room = self.contacts.len() < MOST_CONTACTS;
        self.contacts
            .extend(time.filter(|_| room).map(|time| BladeContact {
                time,
                frame: frame_at(time),
            }));
    }

    fn finish(self, name: &str) -> Result<Signal, SignalError> {
        let start_time = self.start.ok_or(SignalError::NoStart(name.to_owned()))?;
        let hit_time = self.simultaneous.or(self.first_hit.map(|hit| hit.time));
        let kind = match self.scores {
            Some(scores) if scores.iter().any(|score| score != "HIT") => skipped(&scores),
            _ if hit_time.is_none() => return Err(SignalError::NoHit(name.to_owned())),
            _ => SignalKind::DoubleTouch,
        };
        Ok(Signal {
            kind,
            start_time,
            hit_time,
            first_hit: self.first_hit,
            blade_contacts: self.contacts,
            lockout_start: self.lockout,
            end_time: self.end,
            declared_winner: self.winner,
        })
    }
}

fn skipped([one, two]: &[String; 2]) -> SignalKind {
    SignalKind::Skipped {
        reason: ONE_LIGHT,
        detail: format!("Not a double-touch phrase (Fencer 1: {one}, Fencer 2: {two})"),
    }
}

fn scorer(line: &str) -> Option<Side> {
    let scores = |side: &Side| line.contains(&format!("HIT: {} scores", side.title()));
    Side::BOTH.into_iter().find(scores)
}

/// The first `12.345s` of a line, in seconds.
fn time_in(line: &str) -> Option<f64> {
    let before_s = line.match_indices('s').map(|(at, _)| &line[..at]);
    let time = before_s.filter_map(decimal_at_end).next()?.parse().ok()?;
    (0.0..=LATEST).contains(&time).then_some(time)
}

/// The `12.345` with which a text ends.
fn decimal_at_end(text: &str) -> Option<&str> {
    let digit = |c: char| c.is_ascii_digit();
    let whole = text.trim_end_matches(digit);
    let before = whole.strip_suffix('.')?.trim_end_matches(digit);
    let has_both = whole.len() < text.len() && before.len() + 1 < whole.len();
    has_both.then(|| &text[before.len()..])
}

/// The word after a label, in capitals.
fn word_after(line: &str, label: &str) -> Option<String> {
    let (_, after) = line.split_once(label)?;
    let is_word = |c: &char| c.is_alphanumeric() || *c == '_';
    let word: String = after
        .trim_start()
        .chars()
        .take_while(is_word)
        .take(32)
        .collect();
    (!word.is_empty()).then(|| word.to_uppercase())
}

fn declared_winner(line: &str) -> Option<Side> {
    let named = ["confirmed result winner:", "manual selection winner:"];
    let line = line.to_ascii_lowercase();
    let (_, after) = named.iter().find_map(|label| line.split_once(label))?;
    let after = after.trim_start();
    let is = |side: &Side| after.starts_with(side.name());
    Side::BOTH.into_iter().find(is)
}

// === impl Signal ===

impl Signal {
    /// The frame of the hit.
    pub fn hit_frame(&self) -> Option<u64> {
        self.hit_time.map(frame_at)
    }

    /// The phrase under the names that clients read.
    pub fn phrase(&self) -> Phrase {
        Phrase {
            start_time: self.start_time,
            start_frame: frame_at(self.start_time),
            simultaneous_hit_time: self.hit_time,
            simultaneous_hit_frame: self.hit_frame(),
            blade_contacts: self.blade_contacts.clone(),
            lockout_start: self.lockout_start,
            declared_winner: self.declared_winner.map_or("unknown", Side::name),
            fps: FPS,
        }
    }
}

#[cfg(test)]
#[path = "signal_tests.rs"]
mod tests;

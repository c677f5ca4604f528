//! The signal file that a scoring device would have written of a bout.
//!
//! The form is that of the device which the referee's clients use; Fencer 1 is the one on the right.

use super::plan::Plan;
use std::fmt::Write;

/// The file's text. With `human_line` it tells who won, as after a referee's decision.
pub fn text(plan: &Plan, seed: u64, human_line: bool) -> String {
    let mut lines = vec![(0.001, "Phrase recording started".to_owned())];
    let contact = |time: &f32| (*time, "Off-Target: Blade-to-blade contact.".to_owned());
    lines.extend(plan.contacts.iter().map(contact));
    let (time, by) = plan.first_hit;
    let hit = format!("HIT: {} scores on {}!", by.name(), by.other().name());
    lines.push((time, hit));
    let lockout = "Lockout period started (0.200s window)".to_owned();
    lines.push((time + 0.010, lockout));
    lines.push((plan.hit, "HIT: Simultaneous valid hits!".to_owned()));
    lines.push((plan.hit + 0.066, "Phrase recording ended".to_owned()));
    let mut text = format!("Phrase {} initialized\n", seed % 1000);
    for (time, event) in &lines {
        // Writing to a string does not fail.
        let _ = writeln!(text, " {time:.3}s | {event}");
        if event.starts_with("HIT:") && *time < plan.hit {
            text.push_str("Lockout active (0.130s window)\n");
        }
    }
    text.push_str("Scores -> Fencer 1: HIT, Fencer 2: HIT\nPhrase ended\n");
    if human_line {
        let _ = writeln!(text, "Confirmed result winner: {}", plan.winner.name());
    }
    text
}

//! The words over a frame: the verdict, small while the bout runs and large at its end, and the blade contact that just was.
//!
//! Not responsible for lines and bars, which [`overlay`](super::overlay) draws. Invariant: words stand on a dark ground, so that
//! they can be read over any picture.

use super::letters;
use super::overlay::{CONTACT, LIGHT, block, colour_of};
use crate::pipelines::referee::verdict::{Verdict, Winner};
use tiny_skia::PixmapMut;

/// Frames, at 15 a second, for which a contact is shown.
const FLASH: f64 = 4.0;
/// Frames, at 15 a second, for which the verdict is large: at least two seconds, at most three.
const END: [u64; 2] = [30, 45];
const GROUND: [u8; 3] = [12, 14, 18];
const GROUND_ALPHA: u8 = 190;

/// The verdict: large once the hit was shown, or in the last seconds; else one line in the corner. `now` and `frames` count at
/// 15 a second.
pub fn verdict(canvas: &mut PixmapMut<'_>, verdict: &Verdict, (now, frames): (f64, u64)) {
    let [last, first] = END.map(|end| frames.saturating_sub(end));
    let from = verdict.moments.hit.unwrap_or(first).clamp(first, last);
    match now >= from as f64 {
        true => large(canvas, verdict),
        false => small(canvas, verdict),
    }
}

/// A frame around the picture, and a word, just after the blades met.
pub fn contact(canvas: &mut PixmapMut<'_>, contacts: &[u64], now: f64) {
    let is_new = |contact: &u64| (0.0..FLASH).contains(&(now - *contact as f64));
    if !contacts.iter().any(is_new) {
        return;
    }
    let (width, height) = (canvas.width() as f32, canvas.height() as f32);
    let edge = height / 90.0;
    for side in [
        [0.0, 0.0, width, edge],
        [0.0, edge, edge, height],
        [width - edge, edge, width, height],
    ] {
        block(canvas, side, CONTACT, 230);
    }
    let size = height / 26.0;
    let room = letters::width("Blade contact", size);
    let at = (width - room - size, size);
    panel(canvas, at, &[("Blade contact".to_owned(), size, CONTACT)]);
}

/// A line of words on dark ground, the middle of which is at `(x, y)`.
pub fn label(canvas: &mut PixmapMut<'_>, text: &str, (x, y): (f32, f32), size: f32) {
    let room = letters::width(text, size);
    panel(
        canvas,
        (x - room / 2.0, y - size / 2.0),
        &[(text.to_owned(), size, LIGHT)],
    );
}

fn small(canvas: &mut PixmapMut<'_>, verdict: &Verdict) {
    let size = canvas.height() as f32 / 30.0;
    let line = (headline(verdict), size, colour_of(verdict.winner));
    panel(canvas, (size, size), &[line]);
}

fn large(canvas: &mut PixmapMut<'_>, verdict: &Verdict) {
    let (width, height) = (canvas.width() as f32, canvas.height() as f32);
    let (title, text) = (height / 13.0, height / 26.0);
    let mut lines = vec![(headline(verdict), title, colour_of(verdict.winner))];
    let reason = letters::wrap(&verdict.reason, text, width * 0.8);
    lines.extend(reason.into_iter().take(3).map(|line| (line, text, LIGHT)));
    let widest = lines
        .iter()
        .map(|(line, size, _)| letters::width(line, *size));
    let left = (width - widest.fold(0.0, f32::max)) / 2.0;
    panel(canvas, (left, height * 0.08), &lines);
}

fn headline(verdict: &Verdict) -> String {
    let sure = (verdict.confidence * 100.0).round();
    match verdict.winner {
        Winner::Left => format!("Touch left, {sure} % sure"),
        Winner::Right => format!("Touch right, {sure} % sure"),
        Winner::Abstain => "No verdict".to_owned(),
    }
}

/// Lines of words below each other, from `(x, y)`, their upper left corner.
fn panel(canvas: &mut PixmapMut<'_>, (x, y): (f32, f32), lines: &[(String, f32, [u8; 3])]) {
    let widest = lines
        .iter()
        .map(|(line, size, _)| letters::width(line, *size));
    let right = x + widest.fold(0.0, f32::max);
    let height: f32 = lines.iter().map(|(_, size, _)| size * 1.25).sum();
    let edge = lines.first().map_or(0.0, |(_, size, _)| size * 0.35);
    let ground = [
        x - edge,
        y - edge * 0.6,
        right + edge,
        y + height + edge * 0.2,
    ];
    block(canvas, ground, GROUND, GROUND_ALPHA);
    let mut base = y;
    for (line, size, colour) in lines {
        letters::write(canvas, line, (x, base + size * 0.85), *size, *colour);
        base += size * 1.25;
    }
}

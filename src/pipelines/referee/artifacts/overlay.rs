//! What is drawn over a frame: both skeletons, the distance between the front feet, and a bar of the whole bout along the bottom.
//!
//! Its words are [`banner`]'s. Invariant: a frame keeps its size, and what would lie outside is cut off.

use super::banner;
use crate::{
    media::Rgb8,
    pipelines::referee::{
        pose::Person,
        table::sides,
        tracking::{TrackedFrame, ordered},
        tracks::{BACK_FOOT, FPS, FRONT_FOOT, Side},
        verdict::{Favour, Verdict, Winner},
    },
};
use tiny_skia::{Color, LineCap, Paint, PathBuilder, PixmapMut, Rect, Stroke, Transform};

/// Bones between COCO's keypoints.
const BONES: [[usize; 2]; 14] = [
    [5, 6],
    [5, 7],
    [7, 9],
    [6, 8],
    [8, 10],
    [5, 11],
    [6, 12],
    [11, 12],
    [11, 13],
    [13, 15],
    [12, 14],
    [14, 16],
    [0, 5],
    [0, 6],
];

/// Left, right: told apart also by those who confuse red and green.
const COLOURS: [[u8; 3]; 2] = [[64, 156, 255], [255, 149, 0]];
/// What marks a contact of the blades.
pub(super) const CONTACT: [u8; 3] = [255, 230, 80];
const HIT: [u8; 3] = [255, 70, 70];
/// Words, feet, play head.
pub(super) const LIGHT: [u8; 3] = [245, 245, 245];

/// What a bout's frames are drawn over with.
pub struct Overlay<'a> {
    /// Pauses, right of way, contacts and hit, at 15 frames a second.
    pub verdict: &'a Verdict,
    /// Frames of the whole bout, at 15 a second.
    pub frames: u64,
    /// Pixels of one unit of the table, in which the distance is told; without it no number is written.
    pub unit: Option<f64>,
}

impl Overlay<'_> {
    /// Draws over a frame that was shown `seconds` after the first.
    pub fn draw(&self, picture: &mut Rgb8, tracked: Option<&TrackedFrame>, seconds: f64) {
        let (width, height) = (picture.width, picture.height);
        let mut rgba = rgba_of(picture);
        let Some(mut canvas) = PixmapMut::from_bytes(&mut rgba, width, height) else {
            return;
        };
        if let Some(frame) = tracked {
            let persons: [_; 2] = sides(frame).into();
            for (person, colour) in persons.into_iter().zip(COLOURS) {
                if let Some(person) = person {
                    skeleton(&mut canvas, person, colour);
                }
            }
            if let [Some(left), Some(right)] = persons {
                distance(&mut canvas, left, right, self.unit);
            }
        }
        let now = seconds * FPS;
        self.bar(&mut canvas, now);
        banner::contact(&mut canvas, &self.verdict.moments.blade_contacts, now);
        banner::verdict(&mut canvas, self.verdict, (now, self.frames));
        for (to, from) in picture.data.chunks_exact_mut(3).zip(rgba.chunks_exact(4)) {
            to.copy_from_slice(&from[..3]);
        }
    }

    /// The bar: a row for each fencer's pauses, one for the right of way, marks for contacts and hit, and the play head.
    fn bar(&self, canvas: &mut PixmapMut<'_>, now: f64) {
        let (width, height) = (canvas.width() as f32, canvas.height() as f32);
        let (top, row) = (height * 0.93, height * 0.018);
        let column = |frame: f64| (frame / self.frames.max(1) as f64) as f32 * width;
        block(
            canvas,
            [0.0, top - row * 0.5, width, height],
            [0, 0, 0],
            150,
        );
        let rows = [&self.verdict.left_pauses, &self.verdict.right_pauses];
        for ((pauses, colour), n) in rows.into_iter().zip(COLOURS).zip(0u8..) {
            let upper = top + f32::from(n) * row * 1.2;
            for pause in pauses {
                let span = [pause.start_frame as f64, pause.end_frame as f64 + 1.0].map(column);
                block(canvas, [span[0], upper, span[1], upper + row], colour, 220);
            }
        }
        let upper = top + row * 2.4;
        for part in &self.verdict.right_of_way {
            let colour = match part.holder {
                Favour::None => continue,
                Favour::Left => COLOURS[0],
                Favour::Right => COLOURS[1],
            };
            let span = [part.start_frame as f64, part.end_frame as f64 + 1.0].map(column);
            block(
                canvas,
                [span[0], upper, span[1], upper + row * 0.6],
                colour,
                255,
            );
        }
        let moments = &self.verdict.moments;
        let contacts = moments.blade_contacts.iter();
        let marks = contacts.map(|frame| (*frame, CONTACT));
        for (frame, colour) in marks.chain(moments.hit.map(|frame| (frame, HIT))) {
            let x = column(frame as f64);
            block(
                canvas,
                [x - 1.5, top - row * 0.5, x + 1.5, height],
                colour,
                255,
            );
        }
        let x = column(now);
        block(canvas, [x - 1.0, top - row, x + 1.0, height], LIGHT, 255);
    }
}

fn rgba_of(picture: &Rgb8) -> Vec<u8> {
    let pixels = picture.data.chunks_exact(3);
    pixels
        .flat_map(|rgb| [rgb[0], rgb[1], rgb[2], 255])
        .collect()
}

fn skeleton(canvas: &mut PixmapMut<'_>, person: &Person, colour: [u8; 3]) {
    let points = person.points();
    let mut bones = PathBuilder::new();
    for [from, to] in BONES {
        if let (Some(from), Some(to)) = (points[from], points[to]) {
            bones.move_to(from[0], from[1]);
            bones.line_to(to[0], to[1]);
        }
    }
    let thick = canvas.height() as f32 / 180.0;
    line(canvas, bones, colour, thick);
    for foot in [BACK_FOOT, FRONT_FOOT] {
        if let Some([x, y]) = points[foot] {
            let half = thick * 1.5;
            block(canvas, [x - half, y - half, x + half, y + half], LIGHT, 255);
        }
    }
}

/// The colour of a verdict.
pub(super) const fn colour_of(winner: Winner) -> [u8; 3] {
    match winner {
        Winner::Left => COLOURS[0],
        Winner::Right => COLOURS[1],
        Winner::Abstain => LIGHT,
    }
}

/// A line between the inner feet, the distance that the rules speak of, with its length in units of the table.
fn distance(canvas: &mut PixmapMut<'_>, left: &Person, right: &Person, unit: Option<f64>) {
    // Which foot is the inner one is known of those only who show both.
    let inner = |person: &Person, side: Side| {
        let points = ordered(&person.points(), side);
        points[BACK_FOOT].and(points[FRONT_FOOT])
    };
    let (Some(left), Some(right)) = (inner(left, Side::Left), inner(right, Side::Right)) else {
        return;
    };
    let mut path = PathBuilder::new();
    path.move_to(left[0], left[1]);
    path.line_to(right[0], right[1]);
    let height = canvas.height() as f32;
    line(canvas, path, LIGHT, height / 360.0);
    if let Some(unit) = unit.filter(|unit| *unit > 0.0) {
        let (across, down) = (right[0] - left[0], right[1] - left[1]);
        let length = f64::from(across.hypot(down)) / unit;
        let (x, y) = (left[0] + across / 2.0, left[1] + down / 2.0);
        let size = height / 32.0;
        banner::label(canvas, &format!("{length:.1}"), (x, y - size * 1.2), size);
    }
}

fn line(canvas: &mut PixmapMut<'_>, path: PathBuilder, colour: [u8; 3], width: f32) {
    let Some(path) = path.finish() else { return };
    let stroke = Stroke {
        width,
        line_cap: LineCap::Round,
        ..Stroke::default()
    };
    canvas.stroke_path(
        &path,
        &paint(colour, 255),
        &stroke,
        Transform::identity(),
        None,
    );
}

/// A rectangle: left, top, right, bottom.
pub(super) fn block(
    canvas: &mut PixmapMut<'_>,
    [left, top, right, bottom]: [f32; 4],
    colour: [u8; 3],
    alpha: u8,
) {
    if let Some(rect) = Rect::from_ltrb(left, top, right, bottom) {
        canvas.fill_rect(rect, &paint(colour, alpha), Transform::identity(), None);
    }
}

fn paint([red, green, blue]: [u8; 3], alpha: u8) -> Paint<'static> {
    let mut paint = Paint::default();
    paint.set_color(Color::from_rgba8(red, green, blue, alpha));
    paint
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pipelines::referee::{
        rules::RuleSet,
        signal,
        tracking::{Tracked, person},
        tracks::Tracks,
        verdict::Moments,
    };

    /// A verdict whose contacts and hit are at these frames.
    fn verdict(hit: Option<u64>, blade_contacts: &[u64]) -> Verdict {
        let text = b" 0.001s | Phrase recording started\n 1.0s | HIT: Simultaneous valid hits!\n\
            Scores -> Fencer 1: HIT, Fencer 2: HIT\n";
        let signal = signal::parse("x.txt", text).unwrap();
        Verdict {
            moments: Moments {
                hit,
                blade_contacts: blade_contacts.to_vec(),
            },
            ..RuleSet::V1.decide(&signal, &Tracks::default())
        }
    }

    #[test]
    fn skeletons_contacts_hit_and_play_head_are_drawn_and_the_rest_stays() {
        let verdict = verdict(Some(20), &[10]);
        let overlay = Overlay {
            verdict: &verdict,
            frames: 40,
            unit: Some(50.0),
        };
        let stands = |x| {
            Some(Tracked {
                person: person(x, 200.0, 200.0),
                matched: true,
            })
        };
        let frame = TrackedFrame {
            number: 0,
            left: stands(150.0),
            right: stands(450.0),
        };
        let mut picture = Rgb8::filled(600, 400, [128; 3]);
        overlay.draw(&mut picture, Some(&frame), 2.0);
        let at = |x: usize, y: usize| {
            let at = 3 * (y * 600 + x);
            [picture.data[at], picture.data[at + 1], picture.data[at + 2]]
        };
        assert_eq!(at(5, 5), [128; 3]);
        assert_eq!(at(150, 397), CONTACT);
        assert_eq!(at(300, 397), HIT);
        assert_eq!(at(450, 380), LIGHT);
        // Between the shoulders of the left one.
        assert_eq!(at(150, 140), COLOURS[0]);
    }

    #[test]
    fn points_outside_and_nobody_at_all_are_drawn_without_harm() {
        let verdict = verdict(None, &[u64::MAX]);
        let overlay = Overlay {
            verdict: &verdict,
            frames: 0,
            unit: None,
        };
        let mut picture = Rgb8::filled(64, 48, [0; 3]);
        overlay.draw(&mut picture, None, f64::NAN);
        assert_eq!((picture.width, picture.height), (64, 48));
    }

    /// A black frame of a bout of ten seconds with a contact at frame 30 and the hit at 110, after it was drawn over.
    fn drawn(winner: Winner, frame: f64) -> Rgb8 {
        let verdict = Verdict {
            winner,
            confidence: 0.83,
            ..verdict(Some(110), &[30])
        };
        let overlay = Overlay {
            verdict: &verdict,
            frames: 150,
            unit: None,
        };
        let mut picture = Rgb8::filled(640, 360, [0; 3]);
        overlay.draw(&mut picture, None, frame / FPS);
        picture
    }

    fn pixels_of(picture: &Rgb8, colour: [u8; 3]) -> usize {
        let pixels = picture.data.chunks_exact(3);
        pixels.filter(|pixel| **pixel == colour).count()
    }

    #[test]
    fn the_verdict_is_small_before_the_hit_and_large_after_it() {
        for (winner, colour) in [(Winner::Left, COLOURS[0]), (Winner::Right, COLOURS[1])] {
            let [before, after] = [60.0, 120.0].map(|at| pixels_of(&drawn(winner, at), colour));
            assert!(before > 0 && after > 2 * before, "{before} {after}");
        }
    }

    #[test]
    fn a_frame_is_framed_just_after_the_blades_met() {
        let is_framed = |frame| drawn(Winner::Left, frame).pixel(1, 200) != Some([0; 3]);
        let framed = [29.0, 30.0, 33.0, 34.0].map(is_framed);
        assert_eq!(framed, [false, true, true, false]);
    }
}

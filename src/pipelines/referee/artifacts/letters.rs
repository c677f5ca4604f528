//! Words on a picture, in the one font that is part of the program (Instrument Sans SemiBold, Latin letters alone).
//!
//! Not responsible for where words go. Invariant: what would lie outside the picture is cut off; a letter that the font lacks
//! becomes a question mark.

use ab_glyph::{Font as _, FontRef, Glyph, PxScale, ScaleFont as _, point};
use std::sync::LazyLock;
use tiny_skia::{PixmapMut, PremultipliedColorU8};

static FONT: LazyLock<FontRef<'static>> = LazyLock::new(|| {
    FontRef::try_from_slice(include_bytes!("font/instrument-sans-semibold.ttf"))
        .expect("the font is part of the program, and a test reads it")
});

/// Pixels that a line of words takes along x at this height of its letters.
pub fn width(text: &str, size: f32) -> f32 {
    place(text, (0.0, 0.0), size).1
}

/// Writes a line from `(x, y)`, the left end of its base line, in letters `size` pixels high. The picture is opaque.
pub fn write(canvas: &mut PixmapMut<'_>, text: &str, at: (f32, f32), size: f32, colour: [u8; 3]) {
    for glyph in place(text, at, size).0 {
        let Some(outline) = FONT.outline_glyph(glyph) else {
            continue;
        };
        let corner = outline.px_bounds().min;
        let (left, top) = (corner.x as i32, corner.y as i32);
        outline.draw(|x, y, cover| {
            let (x, y) = (
                left.saturating_add_unsigned(x),
                top.saturating_add_unsigned(y),
            );
            blend(canvas, (x, y), cover, colour);
        });
    }
}

/// Breaks a text between words into lines of at most `room` pixels; a longer word has a line of its own.
pub fn wrap(text: &str, size: f32, room: f32) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        let longer = lines.last().map(|line| format!("{line} {word}"));
        match (lines.last_mut(), longer) {
            (Some(line), Some(longer)) if width(&longer, size) <= room => *line = longer,
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

/// The letters of a line, and where it ends.
fn place(text: &str, (x, y): (f32, f32), size: f32) -> (Vec<Glyph>, f32) {
    let font = FONT.as_scaled(PxScale::from(size));
    let known = |letter: char| match FONT.glyph_id(letter).0 {
        0 => FONT.glyph_id('?'),
        _ => FONT.glyph_id(letter),
    };
    let mut end = x;
    let letters = text.chars().map(known).map(|id| {
        let glyph = id.with_scale_and_position(size, point(end, y));
        end += font.h_advance(id);
        glyph
    });
    (letters.collect(), end)
}

fn blend(canvas: &mut PixmapMut<'_>, (x, y): (i32, i32), cover: f32, colour: [u8; 3]) {
    let (width, height) = (canvas.width() as usize, canvas.height() as usize);
    let (Ok(x), Ok(y)) = (usize::try_from(x), usize::try_from(y)) else {
        return;
    };
    if x >= width || y >= height {
        return;
    }
    let pixel = &mut canvas.pixels_mut()[y * width + x];
    let mix = |under: u8, over: u8| {
        let (under, over) = (f32::from(under), f32::from(over));
        (under + (over - under) * cover.clamp(0.0, 1.0)).round() as u8
    };
    let [red, green, blue] = [
        mix(pixel.red(), colour[0]),
        mix(pixel.green(), colour[1]),
        mix(pixel.blue(), colour[2]),
    ];
    if let Some(mixed) = PremultipliedColorU8::from_rgba(red, green, blue, 255) {
        *pixel = mixed;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bytes of a black picture after a text was written on it.
    fn written(text: &str, at: (f32, f32)) -> Vec<u8> {
        let mut bytes: Vec<u8> = [0, 0, 0, 255].repeat(80 * 40);
        let mut canvas = PixmapMut::from_bytes(&mut bytes, 80, 40).unwrap();
        write(&mut canvas, text, at, 24.0, [255, 128, 0]);
        bytes
    }

    #[test]
    fn words_have_the_colour_that_was_asked_for() {
        let bytes = written("Left", (2.0, 30.0));
        assert!(bytes.chunks(4).any(|pixel| pixel == [255, 128, 0, 255]));
        assert!(bytes.chunks(4).all(|pixel| pixel[3] == 255));
    }

    #[test]
    fn words_outside_the_picture_are_cut_off() {
        for at in [(-500.0, 30.0), (500.0, 30.0), (2.0, -90.0), (2.0, 900.0)] {
            assert_eq!(written("Left", at), written("", at), "{at:?}");
        }
        assert_ne!(written("Left", (-20.0, 30.0)), written("", (0.0, 0.0)));
    }

    #[test]
    fn a_letter_that_the_font_lacks_becomes_a_question_mark() {
        assert_eq!(written("剣", (2.0, 30.0)), written("?", (2.0, 30.0)));
    }

    #[test]
    fn a_text_is_broken_between_words() {
        let room = width("of all of it", 20.0);
        let lines = wrap("The right of way of all of it", 20.0, room);
        assert!(lines.len() > 1);
        assert!(lines.iter().all(|line| width(line, 20.0) <= room));
        assert_eq!(lines.join(" "), "The right of way of all of it");
    }
}

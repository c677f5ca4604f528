//! The conversions for any processor.
//!
//! Works on chunks of 16 pixels with lengths known to the compiler, which turns them into vector
//! code of whatever the build allows. Invariant: this is the reference that other paths equal.

/// Pixels a step: one 16-byte vector of each channel.
pub(super) const CHUNK: usize = 16;

/// [0, 1] → 0 … 255.
#[inline(always)]
#[allow(
    clippy::manual_clamp,
    reason = "`max` before `min` turns NaN into 0; `clamp` keeps it"
)]
pub(super) fn level(value: f32) -> u8 {
    // The cast truncates, so that adding a half rounds to the nearest, halves upwards.
    (value.max(0.0).min(1.0) * 255.0 + 0.5) as u8
}

/// 0 … 255 → [0, 1].
#[inline(always)]
pub(super) fn value(level: u8) -> f32 {
    f32::from(level) * (1.0 / 255.0)
}

/// Planes of equal length to `dst`, three times as long.
pub(super) fn interleave([red, green, blue]: [&[f32]; 3], dst: &mut [u8]) {
    let (red, red_tail) = red.as_chunks::<CHUNK>();
    let (green, green_tail) = green.as_chunks::<CHUNK>();
    let (blue, blue_tail) = blue.as_chunks::<CHUNK>();
    let (out, out_tail) = dst.split_at_mut(red.len() * CHUNK * 3);
    let planes = red.iter().zip(green).zip(blue);
    for (((red, green), blue), out) in planes.zip(out.as_chunks_mut::<{ CHUNK * 3 }>().0) {
        // Levels first, order second: the first loop is arithmetic that the compiler vectorises.
        let levels = [red.map(level), green.map(level), blue.map(level)];
        for i in 0..CHUNK {
            for channel in 0..3 {
                out[i * 3 + channel] = levels[channel][i];
            }
        }
    }
    let tails = red_tail.iter().zip(green_tail).zip(blue_tail);
    for (((&red, &green), &blue), out) in tails.zip(out_tail.as_chunks_mut::<3>().0) {
        *out = [level(red), level(green), level(blue)];
    }
}

/// `src` to planes of equal length, a third as long.
pub(super) fn separate(src: &[u8], [red, green, blue]: [&mut [f32]; 3]) {
    let (red, red_tail) = red.as_chunks_mut::<CHUNK>();
    let (green, green_tail) = green.as_chunks_mut::<CHUNK>();
    let (blue, blue_tail) = blue.as_chunks_mut::<CHUNK>();
    let (pixels, tail) = src.split_at(red.len() * CHUNK * 3);
    let planes = red.iter_mut().zip(green).zip(blue);
    for (((red, green), blue), pixels) in planes.zip(pixels.as_chunks::<{ CHUNK * 3 }>().0) {
        for i in 0..CHUNK {
            red[i] = value(pixels[i * 3]);
            green[i] = value(pixels[i * 3 + 1]);
            blue[i] = value(pixels[i * 3 + 2]);
        }
    }
    let tails = red_tail.iter_mut().zip(green_tail).zip(blue_tail);
    for (((red, green), blue), pixel) in tails.zip(tail.as_chunks::<3>().0) {
        [*red, *green, *blue] = pixel.map(value);
    }
}

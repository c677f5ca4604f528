//! Sampling for any processor. Invariant: this is the reference that other paths equal.

use super::remap::Tap;

/// Steps squared, as a shift, and half of that, so that results are rounded: halves upwards.
pub(super) const SHIFT: i32 = 10;
pub(super) const HALF: i32 = 1 << (SHIFT - 1);

/// Mixes a pixel of `dst` for each tap; rows of `src` are `stride` bytes.
pub(super) fn sample(src: &[u8], stride: usize, taps: &[Tap], dst: &mut [u8]) {
    for (tap, out) in taps.iter().zip(dst.as_chunks_mut::<3>().0) {
        let at = tap.offset as usize;
        let [upper, lower] = [at, at + stride].map(|at| &src[at..at + 6]);
        let [left, right, up, down] = tap.weights.map(i32::from);
        for channel in 0..3 {
            let [upper, lower] = [upper, lower]
                .map(|row| i32::from(row[channel]) * left + i32::from(row[channel + 3]) * right);
            // A mean of bytes is a byte.
            out[channel] = ((upper * up + lower * down + HALF) >> SHIFT) as u8;
        }
    }
}

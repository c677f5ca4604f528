//! Sampling on x86-64 processors with AVX2: eight pixels a step.
//!
//! What is left over goes the scalar way. Invariant: whole numbers throughout, hence the very bytes of `scalar`.
//!
//! A half of a register holds two pixels. Their upper and lower neighbours come as 8 bytes each (two pixels and two bytes that
//! nobody reads); left and right are mixed by multiplying pairs of bytes, then upper and lower by multiplying pairs of words.
#![allow(unsafe_code)]

use std::arch::x86_64::*;

use super::{
    remap::Tap,
    scalar::{self, HALF, SHIFT},
};

/// Pixels a step.
const STEP: usize = 8;
/// Bytes that a step writes: 24 of its own, and four that the next one overwrites.
const WRITTEN: usize = 28;

/// Stands for "a zero" in a shuffle.
const NO: i8 = -1;
/// Red, green and blue of left and right side by side, of the 8 bytes that begin with the left pixel.
const UPPER: [i8; 16] = [0, 3, 1, 4, 2, 5, NO, NO, 8, 11, 9, 12, 10, 13, NO, NO];
/// The same of the 8 bytes that end with the right pixel.
const LOWER: [i8; 16] = [2, 5, 3, 6, 4, 7, NO, NO, 10, 13, 11, 14, 12, 15, NO, NO];
/// Of two taps: the weights of left and right, for each channel.
const COLUMNS: [i8; 16] = [4, 5, 4, 5, 4, 5, 4, 5, 12, 13, 12, 13, 12, 13, 12, 13];
/// Of the first and of the second of two taps: the weights of upper and lower, as words.
const ROWS: [[i8; 16]; 2] = [
    [6, NO, 7, NO, 6, NO, 7, NO, 6, NO, 7, NO, 6, NO, 7, NO],
    [
        14, NO, 15, NO, 14, NO, 15, NO, 14, NO, 15, NO, 14, NO, 15, NO,
    ],
];
/// Four pixels of four bytes to twelve bytes in a row.
const PACK: [i8; 16] = [0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, NO, NO, NO, NO];

/// Mixes a pixel of `dst` for each tap.
///
/// # Safety
/// The processor has AVX2. `src` is a picture with rows of `stride` bytes, and each tap's pixel has a neighbour to its right
/// and one below.
#[target_feature(enable = "avx2")]
pub(super) unsafe fn sample(src: &[u8], stride: usize, taps: &[Tap], dst: &mut [u8]) {
    let fits = dst.len().saturating_sub(WRITTEN - STEP * 3) / (STEP * 3);
    let steps = fits.min(taps.len() / STEP);
    let pack = both(&PACK);
    for step in 0..steps {
        // SAFETY: there are at least `steps * STEP` taps, `dst` has 28 bytes from each step's first on, and the caller
        // vouches for where taps point to.
        unsafe {
            let taps = taps.as_ptr().add(step * STEP);
            let outer = mix(src, stride, taps, taps.add(4));
            let inner = mix(src, stride, taps.add(2), taps.add(6));
            let pixels = _mm256_shuffle_epi8(_mm256_packus_epi16(outer, inner), pack);
            let out = dst.as_mut_ptr().add(step * STEP * 3);
            _mm_storeu_si128(out.cast(), _mm256_castsi256_si128(pixels));
            _mm_storeu_si128(out.add(12).cast(), _mm256_extracti128_si256::<1>(pixels));
        }
    }
    let done = steps * STEP;
    scalar::sample(src, stride, &taps[done..], &mut dst[done * 3..]);
}

/// Two pixels by `low` and its successor, two by `high` and its successor: red, green, blue and a zero each, as words.
///
/// # Safety
/// As [`sample`], for the four taps.
#[inline]
#[target_feature(enable = "avx2")]
unsafe fn mix(src: &[u8], stride: usize, low: *const Tap, high: *const Tap) -> __m256i {
    // SAFETY: the four taps are there. Eight bytes from an upper left pixel on end two bytes into the row below, or further
    // on in its own; the eight that end with a lower right pixel begin at or behind the upper one.
    let (taps, upper, lower) = unsafe {
        let upper = src.as_ptr();
        let lower = upper.add(stride - 2);
        let taps = _mm256_set_m128i(_mm_loadu_si128(high.cast()), _mm_loadu_si128(low.cast()));
        (taps, pairs(upper, low, high), pairs(lower, low, high))
    };
    let columns = _mm256_shuffle_epi8(taps, both(&COLUMNS));
    let upper = _mm256_maddubs_epi16(_mm256_shuffle_epi8(upper, both(&UPPER)), columns);
    let lower = _mm256_maddubs_epi16(_mm256_shuffle_epi8(lower, both(&LOWER)), columns);
    let first = rows(_mm256_unpacklo_epi16(upper, lower), taps, &ROWS[0]);
    let second = rows(_mm256_unpackhi_epi16(upper, lower), taps, &ROWS[1]);
    _mm256_packs_epi32(first, second)
}

/// Mixes pairs of upper and lower words by the weights that `table` picks from `taps`.
#[inline]
#[target_feature(enable = "avx2")]
fn rows(pairs: __m256i, taps: __m256i, table: &[i8; 16]) -> __m256i {
    let mixed = _mm256_madd_epi16(pairs, _mm256_shuffle_epi8(taps, both(table)));
    _mm256_srai_epi32::<SHIFT>(_mm256_add_epi32(mixed, _mm256_set1_epi32(HALF)))
}

/// Eight bytes from `start` on for each of four taps.
///
/// # Safety
/// Those bytes are there.
#[inline]
#[target_feature(enable = "avx2")]
unsafe fn pairs(start: *const u8, low: *const Tap, high: *const Tap) -> __m256i {
    // SAFETY: the caller's promise.
    let at = |tap: *const Tap| unsafe {
        start
            .add((*tap).offset as usize)
            .cast::<i64>()
            .read_unaligned()
    };
    // SAFETY: there are two taps from either on.
    unsafe { _mm256_set_epi64x(at(high.add(1)), at(high), at(low.add(1)), at(low)) }
}

/// The table in both halves.
#[inline]
#[target_feature(enable = "avx2")]
fn both(table: &[i8; 16]) -> __m256i {
    // SAFETY: a table has 16 bytes.
    _mm256_broadcastsi128_si256(unsafe { _mm_loadu_si128(table.as_ptr().cast()) })
}

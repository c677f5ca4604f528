//! The conversions for x86-64 processors with AVX2.
//!
//! 16 pixels a step; what is left over goes the scalar way. Invariant: the same operations in the
//! same order as `scalar`, without fused multiplication, hence the same bits.
//!
//! The byte shuffles move each of three vectors' bytes to (or from) their place in 48 interleaved
//! bytes; a table entry of −1 gives a zero, so that three shuffled vectors can be or-ed together.
#![allow(unsafe_code)]

use std::arch::x86_64::*;

use super::scalar::{self, CHUNK};

/// `INTERLEAVE[v][c]`: where byte `i` of output vector `v` comes from in channel `c`.
const INTERLEAVE: [[[i8; 16]; 3]; 3] = interleave_tables();

/// `SEPARATE[c][v]`: where pixel `i` of channel `c` comes from in input vector `v`.
const SEPARATE: [[[i8; 16]; 3]; 3] = separate_tables();

const fn interleave_tables() -> [[[i8; 16]; 3]; 3] {
    let mut tables = [[[-1; 16]; 3]; 3];
    let mut at = 0;
    while at < 48 {
        tables[at / 16][at % 3][at % 16] = (at / 3) as i8;
        at += 1;
    }
    tables
}

const fn separate_tables() -> [[[i8; 16]; 3]; 3] {
    let mut tables = [[[-1; 16]; 3]; 3];
    let mut at = 0;
    while at < 48 {
        tables[at % 3][at / 16][at / 3] = (at % 16) as i8;
        at += 1;
    }
    tables
}

/// Planes of equal length to `dst`, three times as long.
#[target_feature(enable = "avx2")]
pub(super) fn interleave(planes: [&[f32]; 3], dst: &mut [u8]) {
    let tables = INTERLEAVE.map(|vector| load_tables(&vector));
    let chunks = planes.map(|plane| plane.as_chunks::<CHUNK>().0);
    let (out, _) = dst.as_chunks_mut::<{ CHUNK * 3 }>();
    let count = chunks[0].len();
    for (i, out) in out.iter_mut().take(count).enumerate() {
        let levels = [
            levels(&chunks[0][i]),
            levels(&chunks[1][i]),
            levels(&chunks[2][i]),
        ];
        for (vector, tables) in tables.iter().enumerate() {
            let merged = merge(levels, tables);
            // SAFETY: `out` has 48 bytes and `vector` is below 3.
            unsafe { _mm_storeu_si128(out.as_mut_ptr().add(vector * 16).cast(), merged) };
        }
    }
    let done = count * CHUNK;
    scalar::interleave(planes.map(|plane| &plane[done..]), &mut dst[done * 3..]);
}

/// `src` to planes of equal length, a third as long.
#[target_feature(enable = "avx2")]
pub(super) fn separate(src: &[u8], planes: [&mut [f32]; 3]) {
    let tables = SEPARATE.map(|channel| load_tables(&channel));
    let (chunks, tail) = src.as_chunks::<{ CHUNK * 3 }>();
    let done = chunks.len() * CHUNK;
    let [red, green, blue] = planes.map(|plane| plane.split_at_mut(done));
    let outs = [red.0, green.0, blue.0].map(|plane| plane.as_chunks_mut::<CHUNK>().0);
    for (i, chunk) in chunks.iter().enumerate() {
        let vectors = load_bytes(chunk);
        for channel in 0..3 {
            store_values(merge(vectors, &tables[channel]), &mut outs[channel][i]);
        }
    }
    scalar::separate(tail, [red.1, green.1, blue.1]);
}

/// 16 floats to 16 bytes, as [`scalar::level`].
#[inline]
#[target_feature(enable = "avx2")]
fn levels(values: &[f32; CHUNK]) -> __m128i {
    // SAFETY: `values` has 16 floats, two vectors of 8.
    let (low, high) = unsafe {
        (
            _mm256_loadu_ps(values.as_ptr()),
            _mm256_loadu_ps(values.as_ptr().add(8)),
        )
    };
    // The packing works within 128-bit halves; the permutation puts the quarters back in order.
    let words =
        _mm256_permute4x64_epi64::<0b11_01_10_00>(_mm256_packs_epi32(rounded(low), rounded(high)));
    _mm_packus_epi16(
        _mm256_castsi256_si128(words),
        _mm256_extracti128_si256::<1>(words),
    )
}

#[inline]
#[target_feature(enable = "avx2")]
fn rounded(values: __m256) -> __m256i {
    // `max` gives its second operand when the first is NaN: the zero.
    let clamped = _mm256_min_ps(
        _mm256_max_ps(values, _mm256_setzero_ps()),
        _mm256_set1_ps(1.0),
    );
    let scaled = _mm256_mul_ps(clamped, _mm256_set1_ps(255.0));
    _mm256_cvttps_epi32(_mm256_add_ps(scaled, _mm256_set1_ps(0.5)))
}

/// 16 bytes to 16 floats, as [`scalar::value`].
#[inline]
#[target_feature(enable = "avx2")]
fn store_values(levels: __m128i, out: &mut [f32; CHUNK]) {
    let scale = _mm256_set1_ps(1.0 / 255.0);
    let low = _mm256_mul_ps(_mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(levels)), scale);
    let high = _mm256_mul_ps(
        _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(_mm_srli_si128::<8>(levels))),
        scale,
    );
    // SAFETY: `out` has 16 floats, two vectors of 8.
    unsafe {
        _mm256_storeu_ps(out.as_mut_ptr(), low);
        _mm256_storeu_ps(out.as_mut_ptr().add(8), high);
    }
}

/// Each vector's bytes by its table, or-ed together.
#[inline]
#[target_feature(enable = "avx2")]
fn merge(vectors: [__m128i; 3], tables: &[__m128i; 3]) -> __m128i {
    let parts = [
        _mm_shuffle_epi8(vectors[0], tables[0]),
        _mm_shuffle_epi8(vectors[1], tables[1]),
        _mm_shuffle_epi8(vectors[2], tables[2]),
    ];
    _mm_or_si128(_mm_or_si128(parts[0], parts[1]), parts[2])
}

#[inline]
#[target_feature(enable = "avx2")]
fn load_bytes(bytes: &[u8; CHUNK * 3]) -> [__m128i; 3] {
    let start = bytes.as_ptr();
    // SAFETY: `bytes` has 48 bytes, three vectors of 16.
    unsafe {
        [
            _mm_loadu_si128(start.cast()),
            _mm_loadu_si128(start.add(16).cast()),
            _mm_loadu_si128(start.add(32).cast()),
        ]
    }
}

#[inline]
#[target_feature(enable = "avx2")]
fn load_tables(tables: &[[i8; 16]; 3]) -> [__m128i; 3] {
    // SAFETY: each table has 16 bytes.
    tables.map(|table| unsafe { _mm_loadu_si128(table.as_ptr().cast()) })
}

//! Interleaved bytes to the planar floats that models take, and back.
//!
//! Not responsible for resizing or for other ranges than [0, 1]. Invariant: every path (AVX2 or
//! scalar) gives the same bits; which one runs depends on the processor alone and is chosen at
//! run time, because a build for one processor made other loops of this crate two to three times
//! slower.
//!
//! Planar means all reds row by row, then all greens, then all blues: NCHW with N = 1.

#[cfg(target_arch = "x86_64")]
mod avx2;
mod scalar;

/// Planar f32 `[3, height, width]` in [0, 1] to interleaved RGB.
///
/// Each value is clamped (NaN becomes 0), multiplied by 255 and rounded, halves upwards.
///
/// # Panics
/// If `src` or `dst` has not exactly `3 * width * height` elements.
pub fn planar_to_rgb8(src: &[f32], width: u32, height: u32, dst: &mut [u8]) {
    let pixels = check(width, height, src.len(), dst.len());
    if pixels == 0 {
        return;
    }
    let [red, green, blue] = thirds(src, pixels);
    #[cfg(target_arch = "x86_64")]
    if is_x86_feature_detected!("avx2") {
        // SAFETY: the processor has AVX2.
        #[allow(unsafe_code)]
        return unsafe { avx2::interleave([red, green, blue], dst) };
    }
    scalar::interleave([red, green, blue], dst);
}

/// Interleaved RGB to planar f32 `[3, height, width]` in [0, 1]: each value is multiplied by
/// 1/255, and 255 gives exactly 1.
///
/// # Panics
/// If `src` or `dst` has not exactly `3 * width * height` elements.
pub fn rgb8_to_planar(src: &[u8], width: u32, height: u32, dst: &mut [f32]) {
    let pixels = check(width, height, src.len(), dst.len());
    if pixels == 0 {
        return;
    }
    let (red, rest) = dst.split_at_mut(pixels);
    let (green, blue) = rest.split_at_mut(pixels);
    #[cfg(target_arch = "x86_64")]
    if is_x86_feature_detected!("avx2") {
        // SAFETY: the processor has AVX2.
        #[allow(unsafe_code)]
        return unsafe { avx2::separate(src, [red, green, blue]) };
    }
    scalar::separate(src, [red, green, blue]);
}

/// Number of pixels, after checking both lengths: a wrong one is a bug of the caller.
fn check(width: u32, height: u32, src: usize, dst: usize) -> usize {
    let pixels = width as usize * height as usize;
    assert_eq!(src, pixels * 3, "source length of {width}×{height}");
    assert_eq!(dst, pixels * 3, "target length of {width}×{height}");
    pixels
}

fn thirds(planes: &[f32], pixels: usize) -> [&[f32]; 3] {
    let (red, rest) = planes.split_at(pixels);
    let (green, blue) = rest.split_at(pixels);
    [red, green, blue]
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The specification, a pixel at a time.
    fn naive_bytes(src: &[f32], pixels: usize) -> Vec<u8> {
        let level = |value: f32| match value.is_nan() {
            true => 0,
            false => (value.clamp(0.0, 1.0) * 255.0 + 0.5) as u8,
        };
        (0..pixels * 3)
            .map(|i| level(src[i % 3 * pixels + i / 3]))
            .collect()
    }

    fn naive_floats(src: &[u8], pixels: usize) -> Vec<f32> {
        (0..pixels * 3)
            .map(|i| f32::from(src[i % pixels * 3 + i / pixels]) * (1.0 / 255.0))
            .collect()
    }

    fn bytes(src: &[f32], width: u32, height: u32) -> Vec<u8> {
        let mut dst = vec![7; src.len()];
        planar_to_rgb8(src, width, height, &mut dst);
        dst
    }

    fn floats(src: &[u8], width: u32, height: u32) -> Vec<f32> {
        let mut dst = vec![7.0; src.len()];
        rgb8_to_planar(src, width, height, &mut dst);
        dst
    }

    fn any_value() -> impl Strategy<Value = f32> {
        prop_oneof![
            6 => -0.2f32..1.2,
            2 => (0u32..=510).prop_map(|half| half as f32 / 510.0),
            1 => any::<f32>(),
            1 => prop::sample::select(vec![f32::NAN, -f32::NAN, f32::INFINITY, f32::NEG_INFINITY, -0.0]),
        ]
    }

    proptest! {
        #[test]
        fn floats_to_bytes_equal_the_naive_form(width in 1u32..90, height in 1u32..5, seed in prop::collection::vec(any_value(), 97)) {
            let pixels = (width * height) as usize;
            let src: Vec<f32> = seed.iter().copied().cycle().take(pixels * 3).collect();
            prop_assert_eq!(bytes(&src, width, height), naive_bytes(&src, pixels));
        }

        #[test]
        fn scalar_floats_to_bytes_equal_the_naive_form(pixels in 1usize..300, seed in prop::collection::vec(any_value(), 97)) {
            let src: Vec<f32> = seed.iter().copied().cycle().take(pixels * 3).collect();
            let mut dst = vec![7; pixels * 3];
            scalar::interleave(thirds(&src, pixels), &mut dst);
            prop_assert_eq!(dst, naive_bytes(&src, pixels));
        }

        #[test]
        fn bytes_to_floats_equal_the_naive_form(width in 1u32..90, height in 1u32..5, seed in any::<[u8; 31]>()) {
            let pixels = (width * height) as usize;
            let src: Vec<u8> = seed.iter().copied().cycle().take(pixels * 3).collect();
            prop_assert_eq!(floats(&src, width, height), naive_floats(&src, pixels));
        }

        #[test]
        fn scalar_bytes_to_floats_equal_the_naive_form(pixels in 1usize..300, seed in any::<[u8; 31]>()) {
            let src: Vec<u8> = seed.iter().copied().cycle().take(pixels * 3).collect();
            let mut dst = vec![7.0; pixels * 3];
            let (red, rest) = dst.split_at_mut(pixels);
            let (green, blue) = rest.split_at_mut(pixels);
            scalar::separate(&src, [red, green, blue]);
            prop_assert_eq!(dst, naive_floats(&src, pixels));
        }
    }

    #[test]
    fn every_level_survives_the_round_trip() {
        let src: Vec<u8> = (0..=255u8)
            .flat_map(|level| [level, 255 - level, level ^ 0x55])
            .collect();
        assert_eq!(bytes(&floats(&src, 16, 16), 16, 16), src);
    }

    #[test]
    fn full_white_is_exactly_one() {
        assert!(
            floats(&[255; 20 * 3], 20, 1)
                .iter()
                .all(|&value| value == 1.0)
        );
    }

    #[test]
    fn values_that_are_no_numbers_become_black_and_infinities_clamp() {
        let mut src = vec![f32::NAN; 17 * 3];
        src[17] = f32::INFINITY;
        src[34] = f32::NEG_INFINITY;
        assert_eq!(bytes(&src, 17, 1)[..6], [0, 255, 0, 0, 0, 0]);
    }

    #[test]
    #[should_panic(expected = "target length of 2×2")]
    fn a_short_target_is_a_bug_of_the_caller() {
        planar_to_rgb8(&[0.0; 12], 2, 2, &mut [0; 11]);
    }
}

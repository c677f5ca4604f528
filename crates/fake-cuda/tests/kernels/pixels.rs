//! Bytes to planes and back, bit for bit by the rule of the server's `media/convert`.

use crate::bench::{Bench, noise};

/// Of the host: [0, 1] from a level.
fn value(level: u8) -> f32 {
    f32::from(level) * (1.0 / 255.0)
}

/// Of the host: a level from [0, 1].
#[expect(
    clippy::manual_clamp,
    reason = "`max` before `min` turns what is no number into 0; `clamp` keeps it"
)]
fn level(value: f32) -> u8 {
    (value.max(0.0).min(1.0) * 255.0 + 0.5) as u8
}

/// A half's value, by the definition of the format; only finite ones.
fn of_half(bits: u16) -> f64 {
    let fraction = f64::from(bits & 0x3FF);
    let magnitude = match i32::from(bits >> 10 & 0x1F) {
        0 => fraction * 2f64.powi(-24),
        exponent => (1024.0 + fraction) * 2f64.powi(exponent - 25),
    };
    if bits & 0x8000 == 0 {
        magnitude
    } else {
        -magnitude
    }
}

const PIXELS: usize = 300;
const BATCH: usize = 3;

/// Every level, in each channel, over more than one block.
fn pictures() -> Vec<u8> {
    let count = PIXELS * BATCH * 3;
    (0..count).map(|i| (i * 7 % 256) as u8).collect()
}

/// Where a value of `[batch][pixels][3]` goes in `[batch][3][pixels]`.
fn planar_place(i: usize, swap: bool) -> usize {
    let (item, pixel, channel) = (i / (PIXELS * 3), i / 3 % PIXELS, i % 3);
    let plane = if swap { 2 - channel } else { channel };
    (item * 3 + plane) * PIXELS + pixel
}

/// How a kernel of this module is called, the arrays aside.
#[derive(Clone, Copy)]
struct How {
    kernel: &'static str,
    scale: f32,
    bias: f32,
    swap: bool,
}

/// From [0, 1] or to it.
fn plain(kernel: &'static str) -> How {
    How {
        kernel,
        scale: 1.0,
        bias: 0.0,
        swap: false,
    }
}

/// What a kernel makes of `src`: `bytes` of it.
fn made(how: How, src: &[u8], bytes: usize) -> Vec<u8> {
    let mut bench = Bench::of("pixels");
    let src = bench.upload(src);
    let dst = bench.room(bytes);
    let (pixels, batch, swap) = (PIXELS as i32, BATCH as i32, i32::from(how.swap));
    bench.run(
        how.kernel,
        [128, 1, 1],
        [PIXELS as u32, BATCH as u32, 1],
        &[&src, &dst, &pixels, &batch, &how.scale, &how.bias, &swap],
    );
    bench.space.get(dst, bytes).unwrap()
}

const VALUES: usize = PIXELS * BATCH * 3;

fn to_floats(how: How) -> Vec<f32> {
    let bytes = made(how, &pictures(), VALUES * 4);
    let floats = bytes.as_chunks().0.iter();
    floats.map(|bytes| f32::from_le_bytes(*bytes)).collect()
}

fn to_halves(how: How) -> Vec<u16> {
    let bytes = made(how, &pictures(), VALUES * 2);
    let halves = bytes.as_chunks().0.iter();
    halves.map(|bytes| u16::from_le_bytes(*bytes)).collect()
}

/// Planes to pixels, of floats that any bits may be.
fn from_floats(how: How, values: &[f32]) -> Vec<u8> {
    let bytes: Vec<u8> = values.iter().flat_map(|v| v.to_le_bytes()).collect();
    made(how, &bytes, VALUES)
}

/// The planes that `rule` makes of the pictures.
fn planes<T: Copy + Default>(swap: bool, rule: impl Fn(u8) -> T) -> Vec<T> {
    let mut planes = vec![T::default(); VALUES];
    for (i, level) in pictures().into_iter().enumerate() {
        planes[planar_place(i, swap)] = rule(level);
    }
    planes
}

#[test]
fn planes_of_floats_have_the_hosts_bits() {
    assert_eq!(
        to_floats(plain("pixels_to_planar_f32")),
        planes(false, value)
    );
}

#[test]
fn full_white_is_exactly_one() {
    let planes = to_floats(plain("pixels_to_planar_f32"));
    assert_eq!(planes.into_iter().fold(0.0, f32::max), 1.0);
}

#[test]
fn another_range_is_the_unit_stretched_and_moved() {
    let how = How {
        scale: 2.0,
        bias: -1.0,
        ..plain("pixels_to_planar_f32")
    };
    assert_eq!(to_floats(how), planes(false, |v| -1.0 + value(v) * 2.0));
}

#[test]
fn swapped_planes_are_blue_green_and_red() {
    let how = How {
        swap: true,
        ..plain("pixels_to_planar_f32")
    };
    assert_eq!(to_floats(how), planes(true, value));
}

#[test]
fn planes_of_halves_are_the_nearest_to_the_hosts_floats() {
    let halves = to_halves(plain("pixels_to_planar_f16"));
    for (half, exact) in halves.into_iter().zip(planes(false, value)) {
        let away = |bits: u16| (of_half(bits) - f64::from(exact)).abs();
        let others = [half.saturating_sub(1), half + 1];
        assert!(others.into_iter().all(|other| away(half) <= away(other)));
    }
}

#[test]
fn every_level_survives_the_way_to_halves_and_back() {
    let halves = to_halves(plain("pixels_to_planar_f16"));
    let bytes: Vec<u8> = halves.iter().flat_map(|v| v.to_le_bytes()).collect();
    assert_eq!(
        made(plain("planar_to_pixels_f16"), &bytes, VALUES),
        pictures()
    );
}

#[test]
fn every_level_survives_the_way_through_another_range_and_swapped_planes() {
    let how = |kernel| How {
        scale: 255.0,
        bias: -127.5,
        swap: true,
        ..plain(kernel)
    };
    let planes = to_floats(how("pixels_to_planar_f32"));
    assert_eq!(
        from_floats(how("planar_to_pixels_f32"), &planes),
        pictures()
    );
}

/// Floats of all kinds: about the levels' bounds, outside the range, no numbers, random bits.
fn any_values() -> Vec<f32> {
    let special = [
        f32::NAN,
        -f32::NAN,
        f32::INFINITY,
        f32::NEG_INFINITY,
        -0.0,
        -1e-9,
    ];
    let bounds = (0..=510).map(|half| half as f32 / 510.0);
    let bounds = bounds.flat_map(|bound| [bound.next_down(), bound, bound.next_up()]);
    let random = noise(VALUES * 4, 7);
    let random = random.as_chunks().0.iter().map(|b| f32::from_le_bytes(*b));
    let all = special.into_iter().chain(bounds).chain(random);
    all.take(VALUES).collect()
}

#[test]
fn pixels_have_the_hosts_levels_whatever_the_floats() {
    let planes = any_values();
    let wanted: Vec<u8> = (0..VALUES)
        .map(|i| level(planes[planar_place(i, false)]))
        .collect();
    assert_eq!(from_floats(plain("planar_to_pixels_f32"), &planes), wanted);
}

#[test]
fn threads_behind_the_last_pixel_write_nothing() {
    let mut bench = Bench::of("pixels");
    let src = bench.upload(&[9; 30]);
    let dst = bench.upload(&[7; 3 * 10 * 4 + 4]);
    let ten = 10;
    bench.run(
        "pixels_to_planar_f32",
        [64, 1, 1],
        [64, 2, 1],
        &[&src, &dst, &ten, &1, &1.0_f32, &0.0_f32, &0],
    );
    assert_eq!(bench.space.get(dst + 120, 4), Some(vec![7; 4]));
}

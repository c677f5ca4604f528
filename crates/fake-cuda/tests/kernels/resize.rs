//! Resizing, against the library that the server's `media/resize` uses, with the same choice of filter.

use crate::bench::{Bench, noise};
use fast_image_resize as fir;
use fir::{
    images::{TypedImage, TypedImageRef},
    pixels::U8x3,
};

/// A picture's sides.
type Sides = (u32, u32);

/// The host's choice: bilinear down to half the size, below that a filter as wide as the scale.
fn halved((width, height): Sides, to: Sides) -> bool {
    width.div_ceil(2) <= to.0 && height.div_ceil(2) <= to.1
}

fn on_host(src: &[u8], from: Sides, to: Sides) -> Vec<u8> {
    let algorithm = match halved(from, to) {
        true => fir::ResizeAlg::Interpolation(fir::FilterType::Bilinear),
        false => fir::ResizeAlg::Convolution(fir::FilterType::Bilinear),
    };
    let mut dst = vec![0; (to.0 * to.1 * 3) as usize];
    let source = TypedImageRef::<U8x3>::from_buffer(from.0, from.1, src).unwrap();
    let mut target = TypedImage::<U8x3>::from_buffer(to.0, to.1, &mut dst).unwrap();
    let options = fir::ResizeOptions::new().resize_alg(algorithm);
    fir::Resizer::new()
        .resize_typed(&source, &mut target, &options)
        .unwrap();
    dst
}

fn on_device(src: &[u8], from: Sides, to: Sides) -> Vec<u8> {
    let support = |from: u32, to: u32, halved: bool| match halved {
        true => 1.0,
        false => (from as f32 / to as f32).max(1.0),
    };
    let halved = halved(from, to);
    let mut bench = Bench::of("resize");
    let src = bench.upload(src);
    let bytes = (to.0 * to.1 * 3) as usize;
    let dst = bench.room(bytes);
    let [sw, sh, dw, dh] = [from.0, from.1, to.0, to.1].map(|side| side as i32);
    let across = support(from.0, to.0, halved);
    let down = support(from.1, to.1, halved);
    bench.run(
        "resize_pixels",
        [16, 4, 1],
        [to.0, to.1, 1],
        &[&src, &sw, &sh, &dst, &dw, &dh, &across, &down],
    );
    bench.space.get(dst, bytes).unwrap()
}

fn furthest(from: Sides, to: Sides) -> u8 {
    let src = noise((from.0 * from.1 * 3) as usize, from.0 + to.0);
    let both = on_host(&src, from, to)
        .into_iter()
        .zip(on_device(&src, from, to));
    both.map(|(host, device)| host.abs_diff(device))
        .max()
        .unwrap()
}

#[test]
fn sizes_down_and_up_are_within_one_level_of_the_host() {
    for (from, to) in [
        ((64, 48), (48, 36)),
        ((64, 48), (32, 24)),
        ((63, 47), (33, 25)),
        ((320, 180), (64, 64)),
        ((200, 31), (17, 29)),
        ((256, 256), (16, 16)),
        ((31, 200), (64, 20)),
        ((16, 16), (100, 60)),
        ((5, 3), (64, 64)),
        ((1, 1), (7, 5)),
        ((1, 90), (3, 4)),
        ((2, 2), (1, 1)),
    ] {
        let furthest = furthest(from, to);
        assert!(furthest <= 1, "{from:?} to {to:?}: {furthest}");
    }
}

#[test]
fn a_picture_of_the_right_size_is_unchanged() {
    let src = noise(40 * 30 * 3, 3);
    assert_eq!(on_device(&src, (40, 30), (40, 30)), src);
}

#[test]
fn one_colour_stays_one_colour_at_every_size() {
    for to in [(1, 1), (7, 90), (50, 50), (333, 2)] {
        let src = [201, 0, 255].repeat(50 * 41);
        let wanted = [201, 0, 255].repeat((to.0 * to.1) as usize);
        assert_eq!(on_device(&src, (50, 41), to), wanted, "{to:?}");
    }
}

#[test]
fn the_longest_sides_lose_no_bits_of_their_place() {
    let furthest = furthest((32_767, 1), (32_000, 1));
    assert!(furthest <= 1, "{furthest}");
}

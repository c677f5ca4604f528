//! The lens against OpenCV's own numbers, and its paths against each other.

use proptest::prelude::*;
use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::{
    Fisheye, LensError, Remap, WrongSize,
    camera::Cameras,
    remap::{Tap, fixed},
    scalar,
};
use crate::media::Rgb8;

/// What `tests/data/lens/record.py` wrote.
#[derive(Deserialize)]
struct Recorded {
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    size: [u32; 2],
    strength: f64,
    balance: f64,
    focal: f64,
    centre: [f64; 2],
    kept: [u32; 4],
    sha256: String,
    /// Column, row; where it comes from in steps; red, green, blue.
    points: Vec<[i32; 7]>,
}

impl Case {
    fn lens(&self) -> Fisheye {
        Fisheye {
            strength: self.strength,
            balance: self.balance,
        }
    }

    fn name(&self) -> String {
        format!("{:?} {:?}", self.size, self.lens())
    }
}

fn recorded() -> Vec<Case> {
    let text = include_str!("../../../tests/data/lens/opencv.json");
    serde_json::from_str::<Recorded>(text).unwrap().cases
}

/// Small enough for a map a test.
fn small() -> Vec<Case> {
    let mut cases = recorded();
    cases.retain(|case| case.size[0] < 1000);
    cases
}

/// The picture that the recording straightened.
fn grid(width: u32, height: u32) -> Rgb8 {
    Rgb8::from_fn(width, height, |x, y| {
        if x % 16 == 0 || y % 16 == 0 {
            return [255; 3];
        }
        [
            (x * 255 / (width - 1)) as u8,
            (y * 255 / (height - 1)) as u8,
            ((x * 7 + y * 13) % 256) as u8,
        ]
    })
}

fn straightened(case: &Case) -> (Remap, Rgb8) {
    let [width, height] = case.size;
    let remap = Remap::fisheye(width, height, &case.lens()).unwrap();
    let mut picture = Rgb8::default();
    remap.apply(&grid(width, height), &mut picture).unwrap();
    (remap, picture)
}

const BARREL: Fisheye = Fisheye {
    strength: -0.18,
    balance: 0.0,
};

#[test]
fn the_camera_that_shows_is_opencvs() {
    for case in recorded() {
        let [width, height] = case.size;
        let shown = Cameras::new(width, height, &case.lens()).unwrap().shown;
        // Both search for an angle until a step is below 1e-8 of a focal length.
        assert!((shown.focal - case.focal).abs() < 1e-4, "{}", case.name());
        for i in 0..2 {
            assert!(
                (shown.centre[i] - case.centre[i]).abs() < 1e-4,
                "{}",
                case.name()
            );
        }
    }
}

#[test]
fn points_come_from_where_opencv_says_to_the_32nd_of_a_pixel() {
    for case in recorded() {
        let [width, height] = case.size;
        let cameras = Cameras::new(width, height, &case.lens()).unwrap();
        for &[x, y, from_x, from_y, ..] in &case.points {
            let from = cameras.source(f64::from(x), f64::from(y)).unwrap();
            assert_eq!(fixed(from), [from_x, from_y], "{x}, {y} of {}", case.name());
        }
    }
}

#[test]
fn pixels_have_the_colours_that_opencv_gives_them() {
    for case in small() {
        let (_, picture) = straightened(&case);
        let [left, top, ..] = case.kept;
        for &[x, y, _, _, red, green, blue] in &case.points {
            let pixel = picture.pixel(x as u32 - left, y as u32 - top).unwrap();
            assert_eq!(
                pixel.map(i32::from),
                [red, green, blue],
                "{x}, {y} of {}",
                case.name()
            );
        }
    }
}

#[test]
fn whole_pictures_are_opencvs_byte_for_byte() {
    for case in small() {
        let (_, picture) = straightened(&case);
        let digest = Sha256::digest(&picture.data);
        let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hex, case.sha256, "{}", case.name());
    }
}

#[test]
fn the_largest_rectangle_on_the_picture_is_kept() {
    for case in small() {
        let (remap, picture) = straightened(&case);
        let [x, y, width, height] = case.kept;
        assert_eq!(remap.origin(), (x, y), "{}", case.name());
        assert_eq!(remap.size(), (width, height), "{}", case.name());
        assert!(picture.is_whole());
    }
}

#[test]
fn a_strength_of_nothing_passes_pictures_as_they_are() {
    let off = Fisheye {
        strength: 0.0,
        balance: 0.0,
    };
    let remap = Remap::fisheye(31, 17, &off).unwrap();
    let mut picture = Rgb8::default();
    remap.apply(&grid(31, 17), &mut picture).unwrap();
    assert!(remap.is_identity());
    assert_eq!(remap.bytes(), 0);
    assert_eq!(picture, grid(31, 17));
}

#[test]
fn a_lens_that_folds_before_the_edge_is_refused() {
    let folds = Fisheye {
        strength: -0.65,
        balance: 0.0,
    };
    let fault = Remap::fisheye(64, 36, &folds).unwrap_err();
    assert_eq!(
        fault.to_string(),
        "a fisheye strength of -0.65 bends more than a picture of 64×36 can be straightened by"
    );
}

#[test]
fn a_lens_without_numbers_is_refused() {
    for (strength, balance) in [(f64::NAN, 0.0), (-0.18, f64::INFINITY)] {
        let fault = Remap::fisheye(64, 36, &Fisheye { strength, balance }).unwrap_err();
        assert!(matches!(fault, LensError::NotFinite { .. }), "{fault}");
    }
}

#[test]
fn pictures_without_neighbours_or_beyond_counting_are_refused() {
    for (width, height) in [(0, 0), (1, 40), (40, 1), (u32::MAX, u32::MAX)] {
        let fault = Remap::fisheye(width, height, &BARREL).unwrap_err();
        assert!(!fault.to_string().is_empty());
    }
}

#[test]
fn a_balance_beyond_its_ends_is_the_nearer_end() {
    let with = |balance| {
        let lens = Fisheye { balance, ..BARREL };
        Remap::fisheye(64, 36, &lens).unwrap().taps().to_vec()
    };
    assert_eq!(with(-3.0), with(0.0));
    assert_eq!(with(7.5), with(1.0));
}

#[test]
fn a_picture_of_another_size_is_refused_and_the_target_left_alone() {
    let remap = Remap::fisheye(64, 36, &BARREL).unwrap();
    let mut target = Rgb8::filled(2, 2, [1, 2, 3]);
    let wrong = WrongSize {
        expected: (64, 36),
        given: (36, 64),
    };
    assert_eq!(remap.apply(&grid(36, 64), &mut target), Err(wrong));
    assert_eq!(target, Rgb8::filled(2, 2, [1, 2, 3]));
}

#[test]
fn a_picture_with_missing_bytes_is_refused() {
    let remap = Remap::fisheye(64, 36, &BARREL).unwrap();
    let mut broken = grid(64, 36);
    broken.data.pop();
    assert!(remap.apply(&broken, &mut Rgb8::default()).is_err());
}

#[test]
fn a_map_says_what_it_holds_and_promises_no_less() {
    let remap = Remap::fisheye(64, 36, &BARREL).unwrap();
    assert_eq!(remap.bytes(), remap.taps().len() * 8);
    assert!(remap.bytes() as u64 <= Remap::most_bytes(64, 36));
}

/// A pixel by the definition, in fractions.
fn by_definition(picture: &Rgb8, tap: &Tap) -> [u8; 3] {
    let at = tap.offset / 3;
    let (x, y) = (at % picture.width, at / picture.width);
    let [left, right, upper, lower] = tap.weights.map(|steps| f64::from(steps) / 32.0);
    let pixel = |dx, dy| picture.pixel(x + dx, y + dy).unwrap().map(f64::from);
    let corners = [pixel(0, 0), pixel(1, 0), pixel(0, 1), pixel(1, 1)];
    std::array::from_fn(|channel| {
        let [a, b, c, d] = corners.map(|corner| corner[channel]);
        ((a * left + b * right) * upper + (c * left + d * right) * lower + 0.5) as u8
    })
}

fn noise(width: u32, height: u32, seed: u64) -> Rgb8 {
    let mut state = seed | 1;
    let mut next = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 32) as u8
    };
    Rgb8::from_fn(width, height, |_, _| [next(), next(), next()])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn every_path_gives_the_mean_of_four_neighbours(
        (width, height) in (2u32..70, 2u32..40),
        strength in prop_oneof![-0.58f64..0.5, Just(1e-9)],
        balance in 0.0f64..=1.0,
        seed in any::<u64>(),
    ) {
        let lens = Fisheye { strength, balance };
        // Of tiny pictures nothing may be left.
        let Ok(remap) = Remap::fisheye(width, height, &lens) else { return Ok(()) };
        let picture = noise(width, height, seed);
        let mut chosen = Rgb8::default();
        remap.apply(&picture, &mut chosen).unwrap();
        let expected: Vec<u8> = remap.taps().iter().flat_map(|tap| by_definition(&picture, tap)).collect();
        prop_assert_eq!(&chosen.data, &expected);
        let mut reference = vec![0; expected.len()];
        scalar::sample(&picture.data, width as usize * 3, remap.taps(), &mut reference);
        prop_assert_eq!(&reference, &expected);
    }

    #[test]
    fn one_colour_stays_one_colour((width, height) in (2u32..90, 2u32..60), strength in -0.58f64..0.5, colour in any::<[u8; 3]>()) {
        let lens = Fisheye { strength, balance: 0.3 };
        let Ok(remap) = Remap::fisheye(width, height, &lens) else { return Ok(()) };
        let mut straight = Rgb8::default();
        remap.apply(&Rgb8::filled(width, height, colour), &mut straight).unwrap();
        let (width, height) = remap.size();
        prop_assert_eq!(straight, Rgb8::filled(width, height, colour));
    }

    #[test]
    fn kept_sides_are_even((width, height) in (2u32..60, 2u32..60), strength in -0.58f64..-0.01, balance in 0.0f64..=1.0) {
        let Ok(remap) = Remap::fisheye(width, height, &Fisheye { strength, balance }) else { return Ok(()) };
        let (width, height) = remap.size();
        prop_assert!(width % 2 == 0 && height % 2 == 0 && width > 0 && height > 0);
    }
}

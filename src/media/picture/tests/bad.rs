//! Files that must be refused, and any bytes at all.

use std::sync::LazyLock;

use libjpeg_turbo_rs as turbo;
use proptest::prelude::*;

use super::files::*;
use crate::media::picture::{DecodeLimits, PictureError, decode};

const LIMITS: DecodeLimits = DecodeLimits {
    max_bytes: 1 << 20,
    max_side: 1_024,
    max_pixels: 512 * 512,
};

fn refusal(file: &[u8]) -> PictureError {
    decode(file, &LIMITS).expect_err("not a picture to accept")
}

#[test]
fn text_under_a_picture_name_is_not_a_picture() {
    for file in [
        &b"hello, this is cat.png"[..],
        b"<!doctype html><html>",
        b"",
        b"\x7fELF\x02\x01\x01",
        b"BM",
        b"GIF",
    ] {
        assert_eq!(refusal(file), PictureError::NotAPicture);
    }
}

#[test]
fn a_known_format_that_is_not_read_is_named() {
    let named = |file: &[u8]| refusal(file).to_string();
    assert!(named(b"\0\0\0\x18ftypheic\0\0\0\0").starts_with("HEIC pictures are not supported"));
    assert!(named(b"\0\0\0\x18ftypavif\0\0\0\0").starts_with("AVIF"));
    assert!(named(b"<svg xmlns=''>").starts_with("SVG"));
}

#[test]
fn a_twelve_bit_jpeg_is_unsupported_and_not_damaged() {
    let file =
        turbo::precision::compress_12bit(&[2_000; 256], 16, 16, 1, 90, turbo::Subsampling::S444);
    assert!(matches!(
        refusal(&file.expect("encodes")),
        PictureError::Unsupported { .. }
    ));
}

#[test]
fn a_file_above_the_byte_limit_is_refused_before_anything_else() {
    let error = decode(
        &[0; 101],
        &DecodeLimits {
            max_bytes: 100,
            ..LIMITS
        },
    );
    assert_eq!(
        error,
        Err(PictureError::TooManyBytes {
            bytes: 101,
            max_bytes: 100
        })
    );
}

#[test]
fn a_header_that_claims_a_huge_picture_is_refused_by_its_sides() {
    for file in [
        png_claiming(30_000, 30_000),
        jpeg_claiming(30_000, 30_000),
        gif_claiming(30_000, 30_000),
    ] {
        let claimed = (30_000, 30_000);
        assert!(
            matches!(refusal(&file), PictureError::TooLarge { width, height, .. } if (width, height) == claimed)
        );
    }
}

#[test]
fn sides_within_the_limit_may_still_have_too_many_pixels() {
    let error = refusal(&png_claiming(1_024, 1_024));
    assert_eq!(
        error.to_string(),
        "the picture has 1024×1024 pixels; at most 1024 a side and 262144 in all are accepted"
    );
}

#[test]
fn every_format_is_held_to_the_limits() {
    let limits = DecodeLimits {
        max_side: 32,
        ..LIMITS
    };
    for (name, file) in one_of_each(&blocks(33, 8)) {
        let answer = decode(&file, &limits);
        assert!(
            matches!(
                answer,
                Err(PictureError::TooLarge {
                    width: 33,
                    height: 8,
                    ..
                })
            ),
            "{name}: {answer:?}"
        );
    }
}

#[test]
fn a_header_without_pixels_is_damaged() {
    for file in [
        png_claiming(0, 16),
        jpeg_claiming(0, 16),
        gif_claiming(0, 16),
    ] {
        assert!(matches!(refusal(&file), PictureError::Damaged(_)));
    }
}

#[test]
fn a_header_that_claims_more_than_the_file_holds_is_damaged() {
    for file in [
        png_claiming(400, 400),
        jpeg_claiming(400, 400),
        gif_claiming(400, 400),
    ] {
        assert!(matches!(refusal(&file), PictureError::Damaged(_)));
    }
}

#[test]
fn a_file_cut_short_is_never_half_a_picture() {
    for (name, file) in one_of_each(&detailed(24, 16)) {
        let whole = decode(&file, &LIMITS).expect("a sound file");
        for length in 0..file.len() {
            // The last bytes may only mark the end: without them the picture is still whole.
            if let Ok(picture) = decode(&file[..length], &LIMITS) {
                assert!(
                    picture == whole,
                    "{name} cut to {length} of {} bytes",
                    file.len()
                );
            }
        }
    }
}

#[test]
fn a_jpeg_cut_in_half_says_so() {
    let file = jpeg(&detailed(64, 64));
    assert_eq!(
        refusal(&file[..file.len() / 2]),
        PictureError::Damaged("it ends too early".into())
    );
}

static SOUND: LazyLock<Vec<(&str, Vec<u8>)>> = LazyLock::new(|| one_of_each(&detailed(24, 16)));

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn a_mutated_file_gives_a_whole_picture_or_an_error(
        which in 0..8usize,
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..12),
        cut in prop::option::weighted(0.3, any::<prop::sample::Index>()),
    ) {
        let mut file = SOUND[which].1.clone();
        for (at, value) in changes {
            let at = at.index(file.len());
            file[at] = value;
        }
        if let Some(cut) = cut {
            file.truncate(cut.index(file.len()));
        }
        if let Ok(picture) = decode(&file, &LIMITS) {
            prop_assert!(picture.is_whole() && picture.pixels() <= LIMITS.max_pixels);
        }
    }

    #[test]
    fn any_bytes_after_a_signature_give_an_error_or_a_whole_picture(
        which in 0..8usize,
        kept in 0..40usize,
        noise in prop::collection::vec(any::<u8>(), 0..300),
    ) {
        let file = [&SOUND[which].1[..kept], noise.as_slice()].concat();
        if let Ok(picture) = decode(&file, &LIMITS) {
            prop_assert!(picture.is_whole());
        }
    }
}

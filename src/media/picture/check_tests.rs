use super::*;
use image::{ImageFormat, RgbImage};
use proptest::prelude::*;
use std::io::Cursor;

const SIDES: Sides = Sides {
    width: 20,
    height: 10,
};

fn encoded(format: ImageFormat) -> Vec<u8> {
    let picture = RgbImage::from_fn(SIDES.width, SIDES.height, |x, y| {
        image::Rgb([x as u8 * 9, y as u8 * 20, 7])
    });
    let mut file = Cursor::new(Vec::new());
    picture.write_to(&mut file, format).unwrap();
    file.into_inner()
}

fn jpeg() -> Vec<u8> {
    encoded(ImageFormat::Jpeg)
}

fn png() -> Vec<u8> {
    encoded(ImageFormat::Png)
}

fn raw(height: u32, width: u32, channels: u32, bytes: usize) -> Vec<u8> {
    let words = [height, width, channels].map(u32::to_le_bytes);
    [words.concat(), vec![7; bytes]].concat()
}

#[test]
fn whole_frames_of_the_right_size_pass() {
    assert_eq!(check(&jpeg(), Encoding::Jpeg, SIDES), Ok(()));
    assert_eq!(check(&png(), Encoding::Png, SIDES), Ok(()));
    assert_eq!(check(&[0; 600], Encoding::Raw, SIDES), Ok(()));
    assert_eq!(check(&raw(10, 20, 3, 600), Encoding::Raw, SIDES), Ok(()));
}

#[test]
fn nothing_is_no_frame() {
    for encoding in [Encoding::Jpeg, Encoding::Png, Encoding::Raw] {
        assert_eq!(check(&[], encoding, SIDES), Err(FrameFlaw::Empty));
    }
}

#[test]
fn another_encoding_than_was_said_is_seen() {
    assert_eq!(
        check(&png(), Encoding::Jpeg, SIDES),
        Err(FrameFlaw::NotThat(Encoding::Jpeg))
    );
    assert_eq!(
        check(&jpeg(), Encoding::Png, SIDES),
        Err(FrameFlaw::NotThat(Encoding::Png))
    );
    assert!(matches!(
        check(&jpeg(), Encoding::Raw, SIDES),
        Err(FrameFlaw::RawLength { .. })
    ));
}

#[test]
fn another_size_than_the_sessions_is_seen() {
    let should = Sides {
        width: 10,
        height: 20,
    };
    let flaw = FrameFlaw::OtherSize { is: SIDES, should };
    assert_eq!(check(&jpeg(), Encoding::Jpeg, should), Err(flaw.clone()));
    assert_eq!(check(&png(), Encoding::Png, should), Err(flaw.clone()));
    assert_eq!(
        check(&raw(10, 20, 3, 600), Encoding::Raw, should),
        Err(flaw.clone())
    );
    assert_eq!(
        flaw.to_string(),
        "it has 20×10 pixels, but its session has 10×20"
    );
}

#[test]
fn a_frame_that_was_cut_is_seen_wherever_it_was_cut() {
    for (file, encoding) in [(jpeg(), Encoding::Jpeg), (png(), Encoding::Png)] {
        for length in 0..file.len() {
            assert!(
                check(&file[..length], encoding, SIDES).is_err(),
                "{encoding} {length}"
            );
        }
    }
}

#[test]
fn padding_behind_the_end_is_no_flaw() {
    let padded = [jpeg(), vec![0; 100]].concat();
    assert_eq!(check(&padded, Encoding::Jpeg, SIDES), Ok(()));
}

#[test]
fn a_thumbnail_in_the_header_is_not_taken_for_the_picture() {
    let thumbnail = {
        let mut file = Cursor::new(Vec::new());
        RgbImage::new(4, 4)
            .write_to(&mut file, ImageFormat::Jpeg)
            .unwrap();
        file.into_inner()
    };
    let length = u16::try_from(thumbnail.len() + 2).unwrap().to_be_bytes();
    let picture = jpeg();
    let file = [
        &picture[..2],
        &[0xFF, 0xE1],
        &length,
        &thumbnail,
        &picture[2..],
    ]
    .concat();
    assert_eq!(check(&file, Encoding::Jpeg, SIDES), Ok(()));
}

#[test]
fn fill_bytes_before_a_marker_are_passed_over() {
    let picture = jpeg();
    let file = [&picture[..2], &[0xFF; 5], &picture[2..]].concat();
    assert_eq!(check(&file, Encoding::Jpeg, SIDES), Ok(()));
}

#[test]
fn a_raw_frame_fits_in_both_forms_or_not_at_all() {
    for bytes in [
        raw(10, 20, 3, 599),
        raw(10, 20, 1, 600),
        raw(10, 20, 4, 600),
        vec![0; 611],
        vec![0; 5],
    ] {
        assert!(
            check(&bytes, Encoding::Raw, SIDES).is_err(),
            "{}",
            bytes.len()
        );
    }
}

#[test]
fn a_grey_raw_frame_passes() {
    assert_eq!(check(&raw(10, 20, 1, 200), Encoding::Raw, SIDES), Ok(()));
}

#[test]
fn the_largest_sides_do_not_overflow() {
    let should = Sides {
        width: u32::MAX,
        height: u32::MAX,
    };
    assert!(check(&[1; 20], Encoding::Raw, should).is_err());
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), start in 0..3_usize) {
        let start: &[u8] = [&b"\xFF\xD8\xFF"[..], PNG_SIGNATURE, b""][start];
        let bytes = [start, &bytes].concat();
        for encoding in [Encoding::Jpeg, Encoding::Png, Encoding::Raw] {
            drop(check(&bytes, encoding, SIDES));
        }
    }

    #[test]
    fn a_changed_byte_never_makes_it_panic(at in any::<prop::sample::Index>(), to in any::<u8>()) {
        for (mut file, encoding) in [(jpeg(), Encoding::Jpeg), (png(), Encoding::Png)] {
            let at = at.index(file.len());
            file[at] = to;
            drop(check(&file, encoding, SIDES));
        }
    }
}

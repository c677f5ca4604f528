//! What the next process finds. A process that dies is an owner that drops everything at once; what
//! it was writing is a file cut short at any byte.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::FileExt as _;

use proptest::prelude::*;

use super::*;

#[test]
fn everything_is_found_again() {
    let place = Place::new();
    let (mut writer, reader) = place.root.create("a", r#"{"fps":15}"#).unwrap();
    let frames = append(&mut writer, [0, 1, 5, 3]);
    writer.keep_signal("bout.txt", b"1.0s | HIT:\n").unwrap();
    drop((writer, reader));
    let found = place.root.recover("a").unwrap();
    assert_eq!(found.head, r#"{"fps":15}"#);
    assert_eq!((&found.frames, found.cut_bytes), (&frames, 0));
    let signal = found.signal.unwrap();
    assert_eq!(signal.filename, "bout.txt");
    assert_eq!(signal.bytes, b"1.0s | HIT:\n");
    for frame in &found.frames {
        assert_eq!(read(&found.reader, frame), payload(frame.number));
    }
}

#[test]
fn a_later_signal_takes_the_place_of_the_first() {
    let place = Place::new();
    let (mut writer, reader) = place.root.create("a", "{}").unwrap();
    writer.keep_signal("a.txt", b"bad").unwrap();
    writer.keep_signal("b.txt", b"good").unwrap();
    drop((writer, reader));
    let signal = place.root.recover("a").unwrap().signal.unwrap();
    assert_eq!((&*signal.filename, &*signal.bytes), ("b.txt", &b"good"[..]));
}

#[test]
fn a_signal_whose_name_is_none_is_refused() {
    let place = Place::new();
    let (mut writer, _reader) = place.root.create("a", "{}").unwrap();
    for name in ["../x", "a\nb", ""] {
        let refused = writer.keep_signal(name, b"");
        assert!(matches!(refused, Err(SpoolError::Name)), "{name:?}");
    }
}

#[test]
fn a_last_record_cut_at_any_byte_is_cut_off_and_nothing_before_it() {
    let place = Place::new();
    let (mut writer, reader) = place.root.create("a", "{}").unwrap();
    let frames = append(&mut writer, 0..2);
    let (sound, _) = (writer.bytes(), append(&mut writer, 2..3));
    let length = writer.bytes();
    drop((writer, reader));
    let path = place.file("a", "frames.spool");
    let whole = std::fs::read(&path).unwrap();
    for cut in sound..length {
        std::fs::write(&path, &whole[..cut as usize]).unwrap();
        let mut found = place.root.recover("a").unwrap();
        assert_eq!((&found.frames, found.cut_bytes), (&frames, cut - sound));
        assert_eq!(std::fs::metadata(&path).unwrap().len(), sound);
        let again = append(&mut found.writer, 2..3);
        assert_eq!(read(&found.reader, &again[0]), payload(2), "cut at {cut}");
    }
    let found = place.root.recover("a").unwrap();
    assert_eq!((found.frames.len(), found.cut_bytes), (3, 0));
}

/// Writes zeros over `bytes` of the file from `at` on.
fn blank(file: &File, at: u64, bytes: u64) {
    file.write_all_at(&vec![0; bytes as usize], at).unwrap();
}

#[test]
fn zeros_where_the_last_frames_should_be_are_cut_off() {
    let place = Place::new();
    let (mut writer, reader) = place.root.create("a", "{}").unwrap();
    let frames = append(&mut writer, 0..4);
    let length = writer.bytes();
    drop((writer, reader));
    let path = place.file("a", "frames.spool");
    let file = OpenOptions::new().write(true).open(path).unwrap();
    let third = &frames[2];
    blank(&file, third.offset + 4, length - third.offset - 4);
    let found = place.root.recover("a").unwrap();
    assert_eq!(found.frames, frames[..2]);
}

#[test]
fn a_frame_whose_end_never_reached_the_disk_is_cut_off_though_its_header_is_there() {
    let place = Place::new();
    let (mut writer, reader) = place.root.create("a", "{}").unwrap();
    let frames = append(&mut writer, 0..2);
    drop((writer, reader));
    let path = place.file("a", "frames.spool");
    let file = OpenOptions::new().write(true).open(path).unwrap();
    let last = &frames[1];
    blank(&file, last.offset + u64::from(last.bytes) - 8, 8);
    let found = place.root.recover("a").unwrap();
    assert_eq!(found.frames, frames[..1]);
}

#[test]
fn a_folder_that_was_begun_and_never_finished_can_be_made_anew() {
    let place = Place::new();
    std::fs::create_dir(place.file("a", "")).unwrap();
    std::fs::write(place.file("a", "frames.spool"), "").unwrap();
    std::fs::write(place.file("a", "head.json.new"), "{").unwrap();
    let found = place.root.recover("a");
    assert!(matches!(found, Err(SpoolError::Damaged("head"))));
    assert_eq!(place.root.list().unwrap()[0].head, "");
    assert!(place.root.create("a", "{}").is_ok());
}

#[test]
fn leftovers_are_listed_by_name_with_what_is_in_them() {
    let place = Place::new();
    for (name, count) in [("b", 2), ("a", 3)] {
        let (mut writer, _reader) = place.root.create(name, name).unwrap();
        append(&mut writer, 0..count);
        if name == "b" {
            writer.keep_signal("s.txt", b"12345").unwrap();
        }
    }
    let list = place.root.list().unwrap();
    let told = |left: &Leftover| {
        (
            left.name.clone(),
            left.head.clone(),
            left.frames,
            left.has_signal,
        )
    };
    let list_told: Vec<_> = list.iter().map(told).collect();
    let expected = [
        ("a".into(), "a".into(), 3, false),
        ("b".into(), "b".into(), 2, true),
    ];
    assert_eq!(list_told, expected);
    let files = ["frames.spool", "head.json", "signal"];
    let sizes = files.map(|file| std::fs::metadata(place.file("b", file)).unwrap().len());
    assert_eq!(list[1].bytes, sizes.iter().sum::<u64>());
}

#[test]
fn a_folder_that_is_not_ours_is_neither_listed_nor_removed_nor_replaced() {
    let place = Place::new();
    std::fs::write(place.root.dir().join("notes.txt"), "x").unwrap();
    std::fs::create_dir(place.file("films", "")).unwrap();
    std::fs::write(place.file("films", "wedding.mp4"), "x").unwrap();
    assert_eq!(place.root.list().unwrap(), []);
    for name in ["films", "notes.txt"] {
        let removed = place.root.remove(name);
        assert!(matches!(removed, Err(SpoolError::Missing)), "{removed:?}");
    }
    let made = place.root.create("films", "{}");
    assert!(matches!(made, Err(SpoolError::Exists)), "{made:?}");
    assert!(place.file("films", "wedding.mp4").exists());
}

#[test]
fn a_leftover_can_be_removed() {
    let place = Place::new();
    drop(place.root.create("a", "{}").unwrap());
    place.root.remove("a").unwrap();
    assert_eq!(place.root.list().unwrap(), []);
    let again = place.root.remove("a");
    assert!(matches!(again, Err(SpoolError::Missing)));
    assert!(matches!(place.root.recover("a"), Err(SpoolError::Missing)));
}

/// The frames of a spool whose file holds `bytes`, and how they read.
fn found_in(bytes: &[u8]) -> Vec<(u64, Vec<u8>)> {
    let place = Place::new();
    drop(place.root.create("a", "{}").unwrap());
    std::fs::write(place.file("a", "frames.spool"), bytes).unwrap();
    let found = place.root.recover("a").unwrap();
    let read = |frame: &FrameRef| (frame.number, read(&found.reader, frame));
    found.frames.iter().map(read).collect()
}

/// The file of a spool with these frames' bytes.
fn file_of(payloads: &[Vec<u8>]) -> Vec<u8> {
    let place = Place::new();
    let (mut writer, _reader) = place.root.create("a", "{}").unwrap();
    for (number, bytes) in payloads.iter().enumerate() {
        writer.append(number as u64, Encoding::Raw, bytes).unwrap();
    }
    std::fs::read(place.file("a", "frames.spool")).unwrap()
}

fn payloads() -> impl Strategy<Value = Vec<Vec<u8>>> {
    prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 0..6)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_bytes_are_read_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        prop_assert_eq!(found_in(&bytes), []);
    }

    #[test]
    fn a_file_cut_anywhere_gives_the_frames_before_the_cut(payloads in payloads(), cut in 0.0..1.0) {
        let file = file_of(&payloads);
        let kept = (file.len() as f64 * cut) as usize;
        let found = found_in(&file[..kept]);
        let whole = payloads.iter().scan(0, |end, bytes| {
            *end += HEADER_BYTES + bytes.len();
            Some(*end)
        });
        prop_assert_eq!(found.len(), whole.filter(|end| *end <= kept).count());
        for (number, bytes) in found {
            prop_assert_eq!(&bytes, &payloads[number as usize]);
        }
    }

    #[test]
    fn a_wrong_bit_never_makes_up_a_frame(payloads in payloads(), at in 0.0..1.0, bit in 0..8) {
        let mut file = file_of(&payloads);
        prop_assume!(!file.is_empty());
        let at = (file.len() as f64 * at) as usize;
        file[at] ^= 1_u8 << bit;
        for (index, (number, bytes)) in found_in(&file).into_iter().enumerate() {
            prop_assert_eq!(number, index as u64);
            prop_assert_eq!(bytes.len(), payloads[index].len());
        }
    }
}

//! The spool as a whole: what is written is read back, by this owner and by the next one.

mod crash;
mod full;
mod ownership;

use super::*;
use crate::media::Encoding;
use tempfile::TempDir;

/// A root in a folder of its own, which is gone with it.
struct Place {
    dir: TempDir,
    root: SpoolRoot,
}

impl Place {
    fn with(options: SpoolOptions) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let root = SpoolRoot::open(dir.path().join("spool"), options).unwrap();
        Self { dir, root }
    }

    fn new() -> Self {
        Self::with(SpoolOptions::default())
    }

    fn file(&self, name: &str, file: &str) -> std::path::PathBuf {
        self.dir.path().join("spool").join(name).join(file)
    }
}

fn payload(number: u64) -> Vec<u8> {
    let length = 20 + (number as usize % 7) * 3;
    (0..length)
        .map(|at| (at as u64 * 31 + number * 7 + 1) as u8)
        .collect()
}

fn append(writer: &mut SpoolWriter, numbers: impl IntoIterator<Item = u64>) -> Vec<FrameRef> {
    let mut append = |number| {
        writer
            .append(number, Encoding::Jpeg, &payload(number))
            .unwrap()
    };
    numbers.into_iter().map(&mut append).collect()
}

fn read(reader: &SpoolReader, frame: &FrameRef) -> Vec<u8> {
    let mut buffer = Vec::new();
    reader.read(frame, &mut buffer).unwrap();
    buffer
}

#[test]
fn what_was_appended_is_read_back_in_any_order() {
    let place = Place::new();
    let (mut writer, reader) = place.root.create("a", "{}").unwrap();
    let frames = append(&mut writer, [3, 1, 2]);
    for frame in frames.iter().rev() {
        assert_eq!(read(&reader, frame), payload(frame.number));
    }
}

#[test]
fn a_buffer_that_held_a_longer_frame_holds_only_the_new_one() {
    let place = Place::new();
    let (mut writer, reader) = place.root.create("a", "{}").unwrap();
    let frame = writer.append(0, Encoding::Raw, b"short").unwrap();
    let mut buffer = vec![9; 1_000];
    reader.read(&frame, &mut buffer).unwrap();
    assert_eq!(buffer, b"short");
}

#[test]
fn a_frame_without_bytes_is_a_frame() {
    let place = Place::new();
    let (mut writer, reader) = place.root.create("a", "{}").unwrap();
    let frame = writer.append(7, Encoding::Png, b"").unwrap();
    assert_eq!(read(&reader, &frame), b"");
    assert_eq!(writer.bytes(), HEADER_BYTES as u64);
}

#[test]
fn the_length_of_the_file_is_told() {
    let place = Place::new();
    let (mut writer, _reader) = place.root.create("a", "{}").unwrap();
    append(&mut writer, 0..5);
    let length = std::fs::metadata(place.file("a", "frames.spool"))
        .unwrap()
        .len();
    assert_eq!(writer.bytes(), length);
}

#[test]
fn a_frame_of_another_spool_is_an_error_and_no_panic() {
    let place = Place::new();
    let (_writer, reader) = place.root.create("a", "{}").unwrap();
    let frame = FrameRef {
        number: 0,
        encoding: Encoding::Jpeg,
        offset: 1 << 40,
        bytes: 10,
    };
    let error = reader.read(&frame, &mut Vec::new()).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
}

#[test]
fn without_syncs_nothing_is_forced_to_the_disk() {
    let place = Place::with(SpoolOptions {
        fsync: Fsync::Never,
        ..SpoolOptions::default()
    });
    let (mut writer, _reader) = place.root.create("a", "{}").unwrap();
    append(&mut writer, 0..5);
    writer.sync().unwrap();
    assert_eq!(writer.syncs(), 0);
}

#[test]
fn by_default_the_owner_says_when_frames_are_forced_to_the_disk() {
    let place = Place::new();
    let (mut writer, _reader) = place.root.create("a", "{}").unwrap();
    append(&mut writer, 0..5);
    assert_eq!(writer.syncs(), 0);
    writer.sync().unwrap();
    assert_eq!(writer.syncs(), 1);
}

#[test]
fn a_signal_takes_the_frames_before_it_to_the_disk() {
    let place = Place::new();
    let (mut writer, _reader) = place.root.create("a", "{}").unwrap();
    append(&mut writer, 0..5);
    writer.keep_signal("a.txt", b"1.0s | HIT:").unwrap();
    assert_eq!(writer.syncs(), 1);
}

#[test]
fn always_means_with_each_frame() {
    let place = Place::with(SpoolOptions {
        fsync: Fsync::Always,
        ..SpoolOptions::default()
    });
    let (mut writer, _reader) = place.root.create("a", "{}").unwrap();
    append(&mut writer, 0..5);
    assert_eq!(writer.syncs(), 5);
}

#[test]
fn derived_frames_lie_beside_the_others_and_are_not_recovered() {
    let place = Place::new();
    let (mut writer, reader) = place.root.create("a", "{}").unwrap();
    let frames = append(&mut writer, 0..2);
    let (mut beside, corrected) = writer.beside("corrected.spool").unwrap();
    let derived = beside.append(0, Encoding::Jpeg, b"corrected").unwrap();
    assert_eq!(read(&corrected, &derived), b"corrected");
    assert_eq!(read(&reader, &frames[0]), payload(0));
    drop((writer, reader, beside, corrected));
    let found = place.root.recover("a").unwrap();
    assert_eq!(found.frames, frames);
    let (beside, _reader) = found.writer.beside("corrected.spool").unwrap();
    assert_eq!(beside.bytes(), 0);
}

#[test]
fn derived_frames_cannot_take_the_place_of_another_file() {
    let place = Place::new();
    let (writer, _reader) = place.root.create("a", "{}").unwrap();
    for name in ["frames.spool", "head.json", "signal", "../x", ""] {
        assert!(
            matches!(writer.beside(name), Err(SpoolError::Name)),
            "{name}"
        );
    }
}

#[test]
fn a_spool_that_is_discarded_leaves_nothing_but_what_readers_hold() {
    let place = Place::new();
    let (mut writer, reader) = place.root.create("a", "{}").unwrap();
    let frames = append(&mut writer, 0..1);
    writer.discard().unwrap();
    assert_eq!(std::fs::read_dir(place.root.dir()).unwrap().count(), 0);
    assert_eq!(read(&reader, &frames[0]), payload(0));
}

#[test]
fn a_name_that_leads_elsewhere_is_refused_everywhere() {
    let place = Place::new();
    for name in ["../a", "a/b", "", ".."] {
        let refused = [
            place.root.create(name, "{}").map(|_| ()),
            place.root.recover(name).map(|_| ()),
            place.root.remove(name),
        ];
        assert!(
            refused
                .iter()
                .all(|result| matches!(result, Err(SpoolError::Name))),
            "{name}: {refused:?}"
        );
    }
}

#[test]
fn folders_are_for_this_user_alone() {
    use std::os::unix::fs::MetadataExt as _;
    let place = Place::new();
    let _held = place.root.create("a", "{}").unwrap();
    for path in [place.file("a", ""), place.root.dir().to_owned()] {
        assert_eq!(std::fs::metadata(path).unwrap().mode() & 0o777, 0o700);
    }
}

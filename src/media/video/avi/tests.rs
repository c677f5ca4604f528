use super::*;
use crate::media::{
    Rgb8,
    clip::Clip,
    jpeg::{Encoder, Quality, Subsampling},
    video::Rate,
};
use std::io::{Cursor, Seek as _, Write as _};

fn jpeg(grey: u8) -> Vec<u8> {
    let mut encoder = Encoder::new(Quality::new(90).unwrap(), Subsampling::S420);
    encoder
        .encode(&Rgb8::filled(16, 8, [grey; 3]))
        .unwrap()
        .to_vec()
}

fn file_of(frames: &[Vec<u8>]) -> Vec<u8> {
    let rate = Rate::from_fps(15.0).unwrap();
    let mut writer = AviWriter::new(Cursor::new(Vec::new()), (16, 8), rate).unwrap();
    for frame in frames {
        writer.frame(frame).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

fn read(bytes: &[u8]) -> (f64, Vec<Vec<u8>>) {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(bytes).unwrap();
    file.rewind().unwrap();
    let mut clip = Clip::open(file, "no-such-program", 1 << 20).unwrap();
    let mut frames = Vec::new();
    // A file that was cut off ends in an error.
    while let Ok(Some(frame)) = clip.frame() {
        frames.push(frame.to_vec());
    }
    (clip.about().fps, frames)
}

#[test]
fn what_is_written_is_read_again_byte_for_byte() {
    let frames: Vec<_> = [10, 90, 200].map(jpeg).to_vec();
    assert_eq!(read(&file_of(&frames)), (15.0, frames));
}

#[test]
fn a_frame_that_is_shown_again_takes_no_room_and_is_read_again() {
    let rate = Rate::from_fps(15.0).unwrap();
    let mut writer = AviWriter::new(Cursor::new(Vec::new()), (16, 8), rate).unwrap();
    writer.again().unwrap();
    writer.frame(&jpeg(10)).unwrap();
    writer.again().unwrap();
    writer.frame(&jpeg(90)).unwrap();
    assert_eq!(writer.frames(), 3);
    let file = writer.finish().unwrap().into_inner();
    assert_eq!(read(&file), (15.0, [10, 10, 90].map(jpeg).to_vec()));
}

#[test]
fn a_file_of_several_segments_reads_as_one() {
    let frames: Vec<_> = (0..40).map(jpeg).collect();
    let rate = Rate::from_fps(30.0).unwrap();
    let out = Cursor::new(Vec::new());
    let mut writer = AviWriter::with_segments(out, (16, 8), rate, 4_096).unwrap();
    for frame in &frames {
        writer.frame(frame).unwrap();
    }
    let bytes = writer.finish().unwrap().into_inner();
    assert!(bytes.windows(4).any(|name| name == b"AVIX"));
    assert_eq!(read(&bytes), (30.0, frames));
}

#[test]
fn a_file_that_was_cut_off_reads_as_far_as_it_goes() {
    let frames: Vec<_> = [10, 90, 200].map(jpeg).to_vec();
    let whole = file_of(&frames);
    let third = whole
        .windows(frames[2].len())
        .position(|w| w == frames[2])
        .unwrap();
    let (_, read) = read(&whole[..third + 10]);
    assert_eq!(read, frames[..2]);
}

#[test]
fn what_is_no_jpeg_is_not_written() {
    let rate = Rate::from_fps(15.0).unwrap();
    let mut writer = AviWriter::new(Cursor::new(Vec::new()), (16, 8), rate).unwrap();
    assert!(matches!(writer.frame(b"text"), Err(AviError::NotAJpeg(0))));
}

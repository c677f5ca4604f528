//! AVI files as cameras and programs write them, and broken ones.

use super::*;
use crate::media::{
    Rgb8,
    jpeg::{Encoder, Quality, Subsampling},
};
use tempfile::NamedTempFile;

fn chunk_of(name: &[u8; 4], body: &[u8]) -> Vec<u8> {
    let mut bytes = name.to_vec();
    bytes.extend((body.len() as u32).to_le_bytes());
    bytes.extend(body);
    bytes.resize(bytes.len().next_multiple_of(2), 0);
    bytes
}

fn list(name: &[u8; 4], kind: &[u8; 4], parts: &[Vec<u8>]) -> Vec<u8> {
    chunk_of(name, &[kind.to_vec(), parts.concat()].concat())
}

fn jpeg(grey: u8) -> Vec<u8> {
    let picture = Rgb8::filled(32, 16, [grey; 3]);
    let mut encoder = Encoder::new(Quality::HIGH, Subsampling::S420);
    encoder.encode(&picture).unwrap().to_vec()
}

/// A file with a stream of sound before that of these frames, at 25 frames in two seconds.
fn avi(codec: &[u8; 4], frames: &[Vec<u8>]) -> Vec<u8> {
    let words = |words: &[u32]| {
        words
            .iter()
            .flat_map(|word| word.to_le_bytes())
            .collect::<Vec<u8>>()
    };
    let video = [
        b"vidsMJPG".to_vec(),
        words(&[0, 0, 0, 2, 25, 0, frames.len() as u32]),
    ]
    .concat();
    let format = [words(&[40, 32, 16, 1]), codec.to_vec(), vec![0; 20]].concat();
    let stream = |head: &[u8], format: &[u8]| {
        list(
            b"LIST",
            b"strl",
            &[chunk_of(b"strh", head), chunk_of(b"strf", format)],
        )
    };
    let headers = [
        chunk_of(b"avih", &[0; 56]),
        stream(b"auds", &[0; 16]),
        stream(&video, &format),
    ];
    let chunks: Vec<Vec<u8>> = frames
        .iter()
        .flat_map(|frame| [chunk_of(b"00wb", &[7; 5]), chunk_of(b"01dc", frame)])
        .collect();
    let parts = [
        list(b"LIST", b"hdrl", &headers),
        chunk_of(b"JUNK", &[0; 33]),
        list(b"LIST", b"movi", &chunks),
        chunk_of(b"idx1", &[0; 32]),
    ];
    list(b"RIFF", b"AVI ", &parts)
}

fn open(bytes: &[u8]) -> Result<Option<Avi>, Failure> {
    let file = NamedTempFile::new().unwrap();
    std::fs::write(file.path(), bytes).unwrap();
    Avi::open(file.path())
}

fn frames(bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut avi = open(bytes).unwrap().unwrap();
    let mut frames = Vec::new();
    while let Some(picture) = avi.next().unwrap() {
        let Picture::Jpeg(frame) = picture else {
            panic!("frames are JPEGs");
        };
        frames.push(frame.to_vec());
    }
    frames
}

#[test]
fn frames_come_as_they_are_with_their_rate_and_size() {
    let pictures = [jpeg(10), jpeg(20), jpeg(30)];
    let file = avi(b"MJPG", &pictures);
    let clip = open(&file).unwrap().unwrap().clip();
    assert_eq!((clip.fps, clip.width, clip.height), (12.5, 32, 16));
    assert_eq!(clip.frames, Count::About(3));
    assert_eq!(frames(&file), pictures);
}

#[test]
fn an_empty_chunk_repeats_the_frame_before() {
    let file = avi(b"mjpg", &[jpeg(10), Vec::new(), jpeg(30)]);
    assert_eq!(frames(&file), [jpeg(10), jpeg(10), jpeg(30)]);
}

#[test]
fn what_stands_behind_a_frame_s_end_is_left_out() {
    let longer = [jpeg(10), vec![0; 9]].concat();
    assert_eq!(frames(&avi(b"MJPG", &[longer])), [jpeg(10)]);
}

#[test]
fn frames_of_a_second_segment_follow_those_of_the_first() {
    let mut file = avi(b"MJPG", &[jpeg(10)]);
    let more = list(b"LIST", b"movi", &[chunk_of(b"01dc", &jpeg(20))]);
    file.extend(list(b"RIFF", b"AVIX", &[more]));
    assert_eq!(frames(&file), [jpeg(10), jpeg(20)]);
}

#[test]
fn a_file_that_was_cut_off_reads_as_far_as_it_goes() {
    let file = avi(b"MJPG", &[jpeg(10), jpeg(20)]);
    for end in 0..file.len() {
        let read = open(&file[..end]);
        let holds = |avi: &mut Avi| std::iter::from_fn(|| avi.next().unwrap()).count();
        match read {
            Ok(Some(mut avi)) => assert!((1..=2).contains(&holds(&mut avi)), "{end}"),
            Ok(None) | Err(Failure::Local(_)) => {}
            Err(other) => panic!("{end}: {other}"),
        }
    }
}

#[test]
fn other_videos_are_left_to_other_programs() {
    assert!(open(&avi(b"H264", &[jpeg(10)])).unwrap().is_none());
    assert!(open(b"no video at all").unwrap().is_none());
    assert!(open(b"").unwrap().is_none());
}

#[test]
fn a_frame_of_an_impossible_size_is_refused_without_its_memory() {
    let mut file = avi(b"MJPG", &[jpeg(10)]);
    file.extend(list(
        b"RIFF",
        b"AVIX",
        &[[b"01dc".to_vec(), vec![0xFF; 4]].concat()],
    ));
    let mut avi = open(&file).unwrap().unwrap();
    assert!(avi.next().unwrap().is_some());
    assert!(matches!(avi.next(), Err(Failure::Local(_))));
}

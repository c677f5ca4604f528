use super::{tables::tests::without_tables, *};
use image::{ImageFormat, RgbImage};
use proptest::prelude::*;
use std::io::{Cursor, Write as _};

fn jpeg(shade: u8) -> Vec<u8> {
    let mut file = Cursor::new(Vec::new());
    let picture = RgbImage::from_pixel(16, 8, image::Rgb([shade; 3]));
    picture.write_to(&mut file, ImageFormat::Jpeg).unwrap();
    file.into_inner()
}

fn chunk(name: &[u8; 4], bytes: &[u8]) -> Vec<u8> {
    let mut chunk = [name, &(bytes.len() as u32).to_le_bytes()[..], bytes].concat();
    chunk.resize(chunk.len() + bytes.len() % 2, 0);
    chunk
}

fn list(kind: &[u8; 4], parts: &[Vec<u8>]) -> Vec<u8> {
    chunk(b"LIST", &[&kind[..], &parts.concat()].concat())
}

fn stream(kind: &[u8; 4], compression: &[u8; 4]) -> Vec<u8> {
    let mut header = [0; 56];
    header[..4].copy_from_slice(kind);
    header[20..24].copy_from_slice(&1_001_u32.to_le_bytes());
    header[24..28].copy_from_slice(&30_000_u32.to_le_bytes());
    let mut format = [0; 40];
    format[4..8].copy_from_slice(&16_u32.to_le_bytes());
    format[8..12].copy_from_slice(&8_u32.to_le_bytes());
    format[16..20].copy_from_slice(compression);
    list(b"strl", &[chunk(b"strh", &header), chunk(b"strf", &format)])
}

/// Sound in stream 00 and video in stream 01, as cameras write it.
fn avi(compression: &[u8; 4], frames: &[Vec<u8>]) -> Vec<u8> {
    let headers = list(
        b"hdrl",
        &[
            chunk(b"avih", &[0; 56]),
            stream(b"auds", b"\0\0\0\0"),
            stream(b"vids", compression),
        ],
    );
    let frames: Vec<_> = frames
        .iter()
        .flat_map(|frame| [chunk(b"00wb", &[1, 2, 3]), chunk(b"01dc", frame)])
        .collect();
    let parts = [
        headers,
        chunk(b"JUNK", &[0; 5]),
        list(b"movi", &frames),
        chunk(b"idx1", &[0; 16]),
    ];
    chunk(b"RIFF", &[&b"AVI "[..], &parts.concat()].concat())
}

fn open(bytes: &[u8], ffmpeg: &str) -> Result<Clip, ClipError> {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(bytes).unwrap();
    file.rewind().unwrap();
    Clip::open(file, ffmpeg, 100_000)
}

fn all(clip: &mut Clip) -> Vec<Vec<u8>> {
    let mut frames = Vec::new();
    while let Some(frame) = clip.frame().unwrap() {
        frames.push(frame.to_vec());
    }
    frames
}

#[test]
fn frames_come_as_they_were_written_in_their_order() {
    let frames: Vec<_> = (0..5).map(|shade| jpeg(shade * 50)).collect();
    let mut clip = open(&avi(b"MJPG", &frames), "no such program").unwrap();
    let about = clip.about();
    assert_eq!((about.width, about.height), (16, 8));
    assert!((about.fps - 29.97).abs() < 1e-3);
    assert_eq!(all(&mut clip), frames);
}

#[test]
fn an_empty_chunk_is_the_same_picture_once_more() {
    let frames = [jpeg(0), vec![], jpeg(200)];
    let mut clip = open(&avi(b"MJPG", &frames), "no such program").unwrap();
    assert_eq!(all(&mut clip), [jpeg(0), jpeg(0), jpeg(200)]);
}

#[test]
fn an_empty_chunk_before_any_picture_is_passed_over() {
    let frames = [vec![], jpeg(0), jpeg(200)];
    let mut clip = open(&avi(b"mjpg", &frames), "no such program").unwrap();
    assert_eq!(all(&mut clip), frames[1..]);
}

#[test]
fn a_file_that_was_cut_gives_the_frames_that_are_whole() {
    let file = avi(b"MJPG", &[jpeg(0), jpeg(9)]);
    let second = file.len() - 24 - jpeg(9).len();
    let mut clip = open(&file[..second + 20], "no such program").unwrap();
    assert!(clip.frame().unwrap().is_some() && clip.frame().is_err());
}

#[test]
fn another_format_without_ffmpeg_is_refused_by_its_name() {
    for bytes in [
        &b"no video"[..],
        &[],
        &avi(b"H264", &[vec![1; 30]]),
        &avi(b"MJPG", &[]),
    ] {
        let Err(refused) = open(bytes, "no such program") else {
            panic!("{}", bytes.len())
        };
        assert!(matches!(refused, ClipError::NoFfmpeg(_)), "{refused}");
        assert!(refused.to_string().contains("ffmpeg"));
    }
}

#[test]
fn what_ffmpeg_reads_comes_as_jpeg_frames() {
    let picture = ["-f", "lavfi", "-i", "testsrc=size=64x48:rate=15:duration=1"];
    let made = std::process::Command::new("ffmpeg")
        .args(["-nostdin", "-loglevel", "error"])
        .args(picture)
        .args(["-c:v", "mpeg4", "-f", "matroska", "-"])
        .output();
    let Ok(made) = made else {
        return eprintln!("no ffmpeg here: its half is not tested");
    };
    let mut clip = open(&made.stdout, "ffmpeg").unwrap();
    let about = clip.about();
    assert_eq!((about.width, about.height, about.fps), (64, 48, 15.0));
    let frames = all(&mut clip);
    assert_eq!(frames.len(), 15);
    assert!(frames.iter().all(|frame| frame.starts_with(&[0xFF, 0xD8])));
}

#[test]
fn what_ffmpeg_cannot_read_is_told_in_its_own_words() {
    match open(b"no video at all", "ffmpeg") {
        Err(ClipError::NoFfmpeg(_)) => eprintln!("no ffmpeg here: its half is not tested"),
        Err(refused) => assert!(refused.to_string().contains("Invalid data"), "{refused}"),
        Ok(_) => panic!("it is no video"),
    }
}

#[test]
fn frames_without_tables_are_read_as_pictures_without_ffmpeg() {
    let frames = [jpeg(10), jpeg(200)];
    let bare = frames.each_ref().map(|frame| without_tables(frame));
    let mut clip = open(&avi(b"MJPG", &bare), "no such program").unwrap();
    let limits = crate::media::DecodeLimits::default();
    for (frame, whole) in all(&mut clip).iter().zip(&frames) {
        let decoded =
            [frame, whole].map(|jpeg| crate::media::picture::decode(jpeg, &limits).unwrap());
        assert_eq!(decoded[0], decoded[1]);
    }
}

#[test]
fn halves_of_pictures_are_left_to_ffmpeg() {
    let mut half = Cursor::new(Vec::new());
    let picture = RgbImage::from_pixel(16, 4, image::Rgb([9; 3]));
    picture.write_to(&mut half, ImageFormat::Jpeg).unwrap();
    let bare = without_tables(&half.into_inner());
    let refused = open(&avi(b"MJPG", &[bare.clone(), bare]), "no such program");
    assert!(matches!(refused, Err(ClipError::NoFfmpeg(_))));
}

#[test]
fn a_frame_that_is_too_long_is_refused() {
    let refused = open(&avi(b"MJPG", &[vec![0xFF; 100_001]]), "no such program");
    assert!(matches!(refused, Err(ClipError::TooLong(100_001))));
}

proptest! {
    #[test]
    fn no_changed_byte_makes_it_panic(at in any::<prop::sample::Index>(), to in any::<u8>()) {
        let mut file = avi(b"MJPG", &[jpeg(0), jpeg(9)]);
        let at = at.index(file.len());
        file[at] = to;
        if let Ok(mut clip) = open(&file, "no such program") {
            while let Ok(Some(_)) = clip.frame() {}
        }
    }
}

#[test]
fn a_playlist_that_names_files_of_this_machine_is_no_video() {
    let dir = tempfile::tempdir().unwrap();
    let secret = dir.path().join("secret.ts");
    std::fs::write(&secret, "secret").unwrap();
    let path = dir.path().join("video.m3u8");
    let playlist = format!(
        "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{}\n#EXT-X-ENDLIST\n",
        secret.display()
    );
    std::fs::write(&path, playlist).unwrap();
    let file = std::fs::File::open(&path).unwrap();
    let refused = Clip::open(file, "ffmpeg", 1 << 20)
        .err()
        .unwrap()
        .to_string();
    assert!(!refused.contains("secret"), "{refused}");
}

//! Against the real program; without it each test says so.

use super::*;
use crate::media::clip::Clip;

fn ffmpeg() -> Option<Ffmpeg> {
    let found = Ffmpeg::find("ffmpeg");
    if found.is_none() {
        eprintln!("skipped: ffmpeg is not installed");
    }
    found
}

fn video(ffmpeg: &Ffmpeg, path: &Path, frames: u8) {
    let rate = Rate::from_fps(15.0).unwrap();
    let mut encoder = ffmpeg.encode_h264((64, 48), rate, path).unwrap();
    for n in 0..frames {
        encoder
            .frame(&Rgb8::filled(64, 48, [n * 8, 90, 200]))
            .unwrap();
    }
    encoder.finish().unwrap();
}

#[test]
fn frames_that_were_encoded_come_back_in_number_rate_and_colour() {
    let Some(ffmpeg) = ffmpeg() else { return };
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("v.mp4");
    video(&ffmpeg, &path, 20);
    let file = std::fs::File::open(&path).unwrap();
    let mut clip = Clip::open(file, "ffmpeg", 1 << 20).unwrap();
    let about = clip.about();
    assert_eq!((about.fps, about.width, about.height), (15.0, 64, 48));
    let mut frames = Vec::new();
    while let Some(frame) = clip.frame().unwrap() {
        frames.push(frame.to_vec());
    }
    assert_eq!(frames.len(), 20);
    let limits = crate::media::DecodeLimits::default();
    let last = crate::media::picture::decode(&frames[19], &limits).unwrap();
    assert!(last.data[0].abs_diff(152) < 12, "{:?}", &last.data[..3]);
}

#[test]
fn a_disk_that_refuses_is_an_error_and_no_hanging_child() {
    let Some(ffmpeg) = ffmpeg() else { return };
    let rate = Rate::from_fps(15.0).unwrap();
    let nowhere = Path::new("/nonexistent/v.mp4");
    let mut encoder = ffmpeg.encode_h264((64, 48), rate, nowhere).unwrap();
    let picture = Rgb8::filled(64, 48, [0; 3]);
    let written: Result<Vec<()>, _> = (0..1_000).map(|_| encoder.frame(&picture)).collect();
    let error = written
        .map(drop)
        .and_then(|()| encoder.finish())
        .unwrap_err();
    assert!(error.to_string().contains("No such file"), "{error}");
}

#[test]
fn a_program_that_is_not_there_is_not_found() {
    assert!(Ffmpeg::find("no-such-program-anywhere").is_none());
}

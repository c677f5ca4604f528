//! Video files as the client reads them: by ffmpeg, or without.

use std::process::Command;

use serde_json::{Value, json};

use super::{
    client,
    double::{Double, Script},
    jpegs, path,
};
use crate::support::server::Launch;

#[test]
fn a_video_file_is_read_by_ffmpeg_where_there_is_one() {
    let folder = jpegs(0);
    let video = path(&folder, "bout.mp4");
    let source = [
        "-f",
        "lavfi",
        "-i",
        "testsrc=size=96x64:rate=30:duration=1",
        "-c:v",
        "mpeg4",
        &video,
    ];
    let made = Command::new("ffmpeg")
        .args(["-loglevel", "error"])
        .args(source)
        .status();
    if !made.is_ok_and(|status| status.success()) {
        println!("skipped: no ffmpeg that makes a video");
        return;
    }
    let double = Double::play(Script::good());
    let (server, signal) = (double.at.to_string(), path(&folder, "signal.txt"));
    let (code, printed) = client(&[
        &server, "--video", &video, "--signal", &signal, "--fps", "15",
    ]);
    assert_eq!(code, Some(0), "{printed}");
    let seen = double.seen();
    assert_eq!(
        seen.starts[0]["expected_frames"],
        Value::Null,
        "what a container says may be one off"
    );
    assert_eq!(
        (&seen.starts[0]["width"], &seen.starts[0]["height"]),
        (&json!(96), &json!(64))
    );
    assert_eq!(seen.frames.len(), 15);
    assert!(
        seen.frames
            .values()
            .all(|frame| frame.starts_with(&[0xFF, 0xD8]))
    );
}

#[test]
fn motion_jpeg_in_an_avi_file_is_read_without_ffmpeg() {
    let folder = jpegs(0);
    let video = path(&folder, "bout.avi");
    let source = [
        "-f",
        "lavfi",
        "-i",
        "testsrc=size=96x64:rate=15:duration=1",
        "-c:v",
        "mjpeg",
    ];
    let made = Command::new("ffmpeg")
        .args(["-loglevel", "error"])
        .args(source)
        .arg(&video)
        .status();
    if !made.is_ok_and(|status| status.success()) {
        println!("skipped: no ffmpeg that makes a video");
        return;
    }
    let double = Double::play(Script::good());
    let (server, signal) = (double.at.to_string(), path(&folder, "signal.txt"));
    let launch = Launch::command(&[
        "client", "referee", &server, "--video", &video, "--signal", &signal,
    ]);
    let (code, printed) = launch.env("PATH", "").run();
    assert_eq!(code, Some(0), "{printed}");
    let seen = double.seen();
    assert_eq!(
        (&seen.starts[0]["fps"], &seen.starts[0]["width"]),
        (&json!(15.0), &json!(96))
    );
    assert_eq!(seen.frames.len(), 15);
    let file = std::fs::read(&video).unwrap();
    let first = seen.frames[&0].as_slice();
    assert!(
        file.windows(first.len()).any(|part| part == first),
        "frames are sent as they are"
    );
}

#[test]
fn a_missing_ffmpeg_is_named() {
    let folder = jpegs(1);
    let (signal, video) = (path(&folder, "signal.txt"), path(&folder, "bout.mp4"));
    std::fs::write(&video, "no video").unwrap();
    let launch = Launch::command(&["client", "referee", "localhost:1", "--video", &video]);
    let (code, printed) = launch.args(&["--signal", &signal]).env("PATH", "").run();
    assert_eq!(code, Some(1), "{printed}");
    assert!(
        printed.contains("is needed to read this and is not installed"),
        "{printed}"
    );
}

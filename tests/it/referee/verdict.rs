//! A drawn bout through the whole server with its built-in model: the verdict, and the files that show it.

use std::{fs::Permissions, os::unix::fs::PermissionsExt as _, path::Path, process::Command};

use frameloom::media::{
    bout::{Bout, BoutOptions},
    jpeg::{Encoder, Quality, Subsampling},
};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio_tungstenite::tungstenite::Message;

use crate::support::{
    http::{Request, get},
    server::Server,
    socket::Socket,
};

const SIZE: (u32, u32) = (640, 360);

pub(super) struct Judged {
    server: Server,
    pub(super) result: Value,
    progress: Vec<(String, f64)>,
}

/// A server that keeps its files here, with these settings of the referee beside.
pub(super) fn server(dir: &TempDir, more: &str) -> Server {
    let at = |name: &str| dir.path().join(name).display().to_string();
    let (spool, out) = (at("spool"), at("out"));
    Server::with_settings(&format!(
        "[referee]\nspool_dir = \"{spool}\"\noutput_dir = \"{out}\"\n{more}"
    ))
}

pub(super) fn bout(seed: u64) -> Bout {
    let options = BoutOptions {
        width: SIZE.0,
        height: SIZE.1,
        ..BoutOptions::default()
    };
    Bout::draw(seed, options).unwrap()
}

/// Streams a bout; every third frame late, to show that the order of arrival changes nothing.
fn judge(server: Server, bout: &Bout, shuffled: bool) -> Judged {
    let mut order: Vec<u64> = (0..bout.len()).collect();
    if shuffled {
        order.sort_by_key(|n| (n % 3 == 0, *n));
    }
    let mut encoder = Encoder::new(Quality::new(90).unwrap(), Subsampling::S420);
    let frames = order.into_iter();
    judge_frames(
        server,
        bout.signal(),
        frames.map(|n| (n, encoder.encode(&bout.frame(n)).unwrap().to_vec())),
    )
}

/// Streams these frames and this signal.
pub(super) fn judge_frames(
    server: Server,
    signal: &str,
    frames: impl Iterator<Item = (u64, Vec<u8>)>,
) -> Judged {
    let mut socket = Socket::at(server.addr("main"), "/stream");
    let (width, height) = SIZE;
    socket.say(
        &json!({"type": "session_start", "session_id": "bout", "fps": 15.0, "width": width, "height": height})
            .to_string(),
    );
    assert_eq!(socket.text()["type"], "session_started");
    for (number, jpeg) in frames {
        let head = json!({"type": "frame", "session_id": "bout", "frame_number": number, "timestamp": 0.0});
        socket.say(&head.to_string());
        socket.0.send(Message::binary(jpeg)).unwrap();
        assert_eq!(socket.text()["status"], "received");
    }
    let signal = signal.to_owned();
    let head = json!({"type": "signal", "session_id": "bout", "filename": "bout.txt", "size": signal.len()});
    socket.say(&head.to_string());
    socket.0.send(Message::binary(signal)).unwrap();
    let mut progress = Vec::new();
    loop {
        let message = socket.text();
        match message["type"].as_str().unwrap() {
            "process_progress" => progress.push((
                message["stage"].as_str().unwrap().to_owned(),
                message["progress"].as_f64().unwrap(),
            )),
            "process_complete" => {
                let result = message["result"].clone();
                return Judged {
                    server,
                    result,
                    progress,
                };
            }
            "error" => panic!("{message}"),
            _ => {}
        }
    }
}

pub(super) fn is_there(program: &str) -> bool {
    let found = Command::new(program).arg("-version").output().is_ok();
    if !found {
        eprintln!("skipped in part: {program} is not installed");
    }
    found
}

/// What ffprobe says of a file's video.
pub(super) fn probe(file: &Path) -> Value {
    let fields = "stream=codec_name,pix_fmt,r_frame_rate,nb_read_frames,duration";
    let probe = Command::new("ffprobe")
        .args(["-v", "error", "-count_frames", "-select_streams", "v:0"])
        .args(["-show_entries", fields, "-of", "json"])
        .arg(file)
        .output()
        .unwrap();
    serde_json::from_slice::<Value>(&probe.stdout).unwrap()["streams"][0].clone()
}

#[test]
fn a_drawn_bout_gets_a_verdict_with_evidence_and_all_five_stages() {
    let dir = tempfile::tempdir().unwrap();
    let judged = judge(server(&dir, ""), &bout(3), false);
    let decision = &judged.result["decision"];
    assert!(
        ["left", "right"].contains(&decision["winner"].as_str().unwrap()),
        "{decision}"
    );
    assert!(
        decision["confidence"].as_f64().unwrap() >= 0.5,
        "{decision}"
    );
    assert!(
        !decision["evidence"].as_array().unwrap().is_empty(),
        "{decision}"
    );
    assert_eq!(judged.result["metadata"]["model"]["kind"], "trained");
    assert_eq!(
        judged.result["metadata"]["fisheye"],
        json!({"enabled": true, "strength": -0.18, "balance": 0.0})
    );
    for stage in [
        "video_reconstruction",
        "fisheye",
        "yolo",
        "decision",
        "overlay",
    ] {
        let last = judged.progress.iter().rfind(|(name, _)| name == stage);
        assert_eq!(
            last,
            Some(&(stage.to_owned(), 1.0)),
            "{:?}",
            judged.progress
        );
    }
}

#[test]
fn the_same_frames_in_another_order_get_the_same_verdict() {
    let dirs = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let bout = bout(11);
    let [a, b] = [(0, false), (1, true)].map(|(at, shuffled)| {
        let more = if shuffled { "overlap = false" } else { "" };
        judge(server(&dirs[at], more), &bout, shuffled).result["decision"].clone()
    });
    assert_eq!(a, b);
}

#[test]
fn every_file_that_the_result_names_can_be_fetched() {
    let dir = tempfile::tempdir().unwrap();
    let judged = judge(server(&dir, ""), &bout(5), false);
    let artifacts = judged.result["artifacts"].as_object().unwrap();
    let names = [
        "video",
        "corrected_video",
        "analysis_video",
        "excel",
        "csv",
        "signal",
        "result_json",
    ];
    for name in names {
        let path = artifacts[name].as_str().unwrap();
        let answer = get(judged.server.addr("main"), &format!("/artifacts/{path}"));
        assert_eq!(answer.status(), 200, "{path}");
        assert!(!answer.body.is_empty(), "{path}");
    }
    let path = artifacts["result_json"].as_str().unwrap();
    let kept = get(judged.server.addr("main"), &format!("/artifacts/{path}")).json();
    assert_eq!(kept["decision"], judged.result["decision"]);
    assert_eq!(kept["artifact_dir"], "bout");
}

#[test]
fn the_overlay_plays_in_browsers_and_can_be_jumped_in() {
    if !(is_there("ffmpeg") && is_there("ffprobe")) {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let bout = bout(5);
    let judged = judge(server(&dir, ""), &bout, false);
    let path = judged.result["artifacts"]["analysis_video"]
        .as_str()
        .unwrap();
    let stream = probe(&dir.path().join("out").join(path));
    let frames = bout.len().to_string();
    let expected = json!({
        "codec_name": "h264", "pix_fmt": "yuv420p", "r_frame_rate": "15/1", "nb_read_frames": frames,
        "duration": stream["duration"],
    });
    assert_eq!(stream, expected);
    let part = Request::new("GET", &format!("/artifacts/{path}"))
        .header("Range", "bytes=100-199")
        .send(judged.server.addr("main"));
    assert_eq!((part.status(), part.body.len()), (206, 100));
}

#[test]
fn without_ffmpeg_the_videos_are_motion_jpeg_and_a_note_says_so() {
    let dir = tempfile::tempdir().unwrap();
    let judged = judge(
        server(&dir, "ffmpeg = \"no-such-program\""),
        &bout(5),
        false,
    );
    let artifacts = &judged.result["artifacts"];
    for name in ["video", "corrected_video", "analysis_video"] {
        assert!(
            artifacts[name].as_str().unwrap().ends_with(".avi"),
            "{artifacts}"
        );
    }
    let notes = judged.result["metadata"]["notes"].to_string();
    assert!(notes.contains("ffmpeg is not installed"), "{notes}");
}

/// An ffmpeg that does all but encode the overlay.
fn lame_ffmpeg(dir: &TempDir) -> String {
    let program = dir.path().join("ffmpeg");
    let script = "#!/bin/sh\ncase \"$*\" in *rawvideo*) exit 1;; esac\nexec ffmpeg \"$@\"\n";
    std::fs::write(&program, script).unwrap();
    std::fs::set_permissions(&program, Permissions::from_mode(0o755)).unwrap();
    program.display().to_string()
}

#[test]
fn an_overlay_that_ffmpeg_cannot_encode_is_drawn_without_it_and_a_note_says_so() {
    if !is_there("ffmpeg") {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let ffmpeg = format!("ffmpeg = \"{}\"", lame_ffmpeg(&dir));
    let judged = judge(server(&dir, &ffmpeg), &bout(5), false);
    let artifacts = &judged.result["artifacts"];
    let ends = |kind: &str, with: &str| artifacts[kind].as_str().unwrap().ends_with(with);
    assert!(ends("analysis_video", "overlay.avi"), "{artifacts}");
    assert!(ends("video", "streamed_video.mp4"), "{artifacts}");
    let notes = judged.result["metadata"]["notes"].to_string();
    assert!(
        notes.contains("ffmpeg could not encode the overlay"),
        "{notes}"
    );
}

#[test]
fn a_folder_that_cannot_be_written_costs_the_files_and_not_the_verdict() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir(dir.path().join("out")).unwrap();
    std::fs::write(dir.path().join("out/bout"), "in the way").unwrap();
    let judged = judge(server(&dir, ""), &bout(3), false);
    let winner = judged.result["decision"]["winner"].as_str().unwrap();
    assert!(["left", "right"].contains(&winner), "{}", judged.result);
    assert_eq!(judged.result["artifacts"], json!({}));
    let notes = judged.result["metadata"]["notes"].to_string();
    for what in [
        "the signal",
        "keypoints.xlsx",
        "streamed_video",
        "the result",
    ] {
        assert!(notes.contains(what), "{what}: {notes}");
    }
}

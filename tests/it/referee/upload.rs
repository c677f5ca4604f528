//! Whole videos in one form.

use std::{io::Write as _, path::Path, process::Command};

use serde_json::Value;

use super::client::{Client, SIGNAL, jpeg, server};
use crate::support::{
    http::{Answer, Request, get},
    observe::eventually,
    server::Server,
};

const BOUNDARY: &str = "----bout";

fn part(about: &str, bytes: &[u8]) -> Vec<u8> {
    let head = format!("--{BOUNDARY}\r\nContent-Disposition: form-data; {about}\r\n\r\n");
    [head.as_bytes(), bytes, b"\r\n"].concat()
}

fn video(bytes: &[u8]) -> Vec<u8> {
    part("name=\"video\"; filename=\"phrase.avi\"", bytes)
}

fn signal(text: &str) -> Vec<u8> {
    part(
        "name=\"signal\"; filename=\"my phrase.1.txt\"",
        text.as_bytes(),
    )
}

fn post(server: &Server, parts: &[Vec<u8>]) -> Answer {
    let body = [parts.concat(), format!("--{BOUNDARY}--\r\n").into_bytes()].concat();
    Request::new("POST", "/analyze")
        .body(&format!("multipart/form-data; boundary={BOUNDARY}"), body)
        .send(server.addr("main"))
}

fn chunk(name: &[u8; 4], bytes: &[u8]) -> Vec<u8> {
    let mut chunk = [name, &(bytes.len() as u32).to_le_bytes()[..], bytes].concat();
    chunk.resize(chunk.len() + bytes.len() % 2, 0);
    chunk
}

fn list(kind: &[u8; 4], parts: &[Vec<u8>]) -> Vec<u8> {
    chunk(b"LIST", &[&kind[..], &parts.concat()].concat())
}

/// An MJPEG-AVI of these frames, 15 in a second.
fn avi(frames: &[Vec<u8>]) -> Vec<u8> {
    avi_with(frames, &[])
}

/// The same with one more stream behind the video.
fn avi_with(frames: &[Vec<u8>], other: &[u8]) -> Vec<u8> {
    let mut header = [0; 56];
    header[..8].copy_from_slice(b"vidsMJPG");
    header[20] = 1;
    header[24] = 15;
    let mut format = [0; 40];
    (format[4], format[8]) = (64, 64);
    format[16..20].copy_from_slice(b"MJPG");
    let stream = list(b"strl", &[chunk(b"strh", &header), chunk(b"strf", &format)]);
    let frames: Vec<_> = frames.iter().map(|frame| chunk(b"00dc", frame)).collect();
    let parts = [
        list(b"hdrl", &[chunk(b"avih", &[0; 56]), stream, other.to_vec()]),
        list(b"movi", &frames),
    ];
    chunk(b"RIFF", &[&b"AVI "[..], &parts.concat()].concat())
}

fn bout() -> Vec<u8> {
    avi(&vec![jpeg(); 12])
}

#[test]
fn an_uploaded_bout_gets_the_streams_result() {
    let server = server("");
    let answer = post(&server, &[video(&bout()), signal(SIGNAL)]);
    assert_eq!(answer.status(), 200, "{}", answer.text());
    let uploaded = answer.json();
    let mut client = Client::start(&server, "a");
    (0..12).for_each(|number| drop(client.frame(number)));
    client.signal("my phrase.1.txt", SIGNAL.as_bytes());
    let (_, streamed) = client.verdict();
    let same = |field: &str| assert_eq!(uploaded[field], streamed[field], "{field}");
    ["decision", "metadata"].into_iter().for_each(same);
    assert_eq!(uploaded["streaming_stats"], Value::Null);
    assert_eq!(uploaded["input_video"], "phrase.avi");
    let folder = uploaded["artifact_dir"].as_str().unwrap();
    assert!(
        folder.contains("my_phrase_1_20") && folder.ends_with('Z'),
        "{folder}"
    );
}

#[test]
fn an_upload_works_where_streaming_is_off() {
    let server = server("enabled = false\n");
    assert_eq!(
        post(&server, &[signal(SIGNAL), video(&bout())]).status(),
        200
    );
}

#[test]
fn missing_parts_are_told_in_a_list() {
    let server = server("");
    let answer = post(&server, &[signal(SIGNAL)]);
    let detail = answer.json()["detail"].clone();
    assert_eq!(
        (answer.status(), detail[0]["loc"][1].as_str()),
        (422, Some("video"))
    );
    let answer = Request::new("POST", "/analyze")
        .json("{}")
        .send(server.addr("main"));
    assert_eq!(
        (
            answer.status(),
            answer.json()["detail"].as_array().unwrap().len()
        ),
        (422, 2)
    );
    let switch = part("name=\"save_overlay\"", b"perhaps");
    assert_eq!(
        post(&server, &[video(&bout()), signal(SIGNAL), switch]).status(),
        422
    );
}

#[test]
fn a_form_of_wrong_parts_without_end_is_not_read_on() {
    let server = server("");
    let wrong = part("name=\"save_overlay\"", b"perhaps");
    let answer = post(&server, &vec![wrong; 1_000]);
    assert_eq!(answer.status(), 422);
    assert_eq!(answer.json()["detail"].as_array().unwrap().len(), 16);
}

#[test]
fn files_need_names() {
    let server = server("");
    let answer = post(&server, &[part("name=\"video\"; filename=\"\"", b"x")]);
    assert_eq!(
        (answer.status(), answer.json()["detail"].as_str()),
        (400, Some("Video file must have a filename"))
    );
    let answer = post(
        &server,
        &[video(&bout()), part("name=\"signal\"; filename=\"\"", b"x")],
    );
    assert_eq!(
        (answer.status(), answer.json()["detail"].as_str()),
        (400, Some("Signal file must have a filename"))
    );
}

#[test]
fn a_signal_that_does_not_parse_is_an_error_and_leaves_nothing() {
    let server = server("");
    let answer = post(&server, &[video(&bout()), signal("nothing")]);
    assert_eq!(answer.status(), 500);
    assert!(
        answer.json()["detail"]
            .as_str()
            .unwrap()
            .contains("Could not find start time")
    );
    let stats = get(server.addr("main"), "/streaming/stats").json();
    assert_eq!(stats["active_sessions"], 0);
}

#[test]
fn a_signal_whose_name_is_none_is_refused_before_the_video_is_looked_at() {
    let server = server("");
    let name = "x".repeat(200);
    let named = part(
        &format!("name=\"signal\"; filename=\"{name}.txt\""),
        SIGNAL.as_bytes(),
    );
    let answer = post(&server, &[video(b"no video at all"), named]);
    assert_eq!(answer.status(), 400, "{}", answer.text());
    assert!(answer.text().contains("Signal filename"));
}

#[test]
fn a_form_that_comes_holds_its_memory_and_one_too_many_is_told_to_come_again() {
    let server = server("max_sessions = 1\n");
    let held = || {
        let text = get(server.addr("admin"), "/metrics").text();
        let mut lines = text.lines();
        let line = lines.find(|line| line.starts_with("frameloom_bout_memory_bytes "));
        line.unwrap() != "frameloom_bout_memory_bytes 0"
    };
    let kind = format!("multipart/form-data; boundary={BOUNDARY}");
    let form = Request::new("POST", "/analyze").body(&kind, video(&bout()));
    let form = form.bytes();
    let mut slow = std::net::TcpStream::connect(server.addr("main")).unwrap();
    slow.write_all(&form[..form.len() - 100]).unwrap();
    eventually("the form has its memory", held);
    let answer = post(&server, &[video(&bout()), signal(SIGNAL)]);
    assert_eq!(answer.status(), 503, "{}", answer.text());
    assert_eq!(answer.head.get("retry-after"), Some("1"));
    drop(slow);
    eventually("its place is free", || {
        post(&server, &[video(&bout()), signal(SIGNAL)]).status() == 200
    });
}

#[test]
fn a_client_that_leaves_before_the_answer_loses_the_answer_and_not_the_artifacts() {
    let out = tempfile::tempdir().unwrap();
    let server = server(&format!("output_dir = \"{}\"\n", out.path().display()));
    let kind = format!("multipart/form-data; boundary={BOUNDARY}");
    let end = format!("--{BOUNDARY}--\r\n").into_bytes();
    let body = [video(&avi(&vec![jpeg(); 400])), signal(SIGNAL), end].concat();
    let form = Request::new("POST", "/analyze").body(&kind, body).bytes();
    let mut client = std::net::TcpStream::connect(server.addr("main")).unwrap();
    client.write_all(&form).unwrap();
    eventually("its frames are being kept", || {
        let text = get(server.addr("admin"), "/metrics").text();
        let none = "frameloom_ingest_frames_total{pipeline=\"referee\",outcome=\"received\"} 0\n";
        !text.contains(none)
    });
    // The line is reset, not closed.
    socket2::SockRef::from(&client)
        .set_linger(Some(std::time::Duration::ZERO))
        .unwrap();
    drop(client);
    eventually("its result is there", || {
        let mut folders = std::fs::read_dir(out.path()).unwrap().flatten();
        folders.any(|folder| folder.path().join("analysis_result.json").exists())
    });
    eventually("its session has ended", || {
        get(server.addr("main"), "/streaming/stats").json()["active_sessions"] == 0
    });
}

#[test]
fn a_frame_that_is_longer_than_its_bout_may_have_is_refused() {
    let server = server("");
    let mut large = jpeg();
    // A picture that is mostly talk.
    let comment = [&[0xFF, 0xFE, 0xFF, 0xFF][..], &[b' '; 65_533]].concat();
    large.splice(2..2, comment.repeat(2));
    let answer = post(&server, &[video(&avi(&vec![large; 12])), signal(SIGNAL)]);
    assert_eq!(answer.status(), 413, "{}", answer.text());
    let stats = get(server.addr("main"), "/streaming/stats").json();
    assert_eq!(stats["active_sessions"], 0);
}

#[test]
fn another_video_without_ffmpeg_is_refused_by_its_name() {
    let server = server("ffmpeg = \"no-such-ffmpeg\"\n");
    let answer = post(&server, &[video(b"an mp4, perhaps"), signal(SIGNAL)]);
    assert_eq!(answer.status(), 415);
    assert!(answer.json()["detail"].as_str().unwrap().contains("ffmpeg"));
}

#[test]
fn what_is_larger_than_may_be_is_refused() {
    let server = server("video_bytes = 1048576\nsignal_bytes = 1024\n");
    assert_eq!(
        post(&server, &[video(&vec![0; 3_000_000]), signal(SIGNAL)]).status(),
        413
    );
    assert_eq!(
        post(&server, &[video(&bout()), signal(&" ".repeat(2_000))]).status(),
        413
    );
}

/// Whether both programs are there; says so if not.
fn has_ffmpeg() -> bool {
    let is_there = |program| Command::new(program).arg("-version").output().is_ok();
    let both = is_there("ffmpeg") && is_there("ffprobe");
    if !both {
        eprintln!("skipped: ffmpeg and ffprobe are not both installed");
    }
    both
}

/// A film of a second with a tone.
fn film(path: &Path) -> Vec<u8> {
    let made = Command::new("ffmpeg")
        .args(["-nostdin", "-loglevel", "error", "-f", "lavfi"])
        .args(["-i", "testsrc=size=64x64:rate=15:duration=1", "-f", "lavfi"])
        .args(["-i", "sine=duration=1", "-c:v", "mpeg4"])
        .arg(path)
        .status();
    assert!(made.unwrap().success());
    std::fs::read(path).unwrap()
}

/// The kinds of the streams of this artifact of a result.
fn streams(server: &Server, result: &Value, artifact: &str, dir: &Path) -> Vec<String> {
    let name = result["artifacts"][artifact].as_str().unwrap();
    let path = dir.join("fetched");
    let fetched = get(server.addr("main"), &format!("/artifacts/{name}"));
    std::fs::write(&path, fetched.body).unwrap();
    let probe = Command::new("ffprobe")
        .args(["-v", "error", "-show_entries", "stream=codec_type"])
        .args(["-of", "csv=p=0"])
        .arg(&path)
        .output();
    let said = String::from_utf8(probe.unwrap().stdout).unwrap();
    said.lines().map(str::to_owned).collect()
}

#[test]
fn the_sound_of_an_uploaded_film_is_kept_unless_it_shall_not_be() {
    if !has_ffmpeg() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let film = film(&dir.path().join("film.mp4"));
    for (more, kinds) in [
        ("", &["video", "audio"][..]),
        ("fisheye_keep_audio = false\n", &["video"]),
    ] {
        let server = server(more);
        let answer = post(&server, &[video(&film), signal(SIGNAL)]);
        assert_eq!(answer.status(), 200, "{}", answer.text());
        for artifact in ["video", "corrected_video"] {
            let streams = streams(&server, &answer.json(), artifact, dir.path());
            assert_eq!(streams, kinds, "{artifact} {more}");
        }
    }
}

#[test]
fn sound_that_nobody_can_read_costs_a_note_and_no_video() {
    if !has_ffmpeg() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let mut header = [0; 56];
    header[..4].copy_from_slice(b"auds");
    (header[20], header[24]) = (1, 100);
    // A format that is not known anywhere, in one channel.
    let format = [
        0x99, 0x99, 1, 0, 0x40, 0x1F, 0, 0, 0x40, 0x1F, 0, 0, 1, 0, 8, 0,
    ];
    let sound = list(b"strl", &[chunk(b"strh", &header), chunk(b"strf", &format)]);
    let server = server("");
    let upload = avi_with(&vec![jpeg(); 12], &sound);
    let answer = post(&server, &[video(&upload), signal(SIGNAL)]);
    assert_eq!(answer.status(), 200, "{}", answer.text());
    let result = answer.json();
    let notes = result["metadata"]["notes"].to_string();
    assert!(notes.contains("the sound could not be written"), "{notes}");
    assert_eq!(streams(&server, &result, "video", dir.path()), ["video"]);
}

//! The client's side of the conversation: what it sends, how it goes on after a fault, and with which code it ends.

use std::{collections::BTreeSet, net::TcpListener};

use serde_json::{Value, json};
use tempfile::TempDir;

use super::{
    bout, client,
    double::{Double, Script, Seen},
    jpegs, path,
};
use crate::support::pictures;

/// Streams a directory to a server that plays this.
pub fn stream(script: Script, folder: &TempDir, more: &[&str]) -> (Option<i32>, String, Seen) {
    let double = Double::play(script);
    let (server, video) = (format!("http://{}", double.at), path(folder, ""));
    let signal = path(folder, "signal.txt");
    let usual = [
        server.as_str(),
        "--video",
        &video,
        "--signal",
        &signal,
        "--session-id",
        "bout",
    ];
    let (code, printed) = client(&[&usual, more].concat());
    (code, printed, double.seen())
}

#[test]
fn a_directory_of_jpegs_is_streamed_as_it_is_and_the_verdict_told() {
    let folder = jpegs(12);
    let (code, printed, seen) = stream(Script::good(), &folder, &["--fps", "15"]);
    assert_eq!(code, Some(0), "{printed}");
    assert!(
        printed.contains("winner     left\nreason     Left has right-of-way\n"),
        "{printed}"
    );
    let start = json!({"type": "session_start", "session_id": "bout", "fps": 15.0, "width": 64, "height": 48,
        "expected_frames": 12, "video_format": "bgr24"});
    assert_eq!(seen.starts, [start]);
    assert_eq!(seen.numbers, (0..12).collect::<Vec<_>>());
    assert!(
        seen.frames
            .values()
            .all(|frame| *frame == pictures::jpeg(64, 48))
    );
    assert_eq!(
        seen.ends,
        [json!({"type": "session_end", "session_id": "bout", "total_frames": 12})]
    );
    let (announcement, bytes) = seen.signal.unwrap();
    assert_eq!(announcement["filename"], "signal.txt");
    assert_eq!(announcement["size"], bytes.len());
    assert_eq!(bytes, std::fs::read(path(&folder, "signal.txt")).unwrap());
}

#[test]
fn clients_that_begin_in_one_second_name_their_sessions_apart() {
    let folder = jpegs(1);
    let (video, signal) = (path(&folder, ""), path(&folder, "signal.txt"));
    let name = || {
        let double = Double::play(Script::good());
        let server = double.at.to_string();
        let (code, printed) = client(&[&server, "--video", &video, "--signal", &signal]);
        assert_eq!(code, Some(0), "{printed}");
        let seen = double.seen();
        seen.starts[0]["session_id"].as_str().unwrap().to_owned()
    };
    let names = std::thread::scope(|scope| {
        let clients = [(); 4].map(|()| scope.spawn(name));
        clients.map(|client| client.join().unwrap())
    });
    assert!(names.iter().all(|name| name.starts_with("phrase_20")));
    let apart: BTreeSet<&String> = names.iter().collect();
    assert_eq!(apart.len(), 4, "{names:?}");
}

#[test]
fn a_frame_s_announcement_is_the_guide_s() {
    let (_, _, seen) = stream(Script::good(), &jpegs(1), &["--jpeg-quality", "60"]);
    let announcement = &seen.announcements[0];
    assert!(announcement["timestamp"].as_f64().unwrap() > 1.7e9);
    assert_eq!(announcement["encoding"], "jpeg");
    assert_eq!(announcement["quality"], 60);
    assert_eq!(announcement["size"], seen.frames[&0].len());
}

#[test]
fn raw_frames_carry_their_sides_and_blue_first() {
    let picture = pictures::rgb(20, 16);
    let folder = bout(1, "png", &pictures::png(20, 16));
    let (code, printed, seen) = stream(Script::good(), &folder, &["--encoding", "raw"]);
    assert_eq!(code, Some(0), "{printed}");
    let frame = &seen.frames[&0];
    let sides: Vec<u8> = [16_u32, 20, 3]
        .iter()
        .flat_map(|side| side.to_le_bytes())
        .collect();
    assert_eq!(frame[..12], sides);
    assert_eq!(
        frame[12..15],
        [picture.data[2], picture.data[1], picture.data[0]]
    );
    assert_eq!(frame.len(), 12 + 20 * 16 * 3);
}

#[test]
fn a_faster_clip_is_thinned_and_resized_as_asked() {
    let folder = jpegs(10);
    std::fs::write(path(&folder, "truth.json"), r#"{"fps": 30.0}"#).unwrap();
    let (_, printed, seen) = stream(Script::good(), &folder, &["--fps", "15", "--width", "32"]);
    let start = &seen.starts[0];
    assert_eq!(
        (&start["fps"], &start["expected_frames"]),
        (&json!(15.0), &json!(5)),
        "{printed}"
    );
    assert_eq!(
        (&start["width"], &start["height"]),
        (&json!(32), &json!(24))
    );
    assert_eq!(seen.numbers, [0, 1, 2, 3, 4]);
}

#[test]
fn frames_go_out_ahead_of_their_answers() {
    // The server answers a frame only when two more have come: a client that waits for each answer would get no further.
    let two_back = Script {
        keeps_back: 2,
        cuts: vec![3],
        ..Script::good()
    };
    let (code, printed, seen) = stream(two_back, &jpegs(3), &["--unacked", "3"]);
    assert_eq!(code, Some(0), "{printed}");
    assert_eq!(seen.numbers, [0, 1, 2]);
}

#[test]
fn after_a_cut_the_upload_goes_on_where_the_server_is() {
    let cut = Script {
        cuts: vec![5],
        ..Script::good()
    };
    let (code, printed, seen) = stream(cut, &jpegs(12), &["--unacked", "4"]);
    assert_eq!(code, Some(0), "{printed}");
    assert!(
        printed.contains("session bout goes on at frame 5"),
        "{printed}"
    );
    assert_eq!(seen.starts.len(), 2);
    assert_eq!(seen.starts[1]["resume"], true);
    assert_eq!(
        seen.numbers,
        (0..12).collect::<Vec<_>>(),
        "nothing lost, nothing twice"
    );
}

#[test]
fn frames_that_the_server_lost_are_read_again() {
    let cut = Script {
        cuts: vec![6],
        forgets: vec![1, 4, 5],
        ..Script::good()
    };
    let (code, printed, seen) = stream(cut, &jpegs(12), &["--unacked", "1"]);
    assert_eq!(code, Some(0), "{printed}");
    assert_eq!(
        seen.numbers,
        [0, 1, 2, 3, 4, 5, 1, 4, 5, 6, 7, 8, 9, 10, 11]
    );
    assert_eq!(seen.frames.len(), 12);
}

#[test]
fn several_cuts_are_survived() {
    let cut = Script {
        cuts: vec![1, 1, 2, 3],
        ..Script::good()
    };
    let (code, printed, seen) = stream(cut, &jpegs(9), &[]);
    assert_eq!(code, Some(0), "{printed}");
    assert_eq!(seen.frames.len(), 9);
    assert_eq!(seen.starts.len(), 5);
}

#[test]
fn a_frame_that_the_server_refuses_is_told_and_the_rest_goes_on() {
    let refuses = Script {
        refuses_frame: Some(3),
        cuts: vec![6],
        ..Script::good()
    };
    let (code, printed, seen) = stream(refuses, &jpegs(9), &["--unacked", "2"]);
    assert_eq!(code, Some(0), "{printed}");
    assert!(printed.contains("Failed to decode frame 3"), "{printed}");
    assert_eq!(
        seen.numbers,
        (0..9).collect::<Vec<_>>(),
        "it is not sent again, also not after a cut"
    );
}

#[test]
fn a_session_that_is_refused_ends_with_4_and_the_server_s_words() {
    let refuses = Script {
        refuses_start: Some("Session bout already exists"),
        ..Script::good()
    };
    let (code, printed, seen) = stream(refuses, &jpegs(3), &[]);
    assert_eq!(code, Some(4), "{printed}");
    assert!(
        printed.contains("Session bout already exists (SESSION_START_FAILED)"),
        "{printed}"
    );
    assert_eq!(seen.starts.len(), 1, "a refusal is not asked for twice");
}

#[test]
fn a_failed_analysis_ends_with_5() {
    let words = "Could not find start time in signal.txt";
    let fails = Script {
        ends: Err(("PROCESSING_FAILED", words)),
        ..Script::good()
    };
    let (code, printed, _) = stream(fails, &jpegs(3), &[]);
    assert_eq!(code, Some(5), "{printed}");
    assert!(printed.contains(words), "{printed}");
}

#[test]
fn an_abstention_ends_with_6() {
    let result = json!({"decision": {"winner": "abstain", "reason": "too few tracks"}});
    let (code, printed, _) = stream(
        Script {
            ends: Ok(result),
            ..Script::good()
        },
        &jpegs(3),
        &[],
    );
    assert_eq!(code, Some(6), "{printed}");
    assert!(printed.contains("winner     abstain"), "{printed}");
}

#[test]
fn the_whole_result_is_saved() {
    let (folder, script) = (jpegs(3), Script::good());
    let (file, result) = (path(&folder, "result.json"), script.ends.clone().unwrap());
    let (code, printed, _) = stream(script, &folder, &["--output", &file]);
    assert_eq!(code, Some(0), "{printed}");
    let saved: Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
    assert_eq!(saved, result);
}

#[test]
fn an_output_that_cannot_be_written_ends_with_1_before_anything_is_sent() {
    let folder = jpegs(3);
    let nowhere = path(&folder, "nowhere/result.json");
    let (code, printed, seen) = stream(Script::good(), &folder, &["--output", &nowhere]);
    assert_eq!(code, Some(1), "{printed}");
    assert!(printed.contains(&nowhere), "{printed}");
    assert!(seen.starts.is_empty(), "{:?}", seen.starts);
}

#[test]
fn without_a_result_no_output_is_left() {
    let folder = jpegs(3);
    let file = path(&folder, "result.json");
    let fails = Script {
        ends: Err(("PROCESSING_FAILED", "no start time")),
        ..Script::good()
    };
    let (code, printed, _) = stream(fails, &folder, &["--output", &file]);
    assert_eq!(code, Some(5), "{printed}");
    assert!(!std::fs::exists(file).unwrap());
}

#[test]
fn details_are_told_only_when_asked_for() {
    let (_, quiet, _) = stream(Script::good(), &jpegs(2), &[]);
    let (_, verbose, _) = stream(Script::good(), &jpegs(2), &["--verbose"]);
    let details = "fisheye 100 %: Correcting fisheye distortion...";
    assert!(
        !quiet.contains(details) && verbose.contains(details),
        "{quiet}\n{verbose}"
    );
    assert!(
        !quiet.contains('\u{1b}'),
        "no bars where there is no terminal: {quiet:?}"
    );
}

#[test]
fn no_server_ends_with_3_at_once() {
    let free = TcpListener::bind(("127.0.0.1", 0))
        .unwrap()
        .local_addr()
        .unwrap();
    let folder = jpegs(1);
    let (video, signal) = (path(&folder, ""), path(&folder, "signal.txt"));
    let (code, printed) = client(&[
        &format!("http://{free}"),
        "--video",
        &video,
        "--signal",
        &signal,
    ]);
    assert_eq!(code, Some(3), "{printed}");
    assert!(
        printed.contains(&format!("cannot connect to http://{free}")),
        "{printed}"
    );
}

#[test]
fn what_cannot_be_read_here_ends_with_1() {
    let folder = jpegs(1);
    let (signal, nothing) = (path(&folder, "signal.txt"), path(&folder, "nothing.avi"));
    for input in [
        ["--video", &nothing],
        ["--video", "/dev"],
        ["--camera", "250"],
    ] {
        let (code, printed) =
            client(&[&["localhost:1"], &input[..], &["--signal", &signal]].concat());
        assert_eq!(code, Some(1), "{input:?}: {printed}");
    }
}

#[test]
fn a_wrong_command_line_ends_with_2() {
    for line in [
        "",
        "localhost",
        "localhost --video x --camera 0 --signal s",
        "https://localhost --health",
    ] {
        let words: Vec<&str> = line.split_whitespace().collect();
        let (code, printed) = client(&words);
        assert_eq!(code, Some(2), "{line}: {printed}");
    }
}

//! `/video`: the exact bytes, and what each of many viewers sees.

use crate::support::{
    http::Connection,
    observe::{allow_many_files, eventually, metric},
    pictures,
    server::Server,
    video::{BETWEEN, OPENING, Video},
    world::{self, World},
};
use std::{collections::HashSet, process::Command};

/// A world that stands still says so often.
const LIVELY: &str = "[gamecraft]\nstill_repeat_ms = 100\n";

#[test]
fn the_head_is_the_originals_and_announces_no_length() {
    let server = Server::start();
    let video = World::start(&server).video();
    let head = &video.head;
    assert_eq!(
        head.get("content-type"),
        Some("multipart/x-mixed-replace; boundary=frame")
    );
    assert_eq!(head.get("access-control-allow-origin"), Some("*"));
    assert_eq!(head.get("transfer-encoding"), Some("chunked"));
    assert_eq!(head.get("content-length"), None);
    assert!(head.get("cache-control").unwrap().contains("no-store"));
}

#[test]
fn the_start_picture_comes_at_once_with_the_next_parts_headers_behind_it() {
    let server = Server::start();
    let mut video = World::start(&server).video();
    let picture = video.picture().unwrap();
    assert_eq!(video.leftover(), b"", "nothing comes until something moves");
    let size = image::load_from_memory(&picture)
        .unwrap()
        .into_rgb8()
        .dimensions();
    assert_eq!(size, (64, 64));
}

#[test]
fn the_start_picture_is_the_one_that_was_uploaded() {
    let server = Server::start();
    let picture = World::start(&server).video().picture().unwrap();
    let uploaded = pictures::jpeg(64, 64);
    assert!(pictures::difference(&picture, &uploaded) < 6.0);
}

#[test]
fn a_world_without_a_picture_begins_grey_in_the_default_size() {
    let server = Server::start();
    let picture = World::with(&server, "{}").video().picture().unwrap();
    let picture = image::load_from_memory(&picture).unwrap().into_rgb8();
    assert_eq!(picture.dimensions(), (608, 352));
    assert!(picture.as_raw().iter().all(|value| value.abs_diff(127) < 4));
}

#[test]
fn the_parts_between_opening_and_end_are_byte_for_byte_those_of_the_contract() {
    assert_eq!(OPENING, b"--frame\r\nContent-Type: image/jpeg\r\n\r\n");
    assert_eq!(BETWEEN, [b"\r\n", OPENING].concat());
    let server = Server::with_settings(LIVELY);
    let world = World::start(&server);
    let mut video = world.video();
    // The reader takes nothing but opening, picture, separator, picture, and so on.
    assert_eq!(std::iter::from_fn(|| video.picture()).take(5).count(), 5);
    world.stop();
    video.rest();
    assert_eq!(video.leftover(), b"", "no closing boundary follows");
}

#[test]
fn a_stopped_streams_video_comes_to_its_regular_end() {
    let server = Server::start();
    let world = World::start(&server);
    let mut video = world.video();
    video.picture().unwrap();
    assert_eq!(world.stop().status(), 200);
    assert_eq!(video.picture(), None);
}

#[test]
fn the_oldest_streams_video_ends_when_a_new_stream_takes_its_place() {
    let server =
        Server::with_settings("[gamecraft]\nmax_streams = 2\non_full = \"evict-oldest\"\n");
    let oldest = World::start(&server);
    let second = World::start(&server);
    let mut video = oldest.video();
    video.picture().unwrap();
    let third = World::start(&server);
    assert_eq!(video.picture(), None);
    assert_eq!(oldest.control("w", 1.0).status(), 404);
    assert_eq!(second.control("w", 1.0).status(), 200);
    assert_eq!(third.control("w", 1.0).status(), 200);
}

#[test]
fn pressing_a_key_moves_the_picture() {
    let server = Server::start();
    let world = World::start(&server);
    let mut video = world.video();
    let start = video.picture().unwrap();
    world.press("w");
    let moved = std::iter::from_fn(|| {
        world.press("w");
        video.picture()
    });
    let mut moved = moved.take(200);
    assert!(moved.any(|picture| pictures::difference(&start, &picture) > 3.0));
}

#[test]
fn query_parameters_are_ignored() {
    let server = Server::start();
    let world = World::start(&server);
    let path = format!("/video/{}?retry=2&t=1700000000000", world.id);
    assert!(
        Video::at(server.addr("gamecraft"), &path)
            .picture()
            .is_some()
    );
}

#[test]
fn an_old_client_gets_the_same_bytes_up_to_the_end_of_the_connection() {
    let server = Server::start();
    let world = World::start(&server);
    let picture = world.video().picture().unwrap();
    let mut connection = Connection::open(server.addr("gamecraft"));
    let request = format!("GET /video/{} HTTP/1.0\r\n\r\n", world.id);
    connection.write(request.as_bytes()).unwrap();
    let head = connection.head().unwrap();
    assert_eq!(head.get("transfer-encoding"), None);
    world.stop();
    let body = connection.read_to_end().unwrap();
    assert_eq!(body, [OPENING, &picture, BETWEEN].concat());
}

#[test]
fn two_viewers_see_the_same_frames_and_do_not_share_them_out() {
    let server = Server::start();
    let world = World::start(&server);
    let mut viewers = [world.video(), world.video()];
    for viewer in &mut viewers {
        viewer.picture().unwrap();
    }
    let mut seen = [HashSet::new(), HashSet::new()];
    eventually("both have seen ten of the same frames", || {
        world.press("w");
        for (viewer, seen) in viewers.iter_mut().zip(&mut seen) {
            seen.insert(viewer.picture().unwrap());
        }
        seen[0].intersection(&seen[1]).count() >= 10
    });
}

#[test]
fn a_world_that_stands_still_shows_its_last_picture_again() {
    let server = Server::with_settings(LIVELY);
    let mut video = World::start(&server).video();
    let start = video.picture().unwrap();
    for _ in 0..3 {
        assert_eq!(video.picture().unwrap(), start);
    }
}

#[test]
fn a_viewer_that_does_not_read_skips_frames_and_holds_up_nobody() {
    let server = Server::with_settings(
        "[gamecraft]\npacing = false\naction_hold_ms = 60000\n[limits]\nsend_buffer_bytes = 16384\nwrite_timeout_ms = 600000\n",
    );
    let world = World::with(&server, &world::sized(256, 256));
    let (mut stalled, mut reading) = (world.video(), world.video());
    world.press("w");
    // Far more than all buffers between the server and the client hold.
    (0..200).for_each(|_| assert!(reading.picture().is_some()));
    world.stop();
    let stale = stalled.rest();
    assert!(stale < 100, "{stale} stale pictures of 200 or more");
}

#[test]
fn a_thousand_viewers_that_leave_are_no_longer_counted() {
    allow_many_files();
    let server = Server::with_settings(LIVELY);
    let world = World::start(&server);
    let mut viewers: Vec<_> = (0..1000).map(|_| world.video()).collect();
    viewers
        .iter_mut()
        .for_each(|viewer| assert!(viewer.picture().is_some()));
    assert_eq!(world.describe()["viewers"], 1000);
    drop(viewers);
    eventually("all are gone", || {
        let counted = metric(&server, "frameloom_viewers", &["world"]);
        world.describe()["viewers"] == 0 && counted == 0.0
    });
}

#[test]
fn a_video_player_can_read_it() {
    let server = Server::with_settings(LIVELY);
    let world = World::start(&server);
    let probe = Command::new("ffprobe")
        .args(["-v", "error", "-f", "mpjpeg", "-of", "csv=p=0"])
        .args(["-show_entries", "stream=codec_name,width,height"])
        .arg(format!("{}/video/{}", server.url("gamecraft"), world.id))
        .output();
    let output = match probe {
        Ok(output) => output,
        Err(why) => {
            eprintln!("skipped: ffprobe cannot be run ({why}); install the ffmpeg package");
            return;
        }
    };
    let told = String::from_utf8_lossy(&output.stderr);
    assert_eq!(
        String::from_utf8_lossy(&output.stdout).trim(),
        "mjpeg,64,64",
        "{told}"
    );
}

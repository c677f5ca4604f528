//! Files that are no pictures, or claim to be larger than any may be.

use super::{costs_nothing_lasting, start_with_picture};
use crate::support::{pictures, server::Server, world::World};
use std::{
    thread,
    time::{Duration, Instant},
};

/// A refusal of `file` with 400 and a text with `says` in it.
fn is_refused(server: &Server, file: &[u8], says: &str) {
    let answer = start_with_picture(server, file);
    assert_eq!(answer.status(), 400, "{}", answer.text());
    assert!(answer.error().contains(says), "{}", answer.text());
}

#[test]
fn a_truncated_jpeg_is_refused() {
    let server = Server::start();
    let whole = pictures::jpeg(1024, 1024);
    costs_nothing_lasting(&server, || {
        is_refused(&server, &whole[..whole.len() / 2], "the picture is damaged");
    });
}

#[test]
fn a_png_that_claims_a_gigapixel_is_refused_by_its_header() {
    let server = Server::start();
    let bomb = pictures::png_header(30_000, 30_000);
    costs_nothing_lasting(&server, || is_refused(&server, &bomb, "30000"));
}

#[test]
fn a_picture_of_more_pixels_than_allowed_is_refused() {
    let server = Server::with_settings("[limits]\nimage_pixels = 10000\n");
    is_refused(&server, &pictures::png(101, 100), "10000");
    assert_eq!(
        start_with_picture(&server, &pictures::png(100, 100)).status(),
        200
    );
}

#[test]
fn a_text_that_is_called_a_picture_is_refused() {
    let server = Server::start();
    is_refused(
        &server,
        b"dear server, this is no picture\n",
        "not a picture",
    );
}

#[test]
fn a_file_of_one_byte_or_two_is_refused() {
    let server = Server::start();
    is_refused(&server, b"\x89", "not a picture");
    is_refused(&server, b"\xff\xd8", "picture");
}

#[test]
fn a_file_of_more_bytes_than_allowed_is_refused() {
    let server = Server::with_settings("[limits]\nimage_bytes = 2048\n");
    is_refused(&server, &[7; 2049], "2048");
}

#[test]
fn large_pictures_cost_nothing_lasting() {
    let server = Server::start();
    let large = pictures::jpeg(3000, 2000);
    costs_nothing_lasting(&server, || {
        let answer = start_with_picture(&server, &large);
        let id = answer.json()["stream_id"].as_str().unwrap().to_owned();
        crate::support::http::post(server.addr("gamecraft"), &format!("/stop_stream/{id}"), "");
    });
}

#[test]
fn a_picture_that_takes_long_does_not_hold_up_the_frames_of_others() {
    let server = Server::with_settings(
        "[gamecraft]\npacing = false\naction_hold_ms = 60000\n[codec]\nthreads = 1\n",
    );
    let world = World::start(&server);
    let mut socket = world.socket();
    world.press("w");
    let file = pictures::long_png();
    thread::scope(|scope| {
        let began = Instant::now();
        let upload = scope.spawn(|| start_with_picture(&server, &file));
        let mut longest = Duration::ZERO;
        while !upload.is_finished() {
            let [.., encode, _send] = socket.frame().stages;
            longest = longest.max(Duration::from_micros(encode.into()));
        }
        let took = began.elapsed();
        assert_eq!(upload.join().unwrap().status(), 200);
        // Most of the upload's time is decoding: a frame that had to wait for it would have taken as long.
        assert!(longest < took / 2, "a frame took {longest:?} of {took:?}");
    });
}

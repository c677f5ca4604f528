//! Viewers beyond the limit, and viewers that vanish.

use crate::support::{
    http::get,
    observe::{eventually, metric},
    server::Server,
    world::World,
};

#[test]
fn one_viewer_too_many_is_refused_until_another_leaves() {
    let server =
        Server::with_settings("[limits]\nviewers = 2\n[gamecraft]\nstill_repeat_ms = 100\n");
    let world = World::start(&server);
    let (mut video, mut socket) = (world.video(), world.socket());
    video.picture().unwrap();
    socket.frame();
    let path = format!("/video/{}", world.id);
    let refused = get(server.addr("gamecraft"), &path);
    assert_eq!(refused.status(), 503);
    assert_eq!(
        refused.error(),
        "the stream has as many viewers as it may have"
    );
    assert_eq!(refused.head.get("retry-after"), Some("1"));
    drop(socket);
    eventually("one has left", || world.describe()["viewers"] == 1);
    assert!(world.video().picture().is_some());
}

#[test]
fn a_viewer_that_vanishes_is_no_longer_counted() {
    let server = Server::with_settings("[gamecraft]\nstill_repeat_ms = 100\n");
    let world = World::start(&server);
    let mut video = world.video();
    video.picture().unwrap();
    assert_eq!(world.describe()["viewers"], 1);
    drop(video);
    eventually("it is gone", || {
        let counted = metric(&server, "frameloom_viewers", &["world"]);
        world.describe()["viewers"] == 0 && counted == 0.0
    });
}

#[test]
fn a_viewer_that_takes_nothing_is_cut_at_the_write_timeout() {
    let server = Server::with_settings(
        "[gamecraft]\npacing = false\naction_hold_ms = 60000\n\
         [limits]\nwrite_timeout_ms = 500\nsend_buffer_bytes = 16384\n",
    );
    let world = World::start(&server);
    let _stalled = world.video();
    world.press("w");
    eventually("it was cut", || world.describe()["viewers"] == 0);
}

#[test]
fn a_stream_that_nobody_uses_or_watches_ends_by_itself() {
    let server = Server::with_settings("[sessions]\nidle_timeout_ms = 1000\n");
    let world = World::start(&server);
    eventually("it has ended", || {
        world.control("x", 1.0).status() == 400 && world.stop().status() == 404
    });
}

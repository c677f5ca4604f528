//! Stops: clean ones, whatever the clients do, and the second signal.

use crate::support::{
    http::{Connection, Request},
    observe::{allow_many_files, eventually, metric},
    server::{Launch, Server},
    socket::Ending,
    world::{self, World},
};
use rustix::process::Signal;
use std::{net::TcpListener, thread};

/// More time than a loaded machine takes, and a world that moves all the time.
const MOVING: &str =
    "[server]\ndrain_deadline_ms = 20000\n[gamecraft]\nfps = 10\naction_hold_ms = 60000\n";

/// Viewers and sockets that read, as many as the project promises a clean end.
const VIEWERS: usize = 200;
const SOCKETS: usize = 50;
/// And some of each that do not.
const STALLED: usize = 10;

fn ends_everybody_properly(signal: Signal) {
    allow_many_files();
    let mut server = Server::with_settings(MOVING);
    let world = World::start(&server);
    let videos: Vec<_> = (0..VIEWERS).map(|_| world.video()).collect();
    let sockets: Vec<_> = (0..SOCKETS).map(|_| world.socket()).collect();
    let stalled: Vec<_> = (0..STALLED)
        .map(|_| (world.video(), world.socket()))
        .collect();
    world.press("w");
    eventually("the world moves", || {
        world.describe()["frames"].as_u64() > Some(5)
    });
    thread::scope(|scope| {
        // A body that breaks off makes its reader panic, and so the test fail.
        let videos = videos
            .into_iter()
            .map(|mut video| scope.spawn(move || video.rest()));
        let sockets = sockets
            .into_iter()
            .map(|mut socket| scope.spawn(move || socket.ending().1));
        let (videos, sockets): (Vec<_>, Vec<_>) = (videos.collect(), sockets.collect());
        server.signal(signal);
        for video in videos {
            assert!(video.join().unwrap() > 0);
        }
        for socket in sockets {
            assert_eq!(socket.join().unwrap(), Ending::Code(1012));
        }
    });
    assert_eq!(server.await_exit().code(), Some(0), "{}", server.printed());
    drop(stalled);
}

#[test]
fn sigterm_ends_every_client_that_reads_properly_and_the_server_with_0() {
    ends_everybody_properly(Signal::TERM);
}

#[test]
fn sigint_ends_every_client_that_reads_properly_and_the_server_with_0() {
    ends_everybody_properly(Signal::INT);
}

#[test]
fn clients_that_take_nothing_do_not_hold_up_the_end() {
    let mut server = Server::with_settings(
        "[gamecraft]\npacing = false\naction_hold_ms = 60000\n\
         [limits]\nsend_buffer_bytes = 16384\nwrite_timeout_ms = 600000\n",
    );
    let world = World::with(&server, &world::sized(256, 256));
    let _stalled = (world.video(), world.socket());
    world.press("w");
    // Far more than all buffers between the server and the client hold.
    eventually("they are full", || {
        world.describe()["frames"].as_u64() > Some(200)
    });
    server.signal(Signal::TERM);
    assert_eq!(server.await_exit().code(), Some(0));
}

#[test]
fn a_second_interrupt_ends_it_at_once() {
    let mut server = Server::with_settings(
        "[server]\ndrain_deadline_ms = 60000\n[gamecraft]\npacing = false\naction_hold_ms = 60000\n\
         [limits]\nsend_buffer_bytes = 16384\nwrite_timeout_ms = 600000\n",
    );
    let world = World::with(&server, &world::sized(256, 256));
    let _stalled = world.video();
    world.press("w");
    eventually("it is full", || {
        world.describe()["frames"].as_u64() > Some(200)
    });
    server.signal(Signal::INT);
    server.await_printed("shutting down");
    server.signal(Signal::INT);
    assert_eq!(server.await_exit().code(), Some(0));
    eventually("it says so", || {
        server.printed().contains("stopped at once")
    });
}

#[test]
fn no_port_stays_taken_and_the_next_server_gets_the_same() {
    let mut server = Server::start();
    let world = World::start(&server);
    let _video = world.video();
    let ports = ["main", "gamecraft", "gamecraft_page", "admin"]
        .map(|name| (name, server.addr(name).to_owned()));
    server.signal(Signal::TERM);
    server.await_exit();
    for (_, at) in &ports {
        drop(TcpListener::bind(at).unwrap());
    }
    let launch = ports.iter().fold(Launch::new(), |launch, (name, at)| {
        let port = at.rsplit(':').next().unwrap();
        launch.args(&["--set", &format!("listen.{name}.port={port}")])
    });
    let next = launch.start();
    assert_eq!(next.addr("main"), ports[0].1);
}

#[test]
fn a_request_that_is_half_sent_is_still_answered() {
    let mut server = Server::with_settings("[server]\ndrain_deadline_ms = 20000\n");
    let request = Request::new("POST", "/start_stream")
        .json(&world::small())
        .bytes();
    let (first, rest) = request.split_at(request.len() / 2);
    let mut connection = Connection::open(server.addr("gamecraft"));
    connection.write(first).unwrap();
    eventually("it is being read", || {
        metric(&server, "frameloom_upload_memory_bytes", &[]) > 0.0
    });
    server.signal(Signal::TERM);
    server.await_printed("shutting down");
    connection.write(rest).unwrap();
    let answer = connection.answer().unwrap();
    assert_eq!(
        (answer.status(), answer.error().as_str()),
        (503, "the server is shutting down")
    );
    assert_eq!(server.await_exit().code(), Some(0));
}

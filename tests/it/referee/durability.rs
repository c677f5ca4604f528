//! What survives: the end of the server in the middle of an upload, and a disk that is full.
//!
//! The spool is read here by the crate's own reader, between one server and the next, as a second witness beside what the
//! next server says.

use std::path::PathBuf;

use rustix::process::Signal;
use serde_json::{Value, json};

use super::support::{Client, House, SIDE, SIGNAL, frame};
use crate::support::{
    http::{Answer, Request, get},
    server::{Server, SmallDisk},
};

fn admin(server: &Server, method: &str, path: &str) -> Answer {
    Request::new(method, path).send(server.addr("admin"))
}

/// MiB that all uploads have reserved.
fn memory(server: &Server) -> f64 {
    let stats = get(server.addr("main"), "/streaming/stats").json();
    stats["total_memory_mb"].as_f64().unwrap()
}

#[test]
fn a_server_that_is_killed_loses_no_frame_that_it_acknowledged() {
    let house = House::new();
    let mut server = house.start();
    let mut client = Client::start(&server, "bout");
    let sent: Vec<u64> = (0..30).filter(|number| *number != 7).collect();
    for number in &sent {
        assert_eq!(client.frame(*number)["status"], "received");
    }
    // These are under way when the server dies: some may be kept, none has to be.
    (30..60).for_each(|number| client.send(number, "jpeg", &frame(number)));
    server.signal(Signal::KILL);
    server.await_exit();
    let kept = house.read("bout");
    assert!(sent.iter().all(|number| kept.contains_key(number)));
    assert!(kept.iter().all(|(number, bytes)| *bytes == frame(*number)));
}

#[test]
fn an_upload_goes_on_where_a_killed_server_left_it() {
    let house = House::new();
    let mut server = house.start();
    let mut client = Client::start(&server, "bout");
    let opening = memory(&server);
    for number in (0..20).filter(|number| ![3, 7].contains(number)) {
        client.frame(number);
    }
    server.signal(Signal::KILL);
    server.await_exit();
    let server = house.start();
    let (mut client, answer) = Client::resume(&server, "bout");
    assert_eq!(answer["next_frame"], 20, "{answer}");
    let after = memory(&server);
    let books = 18 * 4_000;
    assert!(
        after > opening + books as f64 / f64::from(1 << 20),
        "{after} MiB after {opening}"
    );
    assert_eq!(answer["missing"], json!([3, 7]));
    for number in [3, 7, 20, 21] {
        assert_eq!(client.frame(number)["status"], "received");
    }
    assert_eq!(client.frame(5)["status"], "duplicate");
    let validation = client.end();
    assert_eq!(validation["valid"], true, "{validation}");
    assert_eq!(validation["frame_count"], 22);
    let result = client.verdict();
    assert_eq!(result["streaming_stats"]["frames_received"], 22, "{result}");
    assert_eq!(result["metadata"]["frames_processed"], 22);
}

#[test]
fn a_bout_waits_for_a_better_signal_even_if_the_server_is_killed_meanwhile() {
    let house = House::new();
    let mut server = house.start();
    let mut client = Client::start(&server, "bout");
    (0..12).for_each(|number| drop(client.frame(number)));
    client.signal("no times in it");
    assert_eq!(client.last()["error_code"], "PROCESSING_FAILED");
    server.signal(Signal::KILL);
    server.await_exit();
    let kept = house.recover("bout").signal.unwrap();
    assert_eq!(
        (&*kept.filename, &*kept.bytes),
        ("bout.txt", &b"no times in it"[..])
    );
    let server = house.start();
    let (mut client, answer) = Client::resume(&server, "bout");
    assert_eq!(answer["next_frame"], 12, "{answer}");
    let result = client.verdict();
    assert_eq!(result["streaming_stats"]["frames_received"], 12, "{result}");
}

#[test]
fn a_bout_that_has_its_verdict_leaves_no_frames() {
    let house = House::new();
    let server = house.start();
    let mut client = Client::start(&server, "bout");
    (0..12).for_each(|number| drop(client.frame(number)));
    client.verdict();
    // The name is free, so the folder has gone; and the new bout's folder is all there is.
    let _again = Client::start(&server, "bout");
    assert_eq!(house.read_dir(), ["bout"]);
}

#[test]
fn an_upload_that_was_left_does_not_make_way_for_a_new_one_of_its_name() {
    let house = House::new();
    let mut server = house.start();
    Client::start(&server, "bout").frame(0);
    server.signal(Signal::KILL);
    server.await_exit();
    let server = house.start();
    let (_client, answer) = Client::begin(&server, "bout", json!({}));
    assert_eq!(answer["error_code"], "SESSION_START_FAILED");
    assert_eq!(answer["error_message"], "Session bout already exists");
}

#[test]
fn an_orderly_stop_leaves_an_upload_as_resumable_as_a_kill_does() {
    let house = House::new();
    let server = house.start();
    let mut client = Client::start(&server, "bout");
    (0..5).for_each(|number| drop(client.frame(number)));
    assert!(server.terminate().success());
    let server = house.start();
    let (_client, answer) = Client::resume(&server, "bout");
    assert_eq!(answer["next_frame"], 5, "{answer}");
}

#[test]
fn what_was_left_is_listed_and_removed_by_an_operator() {
    let house = House::new();
    let mut server = house.start();
    let mut client = Client::start(&server, "bout");
    (0..3).for_each(|number| drop(client.frame(number)));
    let alive = admin(&server, "GET", "/admin/spool").json();
    assert_eq!(alive["leftovers"], json!([]));
    server.signal(Signal::KILL);
    server.await_exit();
    let server = house.start();
    let listed = admin(&server, "GET", "/admin/spool").json();
    let left = &listed["leftovers"][0];
    assert_eq!(
        (&left["name"], &left["frames"]),
        (&json!("bout"), &json!(3))
    );
    assert_eq!(left["about"]["width"], SIDE);
    let removed = admin(&server, "DELETE", "/admin/spool/bout");
    assert_eq!(removed.json(), json!({"removed": "bout"}));
    let again = admin(&server, "DELETE", "/admin/spool/bout");
    assert_eq!(again.status(), 404);
    let (_client, answer) = Client::resume(&server, "bout");
    assert_eq!(answer["error_code"], "SESSION_START_FAILED", "{answer}");
}

#[test]
fn an_upload_that_is_alive_is_not_an_operators_to_remove_from_the_disk() {
    let house = House::new();
    let server = house.start();
    let mut client = Client::start(&server, "bout");
    client.frame(0);
    let refused = admin(&server, "DELETE", "/admin/spool/bout");
    assert_eq!(
        (refused.status(), &refused.json()["code"]),
        (409, &json!("in-use"))
    );
    assert_eq!(client.frame(1)["status"], "received");
}

#[test]
fn a_start_that_keeps_nothing_removes_what_was_left() {
    let house = House::new();
    let mut server = house.start();
    Client::start(&server, "bout").frame(0);
    server.signal(Signal::KILL);
    server.await_exit();
    let _server = house.launch("leftovers = \"remove\"").start();
    assert_eq!(house.read_dir(), [""; 0]);
}

/// A raw frame of 12 KiB, alike all over.
fn raw(number: u64) -> Vec<u8> {
    vec![number as u8; (SIDE * SIDE * 3) as usize]
}

/// A server whose uploads lie on a disk of 1 MiB, with a file on it that can be removed to make room; `None`, with the reason
/// told, where the system lets us have none.
fn on_a_small_disk(house: &House, more: &str) -> Option<(Server, PathBuf)> {
    let small = SmallDisk {
        at: house.spool.path().to_owned(),
        bytes: 1 << 20,
    };
    if let Err(error) = small.is_possible() {
        println!("skipped: a disk of its own needs root ({error})");
        return None;
    }
    let launch = house.launch(&format!("min_free_disk_mb = 0\n{more}"));
    let server = launch.disk(&small).start();
    let ballast = small.seen_by(server.pid()).join("ballast");
    std::fs::write(&ballast, vec![0; 200_000]).unwrap();
    Some((server, ballast))
}

/// Sends frames until one is refused: how many were taken, and the refusal.
fn fill(client: &mut Client) -> (u64, Value) {
    let mut number = 0;
    loop {
        client.send(number, "raw", &raw(number));
        let answer = client.socket.text();
        if answer["type"] != "frame_ack" {
            return (number, answer);
        }
        number += 1;
    }
}

#[test]
fn a_full_disk_refuses_a_frame_that_can_be_sent_again_when_there_is_room() {
    let house = House::new();
    let Some((server, ballast)) = on_a_small_disk(&house, "overlap = false") else {
        return;
    };
    let mut client = Client::start(&server, "bout");
    let (number, refused) = fill(&mut client);
    assert_eq!(
        refused["error_code"], "FRAME_PROCESSING_FAILED",
        "{refused}"
    );
    assert_eq!(refused["recoverable"], true);
    assert!(refused.to_string().contains("disk is full"), "{refused}");
    assert!(number > 10, "{number}");
    std::fs::remove_file(ballast).unwrap();
    client.send(number, "raw", &raw(number));
    assert_eq!(client.socket.text()["status"], "received");
    let validation = client.end();
    assert_eq!(validation["missing_frames"], 0, "{validation}");
    assert_eq!(validation["frame_count"], number + 1);
}

#[test]
fn a_disk_that_becomes_full_under_the_analysis_costs_no_verdict() {
    let house = House::new();
    let Some((server, ballast)) = on_a_small_disk(&house, "") else {
        return;
    };
    let mut client = Client::start(&server, "bout");
    let (number, _) = fill(&mut client);
    std::fs::remove_file(ballast).unwrap();
    let result = client.verdict();
    assert_eq!(
        result["streaming_stats"]["frames_received"], number,
        "{result}"
    );
    assert_eq!(result["metadata"]["frames_processed"], number);
}

#[test]
fn a_signal_for_which_there_is_no_room_can_be_sent_again() {
    let house = House::new();
    let Some((server, ballast)) = on_a_small_disk(&house, "overlap = false") else {
        return;
    };
    let mut client = Client::start(&server, "bout");
    fill(&mut client);
    // Where no frame fits in, a small file still would.
    let rest = ballast.with_file_name("rest");
    let full = std::fs::write(&rest, vec![0; 1 << 20]);
    assert!(full.is_err(), "there is room for a whole disk");
    client.signal(SIGNAL);
    let refused = client.last();
    assert!(refused.to_string().contains("disk is full"), "{refused}");
    std::fs::remove_file(rest).unwrap();
    std::fs::remove_file(ballast).unwrap();
    let (mut client, answer) = Client::resume(&server, "bout");
    assert_eq!(answer["type"], "session_started", "{answer}");
    assert_eq!(client.verdict()["status"], "success");
}

#[test]
fn a_disk_that_is_full_already_refuses_the_session() {
    let house = House::new();
    let server = house.launch("min_free_disk_mb = 1_048_576").start();
    let (_client, answer) = Client::begin(&server, "bout", json!({}));
    assert_eq!(answer["error_code"], "SESSION_START_FAILED", "{answer}");
    assert!(answer.to_string().contains("disk is full"), "{answer}");
    assert_eq!(get(server.addr("main"), "/livez").status(), 200);
    assert_eq!(house.read_dir(), [""; 0]);
}

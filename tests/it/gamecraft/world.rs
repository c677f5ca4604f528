//! How a world moves: pacing, decay, the newest action, and rest. Seen through its socket, which numbers frames and actions.

use crate::support::{
    http::{Connection, Request},
    observe::{eventually, metric},
    server::Server,
    world::World,
};

#[test]
fn frames_leave_at_the_streams_pace_and_not_in_bursts() {
    let server = Server::with_settings("[gamecraft]\nfps = 10\naction_hold_ms = 60000\n");
    let world = World::start(&server);
    let mut socket = world.socket();
    world.press("w");
    let sent: Vec<u64> = (0..11)
        .map(|_| socket.frame_where(|frame| !frame.is_start()).sent_us)
        .collect();
    // A second by the server's own clock; half of it, since the first may have been late itself. A burst takes none.
    assert!(sent[10] - sent[0] > 500_000, "{sent:?}");
}

#[test]
fn an_action_fades_when_no_other_follows() {
    let server = Server::with_settings("[gamecraft]\nstill_repeat_ms = 100\n");
    let world = World::start(&server);
    let mut socket = world.socket();
    world.press("w");
    socket.frame_where(|frame| !frame.is_start() && !frame.is_repeat());
    // Repeats come only while nothing moves.
    let still = socket.frame_where(|frame| frame.is_repeat());
    assert_eq!(socket.frame().jpeg, still.jpeg);
}

#[test]
fn a_standing_world_costs_no_run_of_the_engine() {
    let server = Server::with_settings("[gamecraft]\nstill_repeat_ms = 100\n");
    let world = World::start(&server);
    let mut socket = world.socket();
    world.press("w");
    socket.frame_where(|frame| !frame.is_start() && !frame.is_repeat());
    socket.frame_where(|frame| frame.is_repeat());
    let runs = || metric(&server, "frameloom_engine_runs_total", &[]);
    let before = runs();
    assert!(before > 0.0);
    (0..5).for_each(|_| assert!(socket.frame().is_repeat()));
    assert_eq!(runs(), before);
    assert_eq!(world.describe()["state"], "idle");
}

#[test]
fn the_newest_of_many_actions_is_the_one_that_counts() {
    const MANY: u64 = 60;
    let server = Server::with_settings("[gamecraft]\nfps = 5\n");
    let world = World::start(&server);
    let mut socket = world.socket();
    for id in 1..=MANY {
        socket.say(&format!(r#"{{"action":"w","speed":1,"id":{id}}}"#));
    }
    let mut answered = Vec::new();
    loop {
        let frame = socket.frame();
        answered.push(frame.action);
        if frame.action == MANY {
            break;
        }
    }
    assert!(
        answered.is_sorted(),
        "never an older one after a newer: {answered:?}"
    );
    assert!(answered.len() < MANY as usize / 2, "{answered:?}");
}

#[test]
fn a_flood_of_controls_is_answered_and_absorbed() {
    let server =
        Server::with_settings("[gamecraft]\nfps = 5\n[limits]\ncontrol_per_second = 100000\n");
    let world = World::start(&server);
    let mut connection = Connection::open(server.addr("gamecraft"));
    let body = r#"{"action":"w","speed":0.5}"#;
    let request = Request::new("POST", &format!("/control/{}", world.id)).json(body);
    for _ in 0..300 {
        connection.write(&request.bytes()).unwrap();
        assert_eq!(connection.answer().unwrap().status(), 200);
    }
    let described = world.describe();
    let (frames, replaced) = (&described["frames"], &described["replaced"]);
    assert!(replaced.as_u64().unwrap() > 0, "{described}");
    assert!(frames.as_u64().unwrap() < 300, "{described}");
}

#[test]
fn more_controls_than_allowed_get_429_and_the_time_to_wait() {
    let server = Server::with_settings("[limits]\ncontrol_per_second = 1\n");
    let world = World::start(&server);
    let mut last = None;
    eventually("a control is refused", || {
        let answer = world.control("w", 1.0);
        let refused = answer.status() == 429;
        last = Some(answer);
        refused
    });
    let answer = last.unwrap();
    assert_eq!(answer.error(), "too many requests");
    assert_eq!(answer.head.get("retry-after"), Some("1"));
    assert_eq!(answer.head.get("access-control-allow-origin"), Some("*"));
    eventually("controls are taken again", || {
        world.control("w", 1.0).status() == 200
    });
}

#[test]
fn the_admin_view_keeps_the_stage_times_of_the_last_hundred_frames() {
    let server = Server::with_settings("[gamecraft]\npacing = false\naction_hold_ms = 60000\n");
    let world = World::start(&server);
    world.press("w");
    eventually("more than a hundred were drawn", || {
        world.describe()["frames"].as_u64().unwrap() > 120
    });
    let described = world.describe();
    let recent = described["recent"].as_array().unwrap();
    assert_eq!(recent.len(), 100);
    let us = &recent[99]["us"];
    for stage in [
        "input", "tick", "queue", "wait", "upload", "infer", "download", "encode", "total",
    ] {
        assert!(us[stage].is_u64(), "{stage}: {us}");
    }
    assert!(us["infer"].as_u64().unwrap() > 0 && us["encode"].as_u64().unwrap() > 0);
    let numbers: Vec<u64> = recent
        .iter()
        .map(|r| r["frame"].as_u64().unwrap())
        .collect();
    assert!(numbers.is_sorted_by(|a, b| a < b));
}

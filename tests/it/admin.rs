//! The admin listener: sessions, models, metrics, and who may see them.

use crate::support::{
    http::{Answer, Request, get},
    observe::{eventually, metric, metrics},
    server::Server,
    socket::Ending,
    world::World,
};
use serde_json::json;
use std::{
    io::Write as _,
    process::{Command, Stdio},
};

const TOKEN: &str = "0123456789abcdef";

fn delete(server: &Server, id: &str) -> Answer {
    Request::new("DELETE", &format!("/admin/sessions/{id}")).send(server.addr("admin"))
}

#[test]
fn sessions_are_listed_in_the_order_in_which_they_were_opened() {
    let server = Server::start();
    let worlds = [World::start(&server), World::start(&server)];
    let listed = get(server.addr("admin"), "/admin/sessions").json();
    let listed = listed["sessions"].as_array().unwrap();
    let ids: Vec<_> = listed
        .iter()
        .map(|session| session["id"].as_str().unwrap())
        .collect();
    assert_eq!(ids, [&worlds[0].id, &worlds[1].id]);
}

#[test]
fn a_session_is_described_as_it_is() {
    let server = Server::start();
    let world = World::start(&server);
    let mut video = world.video();
    video.picture().unwrap();
    let described = world.describe();
    let known = json!({
        "id": world.id, "pipeline": "world", "state": "idle", "model": "world-box", "backend": "rten",
        "width": 64, "height": 64, "fps": described["fps"], "viewers": 1, "frames": 1, "in_flight": 0,
        "replaced": 0, "age_s": described["age_s"], "idle_s": described["idle_s"], "recent": []
    });
    assert_eq!(described, known);
    assert!((described["fps"].as_f64().unwrap() - 30.0).abs() < 0.01);
}

#[test]
fn a_session_that_is_ended_here_is_gone_and_its_clients_are_told() {
    let server = Server::start();
    let world = World::start(&server);
    let (mut video, mut socket) = (world.video(), world.socket());
    video.picture().unwrap();
    let ended = delete(&server, &world.id);
    assert_eq!(
        (ended.status(), ended.json()),
        (200, json!({"ended": world.id}))
    );
    assert_eq!(video.picture(), None);
    assert_eq!(socket.ending().1, Ending::Code(1000));
    assert_eq!(world.control("w", 1.0).status(), 404);
    let reasons = || {
        metric(
            &server,
            "frameloom_sessions_ended_total",
            &["reason=\"admin\""],
        )
    };
    eventually("it is counted", || reasons() == 1.0);
}

#[test]
fn what_is_not_there_is_a_problem_as_in_rfc_9457() {
    let server = Server::start();
    let unknown = get(server.addr("admin"), "/admin/sessions/nobody");
    let nowhere = get(server.addr("admin"), "/admin/nothing");
    for (answer, code) in [
        (unknown, "no-such-session"),
        (delete(&server, "nobody"), "no-such-session"),
        (nowhere, "not-found"),
    ] {
        assert_eq!(answer.status(), 404);
        assert_eq!(
            answer.head.get("content-type"),
            Some("application/problem+json")
        );
        let problem = answer.json();
        assert_eq!(
            (&problem["status"], &problem["code"]),
            (&json!(404), &json!(code))
        );
        assert_eq!(problem["type"], "about:blank");
        assert!(problem["title"].is_string() && problem["detail"].is_string());
    }
}

#[test]
fn models_are_listed_with_what_runs_them() {
    let server = Server::start();
    let models = get(server.addr("admin"), "/admin/models").json();
    let names = |at: usize| models["models"][at]["model"].clone();
    assert_eq!([names(0), names(1)], ["fencer-keypoints", "world-box"]);
    let model = &models["models"][1];
    assert_eq!(model["backend"], "rten");
    assert!(
        model["device"].as_str().unwrap().starts_with("cpu0"),
        "{model}"
    );
}

#[test]
fn with_a_token_only_its_bearer_sees_anything_but_health() {
    let server = Server::with_settings(&format!("[admin]\ntoken = \"{TOKEN}\"\n"));
    let ask = |path: &str, token: Option<&str>| {
        let request = Request::new("GET", path);
        let request = match token {
            Some(token) => request.header("Authorization", &format!("Bearer {token}")),
            None => request,
        };
        request.send(server.addr("admin"))
    };
    for path in [
        "/metrics",
        "/admin/sessions",
        "/admin/models",
        "/admin/nothing",
    ] {
        for token in [None, Some("0123456789abcdeF"), Some("")] {
            let refused = ask(path, token);
            assert_eq!(refused.status(), 401, "{path}");
            assert_eq!(refused.head.get("www-authenticate"), Some("Bearer"));
            assert_eq!(refused.json()["code"], "unauthorised");
        }
        assert_ne!(ask(path, Some(TOKEN)).status(), 401, "{path}");
    }
    assert_eq!(ask("/readyz", None).status(), 200);
}

#[test]
fn metrics_have_everything_that_the_dashboard_asks_for_after_one_session() {
    let server = Server::start();
    let world = World::start(&server);
    let (mut video, mut socket) = (world.video(), world.socket());
    world.press("w");
    (0..3).for_each(|_| assert!(video.picture().is_some()));
    socket.frame_where(|frame| !frame.is_start());
    world.stop();
    video.rest();
    socket.ending();
    crate::grafana::assert_all_exported(&metrics(&server));
}

#[test]
fn metrics_tell_of_what_happened() {
    let server = Server::start();
    let world = World::start(&server);
    let mut video = world.video();
    world.press("w");
    (0..3).for_each(|_| assert!(video.picture().is_some()));
    let value = |name: &str, labels: &[&str]| metric(&server, name, labels);
    assert_eq!(value("frameloom_sessions_started_total", &["world"]), 1.0);
    assert_eq!(value("frameloom_viewers", &["world"]), 1.0);
    assert!(value("frameloom_frames_total", &["world"]) >= 2.0);
    assert!(value("frameloom_viewer_frames_total", &["sent"]) >= 3.0);
    assert!(value("frameloom_engine_runs_total", &["ok"]) >= 2.0);
    assert!(value("frameloom_stage_duration_seconds_count", &["infer"]) >= 2.0);
    assert!(
        value(
            "frameloom_http_requests_total",
            &["\"gamecraft\"", "\"200\""]
        ) >= 2.0
    );
    world.stop();
    let ended = || value("frameloom_sessions_ended_total", &["reason=\"stopped\""]);
    eventually("its end is counted", || {
        ended() == 1.0 && value("frameloom_sessions", &[]) == 0.0
    });
}

#[test]
fn refusals_are_counted_by_why() {
    let server = Server::with_settings("[gamecraft]\nmax_streams = 1\n");
    let _world = World::start(&server);
    let refused = crate::support::http::post(server.addr("gamecraft"), "/start_stream", "{}");
    assert_eq!(refused.status(), 503);
    let full = metric(
        &server,
        "frameloom_admission_rejected_total",
        &["reason=\"full\""],
    );
    assert_eq!(full, 1.0);
    assert_eq!(
        metric(&server, "frameloom_saturated_total", &["world"]),
        1.0
    );
}

#[test]
fn prometheus_itself_finds_no_fault_with_the_metrics() {
    let server = Server::start();
    let world = World::start(&server);
    world.press("w");
    world.socket().frame_where(|frame| !frame.is_start());
    let text = metrics(&server);
    let checker = Command::new("promtool")
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let mut checker = match checker {
        Ok(checker) => checker,
        Err(why) => {
            eprintln!("skipped: promtool cannot be run ({why}); install the prometheus package");
            return;
        }
    };
    checker
        .stdin
        .take()
        .unwrap()
        .write_all(text.as_bytes())
        .unwrap();
    let output = checker.wait_with_output().unwrap();
    let told = [output.stdout, output.stderr].concat();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&told)
    );
}

#[test]
fn metrics_are_on_the_admin_listener_only() {
    let server = Server::start();
    for name in ["main", "gamecraft", "gamecraft_page"] {
        for path in ["/metrics", "/admin/sessions"] {
            assert_eq!(get(server.addr(name), path).status(), 404, "{name} {path}");
        }
    }
}

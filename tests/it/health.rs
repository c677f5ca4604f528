//! Health that does not lie, on every listener, with a model that works and with models that do not.

use crate::support::{
    http::{Connection, Request, get, post},
    observe::eventually,
    server::{Launch, Server},
};
use serde_json::json;
use sha2::{Digest as _, Sha256};
use std::path::Path;

const LISTENERS: [&str; 4] = ["main", "gamecraft", "gamecraft_page", "admin"];
const MANIFEST: &str = include_str!("../../models/world-box/model.toml");

/// A server whose world is drawn, and whose bouts are judged, by `broken`: the built-in model's description with this file behind it.
fn with_broken_model(file: &[u8], sha256: &str) -> (tempfile::TempDir, Server) {
    let dir = tempfile::tempdir().unwrap();
    let model = dir.path().join("broken");
    std::fs::create_dir(&model).unwrap();
    std::fs::write(model.join("model.onnx"), file).unwrap();
    std::fs::write(model.join("card.md"), "Broken.\n").unwrap();
    std::fs::write(model.join("model.toml"), described(sha256)).unwrap();
    let server = draws_by_broken(dir.path());
    (dir, server)
}

fn described(sha256: &str) -> String {
    let line = |line: &str| match line.split(" =").next() {
        Some("name") if line.contains("world-box") => "name = \"broken\"\n".to_owned(),
        Some("sha256") => format!("sha256 = \"{sha256}\"\n"),
        _ => format!("{line}\n"),
    };
    MANIFEST.lines().map(line).collect()
}

fn draws_by_broken(models: &Path) -> Server {
    let models = models.display();
    Launch::new()
        .settings(&format!(
            "[engine]\nmodels_dir = \"{models}\"\n[gamecraft]\nmodel = \"broken\"\n[referee]\nmodel = \"broken\"\n"
        ))
        .unready()
        .start()
}

fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// What each interface says of a model that is not ready, and why.
fn says_it_is_not_ready(server: &Server, state: &str, because: &str) {
    eventually("the model has failed", || {
        get(server.addr("gamecraft"), "/health").json()["model_state"] == state
    });
    for name in LISTENERS {
        assert_eq!(get(server.addr(name), "/livez").status(), 200, "{name}");
        let ready = get(server.addr(name), "/readyz");
        assert_eq!(
            (ready.status(), &ready.json()["ready"]),
            (503, &json!(false)),
            "{name}"
        );
    }
    let health = get(server.addr("gamecraft"), "/health");
    assert_eq!(health.status(), 200);
    let health = health.json();
    assert_eq!(
        (&health["status"], &health["worker_ready"]),
        (&json!("unhealthy"), &json!(false))
    );
    let main = get(server.addr("main"), "/health").json();
    assert_eq!(main["status"], "model_not_loaded");
    let refused = post(server.addr("gamecraft"), "/start_stream", "{}");
    assert_eq!(refused.status(), 503);
    assert!(refused.error().contains(because), "{}", refused.text());
    assert_eq!(refused.head.get("retry-after"), Some("1"));
    let studio = get(server.addr("main"), "/studio/status.json").json();
    let world = &studio["pipelines"][0];
    assert_eq!(
        (&world["ready"], &world["state"]),
        (&json!(false), &json!("failed"))
    );
    assert!(
        world["why"].is_string() && world["fix"].is_string(),
        "{world}"
    );
}

#[test]
fn every_listener_says_that_it_lives_and_is_ready() {
    let server = Server::start();
    for name in LISTENERS {
        assert_eq!(get(server.addr(name), "/livez").text(), "ok\n", "{name}");
        let ready = get(server.addr(name), "/readyz");
        let known = json!({
            "ready": true, "draining": false, "models": [
                {"model": "fencer-keypoints", "state": "ready"},
                {"model": "world-box", "state": "ready"},
            ]
        });
        assert_eq!((ready.status(), ready.json()), (200, known), "{name}");
    }
}

#[test]
fn a_monitor_may_ask_for_the_head_alone() {
    let server = Server::start();
    for (listener, path) in [
        ("main", "/livez"),
        ("gamecraft", "/readyz"),
        ("main", "/"),
        ("gamecraft_page", "/"),
        ("gamecraft_page", "/health"),
        ("admin", "/metrics"),
    ] {
        let mut connection = Connection::open(server.addr(listener));
        let request = Request::new("HEAD", path).bytes();
        connection.write(&request).unwrap();
        assert_eq!(connection.head().unwrap().status, 200, "{listener} {path}");
    }
}

#[test]
fn what_can_only_be_read_says_so() {
    let server = Server::start();
    for (listener, path) in [
        ("main", "/"),
        ("gamecraft", "/livez"),
        ("admin", "/metrics"),
    ] {
        let answer = post(server.addr(listener), path, "{}");
        assert_eq!(answer.status(), 405, "{listener} {path}");
        assert_eq!(answer.head.get("allow"), Some("GET, HEAD"));
    }
}

#[test]
fn the_main_listener_has_a_health_of_its_own() {
    let health = get(Server::start().addr("main"), "/health").json();
    assert_eq!(health["status"], "ok");
}

#[test]
fn a_model_whose_file_is_no_model_is_told_everywhere() {
    let file = b"this is no graph";
    let (_dir, server) = with_broken_model(file, &sha256(file));
    says_it_is_not_ready(&server, "failed", "failed");
    eventually("the terminal says so", || {
        let printed = server.printed();
        let told = |pipeline: &str| printed.contains(&format!("pipeline  {pipeline:<14} failed:"));
        told("world") && told("referee")
    });
}

#[test]
fn a_model_whose_file_was_changed_is_not_loaded() {
    let (_dir, server) = with_broken_model(b"changed", &sha256(b"original"));
    says_it_is_not_ready(&server, "failed", "failed");
}

#[test]
fn a_model_that_does_not_exist_is_told_everywhere() {
    let dir = tempfile::tempdir().unwrap();
    let server = draws_by_broken(dir.path());
    says_it_is_not_ready(&server, "unknown", "broken");
}

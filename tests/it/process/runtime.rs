//! What runs the models: a library that is found, one that is broken, and one that was asked for and is not there.

use crate::support::{
    http::get,
    observe::eventually,
    runtime::onnxruntime,
    server::{Launch, Server},
    world::World,
};
use rustix::process::Signal;

/// The line of the log that says what runs the models.
fn chosen(server: &Server) -> String {
    server.await_printed("app::backends");
    let printed = server.printed();
    let line = printed.lines().find(|line| line.contains("app::backends"));
    line.expect("it was awaited").to_owned()
}

fn engine_of(server: &Server) -> String {
    let health = get(server.addr("gamecraft"), "/health").json();
    health["engine"].as_str().unwrap().to_owned()
}

/// A world moves: the first picture may be the one that it began with.
fn draws(server: &Server) {
    let world = World::start(server);
    let mut video = world.video();
    world.press("w");
    for _ in 0..3 {
        video.picture().expect("a frame");
    }
}

#[test]
fn without_a_library_the_built_in_one_runs_the_models_and_the_log_says_why() {
    let server = Launch::new().settings("").start();
    let line = chosen(&server);
    assert!(
        line.contains("rten") && line.contains("no ONNX Runtime"),
        "{line}"
    );
    assert!(line.contains("INFO"), "{line}");
    assert_eq!(engine_of(&server), "rten");
}

#[test]
fn a_broken_library_leaves_the_models_to_the_built_in_one_and_the_log_says_why() {
    let folder = tempfile::tempdir().unwrap();
    let broken = folder.path().join("libonnxruntime.so");
    std::fs::write(&broken, "").unwrap();
    let broken = broken.to_str().unwrap();
    let server = Launch::new()
        .settings("")
        .env("ORT_DYLIB_PATH", broken)
        .start();
    let line = chosen(&server);
    for part in [
        "WARN",
        "rten",
        broken,
        "file too short",
        "engine.onnxruntime",
    ] {
        assert!(line.contains(part), "{line}");
    }
    assert_eq!(engine_of(&server), "rten");
    draws(&server);
}

#[test]
fn a_library_that_is_found_runs_the_models_that_do_not_prefer_another() {
    let Some(library) = onnxruntime() else { return };
    let settings = format!("[engine]\nonnxruntime = {library:?}\n");
    let server = Server::with_settings(&settings);
    let line = chosen(&server);
    assert!(
        line.contains("INFO") && line.contains("ONNX Runtime 1."),
        "{line}"
    );
    let models = get(server.addr("admin"), "/admin/models").json();
    let entries = models["models"].as_array().unwrap();
    let backend = |name: &str| {
        let entry = entries.iter().find(|entry| entry["model"] == name);
        entry.unwrap_or_else(|| panic!("no {name} in {models}"))["backend"].clone()
    };
    assert_eq!(backend("fencer-keypoints"), "onnxruntime");
    assert_eq!(backend("world-box"), "rten", "its model.toml prefers it");
}

#[test]
fn a_library_that_is_asked_for_draws_worlds_whatever_they_prefer() {
    let Some(library) = onnxruntime() else { return };
    let settings = format!("[engine]\nbackend = \"onnxruntime\"\nonnxruntime = {library:?}\n");
    let server = Server::with_settings(&settings);
    assert_eq!(engine_of(&server), "onnxruntime");
    draws(&server);
}

#[test]
fn a_stop_while_a_library_loads_the_models_ends_well() {
    let Some(library) = onnxruntime() else { return };
    let settings = format!("[engine]\nonnxruntime = {library:?}\n");
    for _ in 0..8 {
        let mut server = Launch::new().settings(&settings).unready().start();
        server.signal(Signal::TERM);
        assert_eq!(server.await_exit().code(), Some(0), "{}", server.printed());
        assert!(!server.printed().contains("model failed"));
    }
}

#[test]
fn a_library_that_was_asked_for_and_is_not_there_fails_the_models_with_the_reason() {
    let settings = "[engine]\nbackend = \"onnxruntime\"\nonnxruntime = \"/nowhere.so\"\n";
    let server = Launch::new().settings(settings).unready().start();
    let line = chosen(&server);
    assert!(
        line.contains("ERROR") && line.contains("/nowhere.so"),
        "{line}"
    );
    eventually("the model has failed", || {
        get(server.addr("gamecraft"), "/health").json()["model_state"] == "failed"
    });
    assert_eq!(get(server.addr("main"), "/readyz").status(), 503);
    let models = get(server.addr("admin"), "/admin/models").text();
    assert!(models.contains("/nowhere.so"), "{models}");
}

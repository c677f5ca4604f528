//! The referee's paths beside the stream.

use serde_json::{Value, json};

use super::support::{Client, House};
use crate::support::http::{Request, get};

fn json_of(body: &[u8]) -> Value {
    serde_json::from_slice(body).unwrap()
}

#[test]
fn statistics_tell_of_each_upload_while_it_runs() {
    let house = House::new();
    let server = house.start();
    let stats = || json_of(&get(server.addr("main"), "/streaming/stats").body);
    assert_eq!(stats()["active_sessions"], 0);
    assert_eq!(
        (&stats()["max_sessions"], &stats()["max_memory_mb"]),
        (&json!(10), &json!(2048.0))
    );
    let mut client = Client::start(&server, "bout");
    for number in [0, 1, 1, 4] {
        client.frame(number);
    }
    let now = stats();
    assert_eq!(
        (&now["active_sessions"], &now["total_frames"]),
        (&json!(1), &json!(3))
    );
    let bout = &now["sessions"]["bout"];
    for (field, value) in [
        ("session_id", json!("bout")),
        ("fps", json!(15.0)),
        ("frames_received", json!(3)),
        ("total_frames_received", json!(4)),
        ("duplicate_frames", json!(1)),
        ("missing_frames", json!(2)),
        ("has_signal", json!(false)),
    ] {
        assert_eq!(bout[field], value, "{field}: {bout}");
    }
    assert!(
        bout["memory_mb"].as_f64().unwrap() > 0.0 && bout["spooled_mb"].as_f64().unwrap() > 0.0
    );
}

#[test]
fn statistics_say_when_streaming_is_off() {
    let house = House::new();
    let server = house.launch("enabled = false").start();
    let stats = json_of(&get(server.addr("main"), "/streaming/stats").body);
    let message = "Streaming disabled. Use POST /analyze uploads.";
    assert_eq!(
        stats,
        json!({"streaming_enabled": false, "message": message})
    );
}

#[test]
fn health_names_the_model_and_whether_it_is_loaded() {
    let house = House::new();
    let server = house.start();
    let health = json_of(&get(server.addr("main"), "/health").body);
    assert_eq!(
        (&health["status"], &health["model_loaded"]),
        (&json!("ok"), &json!(true))
    );
    assert!(
        health["model_path"]
            .as_str()
            .unwrap()
            .ends_with("blind.onnx")
    );
}

#[test]
fn the_stream_is_a_socket_and_says_so() {
    let house = House::new();
    let server = house.start();
    assert_eq!(get(server.addr("main"), "/stream").status(), 426);
}

#[test]
fn what_is_no_result_is_not_served() {
    let house = House::new();
    let server = house.start();
    for path in [
        "/artifacts/nobody/video.mp4",
        "/artifacts/..%2F..%2Fetc/passwd",
        "/artifacts/a/..%2Fb",
    ] {
        assert_eq!(get(server.addr("main"), path).status(), 404, "{path}");
    }
}

#[test]
fn where_tokens_are_asked_for_nobody_comes_in_without_one() {
    let house = House::new();
    let token = "a-token-of-sufficient-length-0123456789";
    let server = house.launch(&format!("tokens = \"{token}\"")).start();
    let ask = |path: &str| get(server.addr("main"), path).status();
    assert_eq!(ask("/streaming/stats"), 401);
    assert_eq!(ask(&format!("/streaming/stats?token={token}")), 200);
    let handshake = |path: &str| {
        Request::new("GET", path)
            .header("Connection", "Upgrade")
            .header("Upgrade", "websocket")
            .header("Sec-WebSocket-Version", "13")
            .header("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==")
            .send(server.addr("main"))
            .status()
    };
    assert_eq!(handshake("/stream"), 401);
}

#[test]
fn the_studio_has_a_drawn_bout_for_each_seed() {
    let house = House::new();
    let server = house.start();
    let ask = |path: &str| get(server.addr("main"), path);
    let [video, again] = [0, 0].map(|_| ask("/studio/bout.avi?seed=5").body);
    assert_eq!(video, again);
    assert!(video.starts_with(b"RIFF") && video.len() > 100_000);
    let frames = video.windows(4).filter(|name| *name == b"00dc").count();
    // Each frame, its place in the index, and the names in two headers.
    assert!(frames >= 2 * 60, "{frames}");
    let signal = ask("/studio/bout.txt?seed=5").text();
    assert!(signal.contains("Phrase recording started"), "{signal}");
    assert_ne!(signal, ask("/studio/bout.txt?seed=6").text());
    assert_eq!(ask("/studio/bout.avi?seed=many").status(), 400);
}

//! What is logged: sessions by their names, and nothing of what people send.

use crate::support::{pictures, server::Server, world::World};
use serde_json::Value;

#[test]
fn neither_prompts_nor_pictures_are_logged() {
    let server = Server::start();
    let picture = pictures::base64(&pictures::png(64, 64));
    let body = format!(r#"{{"prompt":"my secret garden","image_base64":"{picture}"}}"#);
    let world = World::with(&server, &body);
    world.press("w");
    let bad = body.replace("64", "!!");
    crate::support::http::post(server.addr("gamecraft"), "/start_stream", &bad);
    world.stop();
    server.await_printed("session ended");
    let printed = server.printed();
    assert!(!printed.contains("secret garden"), "{printed}");
    assert!(!printed.contains(&picture[..40]), "{printed}");
}

#[test]
fn a_session_is_followed_by_its_name() {
    let server = Server::start();
    let world = World::start(&server);
    world.stop();
    server.await_printed("session ended");
    let printed = server.printed();
    let about = printed.lines().filter(|line| line.contains(&world.id));
    let about: Vec<_> = about.collect();
    assert!(
        about.iter().any(|line| line.contains("session opened")),
        "{printed}"
    );
    assert!(
        about.iter().any(|line| line.contains("session ended")),
        "{printed}"
    );
}

#[test]
fn logs_can_be_read_by_programs() {
    let server = Server::with_settings("[log]\nformat = \"json\"\n");
    let world = World::start(&server);
    world.stop();
    server.await_printed("session ended");
    let printed = server.printed();
    let line = printed.lines().find(|line| line.contains("session ended"));
    let event: Value = serde_json::from_str(line.unwrap()).unwrap();
    assert!(event.to_string().contains(&world.id), "{event}");
    let line = printed.lines().find(|line| line.contains("model ready"));
    let event: Value = serde_json::from_str(line.unwrap()).unwrap();
    assert!(event["millis"].is_u64(), "{event}");
    assert_eq!(event["level"], "INFO");
}

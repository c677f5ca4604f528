//! The pages: the studio on the main listener, and the page of the original's kind on its own.

use crate::support::{
    http::{Request, get, post},
    server::{Launch, Server},
    video::Video,
    world::{self, World},
};
use serde_json::json;

#[test]
fn a_browser_gets_the_studio_and_a_program_what_the_server_is() {
    let server = Server::start();
    let ask = |accept: &str| {
        let request = Request::new("GET", "/").header("Accept", accept);
        request.send(server.addr("main"))
    };
    let page = ask("text/html,application/xhtml+xml,*/*;q=0.8");
    assert_eq!(
        page.head.get("content-type"),
        Some("text/html; charset=utf-8")
    );
    assert!(page.text().contains("<title>"));
    assert_eq!(ask("*/*").json()["name"], "Frameloom");
}

#[test]
fn files_have_their_types_and_a_policy_that_lets_no_foreign_script_in() {
    let server = Server::start();
    for (path, kind) in [
        ("/studio/index.html", "text/html; charset=utf-8"),
        ("/referee", "text/html; charset=utf-8"),
        ("/studio/js/main.js", "text/javascript; charset=utf-8"),
        ("/docs/studio.md", "text/plain; charset=utf-8"),
        ("/docs/dialects/gamecraft.md", "text/plain; charset=utf-8"),
        ("/studio/css/base.css", "text/css; charset=utf-8"),
        ("/studio/mark.svg", "image/svg+xml"),
        ("/studio/samples/hall.jpg", "image/jpeg"),
        ("/studio/fonts/instrument-sans.woff2", "font/woff2"),
    ] {
        let file = get(server.addr("main"), path);
        assert_eq!(
            (file.status(), file.head.get("content-type")),
            (200, Some(kind)),
            "{path}"
        );
        let policy = file.head.get("content-security-policy").unwrap();
        assert!(
            policy.contains("script-src 'self'") && !policy.contains("unsafe"),
            "{policy}"
        );
        assert_eq!(file.head.get("x-content-type-options"), Some("nosniff"));
    }
}

#[test]
fn a_file_that_has_not_changed_is_not_sent_again() {
    let server = Server::start();
    let path = "/studio/js/main.js";
    let first = get(server.addr("main"), path);
    let tag = first.head.get("etag").unwrap().to_owned();
    let ask = |known: &str| {
        let request = Request::new("GET", path).header("If-None-Match", known);
        request.send(server.addr("main"))
    };
    let again = ask(&tag);
    assert_eq!((again.status(), again.body.len()), (304, 0));
    assert_eq!(again.head.get("etag"), Some(tag.as_str()));
    assert_eq!(ask("\"another\"").status(), 200);
    assert_eq!(ask(&format!("\"another\", W/{tag}")).status(), 304);
}

#[test]
fn nothing_outside_the_studio_can_be_named() {
    let server = Server::start();
    for path in [
        "/studio/../Cargo.toml",
        "/studio/..%2fCargo.toml",
        "/studio/%2e%2e/Cargo.toml",
        "/studio//etc/passwd",
        "/studio/js",
        "/studio/",
        "/studio/missing.js",
        "/docs/../Cargo.toml",
        "/docs/%2e%2e/README.md",
        "/docs/images/studio-desktop.jpg",
    ] {
        assert_eq!(get(server.addr("main"), path).status(), 404, "{path}");
    }
    let page = server.addr("gamecraft_page");
    assert_eq!(get(page, "/static/../index.html").status(), 404);
    assert_eq!(get(page, "/static/..%2f..%2findex.html").status(), 404);
}

#[test]
fn the_studio_reads_what_is_ready_and_how_many_sessions_there_are() {
    let server = Server::start();
    let _world = World::start(&server);
    let status = get(server.addr("main"), "/studio/status.json").json();
    assert_eq!(
        (&status["sessions"], &status["max_sessions"]),
        (&json!(1), &json!(64))
    );
    let world = &status["pipelines"][0];
    assert_eq!(
        (&world["name"], &world["ready"]),
        (&json!("world"), &json!(true))
    );
    assert_eq!(
        (&world["model"], &world["title"]),
        (&json!("world-box"), &json!("World box 1"))
    );
    assert_eq!(
        (&world["kind"], &world["backend"]),
        (&json!("analytic"), &json!("rten"))
    );
    assert_eq!((&world["why"], &world["fix"]), (&json!(null), &json!(null)));
}

#[test]
fn the_whole_dialect_is_there_under_the_studios_origin() {
    let server = Server::start();
    walks_through(&server, "main", "/d/gamecraft");
}

#[test]
fn the_page_forwards_the_whole_dialect() {
    let server = Server::start();
    walks_through(&server, "gamecraft_page", "/api");
}

/// Health, start, control, video, stop and an unknown route, under this prefix.
fn walks_through(server: &Server, listener: &str, prefix: &str) {
    let addr = server.addr(listener);
    let health = get(addr, &format!("{prefix}/health"));
    assert_eq!(health.json()["status"], "healthy");
    assert_eq!(health.head.get("access-control-allow-origin"), Some("*"));
    let started = post(addr, &format!("{prefix}/start_stream"), &world::small());
    let id = started.json()["stream_id"].as_str().unwrap().to_owned();
    let mut video = Video::at(addr, &format!("{prefix}/video/{id}"));
    assert!(video.picture().is_some());
    let sent = post(addr, &format!("{prefix}/control/{id}"), r#"{"action":"w"}"#);
    assert_eq!(sent.json()["status"], "action_sent");
    assert!(video.picture().is_some());
    let stopped = post(addr, &format!("{prefix}/stop_stream/{id}"), "");
    assert_eq!(stopped.json()["status"], "stopped");
    video.rest();
    let unknown = get(addr, &format!("{prefix}/nowhere"));
    assert_eq!(
        (unknown.status(), unknown.error().as_str()),
        (404, "Not Found")
    );
    assert_eq!(unknown.head.get("access-control-allow-origin"), Some("*"));
}

#[test]
fn the_page_says_where_the_api_is_when_it_has_moved() {
    let server = Server::start();
    let addr = server.addr("gamecraft_page");
    let page = Request::new("GET", "/").send(addr);
    let port = server.addr("gamecraft").rsplit(':').next().unwrap();
    let meta = format!(r#"<meta name="api-url" content="http://localhost:{port}">"#);
    assert_eq!(
        page.head.get("content-type"),
        Some("text/html; charset=utf-8")
    );
    assert!(page.text().contains(&meta), "{}", page.text());
    assert!(page.head.get("content-security-policy").is_some());
}

#[test]
fn the_pages_files_are_there() {
    let server = Server::start();
    let addr = server.addr("gamecraft_page");
    let page = get(addr, "/").text();
    let files: Vec<&str> = page
        .split('"')
        .filter(|part| part.starts_with("/static/") || part.starts_with("static/"))
        .collect();
    assert!(files.len() >= 2, "a script and a style: {files:?}");
    for file in files {
        let path = format!("/{}", file.trim_start_matches('/'));
        assert_eq!(get(addr, &path).status(), 200, "{path}");
    }
}

#[test]
fn the_page_tells_whether_the_api_can_be_reached() {
    let server = Server::start();
    let health = get(server.addr("gamecraft_page"), "/health").json();
    let known = json!({
        "status": "healthy", "frontend": "running", "api_server": "reachable",
        "api_url": server.url("gamecraft")
    });
    assert_eq!(health, known);
}

#[test]
fn the_page_tells_that_the_api_is_off() {
    let server = Launch::new()
        .settings("")
        .args(&["--set", "listen.gamecraft.enabled=false"])
        .only(&["main", "gamecraft_page", "admin"])
        .start();
    let health = get(server.addr("gamecraft_page"), "/health").json();
    assert_eq!(health["api_server"], "unreachable");
    assert_eq!(health["error"], "the gamecraft listener is not open");
}

//! Starts: without anything, with what is taken, and with what is wrong.

use super::{free_port, taken_port};
use crate::support::{http::get, server::Launch};
use rustix::{
    fs::{CWD, FileType, Mode, mknodat},
    process::Signal,
};
use std::{io::Write as _, os::unix::fs::PermissionsExt as _};

/// Free ports without a settings file.
fn bare(arguments: &[&str]) -> Launch {
    let ports = ["MAIN", "GAMECRAFT", "GAMECRAFT_PAGE", "ADMIN"];
    ports
        .iter()
        .fold(Launch::command(arguments), |launch, name| {
            launch.env(&format!("FRAMELOOM__LISTEN__{name}__PORT"), "0")
        })
}

#[test]
fn it_starts_without_settings_in_an_empty_home() {
    let server = bare(&["serve"]).start();
    assert_eq!(
        get(server.addr("gamecraft"), "/health").json()["status"],
        "healthy"
    );
}

#[test]
fn the_name_alone_serves() {
    let server = bare(&[]).start();
    assert_eq!(get(server.addr("main"), "/livez").status(), 200);
}

#[test]
fn it_says_where_it_listens_and_what_is_ready_on_what() {
    let server = bare(&[]).start();
    server.await_printed("pipeline  world");
    let printed = server.printed();
    let lines = printed
        .lines()
        .filter(|line| line.starts_with("listening "));
    assert_eq!(lines.count(), 4, "{printed}");
    let ready = printed.lines().find(|line| line.starts_with("pipeline "));
    let ready = ready.unwrap();
    assert!(
        ready.contains("ready in") && ready.contains("rten on cpu0"),
        "{ready}"
    );
}

#[test]
fn a_taken_port_is_one_line_that_names_its_key_and_the_others_serve() {
    let (_taken, at) = taken_port();
    let port = format!("listen.main.port={}", at.port());
    let server = Launch::new()
        .settings("")
        .args(&["--set", &port])
        .only(&["gamecraft", "gamecraft_page", "admin"])
        .start();
    assert_eq!(get(server.addr("gamecraft"), "/livez").status(), 200);
    let printed = server.printed();
    let complaints: Vec<_> = printed
        .lines()
        .filter(|line| line.contains("cannot listen"))
        .collect();
    assert_eq!(complaints.len(), 1, "{printed}");
    for part in [
        "main",
        &at.to_string(),
        "listen.main.port",
        "listen.main.enabled = false",
    ] {
        assert!(complaints[0].contains(part), "{part}: {}", complaints[0]);
    }
    assert!(!printed.contains("panicked"), "{printed}");
}

#[test]
fn with_nothing_to_listen_on_it_ends_with_69() {
    let (_taken, at) = taken_port();
    let main = format!("listen.main.port={}", at.port());
    let others =
        ["gamecraft", "gamecraft_page", "admin"].map(|name| format!("listen.{name}.enabled=false"));
    let launch = Launch::new().args(&["--set", &main]);
    let launch = others
        .iter()
        .fold(launch, |launch, off| launch.args(&["--set", off]));
    let (code, printed) = launch.run();
    assert_eq!(code, Some(69), "{printed}");
    assert!(printed.contains("listen.main.port"), "{printed}");
}

#[test]
fn an_unknown_key_ends_it_with_78_and_the_key_that_was_meant() {
    let (code, printed) = Launch::new().settings("[limits]\nbody_byte = 5\n").run();
    assert_eq!(code, Some(78), "{printed}");
    assert!(
        printed.contains("limits.body_byte") && printed.contains("limits.body_bytes"),
        "{printed}"
    );
}

#[test]
fn an_unknown_key_on_the_command_line_ends_it_with_78_too() {
    let (code, printed) = Launch::new().args(&["--set", "listen.mian.port=1"]).run();
    assert_eq!(code, Some(78), "{printed}");
    assert!(
        printed.contains("--set") && printed.contains("listen.main.port"),
        "{printed}"
    );
}

#[test]
fn a_settings_file_that_is_not_there_is_named() {
    let (code, printed) = Launch::new().args(&["--config", "missing.toml"]).run();
    assert_ne!(code, Some(0));
    assert!(printed.contains("missing.toml"), "{printed}");
}

#[test]
fn the_originals_environment_names_move_the_ports() {
    let (api, page) = (free_port(), free_port());
    let server = Launch::new()
        .args(&[
            "--set",
            "listen.main.port=0",
            "--set",
            "listen.admin.port=0",
        ])
        .env("STREAMING_PORT", &api)
        .env("FRONTEND_PORT", &page)
        .start();
    assert_eq!(server.addr("gamecraft"), format!("127.0.0.1:{api}"));
    assert_eq!(server.addr("gamecraft_page"), format!("127.0.0.1:{page}"));
}

#[test]
fn a_host_moves_every_listener_but_admin() {
    let server = Launch::new()
        .settings("")
        .args(&["--host", "127.0.0.2"])
        .start();
    for name in ["main", "gamecraft", "gamecraft_page"] {
        assert!(server.addr(name).starts_with("127.0.0.2:"), "{name}");
        assert_eq!(get(server.addr(name), "/livez").status(), 200);
    }
    assert!(server.addr("admin").starts_with("127.0.0.1:"));
}

#[test]
fn an_admin_listener_for_everybody_wants_a_token() {
    let (code, printed) = Launch::new()
        .args(&["--set", "listen.admin.host=0.0.0.0"])
        .run();
    assert_eq!(code, Some(78), "{printed}");
    assert!(printed.contains("FRAMELOOM__ADMIN__TOKEN"), "{printed}");
}

#[test]
fn a_signal_while_the_models_load_is_obeyed() {
    let mut server = Launch::new().settings("").unready().start();
    server.signal(Signal::TERM);
    assert_eq!(server.await_exit().code(), Some(0));
}

#[test]
fn settings_can_be_checked_and_printed_with_where_they_came_from() {
    let (code, printed) = Launch::command(&["config", "check"]).run();
    assert_eq!((code, printed.as_str()), (Some(0), "settings are sound\n"));
    let (code, printed) = Launch::command(&["config", "print"])
        .env("STREAMING_PORT", "9083")
        .run();
    assert_eq!(code, Some(0), "{printed}");
    let line = printed.lines().find(|line| line.contains("9083")).unwrap();
    assert!(line.contains("STREAMING_PORT"), "{line}");
}

#[test]
fn settings_that_are_wrong_do_not_pass_the_check() {
    let (code, printed) = Launch::command(&["config", "check"])
        .args(&["--set", "gamecraft.fps=0"])
        .run();
    assert_eq!(code, Some(78), "{printed}");
    assert!(printed.contains("gamecraft.fps"), "{printed}");
}

/// An ffmpeg that says nothing of itself until something is written to the pipe beside it.
fn silent_ffmpeg(folder: &std::path::Path) -> (std::path::PathBuf, std::fs::File) {
    let (program, pipe) = (folder.join("ffmpeg"), folder.join("pipe"));
    let script = format!("#!/bin/sh\nread line < {}\necho $line\n", pipe.display());
    std::fs::write(&program, script).unwrap();
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    mknodat(CWD, &pipe, FileType::Fifo, Mode::RWXU, 0).unwrap();
    // For both directions, so that opening it waits for nobody.
    let pipe = std::fs::File::options().read(true).write(true).open(pipe);
    (program, pipe.unwrap())
}

#[test]
fn an_ffmpeg_that_is_slow_to_say_what_it_is_does_not_hold_up_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let (program, mut pipe) = silent_ffmpeg(folder.path());
    let server = bare(&["serve"])
        .env("FRAMELOOM__REFEREE__FFMPEG", program.to_str().unwrap())
        .start();
    assert!(!server.printed().contains("ffmpeg found"));
    pipe.write_all(b"ffmpeg version 0\nlibx264\n").unwrap();
    server.await_printed("ffmpeg found");
}

#[test]
fn a_full_disk_behind_its_output_does_not_end_it() {
    let full = std::fs::File::options()
        .write(true)
        .open("/dev/full")
        .unwrap();
    let server = bare(&["serve"]).stdout(full).only(&[]).unready().start();
    server.await_printed("model ready");
    assert!(server.terminate().success());
}

//! The pid file, and the command that stops a server by it.

use crate::support::{
    http::get,
    observe::eventually,
    server::{Launch, Server},
};
use std::{
    path::PathBuf,
    process::{Command, Stdio},
};
use tempfile::TempDir;

/// A folder with a place for a pid file.
fn place() -> (TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("frameloom.pid");
    (dir, file)
}

fn serve(file: &std::path::Path) -> Launch {
    Launch::new()
        .settings("")
        .args(&["--pid-file", file.to_str().unwrap()])
}

fn stop(file: &std::path::Path) -> (Option<i32>, String) {
    Launch::command(&["stop", "--pid-file", file.to_str().unwrap()]).run()
}

fn number_in(file: &std::path::Path) -> u32 {
    std::fs::read_to_string(file)
        .unwrap()
        .trim()
        .parse()
        .unwrap()
}

#[test]
fn the_file_is_there_while_the_server_runs() {
    let (_dir, file) = place();
    let server = serve(&file).start();
    assert_eq!(number_in(&file), server.pid());
    assert!(server.terminate().success());
    assert!(!file.exists());
}

#[test]
fn stop_ends_the_server_and_waits_until_it_has_gone() {
    let (_dir, file) = place();
    let mut server = serve(&file).start();
    let (code, printed) = stop(&file);
    assert_eq!((code, printed.as_str()), (Some(0), "stopped\n"));
    assert!(!file.exists());
    assert!(server.await_exit().success());
}

#[test]
fn a_second_server_with_the_same_file_is_refused_and_harms_nothing() {
    let (_dir, file) = place();
    let server: Server = serve(&file).start();
    let (code, printed) = serve(&file).run();
    assert_eq!(code, Some(1), "{printed}");
    assert!(
        printed.contains(&format!("process {}", server.pid())),
        "{printed}"
    );
    assert_eq!(number_in(&file), server.pid());
    assert_eq!(get(server.addr("main"), "/livez").status(), 200);
}

#[test]
fn the_file_of_a_server_that_has_gone_is_in_nobodys_way() {
    let (_dir, file) = place();
    let mut gone = Command::new("true").spawn().unwrap();
    gone.wait().unwrap();
    std::fs::write(&file, format!("{}\n", gone.id())).unwrap();
    let server = serve(&file).start();
    assert_eq!(number_in(&file), server.pid());
}

#[test]
fn the_number_of_another_program_is_not_taken_for_a_server() {
    let (_dir, file) = place();
    let mut other = Command::new("sleep").arg("600").spawn().unwrap();
    std::fs::write(&file, format!("{}\n", other.id())).unwrap();
    let (code, printed) = stop(&file);
    assert_eq!(code, Some(69), "{printed}");
    assert_eq!(other.try_wait().unwrap(), None, "it was left alone");
    other.kill().unwrap();
    other.wait().unwrap();
}

#[test]
fn a_server_that_was_installed_under_another_name_is_stopped_by_that_name() {
    let (dir, file) = place();
    let renamed = dir.path().join("weaver");
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_frameloom"), &renamed).unwrap();
    let mut server = Command::new(&renamed)
        .args(["serve", "--pid-file", file.to_str().unwrap()])
        .envs(
            ["MAIN", "GAMECRAFT", "GAMECRAFT_PAGE", "ADMIN"].map(|name| {
                let port = format!("FRAMELOOM__LISTEN__{name}__PORT");
                (port, "0")
            }),
        )
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    eventually("it is stopped", || {
        let mut stop = Command::new(&renamed);
        let stopped = stop.args(["stop", "--pid-file", file.to_str().unwrap()]);
        stopped.output().unwrap().status.success()
    });
    server.wait().unwrap();
}

#[test]
fn without_a_server_stop_says_so_and_ends_with_69() {
    let (_dir, file) = place();
    let (code, printed) = stop(&file);
    assert_eq!(code, Some(69), "{printed}");
    assert!(printed.contains("no server runs"), "{printed}");
}

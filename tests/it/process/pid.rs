//! The pid file, and the command that stops a server by it.

use crate::support::{
    http::get,
    server::{Launch, Server},
};
use std::{path::PathBuf, process::Command};
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
fn without_a_server_stop_says_so_and_ends_with_69() {
    let (_dir, file) = place();
    let (code, printed) = stop(&file);
    assert_eq!(code, Some(69), "{printed}");
    assert!(printed.contains("no server runs"), "{printed}");
}

//! The client against the real server: bouts are streamed, resumed, uploaded and refused.

use rustix::process::Signal;
use tempfile::TempDir;

use super::{client, path, proxy};
use crate::support::{
    http::get,
    pictures,
    server::{Launch, Server},
};

/// A double touch, as scoring devices write it.
const SIGNAL: &str = "\
 0.001s | Phrase recording started
 0.700s | Off-Target: Blade-to-blade contact.
 1.500s | HIT: Left scores on Right!
 1.600s | HIT: Simultaneous valid hits!
 1.700s | Phrase recording ended
Scores -> Fencer 1: HIT, Fencer 2: HIT
";

/// Frames of [`bout`].
const FRAMES: u32 = 30;

/// A bout, as files.
pub struct Bout {
    /// Where it is.
    pub folder: TempDir,
    /// A directory of pictures.
    pub video: String,
    /// The signal file.
    pub signal: String,
}

/// A model that finds nobody: what is looked at here lies around it.
const BLIND: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/pose/blind.onnx");

/// A server that writes into its own folder, and sees nobody.
pub fn server() -> Server {
    blind("").start()
}

/// A server that sees nobody; `more` are further keys of its table.
fn blind(more: &str) -> Launch {
    Launch::new().settings(&format!("[referee]\nmodel = \"{BLIND}\"\n{more}"))
}

/// Two seconds in which nobody is seen: the analysis is whole, and the verdict an abstention.
pub fn bout() -> Bout {
    let folder = tempfile::tempdir().unwrap();
    let (video, signal) = (path(&folder, "bout"), path(&folder, "signal.txt"));
    std::fs::create_dir(&video).unwrap();
    std::fs::write(path(&folder, "bout/truth.json"), r#"{"fps": 15.0}"#).unwrap();
    let jpeg = pictures::jpeg(320, 180);
    for number in 0..FRAMES {
        std::fs::write(path(&folder, &format!("bout/{number}.jpg")), &jpeg).unwrap();
    }
    std::fs::write(&signal, SIGNAL).unwrap();
    Bout {
        folder,
        video,
        signal,
    }
}

/// Streams a bout to a server, or to whatever stands in front of it.
fn stream(server: &str, bout: &Bout, more: &[&str]) -> (Option<i32>, String) {
    let usual = [server, "--video", &bout.video, "--signal", &bout.signal];
    client(&[&usual, more].concat())
}

#[test]
fn a_bout_is_streamed_and_judged() {
    let (server, bout) = (server(), bout());
    let (code, printed) = stream(server.url("main"), &bout, &["--session-id", "bout"]);
    assert_eq!(code, Some(6), "{printed}\n{}", server.printed());
    assert!(printed.contains("winner     abstain"), "{printed}");
    assert!(
        printed.contains("frames     30 held, 0 missing"),
        "{printed}"
    );
    for file in ["overlay", "result"] {
        let found = printed.lines().find_map(|line| line.strip_prefix(file));
        let address = found.unwrap_or_else(|| panic!("no {file}: {printed}"));
        let path = address.trim().strip_prefix(server.url("main")).unwrap();
        assert!(path.starts_with("/artifacts/bout/"), "{path}");
        assert_eq!(get(server.addr("main"), path).status(), 200, "{path}");
    }
}

#[test]
fn who_was_drawn_to_have_the_right_of_way_gets_the_verdict() {
    let server = Server::start();
    for winner in ["left", "right"] {
        let drawn = [
            "--generate",
            "--seed",
            "2",
            "--seconds",
            "4",
            "--winner",
            winner,
        ];
        let arguments = [&[server.url("main")], &drawn[..], &["--no-overlay"]].concat();
        let (code, printed) = client(&arguments);
        assert_eq!(code, Some(0), "{printed}\n{}", server.printed());
        let told = format!("winner     {winner}\n");
        assert!(printed.contains(&told), "{printed}");
    }
}

#[test]
fn every_encoding_is_understood() {
    let (server, bout) = (server(), bout());
    for encoding in ["png", "raw"] {
        let more = ["--encoding", encoding, "--session-id", encoding];
        let (code, printed) = stream(server.url("main"), &bout, &more);
        assert_eq!(code, Some(6), "{printed}\n{}", server.printed());
        assert!(
            printed.contains("frames     30 held, 0 missing"),
            "{printed}"
        );
    }
}

#[test]
fn after_a_cut_line_the_server_takes_the_rest() {
    let (server, bout) = (server(), bout());
    let half = pictures::jpeg(320, 180).len() * FRAMES as usize / 2;
    let line = proxy::that_cuts_after(server.addr("main"), half).to_string();
    let (code, printed) = stream(&line, &bout, &[]);
    assert_eq!(code, Some(6), "{printed}\n{}", server.printed());
    assert!(printed.contains("goes on at frame"), "{printed}");
    assert!(
        printed.contains("frames     30 held, 0 missing"),
        "{printed}"
    );
}

#[test]
fn a_server_that_is_killed_behind_its_acknowledgement_gets_the_signal_again() {
    let (bout, house) = (bout(), tempfile::tempdir().unwrap());
    let (spool, output) = (path(&house, "spool"), path(&house, "results"));
    // Without a head start the whole analysis lies behind the acknowledgement, so that the kill comes in the middle of it.
    let keys = format!("spool_dir = {spool:?}\noutput_dir = {output:?}\noverlap = false");
    let mut server = blind(&keys).start();
    let at = server.addr("main").to_owned();
    let (sender, next) = std::sync::mpsc::channel();
    let line = proxy::that_exchanges_the_server(&at, "signal_ack", move || {
        server.signal(Signal::KILL);
        server.await_exit();
        let server = blind(&keys).start();
        let at = server.addr("main").to_owned();
        sender.send(server).unwrap();
        at
    });
    let (code, printed) = stream(&line.to_string(), &bout, &["--session-id", "bout"]);
    let server = next.recv().unwrap();
    assert_eq!(code, Some(6), "{printed}\n{}", server.printed());
    assert!(printed.contains("handing the signal in again"), "{printed}");
    assert!(
        printed.contains("frames     30 held, 0 missing"),
        "{printed}"
    );
}

#[test]
fn a_session_s_name_that_is_a_path_is_refused_with_4() {
    let (server, bout) = (server(), bout());
    let (code, printed) = stream(server.url("main"), &bout, &["--session-id", "../escape"]);
    assert_eq!(code, Some(4), "{printed}");
    assert!(printed.contains("SESSION_START_FAILED"), "{printed}");
}

#[test]
fn a_signal_that_tells_nothing_ends_with_5() {
    let (server, bout) = (server(), bout());
    std::fs::write(&bout.signal, "nothing of use\n").unwrap();
    let (code, printed) = stream(server.url("main"), &bout, &[]);
    assert_eq!(code, Some(5), "{printed}");
    assert!(printed.contains("Could not find start time"), "{printed}");
}

#[test]
fn a_server_that_is_up_is_healthy() {
    let server = server();
    let (code, printed) = client(&[server.url("main"), "--health"]);
    assert_eq!(code, Some(0), "{printed}");
}

#[test]
fn a_bout_is_judged_while_it_is_drawn() {
    let server = server();
    let more = ["--generate", "--seconds", "2", "--size", "320x180"];
    let (code, printed) = client(&[&[server.url("main")], &more[..]].concat());
    assert!(
        matches!(code, Some(0 | 6)),
        "{printed}\n{}",
        server.printed()
    );
    assert!(
        printed.contains("frames     30 held, 0 missing"),
        "{printed}"
    );
}

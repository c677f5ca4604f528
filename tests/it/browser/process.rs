//! The process of a headless Chromium.
//!
//! Responsible for finding it, starting it and ending it; not for speaking to it. Invariant: the process ends with
//! its value, and browsers of different tests never run at the same time, so that a small machine is not the reason
//! for a failure.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

const NAMES: [&str; 3] = ["chromium", "chromium-browser", "google-chrome"];
const FLAGS: [&str; 11] = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--remote-debugging-port=0",
    "--window-size=1440,900",
    "about:blank",
];
/// A running browser.
pub struct Process {
    /// Where it can be spoken to, a `ws://` address.
    pub url: String,
    child: Child,
    _profile: TempDir,
    _turn: File,
}

impl Process {
    /// Starts a browser, or says on the console why there is none.
    #[expect(clippy::print_stdout, reason = "a skipped test must say so")]
    pub fn start() -> Option<Self> {
        let Some(program) = find_in_path() else {
            let names = NAMES.join(", ");
            println!("skipped: no browser in PATH (looked for {names})");
            return None;
        };
        let turn = take_turn();
        let profile = tempfile::tempdir().expect("a temporary directory");
        let mut child = Command::new(program)
            .args(FLAGS)
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("start the browser");
        Some(Self {
            url: debugging_url(&mut child),
            child,
            _profile: profile,
            _turn: turn,
        })
    }

    /// `host:port` of [`Self::url`].
    pub fn addr(&self) -> &str {
        let rest = self.url.trim_start_matches("ws://");
        rest.split_once('/').map_or(rest, |(addr, _)| addr)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Both fail only when the browser has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn find_in_path() -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let found = std::env::split_paths(&path).flat_map(|dir| NAMES.map(|name| dir.join(name)));
    found.into_iter().find(|file| file.is_file())
}

/// Waits for the browsers of other tests, in this process or another, to end.
fn take_turn() -> File {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("browser.turn");
    let file = File::create(path).expect("create the lock file");
    file.lock().expect("lock it");
    file
}

fn debugging_url(child: &mut Child) -> String {
    let mut lines = BufReader::new(child.stderr.take().expect("stderr is piped")).lines();
    let url = lines
        .by_ref()
        .map_while(Result::ok)
        .find_map(|line| {
            line.strip_prefix("DevTools listening on ")
                .map(str::to_owned)
        })
        .expect("the browser says where it listens");
    // The pipe is read on, so that the browser never blocks on it.
    std::thread::spawn(move || lines.for_each(drop));
    url
}

//! A real server process on free ports: started, waited for, and ended again whatever the test does.
//!
//! Responsible for the life of the process; not for speaking any dialect to it.
//! Invariant: no `Server` value exists whose process does not listen (and is ready, unless the test asks for less), and no
//! process outlives its value.

use std::collections::HashMap;
use std::ffi::CString;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::os::unix::{ffi::OsStrExt as _, process::CommandExt as _};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use rustix::mount::{MountFlags, MountPropagationFlags, mount, mount_change};
use rustix::process::{Pid, Signal, kill_process};
use rustix::thread::{UnshareFlags, unshare_unsafe};
use tempfile::TempDir;

/// A loaded two-core machine needs a few seconds; a server that needs more has hung.
const START_DEADLINE: Duration = Duration::from_secs(60);
/// Well above the drain deadline of the default config.
const STOP_DEADLINE: Duration = Duration::from_secs(20);
/// How often a condition of another process, which cannot notify us, is looked at again.
const LOOK_EVERY: Duration = Duration::from_millis(20);
const LISTENERS: [&str; 4] = ["main", "gamecraft", "gamecraft_page", "admin"];

const FREE_PORTS: &str = "[listen.main]\nport = 0\n[listen.gamecraft]\nport = 0\n\
    [listen.gamecraft_page]\nport = 0\n[listen.admin]\nport = 0\n";

/// How a server is started: with these settings, arguments and environment, in a new empty folder that is its home too.
pub struct Launch {
    command: Command,
    dir: TempDir,
    listeners: Vec<&'static str>,
    ready: bool,
}

#[allow(dead_code, reason = "each test module uses its own part of the guard")]
impl Launch {
    /// `frameloom serve` without a settings file.
    pub fn new() -> Self {
        Self::command(&["serve"])
    }

    /// `frameloom` with other arguments.
    pub fn command(arguments: &[&str]) -> Self {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let mut command = Command::new(env!("CARGO_BIN_EXE_frameloom"));
        command
            .args(arguments)
            .current_dir(dir.path())
            .env("HOME", dir.path())
            // Which library runs the models is each test's own affair.
            .env_remove("ORT_DYLIB_PATH")
            .env_remove("VIRTUAL_ENV")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        Self {
            command,
            dir,
            listeners: LISTENERS.to_vec(),
            ready: true,
        }
    }

    /// With a settings file: free ports, and this TOML of other tables than `[listen.*]`.
    pub fn settings(self, toml: &str) -> Self {
        let config = self.dir.path().join("frameloom.toml");
        std::fs::write(&config, format!("{FREE_PORTS}{toml}\n")).expect("write the config");
        let config = config.to_str().expect("a path in UTF-8").to_owned();
        self.args(&["--config", &config])
    }

    /// With more arguments.
    pub fn args(mut self, arguments: &[&str]) -> Self {
        self.command.args(arguments);
        self
    }

    /// With an environment variable.
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.command.env(name, value);
        self
    }

    /// With its standard output going there instead of to the test.
    pub fn stdout(mut self, to: impl Into<Stdio>) -> Self {
        self.command.stdout(to);
        self
    }

    /// With a small disk that only this process sees.
    pub fn disk(mut self, disk: &SmallDisk) -> Self {
        disk.mount_for(&mut self.command);
        self
    }

    /// Waits for these listeners only.
    pub fn only(mut self, listeners: &[&'static str]) -> Self {
        self.listeners = listeners.to_vec();
        self
    }

    /// Does not wait until the models are ready.
    pub fn unready(mut self) -> Self {
        self.ready = false;
        self
    }

    /// Starts it, and waits until it listens and is ready.
    ///
    /// # Panics
    /// When the process ends, or does not become ready in time; its output is in the message.
    pub fn start(mut self) -> Server {
        let mut child = self.command.spawn().expect("start the server binary");
        let output = Output::collect(&mut child);
        let mut server = Server {
            child,
            output,
            urls: HashMap::new(),
            _dir: self.dir,
        };
        server.await_listeners(&self.listeners);
        if self.ready {
            server.await_ready(self.listeners[0]);
        }
        server
    }

    /// Runs it until it ends by itself: its exit code, and all that it printed.
    pub fn run(mut self) -> (Option<i32>, String) {
        let output = self.command.output().expect("run the binary");
        let text = [output.stdout, output.stderr].concat();
        (
            output.status.code(),
            String::from_utf8_lossy(&text).into_owned(),
        )
    }
}

/// A running server that has said on which ports it listens and answers `/readyz` with 200.
pub struct Server {
    child: Child,
    output: Arc<Output>,
    urls: HashMap<String, String>,
    _dir: TempDir,
}

#[allow(dead_code, reason = "each test module uses its own part of the guard")]
impl Server {
    /// Starts a server with the default settings on free ports.
    pub fn start() -> Self {
        Self::with_settings("")
    }

    /// Starts a server on free ports with more settings, as TOML of other tables than `[listen.*]`.
    ///
    /// # Panics
    /// When the process ends, or does not become ready in time; its output is in the message.
    pub fn with_settings(toml: &str) -> Self {
        Launch::new().settings(toml).start()
    }

    /// The address of a listener by its name in the config, such as `http://127.0.0.1:40123`.
    pub fn url(&self, listener: &str) -> &str {
        &self.urls[listener]
    }

    /// The `host:port` of a listener, for a plain socket.
    pub fn addr(&self, listener: &str) -> &str {
        self.url(listener).trim_start_matches("http://")
    }

    /// The process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Everything the server has printed so far.
    pub fn printed(&self) -> String {
        self.output.text()
    }

    /// Sends SIGTERM and waits for the end.
    ///
    /// # Panics
    /// When the server is still there after the deadline.
    pub fn terminate(mut self) -> ExitStatus {
        self.signal(Signal::TERM);
        self.await_exit()
    }

    /// Sends a signal and returns at once.
    pub fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).expect("the child is there");
    }

    /// Waits for the end of the process.
    ///
    /// # Panics
    /// When the server is still there after the deadline.
    pub fn await_exit(&mut self) -> ExitStatus {
        let deadline = Instant::now() + STOP_DEADLINE;
        loop {
            if let Some(status) = self
                .child
                .try_wait()
                .expect("ask for the state of the child")
            {
                return status;
            }
            assert!(
                Instant::now() < deadline,
                "the server did not end:\n{}",
                self.printed()
            );
            look_again();
        }
    }

    /// Waits until it has printed this.
    ///
    /// # Panics
    /// When the process ends first, or never prints it.
    pub fn await_printed(&self, text: &str) {
        let deadline = Instant::now() + START_DEADLINE;
        let has = |printed: &str| printed.contains(text).then_some(());
        self.output.wait_for(deadline, has);
    }

    fn await_listeners(&mut self, listeners: &[&str]) {
        let deadline = Instant::now() + START_DEADLINE;
        self.urls = self.output.wait_for(deadline, |text| {
            let urls = listening(text);
            listeners
                .iter()
                .all(|name| urls.contains_key(*name))
                .then_some(urls)
        });
    }

    fn await_ready(&mut self, listener: &str) {
        let deadline = Instant::now() + START_DEADLINE;
        while get_status(self.addr(listener), "/readyz") != Some(200) {
            let ended = self
                .child
                .try_wait()
                .expect("ask for the state of the child");
            assert!(
                ended.is_none() && Instant::now() < deadline,
                "the server did not become ready ({ended:?}):\n{}",
                self.printed()
            );
            look_again();
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Both fail only when the process has ended already, which is what is wanted.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A file system of its own for a process, in memory, which ends with the process. Needs root.
pub struct SmallDisk {
    /// The directory that it covers.
    pub at: PathBuf,
    /// Its size.
    pub bytes: u64,
}

#[allow(dead_code, reason = "each test module uses its own part of the guard")]
impl SmallDisk {
    /// Whether the system lets us have one.
    pub fn is_possible(&self) -> io::Result<()> {
        let mut nothing = Command::new("true");
        self.mount_for(&mut nothing);
        nothing.status().map(drop)
    }

    /// The directory as the process sees it.
    pub fn seen_by(&self, pid: u32) -> PathBuf {
        let root = PathBuf::from(format!("/proc/{pid}/root"));
        root.join(self.at.strip_prefix("/").expect("an absolute path"))
    }

    fn mount_for(&self, command: &mut Command) {
        let at = CString::new(self.at.as_os_str().as_bytes()).expect("a path");
        let options = CString::new(format!("size={}", self.bytes)).expect("text");
        let mount = move || {
            let private = MountPropagationFlags::PRIVATE | MountPropagationFlags::REC;
            // SAFETY: the child has one thread, and shares no memory with this one that matters here.
            unsafe { unshare_unsafe(UnshareFlags::NEWNS) }?;
            mount_change(c"/", private)?;
            let none = MountFlags::empty();
            Ok(mount(c"tmpfs", &*at, c"tmpfs", none, &*options)?)
        };
        // SAFETY: between fork and exec it makes system calls only, and allocates nothing.
        unsafe { command.pre_exec(mount) };
    }
}

/// Lets a moment pass before a condition of another process is looked at again.
#[expect(
    clippy::disallowed_methods,
    reason = "the other process cannot notify us; this paces the looking and orders nothing"
)]
pub fn look_again() {
    std::thread::sleep(LOOK_EVERY);
}

/// The addresses in lines of the form `listening <name> http://host:port`, wherever in a line they stand.
fn listening(text: &str) -> HashMap<String, String> {
    text.lines()
        .filter_map(|line| {
            let mut words = line
                .split_whitespace()
                .skip_while(|word| *word != "listening")
                .skip(1);
            Some((
                words.next()?.to_owned(),
                words.next()?.trim_end_matches('/').to_owned(),
            ))
        })
        .collect()
}

/// The status of a GET, or nothing when there was no proper answer.
fn get_status(addr: &str, path: &str) -> Option<u16> {
    let mut socket = TcpStream::connect(addr).ok()?;
    socket.set_read_timeout(Some(Duration::from_secs(5))).ok()?;
    write!(
        socket,
        "GET {path} HTTP/1.1\r\nHost: {addr}\r\nConnection: close\r\n\r\n"
    )
    .ok()?;
    let mut answer = String::new();
    socket.read_to_string(&mut answer).ok()?;
    answer.split(' ').nth(1)?.parse().ok()
}

/// What the process printed, gathered by two threads that end with it.
#[derive(Default)]
struct Output {
    printed: Mutex<Printed>,
    changed: Condvar,
}

#[derive(Default)]
struct Printed {
    text: String,
    closed: usize,
}

impl Output {
    fn collect(child: &mut Child) -> Arc<Self> {
        let output = Arc::new(Self::default());
        match child.stdout.take() {
            Some(pipe) => output.follow(pipe),
            None => output.change(|printed| printed.closed += 1),
        }
        output.follow(child.stderr.take().expect("stderr is piped"));
        output
    }

    fn follow(self: &Arc<Self>, pipe: impl Read + Send + 'static) {
        let output = Arc::clone(self);
        std::thread::spawn(move || {
            for line in BufReader::new(pipe).lines().map_while(Result::ok) {
                output.change(|printed| {
                    printed.text.push_str(&line);
                    printed.text.push('\n');
                });
            }
            output.change(|printed| printed.closed += 1);
        });
    }

    fn change(&self, with: impl FnOnce(&mut Printed)) {
        with(&mut self.printed.lock().expect("no reader panics"));
        self.changed.notify_all();
    }

    fn text(&self) -> String {
        self.printed.lock().expect("no reader panics").text.clone()
    }

    /// Waits until `found` has something to say about the text; panics at the deadline and when both pipes closed.
    fn wait_for<T>(&self, deadline: Instant, found: impl Fn(&str) -> Option<T>) -> T {
        let mut printed = self.printed.lock().expect("no reader panics");
        loop {
            if let Some(value) = found(&printed.text) {
                return value;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            assert!(
                !left.is_zero() && printed.closed < 2,
                "the server did not say what it should:\n{}",
                printed.text
            );
            printed = self
                .changed
                .wait_timeout(printed, left)
                .expect("no reader panics")
                .0;
        }
    }
}

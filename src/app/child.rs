//! A program that is asked something: its lines as they come, its end, and ours.
//!
//! Not responsible for what it is asked. Invariant: when [`Children::run`] returns, the program has ended, however that came:
//! by itself, by Ctrl-C, or because it took too long; so has what it started, if it was stopped.

use rustix::process::{Pid, Signal, kill_process_group};
use std::{
    io::{self, BufRead as _, BufReader, Read},
    os::unix::process::CommandExt as _,
    process::{Child, Command, ExitStatus, Stdio},
    thread,
    time::Duration,
};
use tokio::{
    runtime::{self, Runtime},
    signal::unix::{self, SignalKind, signal},
    sync::mpsc::{Receiver, Sender, channel},
    time::{self, MissedTickBehavior},
};

/// Bytes of a line; what is longer comes in pieces.
const LINE: u64 = 1 << 13;
/// Lines that wait to be looked at; a program that is faster waits.
const WAITING: usize = 64;
/// How often somebody who watches hears that time passes.
const TICK: Duration = Duration::from_secs(1);
/// How long what a program left behind may keep its output open when it has ended itself.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// What the watcher hears.
#[derive(Debug)]
pub enum Said<'a> {
    /// A line, of either output.
    Line(&'a str),
    /// A second has passed.
    Tick,
}

/// Why a program was not heard to its end.
#[derive(Debug, thiserror::Error)]
pub enum Stopped {
    /// It cannot be started or watched.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// Somebody told us to end.
    #[error("stopped by a signal")]
    Interrupted,
    /// It took too long.
    #[error("it did not answer within {} s, and was stopped", .0.as_secs())]
    Late(Duration),
}

/// Runs programs, one after another. From its making on, signals that end this program end the running one first.
#[derive(Debug)]
pub struct Children {
    runtime: Runtime,
    signals: Signals,
}

#[derive(Debug)]
struct Signals {
    interrupt: unix::Signal,
    terminate: unix::Signal,
    hangup: unix::Signal,
    child: unix::Signal,
}

/// A running program and what it starts. Dropped, all of it is killed.
struct Running {
    child: Child,
    has_ended: bool,
}

impl Children {
    /// # Errors
    /// If the system lets us watch no signals.
    pub fn new() -> io::Result<Self> {
        let runtime = runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let signals = runtime.block_on(async { Signals::new() })?;
        Ok(Self { runtime, signals })
    }

    /// Runs a program to its end, which `told` may watch.
    ///
    /// # Errors
    /// If it cannot be started, we are told to end, or it takes longer than `limit`.
    pub fn run(
        &mut self,
        command: Command,
        limit: Option<Duration>,
        told: impl FnMut(Said<'_>),
    ) -> Result<ExitStatus, Stopped> {
        let watched = watch(command, &mut self.signals, told);
        self.runtime.block_on(async {
            match limit {
                None => watched.await,
                Some(limit) => match time::timeout(limit, watched).await {
                    Ok(ended) => ended,
                    Err(_) => Err(Stopped::Late(limit)),
                },
            }
        })
    }
}

async fn watch(
    command: Command,
    signals: &mut Signals,
    mut told: impl FnMut(Said<'_>),
) -> Result<ExitStatus, Stopped> {
    let (mut running, mut lines) = Running::start(command)?;
    let mut tick = time::interval(TICK);
    tick.set_missed_tick_behavior(MissedTickBehavior::Skip);
    let mut is_open = true;
    let Signals {
        interrupt,
        terminate,
        hangup,
        child,
    } = signals;
    let status = loop {
        tokio::select! {
            line = lines.recv(), if is_open => match line {
                Some(line) => told(Said::Line(&line)),
                None => is_open = false,
            },
            () = end(interrupt, terminate, hangup) => return Err(Stopped::Interrupted),
            _ = child.recv() => if let Some(status) = running.ended()? {
                break status;
            },
            _ = tick.tick() => told(Said::Tick),
        }
    };
    while let Ok(Some(line)) = time::timeout(LAST_WORDS, lines.recv()).await {
        told(Said::Line(&line));
    }
    Ok(status)
}

impl Signals {
    fn new() -> io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hangup: signal(SignalKind::hangup())?,
            child: signal(SignalKind::child())?,
        })
    }
}

/// Waits for a signal that ends this program.
async fn end(
    interrupt: &mut unix::Signal,
    terminate: &mut unix::Signal,
    hangup: &mut unix::Signal,
) {
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
        _ = hangup.recv() => {}
    }
}

impl Running {
    /// Starts it in a group of its own, so that what it starts can be stopped with it.
    fn start(mut command: Command) -> io::Result<(Self, Receiver<String>)> {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .spawn()?;
        let (send, lines) = channel(WAITING);
        let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
        let running = Self {
            child,
            has_ended: false,
        };
        if let Some(stdout) = stdout {
            read_lines("stdout", stdout, send.clone())?;
        }
        if let Some(stderr) = stderr {
            read_lines("stderr", stderr, send)?;
        }
        Ok((running, lines))
    }

    fn ended(&mut self) -> io::Result<Option<ExitStatus>> {
        let status = self.child.try_wait()?;
        self.has_ended |= status.is_some();
        Ok(status)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if !self.has_ended {
            // Its number is its own, and its group's, until it is waited for. It may have ended just now.
            let _ = kill_process_group(Pid::from_child(&self.child), Signal::KILL);
            let _ = self.child.wait();
        }
    }
}

/// Reads on a thread of its own, which ends with the pipe, or when nobody listens any more.
fn read_lines(name: &str, pipe: impl Read + Send + 'static, to: Sender<String>) -> io::Result<()> {
    let read = move || {
        let mut pipe = BufReader::new(pipe);
        let mut line = Vec::new();
        while let Ok(1..) = pipe.by_ref().take(LINE).read_until(b'\n', &mut line) {
            let text = String::from_utf8_lossy(&line).trim_end().to_owned();
            if to.blocking_send(text).is_err() {
                return;
            }
            line.clear();
        }
    };
    thread::Builder::new().name(name.into()).spawn(read)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::{
        event::{PollFd, PollFlags, poll},
        process::{PidfdFlags, pidfd_open},
    };
    use std::io::Write as _;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    /// Runs a script to its end: its lines, and how it ended.
    fn heard(script: &str, limit: Option<Duration>) -> (Vec<String>, Result<ExitStatus, Stopped>) {
        let mut lines = Vec::new();
        let ended = Children::new().unwrap().run(shell(script), limit, |said| {
            if let Said::Line(line) = said {
                lines.push(line.to_owned());
            }
        });
        (lines, ended)
    }

    #[test]
    fn all_lines_of_both_outputs_are_heard_before_the_end_is_told() {
        let (mut lines, ended) = heard("echo one; echo two >&2; printf three; exit 3", None);
        lines.sort();
        assert_eq!(lines, ["one", "three", "two"]);
        assert_eq!(ended.unwrap().code(), Some(3));
    }

    #[test]
    fn a_program_that_is_not_there_is_told() {
        let mut children = Children::new().unwrap();
        let ended = children.run(Command::new("/nowhere/program"), None, |_| {});
        assert!(matches!(ended, Err(Stopped::Io(_))), "{ended:?}");
    }

    #[test]
    fn a_program_that_hangs_is_stopped() {
        let (_, ended) = heard("exec sleep 600", Some(Duration::from_millis(1)));
        assert!(matches!(ended, Err(Stopped::Late(_))), "{ended:?}");
    }

    #[test]
    fn a_program_that_is_stopped_takes_along_what_it_started() {
        let script = "sleep 600 & echo $!; wait";
        let (running, mut lines) = Running::start(shell(script)).unwrap();
        let pid: i32 = lines.blocking_recv().unwrap().parse().unwrap();
        let started = pidfd_open(Pid::from_raw(pid).unwrap(), PidfdFlags::empty()).unwrap();
        drop(running);
        // Readable once it has ended.
        let ended = poll(&mut [PollFd::new(&started, PollFlags::IN)], None);
        assert_eq!(ended, Ok(1));
    }

    #[test]
    fn a_line_without_an_end_comes_in_pieces() {
        let mut long = tempfile::NamedTempFile::new().unwrap();
        long.write_all(&vec![b'x'; 3 * LINE as usize]).unwrap();
        let (lines, _) = heard(&format!("cat {}", long.path().display()), None);
        assert_eq!(lines.len(), 3);
    }
}

//! A program that runs beside us: its last words, and how long it may take.
//!
//! Not responsible for what it is asked. Invariant: a child never outlives its [`Child`]; one that hangs is killed when the time
//! for what it was asked is over, so that no thread waits for it for ever.

use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};
use std::{
    io::{self, Read},
    process::{self, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::{Receiver, RecvTimeoutError, Sender, channel},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

/// Bytes of a program's words that are looked at; the rest is read, so that it never waits for a reader, and forgotten.
const WORDS: u64 = 1 << 16;
/// Letters of its last line that are told.
const LINE: usize = 400;

/// A running program. Dropped, it is killed and waited for.
#[derive(Debug)]
pub struct Child {
    child: process::Child,
    said: Option<JoinHandle<String>>,
    /// What it is asked, and that it has answered.
    watch: Sender<Order>,
    is_late: Arc<AtomicBool>,
}

/// Why a program did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum ChildError {
    /// It cannot be started or spoken to.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// It ended with an error: its last words.
    #[error("{0}")]
    Failed(String),
    /// It was killed, as it did not go on.
    #[error("it did not go on, and was stopped")]
    Late,
}

#[derive(Debug)]
enum Order {
    Within(Duration),
    Done,
}

// === impl Child ===

impl Child {
    /// Starts a program. It has this thread's priority, and so have all threads of its own.
    ///
    /// # Errors
    /// If there is no such program.
    pub fn start(mut command: Command) -> io::Result<Self> {
        let mut child = command.stderr(Stdio::piped()).spawn()?;
        let stderr = child.stderr.take();
        let said = stderr.map(|stderr| thread::spawn(move || last_words(stderr)));
        let (watch, orders) = channel();
        let is_late = Arc::<AtomicBool>::default();
        // Its number is its own until it is waited for, which only we do. A kernel without such names (before 5.3) leaves it
        // without a limit.
        if let Ok(process) = pidfd_open(Pid::from_child(&child), PidfdFlags::empty()) {
            let late = Arc::clone(&is_late);
            thread::spawn(move || {
                if hangs(&orders) {
                    late.store(true, Ordering::Release);
                    // It may have ended just now.
                    let _ = pidfd_send_signal(process, Signal::KILL);
                }
            });
        }
        Ok(Self {
            child,
            said,
            watch,
            is_late,
        })
    }

    /// Its standard input, once.
    pub fn input(&mut self) -> Option<process::ChildStdin> {
        self.child.stdin.take()
    }

    /// Its standard output, once.
    pub fn output(&mut self) -> Option<process::ChildStdout> {
        self.child.stdout.take()
    }

    /// Does what needs the program to go on; it is killed if that takes longer than `limit`.
    pub fn within<T>(&self, limit: Duration, job: impl FnOnce() -> T) -> T {
        // Nobody hears of it once it was killed.
        let _ = self.watch.send(Order::Within(limit));
        let done = job();
        let _ = self.watch.send(Order::Done);
        done
    }

    /// Waits for its end.
    ///
    /// # Errors
    /// If it failed, or does not end within `limit`.
    pub fn finish(&mut self, limit: Duration) -> Result<(), ChildError> {
        // Nobody hears of it once it was killed.
        let _ = self.watch.send(Order::Within(limit));
        let status = self.child.wait();
        let _ = self.watch.send(Order::Done);
        let said = self.said.take().and_then(|said| said.join().ok());
        match status?.success() {
            true => Ok(()),
            false if self.is_late.load(Ordering::Acquire) => Err(ChildError::Late),
            false => Err(ChildError::Failed(said.unwrap_or_default())),
        }
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Waits for an order that is not carried out in time; `false` once there can be none any more.
fn hangs(orders: &Receiver<Order>) -> bool {
    while let Ok(order) = orders.recv() {
        let Order::Within(limit) = order else {
            continue;
        };
        match orders.recv_timeout(limit) {
            Ok(_) => {}
            Err(RecvTimeoutError::Timeout) => return true,
            Err(RecvTimeoutError::Disconnected) => return false,
        }
    }
    false
}

fn last_words(mut stderr: impl Read) -> String {
    let mut said = Vec::new();
    // What could not be read was not said.
    let _ = stderr.by_ref().take(WORDS).read_to_end(&mut said);
    let _ = io::copy(&mut stderr, &mut io::sink());
    let text = String::from_utf8_lossy(&said);
    let last = text.lines().rfind(|line| !line.trim().is_empty());
    let last = last.unwrap_or("it said nothing").trim();
    last.chars().take(LINE).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NO_HURRY: Duration = Duration::from_secs(600);
    const AT_ONCE: Duration = Duration::from_millis(1);

    /// The shell becomes the last program of its script, so that nothing is left when it is killed.
    fn shell(script: &str) -> Child {
        let mut command = Command::new("sh");
        command.args(["-c", script]).stdin(Stdio::piped());
        Child::start(command).unwrap()
    }

    #[test]
    fn a_program_that_does_not_end_in_time_is_stopped_and_said_to_be_late() {
        let ended = shell("exec sleep 600").finish(AT_ONCE);
        assert!(matches!(ended, Err(ChildError::Late)), "{ended:?}");
    }

    #[test]
    fn a_program_that_does_not_listen_is_stopped_while_it_is_written_to() {
        let mut child = shell("exec sleep 600");
        let mut input = child.input().unwrap();
        // More than a pipe holds.
        let written = child.within(AT_ONCE, || {
            std::io::Write::write_all(&mut input, &[0; 1 << 20])
        });
        assert_eq!(written.unwrap_err().kind(), io::ErrorKind::BrokenPipe);
        assert!(matches!(child.finish(NO_HURRY), Err(ChildError::Late)));
    }

    #[test]
    fn time_between_two_questions_is_not_counted() {
        let mut child = shell("read line; exec true");
        child.within(NO_HURRY, || ());
        let mut input = child.input().unwrap();
        std::io::Write::write_all(&mut input, b"go on\n").unwrap();
        child.finish(NO_HURRY).unwrap();
    }

    #[test]
    fn the_last_line_of_what_was_said_is_the_error() {
        let ended = shell("echo first >&2; echo last words >&2; echo >&2; exit 3").finish(NO_HURRY);
        assert_eq!(ended.unwrap_err().to_string(), "last words");
    }

    #[test]
    fn a_dropped_program_has_ended() {
        let child = shell("exec sleep 600");
        let process = pidfd_open(Pid::from_child(&child.child), PidfdFlags::empty()).unwrap();
        drop(child);
        let told = pidfd_send_signal(&process, Signal::KILL);
        assert_eq!(told.unwrap_err(), rustix::io::Errno::SRCH);
    }
}

//! Processes that a bench starts: mostly this same program in another role, spoken to line by line.
//!
//! Reading a line blocks. The benches call it from the future that the runtime's own thread drives, so that it holds up
//! nothing but the bench itself. Whatever happens, no child outlives its handle.

use super::proc;
use anyhow::{Context as _, bail};
use std::{
    io::{BufRead as _, BufReader, Write as _},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    time::Duration,
};

/// A running child.
pub struct Helper {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Helper {
    /// Starts this program with these arguments.
    ///
    /// # Errors
    /// If the system cannot.
    pub fn start(args: &[String]) -> anyhow::Result<Self> {
        let program = std::env::current_exe().context("where this program is")?;
        Self::of(Command::new(program).args(args))
    }

    /// Starts another program, which speaks the same way.
    ///
    /// # Errors
    /// If the system cannot.
    pub fn of(command: &mut Command) -> anyhow::Result<Self> {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("cannot start {command:?}"))?;
        let (input, output) = (child.stdin.take(), child.stdout.take());
        Ok(Self {
            child,
            input: input.context("no standard input")?,
            output: BufReader::new(output.context("no standard output")?),
        })
    }

    /// The next line that it says.
    ///
    /// # Errors
    /// If it has ended.
    pub fn line(&mut self) -> anyhow::Result<String> {
        let mut line = String::new();
        if self.output.read_line(&mut line)? == 0 {
            bail!("a helper process ended early");
        }
        Ok(line.trim_end().to_owned())
    }

    /// Tells it something.
    ///
    /// # Errors
    /// If it has ended.
    pub fn tell(&mut self, bytes: &[u8]) -> anyhow::Result<()> {
        self.input.write_all(bytes)?;
        Ok(self.input.flush()?)
    }

    /// Tells it a word, and reads its answer.
    ///
    /// # Errors
    /// If it has ended.
    pub fn ask(&mut self, word: &str) -> anyhow::Result<String> {
        self.tell(format!("{word}\n").as_bytes())?;
        self.line()
    }

    /// Its process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Its CPU time so far.
    ///
    /// # Errors
    /// If it has ended.
    pub fn cpu(&self) -> anyhow::Result<Duration> {
        proc::cpu(self.child.id())
    }
}

impl Drop for Helper {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

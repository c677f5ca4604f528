//! The pid file: written while the server runs, read by `frameloom stop`.

use super::exit::Exit;
use crate::config::Config;
use anyhow::{Context as _, bail};
use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    process::{Pid, PidfdFlags, Signal, kill_process, pidfd_open},
};
use std::{
    fmt::Display,
    os::fd::OwnedFd,
    path::{Path, PathBuf},
    time::Duration,
};

/// How much longer than its own deadline a server may take until `stop` gives up.
const GRACE: Duration = Duration::from_secs(3);

/// A pid file that is removed when the server ends.
#[derive(Debug)]
pub struct PidFile(PathBuf);

impl PidFile {
    /// Writes the file.
    ///
    /// # Errors
    /// If a process with the number in it still runs, or it cannot be written.
    pub fn create(path: &Path) -> anyhow::Result<Self> {
        if let Ok(pid) = read(path)
            && open(pid).is_some()
        {
            bail!(
                "{} belongs to process {pid}, which still runs; stop it with `frameloom stop`",
                path.display()
            );
        }
        let text = format!("{}\n", std::process::id());
        std::fs::write(path, text)
            .with_context(|| format!("cannot write {} [server.pid_file]", path.display()))?;
        Ok(Self(path.to_owned()))
    }
}

impl Drop for PidFile {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_file(&self.0) {
            tracing::warn!(%error, "pid file not removed");
        }
    }
}

/// Ends the server of the pid file, and waits until it has gone.
///
/// # Errors
/// If there is no pid file, or the server does not end.
pub fn stop(config: Config) -> anyhow::Result<Exit> {
    let path = config
        .server
        .pid_file
        .context("no pid file: say --pid-file FILE, as `frameloom serve` was told")?;
    let pid = match read(&path) {
        Ok(pid) => pid,
        Err(error) => {
            println!("no server runs ({error:#})");
            return Ok(Exit::Unavailable);
        }
    };
    let Some(process) = open(pid) else {
        println!(
            "no server runs (process {pid} of {} has gone)",
            path.display()
        );
        return Ok(Exit::Unavailable);
    };
    kill_process(pid, Signal::TERM).with_context(|| format!("cannot stop process {pid}"))?;
    let patience = config.server.drain_deadline + GRACE;
    let gone = poll(
        &mut [PollFd::new(&process, PollFlags::IN)],
        Some(&Timespec::try_from(patience)?),
    )?;
    if gone == 0 {
        bail!("process {pid} still runs after {} s", patience.as_secs());
    }
    println!("stopped");
    Ok(Exit::Ok)
}

/// A server that runs under this number; the system may have given it to another program since.
fn open(pid: Pid) -> Option<OwnedFd> {
    let process = pidfd_open(pid, PidfdFlags::empty()).ok()?;
    // The binary may have been given another name when it was installed: then this process bears it too.
    let ours = [
        env!("CARGO_PKG_NAME").to_owned(),
        name_of("self").unwrap_or_default(),
    ];
    let is_another = name_of(pid).is_ok_and(|name| !ours.contains(&name));
    (!is_another).then_some(process)
}

fn name_of(process: impl Display) -> std::io::Result<String> {
    let name = std::fs::read_to_string(format!("/proc/{process}/comm"))?;
    Ok(name.trim_end().to_owned())
}

fn read(path: &Path) -> anyhow::Result<Pid> {
    let text =
        std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let number = text
        .trim()
        .parse()
        .with_context(|| format!("{} holds no process id", path.display()))?;
    Pid::from_raw(number).with_context(|| format!("{} holds no process id", path.display()))
}

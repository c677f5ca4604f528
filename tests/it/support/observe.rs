//! What can be seen of a server from outside: its metrics, its memory, and conditions that come true in their own time.

use std::time::{Duration, Instant};

use rustix::process::{Resource, getrlimit, setrlimit};

use super::{
    http,
    server::{Server, look_again},
};

/// A condition that has not come true by now never will, also on a loaded machine.
const PATIENCE: Duration = Duration::from_secs(40);

/// Waits until this holds.
///
/// # Panics
/// When it never does.
pub fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !holds() {
        assert!(Instant::now() < deadline, "never came true: {what}");
        look_again();
    }
}

/// Lets a test hold as many sockets as the system allows; the usual limit is 1,024.
pub fn allow_many_files() {
    let mut files = getrlimit(Resource::Nofile);
    files.current = files.maximum;
    setrlimit(Resource::Nofile, files).expect("the soft limit may be raised to the hard one");
}

/// The text of `/metrics`.
pub fn metrics(server: &Server) -> String {
    http::get(server.addr("admin"), "/metrics").text()
}

/// The sum of a metric's series that hold all of these labels, such as `outcome="sent"`.
pub fn metric(server: &Server, name: &str, labels: &[&str]) -> f64 {
    let text = metrics(server);
    let series = text.lines().filter_map(|line| {
        let (series, value) = line.rsplit_once(' ')?;
        let is_it = series.split('{').next() == Some(name);
        (is_it && labels.iter().all(|label| series.contains(label)))
            .then(|| value.parse::<f64>().expect("a metric is a number"))
    });
    series.sum()
}

/// Resident memory of a process in KiB.
pub fn resident_kib(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("the process lives");
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))
        .expect("a resident size");
    let number = line.trim().trim_end_matches("kB").trim();
    number.parse().expect("a number of KiB")
}

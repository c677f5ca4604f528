//! What the kernel says about a process and about the machine: `/proc`, read and parsed.

use anyhow::Context as _;
use std::{fs, time::Duration};

/// CPU time of a process so far, in user and kernel mode, all threads.
///
/// # Errors
/// If there is no such process.
pub fn cpu(pid: u32) -> anyhow::Result<Duration> {
    let path = format!("/proc/{pid}/stat");
    let text = fs::read_to_string(&path).with_context(|| path.clone())?;
    let ticks = stat_ticks(&text).with_context(|| format!("{path}: {text}"))?;
    let per_second = rustix::param::clock_ticks_per_second();
    Ok(Duration::from_secs_f64(ticks as f64 / per_second as f64))
}

/// CPU time of a process so far, as [`cpu`], but in nanoseconds in place of the ticks of its clock (10 ms). Threads that have ended
/// are not in it.
///
/// # Errors
/// If there is no such process, or the kernel keeps no such figures.
pub fn cpu_of_threads(pid: u32) -> anyhow::Result<Duration> {
    let folder = format!("/proc/{pid}/task");
    let mut sum = Duration::ZERO;
    for thread in fs::read_dir(&folder).with_context(|| folder.clone())? {
        let path = thread?.path().join("schedstat");
        // A thread may end between the two looks.
        let Ok(text) = fs::read_to_string(&path) else {
            continue;
        };
        let ran = schedstat_nanoseconds(&text);
        sum += Duration::from_nanos(ran.with_context(|| format!("{}: {text}", path.display()))?);
    }
    Ok(sum)
}

/// Resident memory of a process, in bytes.
///
/// # Errors
/// If there is no such process.
pub fn resident(pid: u32) -> anyhow::Result<u64> {
    let path = format!("/proc/{pid}/status");
    let text = fs::read_to_string(&path).with_context(|| path.clone())?;
    status_resident(&text).with_context(|| format!("{path} has no VmRSS"))
}

/// Memory of all TCP sockets of this machine (network namespace), in bytes.
///
/// # Errors
/// If `/proc` does not say.
pub fn tcp_memory() -> anyhow::Result<u64> {
    let text = fs::read_to_string("/proc/net/sockstat").context("/proc/net/sockstat")?;
    let pages = sockstat_pages(&text).context("/proc/net/sockstat has no TCP line")?;
    Ok(pages * rustix::param::page_size() as u64)
}

/// Bytes that wait in the send queues of the sockets at this local port.
///
/// # Errors
/// If `/proc` does not say.
pub fn send_queues(port: u16) -> anyhow::Result<u64> {
    let text = fs::read_to_string("/proc/net/tcp").context("/proc/net/tcp")?;
    Ok(tcp_send_queues(&text, port))
}

/// The load average over one minute; NaN where it is not known.
pub fn load() -> f64 {
    let text = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split(' ')
        .next()
        .and_then(|load| load.parse().ok())
        .unwrap_or(f64::NAN)
}

/// The processor's name, where it is known.
pub fn processor() -> Option<String> {
    let text = fs::read_to_string("/proc/cpuinfo").ok()?;
    let line = text.lines().find(|line| line.starts_with("model name"))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

/// Fields 14 and 15 of `stat`; the command before them may hold blanks and brackets.
fn stat_ticks(text: &str) -> Option<u64> {
    let mut fields = text.rsplit_once(')')?.1.split_ascii_whitespace().skip(11);
    let mut next = || fields.next()?.parse::<u64>().ok();
    Some(next()? + next()?)
}

/// The first field: time on a processor.
fn schedstat_nanoseconds(text: &str) -> Option<u64> {
    text.split_ascii_whitespace().next()?.parse().ok()
}

fn status_resident(text: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib * 1024)
}

fn sockstat_pages(text: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix("TCP:"))?;
    let mut words = line.split_ascii_whitespace();
    words.find(|word| *word == "mem")?;
    words.next()?.parse().ok()
}

fn tcp_send_queues(text: &str, port: u16) -> u64 {
    let queue = |line: &str| {
        let mut fields = line.split_ascii_whitespace().skip(1);
        let (local, _, _, queues) = (
            fields.next()?,
            fields.next()?,
            fields.next()?,
            fields.next()?,
        );
        let at = u16::from_str_radix(local.rsplit_once(':')?.1, 16).ok()?;
        let waiting = u64::from_str_radix(queues.split_once(':')?.0, 16).ok()?;
        (at == port).then_some(waiting)
    };
    text.lines().skip(1).filter_map(queue).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_with_brackets_does_not_shift_the_fields() {
        let stat = "7 (a) b (c)) S 1 7 7 0 -1 4194560 100 0 0 0 25 17 0 0 20 0 9 0 100 5 6";
        assert_eq!(stat_ticks(stat), Some(42));
    }

    #[test]
    fn a_thread_s_time_is_the_first_of_three() {
        assert_eq!(
            schedstat_nanoseconds("199238750 46470517 989\n"),
            Some(199_238_750)
        );
        assert_eq!(schedstat_nanoseconds(""), None);
    }

    #[test]
    fn resident_memory_is_given_in_kibibytes() {
        assert_eq!(
            status_resident("Name:\tx\nVmRSS:\t   12 kB\nThreads:\t1\n"),
            Some(12 * 1024)
        );
        assert_eq!(status_resident("Name:\tkthread\n"), None);
    }

    #[test]
    fn socket_memory_is_given_in_pages() {
        let text =
            "sockets: used 9\nTCP: inuse 2 orphan 0 tw 0 alloc 3 mem 17\nUDP: inuse 0 mem 5\n";
        assert_eq!(sockstat_pages(text), Some(17));
    }

    #[test]
    fn send_queues_are_those_of_the_local_port() {
        let text = "  sl  local_address rem_address   st tx_queue rx_queue\n\
            0: 0100007F:1F93 0100007F:C350 01 00000010:00000000 00:00000000 0 0 0\n\
            1: 0100007F:1F93 0100007F:C351 01 00000020:00000007 00:00000000 0 0 0\n\
            2: 0100007F:C350 0100007F:1F93 01 00000400:00000000 00:00000000 0 0 0\n";
        assert_eq!(tcp_send_queues(text, 0x1f93), 0x30);
    }

    #[test]
    fn this_process_has_memory_and_time() {
        let pid = std::process::id();
        assert!(resident(pid).unwrap() > 0);
        assert!(cpu(pid).is_ok() && tcp_memory().is_ok());
    }
}

//! Ten bouts at once, each sent faster than it can be analysed: what they take of memory, and whether they are judged as they
//! would be alone.

use super::{
    Effort,
    bout::{Pace, Recording, Referee},
    proc,
    report::{Row, Section, Target},
};
use futures_util::future::try_join_all;
use std::{
    sync::mpsc::{RecvTimeoutError, Sender, channel},
    thread::JoinHandle,
    time::Duration,
};
use tokio::time::sleep;

const BOUTS: u64 = 10;

/// Length of each, in seconds.
const BOUT: f64 = 10.0;

/// How often memory is looked at.
const LOOK: Duration = Duration::from_millis(20);

/// Until a server that has just come up is at rest.
const SETTLE: Duration = Duration::from_secs(1);

const MIB: f64 = 1024.0 * 1024.0;

/// Measures.
///
/// # Errors
/// If a server does not come up, or a bout does not get its verdict.
pub async fn measure(effort: Effort) -> anyhow::Result<Section> {
    let recordings = (0..BOUTS).map(|seed| Recording::draw(seed, BOUT));
    let recordings = recordings.collect::<anyhow::Result<Vec<_>>>()?;
    let budget = [("referee.memory_mb", effort.memory_mb.to_string())];
    let referee = Referee::start(&budget).await?;
    sleep(SETTLE).await;
    let rest = referee.server.resident()?;
    let memory = Memory::watch(referee.server.id());
    let at_once = recordings.iter().enumerate().map(|(number, recording)| {
        let referee = &referee;
        async move {
            let session = format!("bench-{number}");
            referee.judge(&session, recording, Pace::Full).await
        }
    });
    let at_once = try_join_all(at_once).await?;
    let seen = memory.stop();
    drop(referee);
    let alone = Referee::start(&budget).await?;
    let mut differ = 0;
    for (number, (recording, judged)) in recordings.iter().zip(&at_once).enumerate() {
        let session = format!("bench-{number}");
        let alone = alone.judge(&session, recording, Pace::Full).await?;
        differ += u32::from(alone.decision != judged.decision);
    }
    let mut section = Section::new("bouts");
    let frames: usize = recordings.iter().map(Recording::len).sum();
    let bytes: usize = recordings.iter().map(Recording::bytes).sum();
    section.note(format!(
        "{BOUTS} drawn bouts of {BOUT} s at once, {frames} frames, {:.0} MiB of JPEG, referee.memory_mb = {}; memory looked at {} times, every 20 ms",
        bytes as f64 / MIB,
        effort.memory_mb,
        seen.len()
    ));
    let above = seen.iter().map(|bytes| (*bytes as f64 - rest as f64) / MIB);
    let above = above.fold(f64::NAN, f64::max);
    section.row(Row::of("resident at rest", rest as f64 / MIB, "MiB"));
    section.row(
        Row::of("resident above rest, at most", above, "MiB")
            .target(Target::AtMost(f64::from(effort.memory_mb))),
    );
    let latest = |times: &dyn Fn(usize) -> Duration| {
        let all = (0..at_once.len()).map(times).max();
        all.unwrap_or_default().as_secs_f64()
    };
    section.row(Row::of(
        "the last upload's end",
        latest(&|bout| at_once[bout].uploaded),
        "s",
    ));
    section.row(Row::of(
        "the last result",
        latest(&|bout| at_once[bout].complete),
        "s",
    ));
    section.row(
        Row::of("verdicts other than alone", f64::from(differ), "").target(Target::AtMost(0.0)),
    );
    Ok(section)
}

/// A thread that looks at a process's memory.
struct Memory {
    stop: Sender<()>,
    thread: JoinHandle<Vec<u64>>,
}

impl Memory {
    fn watch(pid: u32) -> Self {
        let (stop, told) = channel();
        let thread = std::thread::spawn(move || {
            let mut seen = Vec::new();
            loop {
                // A process that has ended holds nothing; its bouts say that it has.
                seen.extend(proc::resident(pid).ok());
                if told.recv_timeout(LOOK) != Err(RecvTimeoutError::Timeout) {
                    return seen;
                }
            }
        });
        Self { stop, thread }
    }

    /// What was seen, in bytes; nothing if the thread died.
    fn stop(self) -> Vec<u64> {
        drop(self.stop);
        self.thread.join().unwrap_or_default()
    }
}

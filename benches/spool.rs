//! A frame of 200 KB onto the disk: the spool's append beside a plain write(2) of the same bytes.
//!
//! `cargo bench --bench spool`. The figures are CPU times of the thread, in user and kernel mode: the
//! kernel makes a writer wait when too much is waiting for the disk, and that says nothing about
//! either. `TMPDIR` chooses the file system.

use std::fs::File;
use std::io::Write as _;
use std::time::Duration;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use frameloom::media::Encoding;
use frameloom::media::spool::{SpoolOptions, SpoolRoot};
use rustix::time::{ClockId, clock_gettime};
use tempfile::TempDir;

const FRAME_BYTES: usize = 200_000;
/// A file is given up after so many frames, so that a long run does not fill the disk.
const FRAMES_A_FILE: u64 = 256;

fn thread_cpu_time() -> Duration {
    let now = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(now.tv_sec as u64, now.tv_nsec as u32)
}

/// The CPU time of `frames` calls of what `begin` makes; making and removing files is not counted.
fn cpu_time<T>(
    frames: u64,
    mut begin: impl FnMut() -> T,
    mut write: impl FnMut(&mut T, u64),
) -> Duration {
    let mut spent = Duration::ZERO;
    for first in (0..frames).step_by(FRAMES_A_FILE as usize) {
        let mut target = begin();
        let start = thread_cpu_time();
        for number in first..frames.min(first + FRAMES_A_FILE) {
            write(&mut target, number);
        }
        spent += thread_cpu_time() - start;
    }
    spent
}

fn append(bench: &mut Criterion) {
    let frame = vec![0x5A; FRAME_BYTES];
    let folder = tempfile::tempdir().expect("a folder");
    let mut group = bench.benchmark_group("200 KB frame, CPU of the thread");
    group.throughput(Throughput::Bytes(FRAME_BYTES as u64));
    group.bench_function("write(2)", |bencher| {
        let begin = || tempfile::tempfile_in(&folder).expect("a file");
        let write = |file: &mut File, _| file.write_all(&frame).expect("room");
        bencher.iter_custom(|frames| cpu_time(frames, begin, write));
    });
    group.bench_function("spool append", |bencher| {
        let options = SpoolOptions {
            min_free_bytes: 1 << 20,
            ..SpoolOptions::default()
        };
        let begin = || {
            let dir = TempDir::new_in(&folder).expect("a folder");
            let root = SpoolRoot::open(dir.path(), options).expect("a root");
            let (writer, _reader) = root.create("a", "{}").expect("a spool");
            (dir, writer)
        };
        bencher.iter_custom(|frames| {
            cpu_time(frames, begin, |(_dir, writer), number| {
                writer.append(number, Encoding::Jpeg, &frame).expect("room");
            })
        });
    });
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(20).measurement_time(Duration::from_secs(4));
    targets = append
}
criterion_main!(benches);

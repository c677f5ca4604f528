//! What a decision of the scheduler costs, with few and with many engines and pieces of work waiting.
//!
//! `cargo bench --bench scheduler`; a decision is: answer what is late, choose an engine, take its batch, put as much back.

use std::hint::black_box;
use std::num::NonZeroUsize;
use std::time::{Duration, Instant};

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use frameloom::actors::scheduler::policy::{EngineQueue, choose};
use frameloom::session::Class;

const MAX_BATCH: usize = 4;
const BEAT: Duration = Duration::from_millis(33);

fn queues(engines: usize, waiting: usize, now: Instant) -> Vec<EngineQueue<usize>> {
    let batch = NonZeroUsize::new(MAX_BATCH).expect("four");
    let mut queues: Vec<_> = (0..engines).map(|_| EngineQueue::new(batch)).collect();
    for work in 0..waiting {
        // Spread over the beat in a fixed but not sorted order.
        let after = BEAT.mul_f64((work * 7919 % waiting) as f64 / waiting as f64);
        queues[work % engines].push(now + BEAT + after, Class::Interactive, work);
    }
    queues
}

fn decide(bench: &mut Criterion) {
    let mut group = bench.benchmark_group("decision");
    for (engines, waiting) in [(1, 8), (4, 64), (16, 1024)] {
        let now = Instant::now();
        let mut queues = queues(engines, waiting, now);
        let name = BenchmarkId::from_parameter(format!("{engines} engines, {waiting} waiting"));
        group.bench_function(name, |bench| {
            bench.iter(|| {
                for queue in &mut queues {
                    assert!(queue.take_expired(black_box(now)).is_empty());
                }
                let heads = queues.iter().enumerate();
                let heads = heads.filter_map(|(at, queue)| Some((at, queue.head()?)));
                let (at, n) = choose(heads).expect("work waits");
                let batch = queues[at].take(n);
                // Back at the end of the line, so that every round is alike.
                for work in black_box(batch) {
                    queues[at].push(now + 3 * BEAT, Class::Interactive, work);
                }
            });
        });
    }
    group.finish();
}

criterion_group!(benches, decide);
criterion_main!(benches);

//! What a verdict costs, without decoding and pose: a bout of two minutes at 15 frames a second.

use criterion::{Criterion, criterion_group, criterion_main};
use frameloom::pipelines::referee::{
    rules::RuleSet,
    signal::{Signal, parse},
    tracks::{KEYPOINTS, Point, Side, Skeleton, Tracks},
};
use std::hint::black_box;

/// Frames of the bout.
const FRAMES: usize = 1_800;

/// A fencer who goes to and fro, every keypoint trembling, every fiftieth not seen.
fn rows(side: Side) -> Vec<Skeleton> {
    let place = |frame: usize, keypoint: usize| {
        let (time, tremble) = (
            frame as f64 / 15.0,
            ((frame * 31 + keypoint * 7) % 11) as f64,
        );
        let along = -2.0 + (time * 0.7).sin() + 0.3 * (time * 3.1).sin() + 0.004 * tremble;
        Point {
            x: (4.0 + side.forward() * along) as f32 + keypoint as f32 * 0.01,
            y: keypoint as f32 * 0.13 + 0.003 * tremble as f32,
        }
    };
    let seen = |frame: usize, keypoint: usize| !(frame * KEYPOINTS + keypoint).is_multiple_of(50);
    let row = |frame| {
        std::array::from_fn(|keypoint| seen(frame, keypoint).then(|| place(frame, keypoint)))
    };
    (0..FRAMES).map(row).collect()
}

/// A double touch at the end, and a hundred blade contacts before it.
fn signal() -> Signal {
    let contacts: String = (1..=100)
        .map(|at| format!(" {at}.500s | Off-Target: Blade-to-blade contact.\n"))
        .collect();
    let text = format!(
        " 0.001s | Phrase recording started\n{contacts} 119.000s | HIT: Left scores on Right!\n \
         119.100s | HIT: Simultaneous valid hits!\n 120.000s | Phrase recording ended\n\
         Scores -> Fencer 1: HIT, Fencer 2: HIT\n"
    );
    parse("drawn", text.as_bytes()).expect("the text above is a signal")
}

fn decision(c: &mut Criterion) {
    let signal = signal();
    let tracks = Tracks {
        left: rows(Side::Left),
        right: rows(Side::Right),
    };
    for rules in [RuleSet::V1, RuleSet::V2] {
        c.bench_function(&format!("decision of {FRAMES} frames, {rules}"), |b| {
            b.iter(|| black_box(rules.decide(black_box(&signal), black_box(&tracks))));
        });
    }
}

criterion_group!(benches, decision);
criterion_main!(benches);

//! What a frame costs the device's thread on its way to a GPU and back: `submit` and every `poll`, on the driver's double.
//!
//! The double only accounts for work here, so what is measured is our own code and the double's bookkeeping, in CPU time of the
//! thread. `cargo bench --bench submit`.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a benchmark that cannot go on stops, and prints"
)]

#[path = "../tests/common/fake_gpu.rs"]
mod fake_gpu;

use fake_cuda_control::Execution;
use fake_gpu::FakeGpu;
use frameloom::engine::{
    Backend, Data, DeviceSpec, Item, ItemState, Repository, Role, Slot, Tensor, cuda::ptx::Ptx,
};
use rustix::time::{ClockId, clock_gettime};
use std::{num::NonZeroUsize, sync::Arc, task::Poll};

const ROUNDS: usize = 9;
const FRAMES: usize = 2_000;

fn main() {
    let fake = FakeGpu::clean();
    fake.control.set_execution(Execution::Accounted);
    fake.control.set_looks(0);
    let repository = Repository::open(None);
    let model = repository.get("world-box").unwrap();
    let spec = DeviceSpec {
        name: "cuda0".into(),
        threads: NonZeroUsize::MIN,
        gpu: Some(0),
    };
    let mut engine = Ptx::new(Arc::clone(&fake.gpu)).load(model, &spec).unwrap();
    println!("size        items  CPU µs a frame (median of {ROUNDS}, least, most)");
    for (width, height) in [(320, 320), (608, 352), (1280, 720)] {
        let key = model.key(&[("height", height), ("width", width)]).unwrap();
        let mut slot = engine.slot(&key).unwrap();
        for items in [1, 4, 8] {
            let mut rounds: Vec<_> = (0..ROUNDS)
                .map(|_| round(&mut *slot, (width, height), items))
                .collect();
            rounds.sort_by(f64::total_cmp);
            let [median, least, most] = [rounds[ROUNDS / 2], rounds[0], rounds[ROUNDS - 1]];
            println!(
                "{width:>4}×{height:<5}  {items:>5}  {median:>6.2}  {least:>6.2}  {most:>6.2}"
            );
        }
    }
}

/// CPU microseconds a frame.
fn round(slot: &mut dyn Slot, size: (usize, usize), items: usize) -> f64 {
    let mut states: Vec<_> = (0..items).map(|_| fresh(size)).collect();
    let mut spent = 0.0;
    for _ in 0..FRAMES / items {
        // What a frame is made of is made on other threads.
        let batch = states.drain(..).map(step).collect();
        let begun = cpu();
        slot.submit(batch);
        let done = loop {
            if let Poll::Ready(done) = slot.poll() {
                break done;
            }
        };
        spent += cpu() - begun;
        states.extend(done.into_iter().map(|done| {
            assert!(done.outcome.is_ok());
            done.state
        }));
    }
    spent * 1e6 / FRAMES as f64
}

/// Seconds of CPU that this thread has used.
fn cpu() -> f64 {
    let now = clock_gettime(ClockId::ThreadCPUTime);
    now.tv_sec as f64 + now.tv_nsec as f64 * 1e-9
}

fn step(state: ItemState) -> Item {
    let row = |role, values: &[f32]| {
        let tensor = Tensor::f32(vec![1, values.len()], values.to_vec());
        (Role::Borrowed(role), tensor.unwrap())
    };
    Item {
        inputs: vec![
            row("pose", &[0.05, 0.0, 0.2, 0.02, 0.0, 0.0]),
            row("scene", &[0.5, 1.0, 1.4, 6.0]),
        ],
        state,
        boundary: false,
    }
}

fn fresh((width, height): (usize, usize)) -> ItemState {
    let pixels = Data::U8(vec![128; width * height * 3]);
    let picture = Tensor::new(vec![1, height, width, 3], pixels);
    ItemState::Fresh(vec![(Role::Borrowed("image"), picture.unwrap())])
}

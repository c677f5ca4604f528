//! Graphs: one a batch size, and what happens where none can be had or none is wanted.

use crate::rig::{BATCH, Rig, frame, fresh, step};
use frameloom::engine::cuda::Gpu;

#[test]
fn a_batch_of_each_size_is_one_launch_of_its_graph() {
    let rig = Rig::new();
    let (mut walk, control) = (rig.walk(), &rig.fake.control);
    assert_eq!(control.tally().executable_graphs, BATCH as u64);
    let (graphs, launches) = (
        control.tally().graph_launches,
        control.calls("cuLaunchKernel"),
    );
    walk.run(vec![step(0.1, fresh())]);
    walk.run(vec![step(0.1, fresh()), step(0.2, fresh())]);
    assert_eq!(control.tally().graph_launches, graphs + 2);
    // One to make planes of each picture that a session begins with.
    assert_eq!(control.calls("cuLaunchKernel"), launches + 3);
    assert_eq!(rig.fake.gpu.graph_fallbacks(), 0);
}

/// The frame that a walk draws where this call fails so often, after so many that go well.
fn drawn_without(call: &str, (skip, times): (u64, u64), code: i32) -> (Vec<u8>, u64) {
    let rig = Rig::new();
    rig.fake.control.fail(call, skip, times, code);
    let mut walk = rig.walk();
    let drawn = frame(&walk.one(step(0.2, fresh())));
    assert_eq!(rig.fake.control.tally().graph_launches, 0);
    (drawn, rig.fake.gpu.graph_fallbacks())
}

#[test]
fn a_capture_that_fails_is_counted_and_the_frames_are_the_same() {
    let with_graphs = {
        let rig = Rig::new();
        frame(&rig.walk().one(step(0.2, fresh())))
    };
    let (always, sizes) = ((0, u64::MAX), BATCH as u64);
    for (call, when, code, fallbacks) in [
        ("cuStreamBeginCapture_v2", always, 801, sizes),
        ("cuGraphInstantiate_v2", always, 2, sizes),
        // The first kernel that is captured, behind the three of the first run.
        ("cuLaunchKernel", (3, 1), 900, 1),
    ] {
        assert_eq!(
            drawn_without(call, when, code),
            (with_graphs.clone(), fallbacks),
            "{call}"
        );
    }
}

#[test]
fn a_gpu_without_graphs_captures_none_and_draws_the_same() {
    let with_graphs = {
        let rig = Rig::new();
        frame(&rig.walk().one(step(0.2, fresh())))
    };
    let mut rig = Rig::new();
    rig.fake.gpu = Gpu::without_graphs(rig.fake.gpu.facts().clone());
    let mut walk = rig.walk();
    assert_eq!(frame(&walk.one(step(0.2, fresh()))), with_graphs);
    assert_eq!(rig.fake.control.tally().executable_graphs, 0);
    assert_eq!(rig.fake.gpu.graph_fallbacks(), 0, "nothing failed");
}

//! Graphs: what was captured, again and again.

use crate::support::{Driver, INVALID_HANDLE, INVALID_VALUE, PinnedBytes, ok};
use fake_cuda::{control as symbols, ffi::*};

/// `CU_STREAM_CAPTURE_MODE_RELAXED`.
const RELAXED: u32 = 2;

#[test]
fn a_launch_repeats_the_work_with_the_arguments_of_the_capture() {
    let driver = Driver::ready();
    let (stream, memory) = (driver.stream(), driver.holding(&[1; 4]));
    let add = driver.kernel("add");
    driver.begin(stream, RELAXED).unwrap();
    let mut by = 5;
    driver.add(add, stream, memory, by, 4).unwrap();
    by += 90;
    let executable = driver.instantiate(driver.end(stream).unwrap()).unwrap();
    for _ in 0..3 {
        ok(cuGraphLaunch(executable, stream)).unwrap();
    }
    driver.synchronise(stream).unwrap();
    assert_eq!((driver.held(memory), by), (Ok([16; 4]), 95));
    let tally = driver.tally();
    assert_eq!((tally.graph_launches, tally.kernels), (3, 3));
}

#[test]
fn a_launch_reads_pinned_memory_as_it_is_then() {
    let driver = Driver::ready();
    let (stream, memory) = (driver.stream(), driver.memory(2).unwrap());
    let mut pinned = PinnedBytes::new(2);
    pinned.get().fill(0);
    driver.begin(stream, RELAXED).unwrap();
    driver.to_device_on(stream, memory, pinned.get()).unwrap();
    let executable = driver.instantiate(driver.end(stream).unwrap()).unwrap();
    for value in [3, 4] {
        pinned.get().fill(value);
        ok(cuGraphLaunch(executable, stream)).unwrap();
        driver.synchronise(stream).unwrap();
        assert_eq!(driver.held(memory), Ok([value; 2]));
    }
}

#[test]
fn a_graph_takes_what_its_work_takes() {
    let driver = Driver::prompt();
    symbols::fake_cuda_set_costs(1_000, 0);
    let (stream, memory) = (driver.stream(), driver.memory(1).unwrap());
    driver.begin(stream, RELAXED).unwrap();
    driver.fill_on(stream, memory, 1, 1).unwrap();
    driver.fill_on(stream, memory, 1, 1).unwrap();
    let executable = driver.instantiate(driver.end(stream).unwrap()).unwrap();
    let start = driver.recorded(stream);
    ok(cuGraphLaunch(executable, stream)).unwrap();
    let end = driver.recorded(stream);
    driver.synchronise(stream).unwrap();
    assert_eq!(driver.elapsed(start, end), Ok(0.002));
}

#[test]
fn what_can_be_launched_outlives_its_graph() {
    let driver = Driver::ready();
    let (stream, memory) = (driver.stream(), driver.holding(&[0; 1]));
    driver.begin(stream, RELAXED).unwrap();
    driver.fill_on(stream, memory, 6, 1).unwrap();
    let graph = driver.end(stream).unwrap();
    let mut executable = 0;
    let log = std::ptr::null_mut();
    ok(cuGraphInstantiate_v2(
        Some(&mut executable),
        graph,
        None,
        log,
        0,
    ))
    .unwrap();
    ok(cuGraphDestroy(graph)).unwrap();
    let tally = driver.tally();
    assert_eq!((tally.graphs, tally.executable_graphs), (0, 1));
    ok(cuGraphLaunch(executable, stream)).unwrap();
    ok(cuGraphExecDestroy(executable)).unwrap();
    driver.synchronise(stream).unwrap();
    assert_eq!(
        (driver.held(memory), driver.tally().executable_graphs),
        (Ok([6]), 0)
    );
}

#[test]
fn a_graph_tells_its_nodes() {
    let driver = Driver::ready();
    let (stream, memory) = (driver.stream(), driver.memory(1).unwrap());
    driver.begin(stream, RELAXED).unwrap();
    driver.fill_on(stream, memory, 6, 1).unwrap();
    driver.fill_on(stream, memory, 7, 1).unwrap();
    let graph = driver.end(stream).unwrap();
    let mut count = 0;
    // SAFETY: without a place only the number is told.
    ok(unsafe { cuGraphGetNodes(graph, std::ptr::null_mut(), Some(&mut count)) }).unwrap();
    assert_eq!(count, 2);
    let mut nodes = [9; 3];
    count = 3;
    // SAFETY: the place is that long.
    ok(unsafe { cuGraphGetNodes(graph, nodes.as_mut_ptr(), Some(&mut count)) }).unwrap();
    assert!(count == 2 && nodes[0] != nodes[1] && nodes[2] == 0);
}

#[test]
fn a_replay_into_memory_that_was_freed_is_an_error_that_stays() {
    let driver = Driver::ready();
    let (stream, memory) = (driver.stream(), driver.memory(1).unwrap());
    driver.begin(stream, RELAXED).unwrap();
    driver.fill_on(stream, memory, 6, 1).unwrap();
    let executable = driver.instantiate(driver.end(stream).unwrap()).unwrap();
    ok(cuMemFree_v2(memory)).unwrap();
    ok(cuGraphLaunch(executable, stream)).unwrap();
    assert_eq!(driver.synchronise(stream), Err(700));
    assert_eq!(driver.memory(1), Err(700));
}

#[test]
fn handles_that_are_no_graphs_are_refused() {
    let driver = Driver::ready();
    assert_eq!(ok(cuGraphLaunch(1, driver.stream())), INVALID_HANDLE);
    assert_eq!(ok(cuGraphDestroy(1)), INVALID_HANDLE);
    assert_eq!(ok(cuGraphExecDestroy(1)), INVALID_HANDLE);
    let mut executable = 0;
    let flags = cuGraphInstantiateWithFlags(Some(&mut executable), 1, 64);
    assert_eq!(ok(flags), INVALID_VALUE);
}

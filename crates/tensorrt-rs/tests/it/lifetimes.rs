//! Each object is deleted once, and what was made of it before it.

use crate::{Bench, on_each_version};
use fake_tensorrt::Kind;

/// Objects as they came and went.
fn comings_and_goings(bench: &Bench) -> Vec<String> {
    let objects = |line: &String| line.starts_with(['+', '-']);
    bench.double.journal().into_iter().filter(objects).collect()
}

#[test]
fn objects_go_in_the_reverse_of_the_order_in_which_they_came() {
    on_each_version(|bench| {
        drop(bench.context(""));
        let expected = [
            "+runtime", "+engine", "+context", "-context", "-engine", "-runtime",
        ];
        assert_eq!(comings_and_goings(bench), expected);
    });
}

#[test]
fn an_engine_and_its_runtime_live_as_long_as_its_last_context() {
    on_each_version(|bench| {
        let engine = bench.engine("");
        let (first, second) = (engine.context().unwrap(), engine.context().unwrap());
        drop((engine, first));
        let live = [Kind::Runtime, Kind::Engine, Kind::Context].map(|kind| bench.double.live(kind));
        assert_eq!(live, [1, 1, 1]);
        drop(second);
        assert_eq!(bench.double.live(Kind::Runtime), 0);
    });
}

#[test]
fn clones_of_an_engine_are_the_same_engine() {
    on_each_version(|bench| {
        let engine = bench.engine("");
        let clone = engine.clone();
        drop(engine);
        assert_eq!(bench.double.live(Kind::Engine), 1);
        drop(clone);
        assert_eq!(bench.double.live(Kind::Engine), 0);
    });
}

#[test]
fn an_engine_is_shared_by_threads_and_a_context_moves_to_one() {
    on_each_version(|bench| {
        let engine = bench.engine("input x f32 -1");
        let threads = [(); 4].map(|()| {
            let (shared, mut context) = (engine.clone(), engine.context().unwrap());
            std::thread::spawn(move || {
                assert_eq!(shared.tensors().unwrap().len(), 1);
                assert!(context.infer_shapes().is_err());
            })
        });
        for thread in threads {
            thread.join().unwrap();
        }
        assert_eq!(bench.double.live(Kind::Context), 0);
    });
}

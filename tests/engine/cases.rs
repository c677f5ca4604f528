//! What every engine does with work that is sound.

use crate::{
    probe::{distance, everywhere, run},
    subject::{absent, subjects},
};
use frameloom::engine::{
    DType, ItemState, Probe,
    manifest::{Advance, TensorSpec},
};

#[test]
fn a_backend_says_whether_it_is_there() {
    for subject in subjects() {
        let found = subject.backend.probe();
        assert!(matches!(found, Probe::Available(library) if !library.is_empty()));
    }
    for absent in absent() {
        println!("{} skipped: {}", absent.name, absent.why);
    }
}

#[test]
fn an_engine_reports_the_batch_limit_of_its_model() {
    everywhere(|_, bench| {
        let limit = bench.test.model.manifest.batch.max;
        assert_eq!(bench.engine.max_batch(), limit);
    });
}

#[test]
fn the_warm_up_of_the_manifest_runs() {
    everywhere(|_, bench| {
        let model = &bench.test.model;
        let key = model.warmup_key().unwrap();
        let mut slot = bench.engine.slot(&key).unwrap();
        for _ in 0..model.manifest.warmup.runs {
            let done = run(&mut *slot, vec![model.zero_item(&key)]);
            assert!(done[0].outcome.is_ok(), "{:?}", done[0].outcome);
        }
    });
}

#[test]
fn outputs_have_the_shapes_of_the_manifest_with_a_batch_of_one() {
    everywhere(|_, bench| {
        let done = bench.one(bench.fresh(0));
        let outputs = done.outcome.unwrap();
        for spec in &bench.test.model.manifest.output {
            let tensor = outputs.peek(&spec.role).expect("every output is there");
            let own = (spec.shape_at(&bench.test.key), spec.dtype);
            let is = (tensor.shape().to_vec(), tensor.dtype());
            assert!(is == own || Some(is) == pixels(spec, &own.0));
        }
    });
}

/// What a picture may come as instead: interleaved bytes.
fn pixels(spec: &TensorSpec, shape: &[usize]) -> Option<(Vec<usize>, DType)> {
    spec.pixels()?;
    Some((vec![1, shape[2], shape[3], 3], DType::U8))
}

#[test]
fn a_batch_gives_what_its_items_give_alone() {
    everywhere(|subject, bench| {
        let max = bench.engine.max_batch().get() as u32;
        for size in [1, 2, max] {
            let batch = (0..size).map(|session| bench.fresh(session)).collect();
            let together = bench.run(batch);
            assert_eq!(together.len(), size as usize);
            for (session, done) in (0..size).zip(&together) {
                let alone = bench.one(bench.fresh(session));
                let worst = distance(&bench.output(done), &bench.output(&alone));
                assert!(
                    worst <= subject.batch_tolerance,
                    "{session} of {size}: {worst}"
                );
            }
        }
    });
}

#[test]
fn the_same_work_gives_the_same_answer_to_the_bit() {
    everywhere(|_, bench| {
        let (first, again) = (bench.one(bench.fresh(1)), bench.one(bench.fresh(1)));
        assert_eq!(bench.output(&first), bench.output(&again));
    });
}

/// Runs twice, and compares the second run with one that began with the state that the manifest promises.
fn state_advances(boundary: bool) {
    everywhere(|subject, bench| {
        let mut item = bench.fresh(1);
        item.boundary = boundary;
        let first = bench.one(item);
        let shown = bench.output(&first);
        assert!(matches!(first.state, ItemState::Kept(_)));
        let next = bench.one(bench.item(2, first.state));

        let begun = bench.one(bench.item(2, ItemState::Fresh((bench.test.fresh)(1))));
        let moved = bench.one(bench.item(2, bench.state_of(shown)));
        let (begun, moved) = (bench.output(&begun), bench.output(&moved));
        assert!(distance(&begun, &moved) > 0.01, "the two can be told apart");
        let every_run = bench.test.model.manifest.state[0].advance == Advance::EveryRun;
        let expected = if every_run || boundary { moved } else { begun };
        let worst = distance(&bench.output(&next), &expected);
        // The state that was shown was rounded, and so was each of the two that are compared.
        let tolerance = subject.batch_tolerance + 3.0 * subject.rounding;
        assert!(worst <= tolerance, "{worst}");
    });
}

#[test]
fn within_a_chunk_only_state_of_every_run_moves_on() {
    state_advances(false);
}

#[test]
fn at_a_boundary_all_state_moves_on() {
    state_advances(true);
}

#[test]
fn sessions_that_share_batches_keep_their_own_pictures() {
    everywhere(|subject, bench| {
        let turn = |done: frameloom::engine::ItemDone| done.state;
        let mut shared = [0, 1].map(|session| bench.fresh(session).state);
        let mut alone = [0, 1].map(|session| bench.fresh(session).state);
        for boundary in [true, false, true] {
            let mut batch: Vec<_> = shared
                .into_iter()
                .zip([0, 1])
                .map(|(state, session)| bench.item(session, state))
                .collect();
            batch.iter_mut().for_each(|item| item.boundary = boundary);
            let both = bench.run(batch);
            let mut own = Vec::new();
            for (state, session) in alone.into_iter().zip([0, 1]) {
                let mut item = bench.item(session, state);
                item.boundary = boundary;
                own.push(bench.one(item));
            }
            for (a, b) in both.iter().zip(&own) {
                let worst = distance(&bench.output(a), &bench.output(b));
                // Differences of earlier runs are drawn again by later ones.
                assert!(worst <= subject.batch_tolerance * 10.0, "{worst}");
            }
            let mut both = both.into_iter().map(turn);
            let mut own = own.into_iter().map(turn);
            shared = [both.next().unwrap(), both.next().unwrap()];
            alone = [own.next().unwrap(), own.next().unwrap()];
        }
    });
}

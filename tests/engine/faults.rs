//! What every engine does with work, files and shapes that are not sound: an error with a name, never a panic.

use crate::{
    probe::{Bench, distance, everywhere, fault},
    subject::{TestModel, subjects},
};
use frameloom::engine::{EngineKey, Item, ItemDone, ItemState, Repository, Role, Scope, Tensor};
use std::sync::Arc;

/// The ways to spoil one list of tensors.
fn spoiled(tensors: &[(Role, Tensor)]) -> Vec<(&'static str, Vec<(Role, Tensor)>)> {
    let with_first = |change: &dyn Fn(&Tensor) -> Tensor| {
        let mut tensors = tensors.to_vec();
        tensors[0].1 = change(&tensors[0].1);
        tensors
    };
    let mut renamed = tensors.to_vec();
    renamed[0].0 = Role::Borrowed("unknown");
    vec![
        ("type", with_first(&TestModel::mistyped)),
        ("shape", with_first(&TestModel::misshapen)),
        ("role", renamed),
        ("nothing", Vec::new()),
    ]
}

/// Items that are wrong in one way each.
fn unsound(bench: &Bench) -> Vec<(String, Item)> {
    let mut items = Vec::new();
    for (what, tensors) in spoiled(&(bench.test.fresh)(1)) {
        let item = bench.item(1, ItemState::Fresh(tensors));
        items.push((format!("state: {what}"), item));
    }
    items.push(("state: lost".into(), bench.item(1, ItemState::Lost)));
    items.push(("state: none".into(), bench.item(1, ItemState::None)));
    let inputs = (bench.test.inputs)(1);
    if !inputs.is_empty() {
        for (what, inputs) in spoiled(&inputs) {
            let mut item = bench.fresh(1);
            item.inputs = inputs;
            items.push((format!("input: {what}"), item));
        }
    }
    items
}

fn scope(done: &ItemDone) -> Option<Scope> {
    done.outcome.as_ref().err().map(|e| e.scope)
}

#[test]
fn an_unsound_item_fails_alone_and_its_neighbours_do_not() {
    everywhere(|subject, bench| {
        let alone = bench.one(bench.fresh(0));
        let expected = bench.output(&alone);
        for (what, item) in unsound(bench) {
            let batch = vec![bench.fresh(0), item, bench.fresh(0)];
            let done = bench.run(batch);
            assert_eq!(scope(&done[1]), Some(Scope::Item), "{what}");
            for neighbour in [&done[0], &done[2]] {
                let worst = distance(&bench.output(neighbour), &expected);
                assert!(worst <= subject.batch_tolerance, "{what}: {worst}");
            }
            let alone = unsound(bench).into_iter().find(|(name, _)| *name == what);
            let alone = bench.one(alone.unwrap().1);
            assert_eq!(scope(&alone), Some(Scope::Item), "{what}, alone");
        }
    });
}

#[test]
fn a_failed_item_brings_back_the_state_that_it_came_with() {
    everywhere(|subject, bench| {
        if (bench.test.inputs)(0).is_empty() {
            println!("skipped: it takes nothing but state");
            return;
        }
        let kept = |bench: &mut Bench| {
            let mut item = bench.fresh(1);
            item.boundary = true;
            bench.one(item).state
        };
        let state = kept(bench);
        let mut item = bench.item(2, state);
        (item.inputs, item.boundary) = (Vec::new(), true);
        let failed = bench.one(item);
        assert_eq!(scope(&failed), Some(Scope::Item));
        let after = bench.one(bench.item(2, failed.state));
        let untouched = kept(bench);
        let untouched = bench.one(bench.item(2, untouched));
        let worst = distance(&bench.output(&after), &bench.output(&untouched));
        assert!(worst <= subject.batch_tolerance, "{worst}");
    });
}

#[test]
fn fresh_state_that_cannot_be_used_comes_back_as_it_was() {
    everywhere(|_, bench| {
        let spoiled = vec![(Role::Borrowed("unknown"), (bench.test.fresh)(1).remove(0).1)];
        let item = bench.item(1, ItemState::Fresh(spoiled.clone()));
        match bench.one(item).state {
            ItemState::Fresh(back) => assert_eq!(back, spoiled),
            other => panic!("{other:?}"),
        }
    });
}

#[test]
fn a_shape_off_the_axes_is_refused_with_the_axis() {
    everywhere(|_, bench| {
        let Some((name, axis)) = bench.test.model.manifest.axes.first_key_value() else {
            println!("skipped: it has no axes");
            return;
        };
        let off = bench.test.key.axes.iter().map(|(axis, n)| {
            let n = if **axis == **name { 1 } else { *n };
            (Arc::clone(axis), n)
        });
        assert!(!axis.admits(1));
        let key = EngineKey {
            axes: off.collect(),
            ..bench.test.key.clone()
        };
        let refused = bench.engine.slot(&key).err().expect("no slot");
        assert!(refused.why.contains(name.as_str()), "{refused}");
        assert!(!refused.fix.is_empty());
    });
}

#[test]
fn a_file_that_is_not_there_is_told_with_where_it_should_be() {
    for subject in subjects().into_iter().filter(|s| !s.reads_plans) {
        for test in &subject.models {
            let manifest = &test.model.manifest;
            let root = tempfile::tempdir().unwrap();
            let folder = root.path().join(&manifest.name);
            std::fs::create_dir(&folder).unwrap();
            std::fs::write(folder.join("model.toml"), text_of(&manifest.name)).unwrap();
            let repository = Repository::open(Some(root.path()));
            let error = fault(&subject, repository.get(&manifest.name).unwrap());
            let path = folder.join(&manifest.file);
            assert!(error.fix.contains(&*path.to_string_lossy()), "{error}");
        }
    }
}

/// The text of a model's manifest.
fn text_of(name: &str) -> String {
    let root = env!("CARGO_MANIFEST_DIR");
    let read = |path: &str| std::fs::read_to_string(format!("{root}/{path}/model.toml")).unwrap();
    match name {
        "world-box" => read("models/world-box"),
        "affine" => read("tests/engine/data/affine"),
        _ => frameloom::engine::scripted::MANIFEST.into(),
    }
}

#[test]
fn another_file_than_the_manifest_names_is_refused() {
    for subject in subjects().into_iter().filter(|s| !s.reads_plans) {
        for test in &subject.models {
            let error = fault(&subject, &test.altered(b"another file", |_| {}));
            assert!(error.why.contains("SHA-256"), "{error}");
            assert!(!error.fix.is_empty());
        }
    }
}

#[test]
fn a_file_that_is_no_model_is_told_with_a_cure() {
    for subject in subjects().iter().filter(|subject| subject.reads_files) {
        let test = &subject.models[0];
        // SHA-256 of these bytes, as `sha256sum` gives it.
        let sha = "795b6904e54f82411df4b0e27a373a55eea3f9d66dac5a9bce1dd92f7b401da5";
        let garbage = test.altered(b"garbage", |manifest| manifest.sha256 = sha.into());
        let error = fault(subject, &garbage);
        assert!(
            !error.why.contains("SHA-256") && !error.fix.is_empty(),
            "{error}"
        );
    }
}

#[test]
fn a_tensor_that_the_graph_does_not_have_is_told_by_name() {
    for subject in subjects().iter().filter(|subject| subject.reads_files) {
        for test in &subject.models {
            let file = test.model.read().unwrap();
            let wrong = test.altered(&file, |manifest| manifest.output[0].name = "unknown".into());
            let error = fault(subject, &wrong);
            assert!(error.why.contains("`unknown`"), "{error}");
            assert!(error.fix.contains("model.toml"), "{error}");
        }
    }
}

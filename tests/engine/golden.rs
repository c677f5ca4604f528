//! The built-in model on every backend that loads it, against frames that ONNX Runtime made.
//!
//! `models/recipes/golden.py` says how; the tolerance is the golden files' own.

use crate::{
    probe::{Bench, distance},
    subject::{picture, subjects},
};
use frameloom::engine::{Item, ItemState, Role, Tensor};
use serde::Deserialize;
use std::path::Path;

#[derive(Deserialize)]
struct Golden {
    height: usize,
    width: usize,
    tolerance: f32,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    pose: Vec<f32>,
    scene: Vec<f32>,
    frame: String,
}

fn row(role: &'static str, values: &[f32]) -> (Role, Tensor) {
    let tensor = Tensor::f32(vec![1, values.len()], values.to_vec());
    (Role::Borrowed(role), tensor.unwrap())
}

fn frame(golden: &Golden, folder: &Path, case: &Case) -> Tensor {
    let bytes = std::fs::read(folder.join(&case.frame)).unwrap();
    let values = bytes
        .chunks_exact(4)
        .map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]));
    let shape = vec![1, 3, golden.height, golden.width];
    Tensor::f32(shape, values.collect()).unwrap()
}

#[test]
fn the_built_in_model_draws_its_golden_frames_alone_and_in_batches() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/world-box/golden");
    let text = std::fs::read(folder.join("cases.json")).unwrap();
    let golden: Golden = serde_json::from_slice(&text).unwrap();
    for subject in subjects() {
        let Some(test) = subject
            .models
            .iter()
            .find(|m| m.model.name() == "world-box")
        else {
            println!("{} skipped: it does not load files", subject.backend.name());
            continue;
        };
        let mut bench = Bench::new(&subject, test);
        let item = |case: &Case| Item {
            inputs: vec![row("pose", &case.pose), row("scene", &case.scene)],
            state: ItemState::Fresh(vec![(Role::Borrowed("image"), picture(0))]),
            boundary: false,
        };
        let max = bench.engine.max_batch().get();
        for size in [1, max] {
            for cases in golden.cases.chunks(size) {
                let drawn = bench.run(cases.iter().map(item).collect());
                for (case, done) in cases.iter().zip(&drawn) {
                    let worst = distance(&bench.output(done), &frame(&golden, &folder, case));
                    assert!(
                        worst <= golden.tolerance + subject.rounding,
                        "{} of {size}: {worst}",
                        case.name
                    );
                }
            }
        }
    }
}

//! The built-in keypoint model on every backend that loads it: the same joints, whoever finds them.

use crate::{
    probe::{device, distance, run},
    subject::subjects,
};
use frameloom::engine::{Item, ItemState, Repository, Role, Tensor};
use std::path::Path;

const HEIGHT: usize = 144;
const WIDTH: usize = 256;

/// Pixels: what `models/recipes/fencer_keypoints.py` had ONNX Runtime find in [`bars`].
fn golden() -> Vec<Tensor> {
    let path =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("models/fencer-keypoints/golden/bars.f32");
    let bytes = std::fs::read(path).unwrap();
    let values = bytes
        .chunks_exact(4)
        .map(|word| f32::from_le_bytes(word.try_into().unwrap()));
    let both = Tensor::f32(vec![2, 56, 2], values.collect()).unwrap();
    both.unstack()
}

/// The recipe's pictures.
fn bars(picture: usize) -> Item {
    let value = |i: usize| {
        let (c, y, x) = (i / (HEIGHT * WIDTH), i / WIDTH % HEIGHT, i % WIDTH);
        let wave = 0.31 * (x * (c + 1)) as f64 + 0.17 * y as f64 + picture as f64;
        (0.5 + 0.5 * wave.sin()) as f32
    };
    let values = (0..3 * HEIGHT * WIDTH).map(value).collect();
    let images = Tensor::f32(vec![1, 3, HEIGHT, WIDTH], values).unwrap();
    Item {
        inputs: vec![(Role::Borrowed("images"), images)],
        state: ItemState::None,
        boundary: false,
    }
}

#[test]
fn every_backend_finds_the_golden_joints_alone_and_in_a_batch() {
    let repository = Repository::open(None);
    let model = repository.get("fencer-keypoints").unwrap();
    for subject in subjects().iter().filter(|subject| subject.reads_files) {
        let mut engine = subject.backend.load(model, &device()).unwrap();
        let mut slot = engine.slot(&model.key(&[]).unwrap()).unwrap();
        let mut done = run(&mut *slot, vec![bars(0), bars(1)]);
        done.extend([0, 1].map(|picture| run(&mut *slot, vec![bars(picture)]).remove(0)));
        for (done, golden) in done.into_iter().zip(golden().iter().cycle()) {
            let found = done.outcome.unwrap().take("predictions").unwrap();
            let worst = distance(&found, golden);
            println!("{}: {worst} pixels", subject.backend.name());
            assert!(worst <= 1e-3, "{}: {worst} pixels", subject.backend.name());
        }
    }
}

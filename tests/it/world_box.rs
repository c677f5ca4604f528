//! The world box graph on the embedded runtime, against golden frames that ONNX Runtime made.
//!
//! Inputs are rebuilt from the formula in `models/recipes/golden.py`; expected frames lie in `models/world-box/golden`.

use std::path::{Path, PathBuf};

use rten::{Model, ValueOrView};
use rten_tensor::NdTensor;
use rten_tensor::prelude::*;
use serde::Deserialize;

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
    pose: [f32; 6],
    scene: [f32; 4],
    frame: String,
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("models/world-box")
}

fn golden() -> Golden {
    serde_json::from_slice(&std::fs::read(folder().join("golden/cases.json")).unwrap()).unwrap()
}

/// The recipe's picture of any size.
fn picture(batch: usize, height: usize, width: usize) -> NdTensor<f32, 4> {
    NdTensor::from_fn([batch, 3, height, width], |[_, c, y, x]| {
        (0.5 + 0.5 * (0.31 * (x * (c + 1)) as f64 + 0.17 * y as f64).sin()) as f32
    })
}

fn draw(image: &NdTensor<f32, 4>, poses: &[[f32; 6]], scenes: &[[f32; 4]]) -> NdTensor<f32, 4> {
    let model = Model::load_file(folder().join("model.onnx")).unwrap();
    let poses = NdTensor::from_data([poses.len(), 6], poses.concat());
    let scenes = NdTensor::from_data([scenes.len(), 4], scenes.concat());
    let inputs: Vec<(_, ValueOrView)> = vec![
        (model.node_id("image").unwrap(), image.view().into()),
        (model.node_id("pose").unwrap(), poses.view().into()),
        (model.node_id("scene").unwrap(), scenes.view().into()),
    ];
    let [frame] = model
        .run_n(inputs, [model.node_id("frame").unwrap()], None)
        .unwrap();
    frame.try_into().unwrap()
}

fn largest_difference(a: impl IntoIterator<Item = f32>, b: impl IntoIterator<Item = f32>) -> f32 {
    a.into_iter()
        .zip(b)
        .map(|(a, b)| (a - b).abs())
        .fold(0.0, f32::max)
}

#[test]
fn the_embedded_runtime_draws_the_golden_frames() {
    let golden = golden();
    for case in &golden.cases {
        let frame = draw(
            &picture(1, golden.height, golden.width),
            &[case.pose],
            &[case.scene],
        );
        let bytes = std::fs::read(folder().join("golden").join(&case.frame)).unwrap();
        let expected = bytes
            .chunks_exact(4)
            .map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]));
        assert_eq!(bytes.len(), frame.len() * 4);
        let worst = largest_difference(frame.iter().copied(), expected);
        assert!(worst <= golden.tolerance, "{}: {worst}", case.name);
    }
}

#[test]
fn pose_zero_gives_the_picture_back_at_every_size() {
    for (height, width) in [(64, 64), (352, 608), (608, 352), (64, 1280)] {
        let image = picture(1, height, width);
        let frame = draw(&image, &[[0.0; 6]], &[[0.5, 1.0, 1.4, 6.0]]);
        let worst = largest_difference(frame.iter().copied(), image.iter().copied());
        assert!(worst < 1.0 / 255.0, "{height} x {width}: {worst}");
    }
}

#[test]
fn a_batch_gives_what_its_items_give_alone() {
    let golden = golden();
    let poses: Vec<_> = golden.cases.iter().map(|case| case.pose).collect();
    let scenes: Vec<_> = golden.cases.iter().map(|case| case.scene).collect();
    let together = draw(&picture(poses.len(), 64, 64), &poses, &scenes);
    for (i, case) in golden.cases.iter().enumerate() {
        let alone = draw(&picture(1, 64, 64), &[case.pose], &[case.scene]);
        let worst = largest_difference(alone.iter().copied(), together.slice(i).iter().copied());
        assert!(worst <= 1e-5, "{}: {worst}", case.name);
    }
}

#[test]
fn extreme_poses_and_scenes_stay_pictures() {
    let image = picture(1, 64, 64);
    for extreme in [-1e6_f32, 1e6] {
        for scene in [
            [0.5, 1.0, 1.4, 6.0],
            [0.0, 1.0, -2.0, 9.0],
            [1.0, 1.0, 64.0, 12.0],
            [extreme; 4],
        ] {
            let frame = draw(&image, &[[extreme; 6]], &[scene]);
            assert!(
                frame.iter().all(|value| (0.0..=1.0).contains(value)),
                "{extreme} in {scene:?}"
            );
        }
    }
}

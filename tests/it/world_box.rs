//! What the world box graph promises of any picture, pose and scene, asked of the embedded runtime itself.
//!
//! Its golden frames are in the engine suite, where every backend draws them.

use std::path::Path;

use rten::{Model, ValueOrView};
use rten_tensor::NdTensor;
use rten_tensor::prelude::*;

/// The recipe's picture of any size.
fn picture(height: usize, width: usize) -> NdTensor<f32, 4> {
    NdTensor::from_fn([1, 3, height, width], |[_, c, y, x]| {
        (0.5 + 0.5 * (0.31 * (x * (c + 1)) as f64 + 0.17 * y as f64).sin()) as f32
    })
}

fn draw(image: &NdTensor<f32, 4>, pose: [f32; 6], scene: [f32; 4]) -> NdTensor<f32, 4> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/world-box/model.onnx");
    let model = Model::load_file(path).unwrap();
    let pose = NdTensor::from_data([1, 6], pose.to_vec());
    let scene = NdTensor::from_data([1, 4], scene.to_vec());
    let inputs: Vec<(_, ValueOrView)> = vec![
        (model.node_id("image").unwrap(), image.view().into()),
        (model.node_id("pose").unwrap(), pose.view().into()),
        (model.node_id("scene").unwrap(), scene.view().into()),
    ];
    let [frame] = model
        .run_n(inputs, [model.node_id("frame").unwrap()], None)
        .unwrap();
    frame.try_into().unwrap()
}

#[test]
fn pose_zero_gives_the_picture_back_at_every_size() {
    for (height, width) in [(64, 64), (352, 608), (608, 352), (64, 1280)] {
        let image = picture(height, width);
        let frame = draw(&image, [0.0; 6], [0.5, 1.0, 1.4, 6.0]);
        let differences = frame.iter().zip(image.iter()).map(|(a, b)| (a - b).abs());
        let worst = differences.fold(0.0, f32::max);
        assert!(worst < 1.0 / 255.0, "{height} x {width}: {worst}");
    }
}

#[test]
fn extreme_poses_and_scenes_stay_pictures() {
    let image = picture(64, 64);
    for extreme in [-1e6_f32, 1e6] {
        for scene in [
            [0.5, 1.0, 1.4, 6.0],
            [0.0, 1.0, -2.0, 9.0],
            [1.0, 1.0, 64.0, 12.0],
            [extreme; 4],
        ] {
            let frame = draw(&image, [extreme; 6], scene);
            assert!(
                frame.iter().all(|value| (0.0..=1.0).contains(value)),
                "{extreme} in {scene:?}"
            );
        }
    }
}

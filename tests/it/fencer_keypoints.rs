//! What the built-in keypoint model promises, asked of the embedded runtime itself: on drawn bouts that it was not trained on.
//!
//! The figures of its card are measured by its recipe, over more frames; the bounds here are theirs with room to breathe.

use std::path::{Path, PathBuf};

use frameloom::media::{
    bout::{Bout, BoutOptions, FrameTruth},
    convert::rgb8_to_planar,
};
use rten::{Model, ValueOrView};
use rten_tensor::NdTensor;
use rten_tensor::prelude::*;

const WIDTH: usize = 256;
const HEIGHT: usize = 144;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("models/fencer-keypoints")
}

/// The rows of both candidates.
fn predictions(images: &NdTensor<f32, 4>) -> NdTensor<f32, 3> {
    let model = Model::load_file(folder().join("model.onnx")).unwrap();
    let inputs: Vec<(_, ValueOrView)> =
        vec![(model.node_id("images").unwrap(), images.view().into())];
    let [out] = model
        .run_n(inputs, [model.node_id("predictions").unwrap()], None)
        .unwrap();
    out.try_into().unwrap()
}

/// A frame of a bout of this seed, as the model takes it, and who is in it.
fn drawn(seed: u64, fencers: bool) -> (NdTensor<f32, 4>, Option<FrameTruth>) {
    let options = BoutOptions {
        width: WIDTH as u32,
        height: HEIGHT as u32,
        fencers,
        ..BoutOptions::default()
    };
    let bout = Bout::draw(seed, options).unwrap();
    let number = seed * 7 % bout.len();
    let mut planes = vec![0.0; 3 * WIDTH * HEIGHT];
    rgb8_to_planar(
        &bout.frame(number).data,
        WIDTH as u32,
        HEIGHT as u32,
        &mut planes,
    );
    let truth = bout.truth().keypoints.get(number as usize).cloned();
    (NdTensor::from_data([1, 3, HEIGHT, WIDTH], planes), truth)
}

#[test]
fn it_finds_the_joints_of_both_fencers_in_bouts_that_it_has_not_seen() {
    let (mut near, mut all) = (0, 0);
    for seed in 5_000..5_016 {
        let (images, truth) = drawn(seed, true);
        let (out, truth) = (predictions(&images), truth.unwrap());
        for (person, joints) in [truth.left, truth.right].iter().enumerate() {
            assert!(
                out[[0, 4, person]] > 0.25,
                "seed {seed}: fencer {person} was missed"
            );
            for (joint, [x, y, _]) in joints.iter().enumerate() {
                let [dx, dy] = [
                    x - out[[0, 5 + 3 * joint, person]],
                    y - out[[0, 6 + 3 * joint, person]],
                ];
                // 16 pixels of a picture of 1280×720.
                near += usize::from(dx.hypot(dy) * 1280.0 / WIDTH as f32 <= 16.0);
                all += 1;
            }
        }
    }
    assert!(
        near * 100 >= all * 80,
        "{near} of {all} joints within 16 pixels"
    );
}

#[test]
fn it_finds_nobody_in_most_halls_without_fencers() {
    let found = (6_000..6_016).filter(|seed| {
        let out = predictions(&drawn(*seed, false).0);
        out[[0, 4, 0]].max(out[[0, 4, 1]]) >= 0.25
    });
    assert!(found.count() <= 2);
}

#[test]
fn it_answers_as_onnx_runtime_did_alone_and_in_a_batch() {
    let bytes = std::fs::read(folder().join("golden/bars.f32")).unwrap();
    let golden: Vec<f32> = bytes
        .chunks_exact(4)
        .map(|word| f32::from_le_bytes(word.try_into().unwrap()))
        .collect();
    let images = NdTensor::from_fn([2, 3, HEIGHT, WIDTH], |[n, c, y, x]| {
        (0.5 + 0.5 * (0.31 * (x * (c + 1)) as f64 + 0.17 * y as f64 + n as f64).sin()) as f32
    });
    let out = predictions(&images);
    assert_eq!(out.shape(), [2, 56, 2]);
    let worst = out.iter().zip(&golden).map(|(a, b)| (a - b).abs());
    let worst = worst.fold(0.0, f32::max);
    assert!(worst < 0.05, "{worst} pixels");
}

//! The walk through a picture, against frames that ONNX Runtime made of the graph.

mod reference;

use crate::bench::{Bench, repository};
use serde::Deserialize;
use std::fs;

/// Bytes of a record of an item: two addresses, a pose and a scene.
const ITEM: usize = 56;

/// Planes of the coarse grid.
const PLANES: usize = 5;

/// What an item of a batch is made of.
#[derive(Clone)]
struct Item {
    image: Vec<f32>,
    pose: [f32; 6],
    scene: [f32; 4],
}

/// What the kernels make of it.
#[derive(Debug, PartialEq)]
struct Made {
    frame: Vec<f32>,
    pixels: Vec<u8>,
}

/// The recipes' picture, of any size.
fn picture(width: usize, height: usize) -> Vec<f32> {
    let pixel = |i: usize| {
        let (c, y, x) = (i / (width * height), i / width % height, i % width);
        (0.5 + 0.5 * (0.31 * (x * (c + 1)) as f64 + 0.17 * y as f64).sin()) as f32
    };
    (0..3 * width * height).map(pixel).collect()
}

fn record(image: u64, frame: u64, item: &Item) -> Vec<u8> {
    let floats = item.pose.iter().chain(&item.scene);
    let floats = floats.flat_map(|value| value.to_le_bytes());
    let addresses = [image, frame].map(u64::to_le_bytes);
    addresses.into_iter().flatten().chain(floats).collect()
}

/// Runs a batch.
fn run(width: usize, height: usize, items: &[Item]) -> Vec<Made> {
    let mut bench = Bench::of("world");
    let (pixels, batch) = (width * height, items.len());
    let images: Vec<u64> = items
        .iter()
        .map(|i| bench.upload_floats(&i.image))
        .collect();
    let frames: Vec<u64> = items.iter().map(|_| bench.room(pixels * 12)).collect();
    let records: Vec<u8> = (0..batch)
        .flat_map(|at| record(images[at], frames[at], &items[at]))
        .collect();
    assert_eq!(records.len(), batch * ITEM);
    let records = bench.upload(&records);
    let (columns, rows) = (width / 4 + 1, height / 4 + 1);
    let grid = bench.room(batch * PLANES * columns * rows * 4);
    let sampled = bench.room(batch * pixels * 12);
    let bytes = bench.room(batch * pixels * 3);
    let (w, h, z) = (width as i32, height as i32, batch as u32);
    let block = [16, 8, 1];
    let knots = [columns as u32, rows as u32, z];
    let cover = [width as u32, height as u32, z];
    bench.run("world_grid", block, knots, &[&records, &grid, &w, &h]);
    bench.run(
        "world_warp",
        block,
        cover,
        &[&records, &grid, &sampled, &w, &h],
    );
    bench.run(
        "world_finish",
        block,
        cover,
        &[&records, &grid, &sampled, &bytes, &w, &h],
    );
    let made = |(at, &frame): (usize, &u64)| Made {
        frame: bench.floats(frame, pixels * 3),
        pixels: bench
            .space
            .get(bytes + (at * pixels * 3) as u64, pixels * 3)
            .unwrap(),
    };
    frames.iter().enumerate().map(made).collect()
}

fn one(width: usize, height: usize, item: Item) -> Made {
    run(width, height, &[item]).remove(0)
}

fn furthest(a: &[f32], b: &[f32]) -> f32 {
    assert_eq!(a.len(), b.len());
    let away = a.iter().zip(b).map(|(a, b)| (a - b).abs());
    // `max` would pass over what is no number.
    away.fold(0.0, |most, away| if away <= most { most } else { away })
}

#[derive(Deserialize)]
struct Golden {
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

impl Case {
    fn item(&self) -> Item {
        Item {
            image: picture(64, 64),
            pose: self.pose,
            scene: self.scene,
        }
    }

    fn wanted(&self) -> Vec<f32> {
        let path = repository()
            .join("models/world-box/golden")
            .join(&self.frame);
        let bytes = fs::read(path).unwrap();
        let floats = bytes.as_chunks().0.iter();
        floats.map(|bytes| f32::from_le_bytes(*bytes)).collect()
    }
}

fn golden() -> Golden {
    let path = repository().join("models/world-box/golden/cases.json");
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

#[test]
fn every_golden_frame_is_met() {
    let golden = golden();
    for case in &golden.cases {
        let made = one(64, 64, case.item());
        let away = furthest(&made.frame, &case.wanted());
        assert!(away <= golden.tolerance, "{}: {away}", case.name);
    }
}

#[test]
fn the_unmoved_view_is_the_picture_itself() {
    let item = Item {
        image: picture(96, 64),
        pose: [0.0; 6],
        scene: [0.4, 1.0, 1.4, 6.0],
    };
    let wanted = item.image.clone();
    assert!(furthest(&one(96, 64, item).frame, &wanted) < 1e-4);
}

#[test]
fn an_item_of_a_batch_is_exactly_what_it_is_alone() {
    let cases = golden().cases;
    let items: Vec<Item> = cases[..4].iter().map(Case::item).collect();
    let alone: Vec<Made> = items.iter().map(|i| one(64, 64, i.clone())).collect();
    assert_eq!(run(64, 64, &items), alone);
}

#[test]
fn bytes_are_the_frame_rounded_halves_upwards() {
    let made = one(64, 64, golden().cases[1].item());
    let rounded: Vec<u8> = (0..64 * 64 * 3)
        .map(|i| made.frame[i % 3 * 4096 + i / 3])
        .map(|value| (value.clamp(0.0, 1.0) * 255.0 + 0.5) as u8)
        .collect();
    assert_eq!(made.pixels, rounded);
}

/// A walk that is being renewed; 0.8 backs behind it everything looks otherwise.
fn renewed(weight: f32) -> Item {
    Item {
        image: picture(64, 80),
        pose: [0.1, 0.0, 0.5, 0.02, 0.0, weight],
        scene: [0.5, 1.0, 1.4, 2.7],
    }
}

#[test]
fn a_renewal_follows_the_recipe_at_every_weight() {
    for weight in [0.0, 0.5, 1.0] {
        let item = renewed(weight);
        let wanted = reference::frame(64, 80, &item.image, item.pose, item.scene);
        let away = furthest(&one(64, 80, item).frame, &wanted);
        assert!(away <= 1e-3, "{weight}: {away}");
    }
}

#[test]
fn a_renewal_mixes_two_views_by_its_weight() {
    let [near, half, far] = [0.0, 0.5, 1.0].map(|weight| one(64, 80, renewed(weight)).frame);
    let mean: Vec<f32> = near
        .iter()
        .zip(&far)
        .map(|(a, b)| a + (b - a) * 0.5)
        .collect();
    assert!(furthest(&near, &far) > 0.1);
    assert!(furthest(&half, &mean) < 1e-6);
}

#[test]
fn sizes_that_are_not_square_follow_the_recipe() {
    for (width, height) in [(128, 64), (64, 112), (80, 96)] {
        for case in golden().cases {
            let item = Item {
                image: picture(width, height),
                ..case.item()
            };
            let wanted = reference::frame(width, height, &item.image, item.pose, item.scene);
            let away = furthest(&one(width, height, item).frame, &wanted);
            assert!(away <= 1e-3, "{} at {width}×{height}: {away}", case.name);
        }
    }
}

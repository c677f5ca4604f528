//! What frames are drawn from: pictures with edges and slopes, scenes of each kind, and poses that reach every branch of the
//! world's geometry.
//!
//! The same numbers on every machine and for every runtime.

use super::effort::Size;
use crate::engine::{Data, Item, ItemState, Role, Tensor};

/// A scene and a pose: `scene` and `pose` of the model's manifest, which says what they mean.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Case {
    /// Both in words.
    pub name: (&'static str, &'static str),
    scene: [f32; 4],
    pose: [f32; 6],
}

/// As the pipeline makes them (`pipelines/world/scene`). Others may not be compared: without walls and with the back three times
/// as far away a renewal divides by depths near 0, and no two runtimes agree on the pixels there.
const SCENES: [(&str, [f32; 4]); 3] = [
    // Walls, and no ceiling over them.
    ("street", [0.45, 1.0, -1.8, 12.0]),
    ("room", [0.5, 1.0, 1.4, 6.0]),
    // No walls.
    ("open", [0.4, 1.0, 64.0, 12.0]),
];

const POSES: [(&str, [f32; 6]); 4] = [
    ("ahead", [0.0, 0.0, 0.6, 0.0, 0.0, 0.0]),
    ("sideways", [0.4, 0.02, 0.1, 0.0, 0.0, 0.0]),
    ("turned", [0.1, 0.0, 0.2, 0.3, -0.1, 0.0]),
    ("renewed by half", [0.05, 0.01, 0.5, 0.02, 0.0, 0.5]),
];

/// Steps of a walk until its frame becomes the picture.
const CHUNK: usize = 30;

/// Every scene with every pose.
pub fn all() -> Vec<Case> {
    let with = |(scene, numbers): (&'static str, [f32; 4])| {
        POSES.map(|(pose, at)| Case {
            name: (scene, pose),
            scene: numbers,
            pose: at,
        })
    };
    SCENES.into_iter().flat_map(with).collect()
}

impl Case {
    /// One frame from here. It becomes the picture.
    pub fn frame(&self, state: ItemState) -> Item {
        item(self.pose, self.scene, state, true)
    }

    /// The picture as it is now.
    pub fn at_rest(&self, state: ItemState) -> Item {
        item([0.0; 6], self.scene, state, false)
    }
}

/// The inputs of a walk's step of this number, and whether its frame becomes the picture.
pub fn step(number: usize) -> (Vec<(Role, Tensor)>, bool) {
    let along = 0.02 * (number % CHUNK) as f32;
    let pose = [0.1 * along, 0.0, along, 0.0, 0.0, 0.0];
    (inputs(pose, SCENES[1].1), number % CHUNK == CHUNK - 1)
}

/// A session's state as it begins: the picture of this number.
pub fn fresh(size: Size, number: usize) -> ItemState {
    let Size { width, height } = size;
    let pixels = (0..height).flat_map(|y| (0..width).flat_map(move |x| pixel(x, y, number)));
    let tensor = Tensor::new(vec![1, height, width, 3], Data::U8(pixels.collect()));
    let tensor = tensor.expect("three bytes a pixel");
    ItemState::Fresh(vec![(Role::Borrowed("image"), tensor)])
}

/// Squares of 16 pixels, alternately slopes and stripes of a pixel's width, in half of all levels: where the next pixel is 128
/// levels apart, 32-bit floats leave a third of a level open at 608×352, and two runtimes two thirds.
fn pixel(x: usize, y: usize, number: usize) -> [u8; 3] {
    let is_slope = (x / 16 + y / 16 + number).is_multiple_of(2);
    [0, 1, 2].map(|channel| {
        let level = match is_slope {
            true => 7 * x + 5 * y + 60 * channel + 40 * number,
            false => 127 * ((x + channel + number) % 2) + 3 * y,
        };
        (level % 128 + 64) as u8
    })
}

fn item(pose: [f32; 6], scene: [f32; 4], state: ItemState, boundary: bool) -> Item {
    Item {
        inputs: inputs(pose, scene),
        state,
        boundary,
    }
}

fn inputs(pose: [f32; 6], scene: [f32; 4]) -> Vec<(Role, Tensor)> {
    let row = |role, values: &[f32]| {
        let tensor = Tensor::f32(vec![1, values.len()], values.to_vec());
        (Role::Borrowed(role), tensor.expect("one value a place"))
    };
    vec![row("pose", &pose), row("scene", &scene)]
}

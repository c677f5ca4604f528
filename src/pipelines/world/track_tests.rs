//! What becomes of a walk when frames come to nothing or the scene is corrected.

use super::*;
use crate::session::SceneMode;
use std::time::Duration;

/// A walk through a grey picture of 64 × 64.
fn world() -> World {
    let picture = Rgb8::filled(64, 64, NO_PICTURE);
    World {
        scene: Scene::fit(&picture),
        motion: Motion::new(MotionConfig::default()),
        options: MotionConfig::default(),
        picture,
        newest: ActionId(0),
        crossed: false,
        owes_frame: false,
    }
}

fn pose(draft: &Draft) -> Vec<f32> {
    draft.inputs[0].1.as_f32().unwrap().to_vec()
}

/// Walks ahead, a frame every 33 ms, until a frame ends a chunk.
fn walk_to_a_boundary(world: &mut World, mut now: Instant) -> (Draft, Instant) {
    for _ in 0..10_000 {
        now += Duration::from_millis(33);
        world.act(now, forward(now));
        let draft = world.draft(now);
        if draft.boundary {
            return (draft, now);
        }
    }
    panic!("no chunk ever ends");
}

fn forward(now: Instant) -> Action {
    Action {
        id: ActionId(1),
        direction: crate::session::Direction::Forward,
        speed: 1.0,
        received: now,
    }
}

#[test]
fn a_chunk_whose_last_frame_was_not_drawn_goes_on() {
    let mut world = world();
    let (last, now) = walk_to_a_boundary(&mut world, Instant::now());
    world.not_drawn();
    let again = world.draft(now + Duration::from_millis(1));
    assert!(again.boundary, "it ends with this frame instead");
    let moved = pose(&last).into_iter().zip(pose(&again));
    let largest = moved.map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    assert!(largest < 0.05, "the pose goes on where it was: {largest}");
}

#[test]
fn a_correction_is_drawn_once_although_a_second_one_changes_nothing() {
    let mut world = world();
    let now = Instant::now();
    let change = |mode| SceneChange {
        mode: Some(mode),
        horizon: None,
    };
    let other = SceneMode::ALL
        .into_iter()
        .find(|mode| world.adjust(change(*mode)));
    let same = change(other.expect("a mode that changes the scene"));
    assert!(!world.adjust(same));
    assert!(!world.is_still(now), "no frame has shown it yet");
    world.draft(now);
    assert!(world.is_still(now));
}

#[test]
fn the_frame_that_shows_a_correction_is_drawn_again_if_it_came_to_nothing() {
    let mut world = world();
    let now = Instant::now();
    world.owes_frame = true;
    world.draft(now);
    world.not_drawn();
    assert!(!world.is_still(now));
    world.draft(now);
    assert!(world.is_still(now));
}

#[test]
fn a_walk_whose_state_was_lost_shows_its_start_picture_without_another_key() {
    let mut world = world();
    let now = Instant::now();
    world.act(now, forward(now));
    let moved = pose(&world.draft(now));
    assert_ne!(moved, [0.0; 6]);
    world.fresh_state();
    world.not_drawn();
    assert!(
        !world.is_still(now),
        "the screen shows the place that was lost"
    );
    assert_eq!(pose(&world.draft(now)), [0.0; 6]);
    assert!(world.is_still(now));
}

#[test]
fn a_frame_of_pixels_and_one_of_floats_become_the_same_picture() {
    let pixels: Vec<u8> = (0..16 * 8 * 3).map(|i| (i * 7 % 256) as u8).collect();
    let mut planes = vec![0.0; pixels.len()];
    convert::rgb8_to_planar(&pixels, 16, 8, &mut planes);
    let bytes = Tensor::new(vec![1, 8, 16, 3], crate::engine::Data::U8(pixels));
    let floats = Tensor::f32(vec![1, 3, 8, 16], planes);
    let picture = |frame: Tensor| {
        let mut into = Rgb8::default();
        finish(Outputs::new(vec![("frame".into(), frame)]), &mut into).unwrap();
        into
    };
    let drawn = picture(bytes.unwrap());
    assert!(drawn.is_whole() && (drawn.width, drawn.height) == (16, 8));
    assert_eq!(drawn, picture(floats.unwrap()));
}

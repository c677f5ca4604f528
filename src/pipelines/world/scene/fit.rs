//! Guesses a scene from a picture: a vote of its edges for the point that they run to, and what lies round it.
//!
//! Responsible for the guess alone, which a person may correct by hand. Method: every slanted edge votes for the points
//! on its line (a coarse form of the vanishing-point vote of Kong, Audibert and Ponce, CVPR 2009); the faces of the box
//! follow from where the voters of the winner lie. Never panics, on any picture.

use super::edges::{Edge, Grey};
use super::{Scene, SceneMode};
use crate::media::Rgb8;

/// Half of the long side of a picture in units of its focal length: 0.5 / 0.50505.
const HALF_VIEW: f32 = 0.99;
/// Edges nearer than this to upright or level (sine of 12°) say nothing about depth.
const SLANTED: f32 = 0.21;
/// An edge points at a candidate if its line passes within this sine (3°) as seen from the edge.
const AIM: f32 = 0.052;
/// Candidates a side of the vote, over the inner part of the picture.
const GRID: usize = 33;
const INNER: f32 = 0.22;
/// How many times the votes of the mean candidate the winner must have: a texture gives about 2.
const CONVINCED: f32 = 3.2;
/// Share of the winner's voters that must lie above the horizon to see walls.
const WALLED: f32 = 0.035;
/// A sky is this many times as bright as the walls beside it.
const SKY: f32 = 1.25;
/// Difference of brightness between the bands above and below a row that makes it a horizon, of 255.
const HORIZON_STEP: f32 = 14.0;

/// A point that edges run to.
struct Vanishing {
    x: f32,
    y: f32,
    /// Its votes, in those of the mean candidate.
    lead: f32,
}

pub(super) fn fit(picture: &Rgb8) -> Scene {
    if !picture.is_whole() || picture.width.min(picture.height) < 8 {
        return Scene::of(SceneMode::Flat);
    }
    let grey = Grey::of(picture);
    if grey.width < 8 || grey.height < 8 {
        return Scene::of(SceneMode::Flat);
    }
    let mut edges = grey.edges();
    edges.retain(|edge| edge.normal.iter().all(|part| part.abs() > SLANTED));
    match vote(&grey, &edges).filter(|point| point.lead > CONVINCED) {
        Some(point) => boxed(&grey, &edges, &point),
        None => unboxed(&grey),
    }
}

/// People hold cameras level: the nearer to half height, the likelier a horizon (1 there, 0 at the border).
fn likely(height: f32) -> f32 {
    1.0 - 2.0 * (height - 0.5).abs()
}

/// The candidate with the most votes; nothing without enough slanted edges.
fn vote(grey: &Grey, edges: &[Edge]) -> Option<Vanishing> {
    if edges.len() < 40 {
        return None;
    }
    let place = |step: usize, side: usize| {
        side as f32 * (INNER + (1.0 - 2.0 * INNER) * step as f32 / (GRID - 1) as f32)
    };
    let (mut all, mut best) = (0.0, (0.0, 0.0, 0.0));
    for i in 0..GRID * GRID {
        let (x, y) = (place(i % GRID, grey.width), place(i / GRID, grey.height));
        // The walk leads to the middle, so a point off to the side would be of little use, too.
        let weight = likely(x / grey.width as f32) * likely(y / grey.height as f32);
        let votes = weight * voters(edges, x, y).map(|edge| edge.strength).sum::<f32>();
        all += votes;
        if votes > best.2 {
            best = (x, y, votes);
        }
    }
    let (x, y, votes) = best;
    let lead = votes * (GRID * GRID) as f32 / f32::max(all, 1e-6);
    let (x, y) = meet(edges, x, y).unwrap_or((x, y));
    Some(Vanishing { x, y, lead })
}

/// The point nearest to the lines of all who voted for (x, y), by least squares; nothing if it is not close to it.
fn meet(edges: &[Edge], x: f32, y: f32) -> Option<(f32, f32)> {
    let (mut xx, mut xy, mut yy, mut right, mut down) = (0.0, 0.0, 0.0, 0.0, 0.0);
    for edge in voters(edges, x, y) {
        let ([nx, ny], weight) = (edge.normal, edge.strength);
        let offset = (edge.x - x) * nx + (edge.y - y) * ny;
        xx += weight * nx * nx;
        xy += weight * nx * ny;
        yy += weight * ny * ny;
        right += weight * nx * offset;
        down += weight * ny * offset;
    }
    let determinant: f32 = xx * yy - xy * xy;
    let dx = (yy * right - xy * down) / determinant;
    let dy = (xx * down - xy * right) / determinant;
    (dx.hypot(dy) < 12.0).then_some((x + dx, y + dy))
}

/// The edges whose line passes through a point. Those close to it are left out: they point everywhere.
fn voters(edges: &[Edge], x: f32, y: f32) -> impl Iterator<Item = &Edge> {
    edges.iter().filter(move |edge| {
        let (dx, dy) = (edge.x - x, edge.y - y);
        let away = dx * dx + dy * dy;
        let miss = dx * edge.normal[0] + dy * edge.normal[1];
        away > 36.0 && miss * miss < AIM * AIM * away
    })
}

/// A picture with a vanishing point: a room, a street, or open ground with a road.
fn boxed(grey: &Grey, edges: &[Edge], point: &Vanishing) -> Scene {
    let voters: Vec<&Edge> = voters(edges, point.x, point.y).collect();
    let weigh = |keep: &dyn Fn(f32, f32) -> bool| -> f32 {
        voters
            .iter()
            .filter(|e| keep(e.x - point.x, e.y - point.y))
            .map(|e| e.strength)
            .sum()
    };
    let all = weigh(&|_, _| true);
    let walled = weigh(&|_, dy| dy < 0.0) > WALLED * all;
    let mode = match (walled, has_sky(grey, point)) {
        (false, _) => SceneMode::Open,
        (true, true) => SceneMode::Street,
        (true, false) => SceneMode::Room,
    };
    let scene = Scene::of(mode).with_horizon((point.y + 0.5) / grey.height as f32);
    match mode {
        SceneMode::Room | SceneMode::Street => faced(grey, &voters, point, scene),
        SceneMode::Open | SceneMode::Flat => scene,
    }
}

/// Whether it is much brighter high over the vanishing point than beside it.
fn has_sky(grey: &Grey, point: &Vanishing) -> bool {
    let (x, low) = (
        point.x.max(0.0) as usize,
        (point.y.max(0.0) * 0.35) as usize + 1,
    );
    let (narrow, aside) = (grey.width / 12 + 1, grey.width / 4);
    let over = grey.mean((x.saturating_sub(narrow), 0), (x + narrow, low));
    let left = grey.mean((0, 0), (aside, low));
    let right = grey.mean((grey.width - aside, 0), (grey.width, low));
    over > SKY * 0.5 * (left + right)
}

/// Walls where the voters below the horizon are thickest (the seam of wall and floor), back where the seam begins.
fn faced(grey: &Grey, voters: &[&Edge], point: &Vanishing, scene: Scene) -> Scene {
    const BINS: usize = 18;
    let mut bins = [0.0_f32; BINS];
    let below = voters.iter().filter(|edge| edge.y > point.y + 2.0);
    let bin = |edge: &Edge| {
        let angle = (edge.y - point.y).atan2((edge.x - point.x).abs());
        ((angle / std::f32::consts::FRAC_PI_2 * BINS as f32) as usize).min(BINS - 1)
    };
    below
        .clone()
        .for_each(|edge| bins[bin(edge)] += edge.strength);
    // From 20° to 65°: flatter lines are on the walls, steeper ones on the floor.
    let Some(seam) = (4..13)
        .max_by(|&a, &b| bins[a].total_cmp(&bins[b]))
        .filter(|&seam| bins[seam] > 0.0)
    else {
        return scene;
    };
    let angle = (seam as f32 + 0.5) / BINS as f32 * std::f32::consts::FRAC_PI_2;
    let mut depths: Vec<f32> = below
        .filter(|edge| bin(edge) == seam)
        .map(|edge| edge.y - point.y)
        .collect();
    depths.sort_by(f32::total_cmp);
    let first = depths
        .get(depths.len() / 20)
        .copied()
        .unwrap_or(1.0)
        .max(1.0);
    let focal = grey.width.max(grey.height) as f32 / (2.0 * HALF_VIEW);
    // Half way to the usual box: kerbs, planks and shelves vote just as a seam does.
    let half = |found: f32, usual: f32| 0.5 * (found.clamp(usual * 0.5, usual * 2.0) + usual);
    Scene {
        wall: half(scene.floor / angle.tan(), scene.wall),
        back: half(scene.floor * focal / first, scene.back),
        ..scene
    }
}

/// A picture without a vanishing point: open ground if there is a clear horizon, else flat.
fn unboxed(grey: &Grey) -> Scene {
    let rows: Vec<f32> = (0..grey.height).map(|y| grey.row(y)).collect();
    let band = (grey.height / 8).max(2);
    let mean = |rows: &[f32]| rows.iter().sum::<f32>() / rows.len() as f32;
    let step = |y: usize| {
        (mean(&rows[y - band..y]) - mean(&rows[y..y + band])).abs()
            * likely(y as f32 / grey.height as f32)
    };
    let inner = (grey.height / 4).max(band)..(grey.height * 3 / 4).min(grey.height - band);
    match inner.max_by(|&a, &b| step(a).total_cmp(&step(b))) {
        Some(y) if step(y) > HORIZON_STEP => {
            Scene::of(SceneMode::Open).with_horizon(y as f32 / grey.height as f32)
        }
        _ => Scene::of(SceneMode::Flat),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Paints the inside of a box: each face its own grey, with seams along and across.
    fn painted(scene: &Scene, width: u32, height: u32) -> Rgb8 {
        let focal = width.max(height) as f32 / (2.0 * HALF_VIEW);
        let centre = scene.horizon * height as f32;
        let ceiling = if scene.mode == SceneMode::Room {
            scene.floor * 0.8
        } else {
            64.0
        };
        let mut picture = Rgb8::filled(width, height, [0; 3]);
        for (i, pixel) in picture.data.chunks_exact_mut(3).enumerate() {
            let (column, row) = (i as u32 % width, i as u32 / width);
            let (dx, dy) = (
                (column as f32 - width as f32 / 2.0) / focal,
                (row as f32 - centre) / focal,
            );
            let faces = [
                1.0 / scene.back,
                dx.abs() / scene.wall,
                dy / scene.floor,
                -dy / ceiling,
            ];
            let face = (0..4)
                .max_by(|&a, &b| faces[a].total_cmp(&faces[b]))
                .unwrap();
            let depth = 1.0 / faces[face];
            let (across, base) = [
                (0.0, 220.0),
                (dy * depth, 150.0),
                (dx * depth, 90.0),
                (dx * depth, 190.0),
            ][face];
            let seam =
                (across * 3.0).rem_euclid(1.0) < 0.12 || (depth * 1.5).rem_euclid(1.0) < 0.08;
            pixel.fill(if seam && face != 0 { base - 60.0 } else { base } as u8);
        }
        picture
    }

    fn assert_near(found: f32, truth: f32, margin: f32) {
        assert!(
            (found - truth).abs() <= margin,
            "{found} is not {truth} within {margin}"
        );
    }

    #[test]
    fn a_room_is_found_with_its_horizon_and_walls() {
        for horizon in [0.38, 0.5, 0.6] {
            let truth = Scene {
                wall: 1.3,
                ..Scene::of(SceneMode::Room).with_horizon(horizon)
            };
            let found = Scene::fit(&painted(&truth, 1216, 704));
            assert_eq!(found.mode, SceneMode::Room);
            assert_near(found.horizon, horizon, 0.03);
            assert_near(found.wall, 1.3, 0.4);
        }
    }

    #[test]
    fn a_street_is_found_with_its_horizon() {
        for horizon in [0.45, 0.6] {
            let truth = Scene {
                wall: 1.8,
                ..Scene::of(SceneMode::Street).with_horizon(horizon)
            };
            let found = Scene::fit(&painted(&truth, 1216, 704));
            assert_eq!(found.mode, SceneMode::Street);
            assert_near(found.horizon, horizon, 0.03);
        }
    }

    #[test]
    fn a_portrait_room_is_found_too() {
        let found = Scene::fit(&painted(
            &Scene::of(SceneMode::Room).with_horizon(0.45),
            704,
            1216,
        ));
        assert_eq!(found.mode, SceneMode::Room);
        assert_near(found.horizon, 0.45, 0.03);
    }

    #[test]
    fn open_ground_is_found_by_its_horizon() {
        let mut picture = Rgb8::filled(800, 450, [200, 220, 240]);
        picture.data[800 * 3 * 270..].fill(80);
        let found = Scene::fit(&picture);
        assert_eq!(found.mode, SceneMode::Open);
        assert_near(found.horizon, 0.6, 0.02);
    }

    #[test]
    fn a_road_over_open_ground_is_open() {
        let found = Scene::fit(&painted(
            &Scene::of(SceneMode::Open).with_horizon(0.4),
            1216,
            704,
        ));
        assert_eq!(found.mode, SceneMode::Open);
        assert_near(found.horizon, 0.4, 0.04);
    }

    #[test]
    fn a_picture_of_one_colour_is_flat() {
        assert_eq!(
            Scene::fit(&Rgb8::filled(640, 360, [120, 90, 60])).mode,
            SceneMode::Flat
        );
    }

    #[test]
    fn a_tiny_or_broken_picture_is_flat() {
        assert_eq!(
            Scene::fit(&Rgb8::filled(3, 900, [9; 3])).mode,
            SceneMode::Flat
        );
        let broken = Rgb8 {
            width: 640,
            height: 360,
            data: vec![0; 10],
        };
        assert_eq!(Scene::fit(&broken).mode, SceneMode::Flat);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]
        #[test]
        fn any_pixels_give_a_scene_inside_its_ranges(
            width in 1u32..260, height in 1u32..260, seed in prop::collection::vec(any::<u8>(), 1..64),
        ) {
            let mut picture = Rgb8::filled(width, height, [0; 3]);
            picture.data.iter_mut().zip(seed.iter().cycle()).for_each(|(to, from)| *to = *from);
            let [horizon, floor, wall, back] = Scene::fit(&picture).to_tensor();
            prop_assert!((0.1..=0.9).contains(&horizon));
            prop_assert!(floor >= 1.0 && wall.abs() >= 0.7 && back >= 2.0);
        }
    }
}

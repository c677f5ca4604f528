//! The first pair: which of the persons are the two fencers.
//!
//! Knows one frame. Invariant: the left one's middle is not right of the right one's.

use super::{body::Body, posture, reference::ReferencePostures};
use crate::pipelines::referee::tracks::Side;

/// Fencers are in the middle of the picture: boxes that reach these parts of it are others.
const SIDE_MARGIN: f32 = 0.06;
const TOP_MARGIN: f32 = 0.12;
const BOTTOM_MARGIN: f32 = 0.20;
/// Candidates that are looked at in each half.
const LARGEST: usize = 3;
/// How far from the middle a fencer may be expected, and how near not, in widths of the picture.
const SIGMA: f32 = 0.22;
const DEAD_ZONE: f32 = 0.06;

/// Where the choice is made.
pub(super) struct Arena<'a> {
    /// Pixels in a row, rows.
    pub(super) size: (u32, u32),
    pub(super) reference: Option<&'a ReferencePostures>,
}

/// The left and the right fencer, if two persons can be them.
pub(super) fn pair(bodies: &[Body], arena: &Arena<'_>) -> Option<(usize, usize)> {
    if bodies.len() < 2 {
        return None;
    }
    let anybody = |_: &usize| true;
    let [left, right] = Side::BOTH.map(|side| by_posture(bodies, anybody, arena, side));
    match (left, right) {
        (Some(left), Some(right)) => Some((left, right)),
        _ => by_place(bodies, arena),
    }
}

/// The fencer of one side among those who are free.
pub(super) fn one(
    bodies: &[Body],
    free: impl Fn(&usize) -> bool + Copy,
    arena: &Arena<'_>,
    side: Side,
) -> Option<usize> {
    let on_side = |at: &usize| {
        let middle = bodies[*at].middle;
        free(at) && middle.is_some_and(|middle| side_of(middle[0], arena) == side)
    };
    by_posture(bodies, free, arena, side).or_else(|| best_place(bodies, on_side, arena, side))
}

/// Of the three largest in a half that keep clear of the edges: the one most like the reference, or the largest.
fn by_posture(
    bodies: &[Body],
    free: impl Fn(&usize) -> bool,
    arena: &Arena<'_>,
    side: Side,
) -> Option<usize> {
    let largest = largest(bodies, free, arena, side);
    let Some(reference) = arena.reference else {
        return largest.first().copied();
    };
    let unlike = |at: &usize| {
        let points = posture::ordered(&bodies[*at].points, side);
        posture::distance(&points, reference.of(side)).unwrap_or(f32::INFINITY)
    };
    largest
        .into_iter()
        .min_by(|a, b| unlike(a).total_cmp(&unlike(b)))
}

/// The three largest in a half that keep clear of the edges, largest first.
fn largest(
    bodies: &[Body],
    free: impl Fn(&usize) -> bool,
    arena: &Arena<'_>,
    side: Side,
) -> Vec<usize> {
    let candidate = |at: &usize| {
        let edges = bodies[*at]
            .edges
            .filter(|edges| is_clear(*edges, arena.size));
        edges.is_some_and(|edges| side_of((edges[0] + edges[2]) / 2.0, arena) == side)
    };
    let mut found: Vec<usize> = (0..bodies.len()).filter(free).filter(candidate).collect();
    found.sort_by(|a, b| bodies[*b].area().total_cmp(&bodies[*a].area()));
    found.truncate(LARGEST);
    found
}

/// Whether a box keeps clear of the picture's margins.
fn is_clear([left, upper, right, lower]: [f32; 4], (width, height): (u32, u32)) -> bool {
    let (width, height) = (width as f32, height as f32);
    left > width * SIDE_MARGIN
        && right < width * (1.0 - SIDE_MARGIN)
        && upper > height * TOP_MARGIN
        && lower < height * (1.0 - BOTTOM_MARGIN)
}

/// The half of the picture that a column lies in.
fn side_of(x: f32, arena: &Arena<'_>) -> Side {
    match x < arena.size.0 as f32 / 2.0 {
        true => Side::Left,
        false => Side::Right,
    }
}

/// The two whose places together are the most likely, the left one first.
fn by_place(bodies: &[Body], arena: &Arena<'_>) -> Option<(usize, usize)> {
    let (mut best, mut most) = (None, f32::NEG_INFINITY);
    for left in 0..bodies.len() {
        for right in (0..bodies.len()).filter(|&right| right != left) {
            let [a, b] = [(left, Side::Left), (right, Side::Right)]
                .map(|(at, side)| place(&bodies[at], arena, side));
            let Some((a, b)) = a.zip(b) else { continue };
            if a + b > most {
                (best, most) = (Some((left, right)), a + b);
            }
        }
    }
    let (left, right) = best?;
    let column = |at: usize| bodies[at].middle.map_or(0.0, |middle| middle[0]);
    Some(match column(left) <= column(right) {
        true => (left, right),
        false => (right, left),
    })
}

/// Of those who pass, the one whose place is the most likely for this side.
fn best_place(
    bodies: &[Body],
    passes: impl Fn(&usize) -> bool,
    arena: &Arena<'_>,
    side: Side,
) -> Option<usize> {
    let placed = (0..bodies.len())
        .filter(passes)
        .filter_map(|at| Some((place(&bodies[at], arena, side)?, at)));
    // Of equal ones the first: `max_by` alone would give the last.
    placed
        .reduce(|best, next| if next.0 > best.0 { next } else { best })
        .map(|(_, at)| at)
}

/// How likely a fencer of this side stands here: a Gaussian of the distance from the picture's middle, and one more for the right
/// half; in the zone around the middle neither half is right. `None` for a person without a middle.
fn place(body: &Body, arena: &Arena<'_>, side: Side) -> Option<f32> {
    let width = arena.size.0 as f32;
    let off = (body.middle?[0] - width / 2.0) / width;
    let near = (-0.5 * (off / SIGMA).powi(2)).exp();
    let forward = -off * side.forward() as f32;
    let on_side = if off.abs() <= DEAD_ZONE {
        0.0
    } else {
        f32::from(forward > 0.0)
    };
    Some(near + on_side)
}

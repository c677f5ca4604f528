//! From a model's candidates to persons: confidence, suppression of doubles, keypoints in the picture's pixels.
//!
//! The rules and defaults are those of Ultralytics' pose prediction. Invariant: persons come by falling confidence, no two of
//! them overlap more than asked, and all of their numbers are finite.

use std::cmp::Ordering;

use super::letterbox::Letterbox;
use crate::{
    engine::{RunError, Tensor},
    pipelines::referee::tracks::KEYPOINTS,
};

/// Rows of the predictions: a box, its confidence, three numbers a keypoint.
const ROWS: usize = 5 + 3 * KEYPOINTS;

/// Persons in a picture, at most: Ultralytics' `max_det`.
pub const MOST_PERSONS: usize = 300;

/// Persons that are kept of a picture. Two of them fence, and each half of it has three candidates at the start; the rest are
/// those who cross in front of the fencers.
pub const MOST_KEPT: usize = 12;

/// What counts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Thresholds {
    /// Candidates need more than this confidence.
    pub confidence: f32,
    /// Of two that share more of their union than this, the surer one stays.
    pub iou: f32,
    /// Keypoints need at least this visibility.
    pub keypoint: f32,
}

/// A keypoint in pixels of the picture; x and y are 0 where it was not seen.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Keypoint {
    /// From the left edge.
    pub x: f32,
    /// From the upper edge.
    pub y: f32,
    /// How sure the model is that it shows, 0 to 1.
    pub v: f32,
}

/// A person in a picture.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Person {
    /// Left, upper, right and lower edge in pixels of the picture.
    pub bbox: [f32; 4],
    /// How sure the model is of the person, 0 to 1.
    pub confidence: f32,
    /// COCO's seventeen, in its order.
    pub keypoints: [Keypoint; KEYPOINTS],
}

impl Default for Thresholds {
    /// Ultralytics' own for prediction.
    fn default() -> Self {
        Self {
            confidence: 0.25,
            iou: 0.7,
            keypoint: 0.5,
        }
    }
}

impl Person {
    /// Pixels of the box.
    fn area(&self) -> f32 {
        let [left, upper, right, lower] = self.bbox;
        (right - left) * (lower - upper)
    }
}

impl Keypoint {
    /// Whether it was seen.
    #[must_use]
    pub fn is_seen(&self) -> bool {
        self.x > 0.0 && self.y > 0.0
    }
}

impl Person {
    /// Where the seen keypoints are.
    #[must_use]
    pub fn points(&self) -> [Option<[f32; 2]>; KEYPOINTS] {
        let place = |point: Keypoint| point.is_seen().then_some([point.x, point.y]);
        self.keypoints.map(place)
    }
}

/// The persons of one picture, by falling confidence, at most [`MOST_PERSONS`].
///
/// `predictions` is `[1, 56, N]` in pixels of the input that `letterbox` filled.
///
/// # Errors
/// If it is not.
pub fn persons(
    predictions: &Tensor,
    letterbox: &Letterbox,
    thresholds: &Thresholds,
) -> Result<Vec<Person>, RunError> {
    let [1, ROWS, count] = *predictions.shape() else {
        let found = predictions.shape();
        let fault = format!("a pose model gives [1, {ROWS}, N], this one gave {found:?}");
        return Err(RunError::item(fault));
    };
    let values = predictions
        .as_f32()
        .map_err(|fault| RunError::item(format!("a pose model gives floats: {fault}")))?;
    let row = |row: usize| &values[row * count..(row + 1) * count];
    let read = |at: usize| person(|index| row(index)[at], letterbox, thresholds);
    let candidates = candidates(
        [row(0), row(1), row(2), row(3)],
        row(4),
        thresholds.confidence,
    );
    let surest = surest(candidates, thresholds.iou);
    Ok(surest.into_iter().map(|one| read(one.at)).collect())
}

/// The [`MOST_KEPT`] with the largest boxes, in the order in which they came: fencers stand before their spectators.
#[must_use]
pub fn nearest(mut persons: Vec<Person>) -> Vec<Person> {
    if persons.len() > MOST_KEPT {
        let mut areas: Vec<f32> = persons.iter().map(Person::area).collect();
        areas.sort_by(|a, b| b.total_cmp(a));
        let least = areas[MOST_KEPT - 1];
        persons.retain(|person| person.area() >= least);
        persons.truncate(MOST_KEPT);
    }
    persons.shrink_to_fit();
    persons
}

/// A candidate before its keypoints are looked at.
struct Candidate {
    at: usize,
    confidence: f32,
    /// Edges, in pixels of the input.
    edges: [f32; 4],
}

/// Those that are sure enough and whose box is one, surest first, equal ones in the model's order.
fn candidates(boxes: [&[f32]; 4], confidences: &[f32], least: f32) -> Vec<Candidate> {
    let sure = confidences.iter().copied().enumerate();
    let mut found: Vec<Candidate> = sure
        .filter(|(_, confidence)| *confidence > least && confidence.is_finite())
        .map(|(at, confidence)| Candidate {
            at,
            confidence,
            edges: edges(boxes.map(|row| row[at])),
        })
        .filter(|candidate| candidate.edges.iter().all(|edge| edge.is_finite()))
        .collect();
    found.sort_by(|a, b| {
        b.confidence
            .partial_cmp(&a.confidence)
            .unwrap_or(Ordering::Equal)
    });
    found
}

/// Greedy suppression: who overlaps none of those already kept is kept.
fn surest(candidates: Vec<Candidate>, most_shared: f32) -> Vec<Candidate> {
    let mut kept: Vec<Candidate> = Vec::new();
    for candidate in candidates {
        let shared = |other: &Candidate| iou(candidate.edges, other.edges) > most_shared;
        if kept.len() < MOST_PERSONS && !kept.iter().any(shared) {
            kept.push(candidate);
        }
    }
    kept
}

/// Reads candidate's numbers into a person; `value` gives its row.
fn person(value: impl Fn(usize) -> f32, letterbox: &Letterbox, thresholds: &Thresholds) -> Person {
    let [left, upper, right, lower] = edges([0, 1, 2, 3].map(&value));
    let (left, upper) = letterbox.back(left, upper);
    let (right, lower) = letterbox.back(right, lower);
    Person {
        bbox: [left, upper, right, lower],
        confidence: value(4),
        keypoints: std::array::from_fn(|index| {
            let [x, y, v] = [0, 1, 2].map(|part| value(5 + index * 3 + part));
            keypoint(x, y, v, letterbox, thresholds.keypoint)
        }),
    }
}

fn keypoint(x: f32, y: f32, v: f32, letterbox: &Letterbox, least: f32) -> Keypoint {
    let v = if v.is_finite() { v } else { 0.0 };
    if v < least || !(x.is_finite() && y.is_finite()) {
        return Keypoint {
            v,
            ..Keypoint::default()
        };
    }
    let (x, y) = letterbox.back(x, y);
    Keypoint { x, y, v }
}

/// Centre, width and height to left, upper, right and lower edge.
fn edges([x, y, width, height]: [f32; 4]) -> [f32; 4] {
    let (half_width, half_height) = (width / 2.0, height / 2.0);
    [
        x - half_width,
        y - half_height,
        x + half_width,
        y + half_height,
    ]
}

/// The shared part of two boxes' union, 0 to 1; boxes are left, upper, right and lower edges.
#[must_use]
pub(in crate::pipelines::referee) fn iou(a: [f32; 4], b: [f32; 4]) -> f32 {
    let side = |low: f32, high: f32| (high - low).max(0.0);
    let area = |edges: [f32; 4]| side(edges[0], edges[2]) * side(edges[1], edges[3]);
    let shared = side(a[0].max(b[0]), a[2].min(b[2])) * side(a[1].max(b[1]), a[3].min(b[3]));
    let union = area(a) + area(b) - shared;
    if union > 0.0 { shared / union } else { 0.0 }
}

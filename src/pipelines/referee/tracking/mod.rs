//! Which two of the persons in the pictures are the fencers, frame by frame.
//!
//! Responsible for choosing a pair and for following it; not for what their movements mean. Invariant: the same frames give
//! the same tracks, and a frame costs the same however many came before it.
//!
//! The rules are the original's. Its video is what frames there are: a gap in their numbers is no miss.
//!
//! | file | holds |
//! |---|---|
//! | `body` | box, middle and torso of a person, and the distance of two |
//! | `choice` | the first pair |
//! | `cost` | how badly a person fits a track |
//! | `posture` | how unlike two postures are |
//! | `reference` | postures to begin with, from a workbook |

mod body;
mod choice;
mod cost;
mod posture;
mod reference;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use super::{pose::Person, tracks::Side};
use body::Body;

pub(super) use body::keypoint_box;
pub(super) use posture::ordered;
pub use reference::{ReferenceError, ReferencePostures};
#[cfg(test)]
pub(super) use tests::person;

/// Frames in a row that a fencer may be missing from; with one more the track is given up.
pub const MOST_MISSES: u32 = 25;

/// What a tracker needs to know.
#[derive(Clone, Debug)]
pub struct TrackerOptions {
    /// Pixels in a row and rows of the pictures that persons were found in.
    pub frame_size: (u32, u32),
    /// What fencers look like at the start; without it size decides.
    pub reference: Option<Arc<ReferencePostures>>,
}

/// A fencer in a frame.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tracked {
    /// As found in this frame, or in the last one that showed the fencer.
    pub person: Person,
    /// Whether this frame showed the fencer.
    pub matched: bool,
}

/// Both fencers in a frame; `None` before the first pair was found, and where a fencer is given up.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TrackedFrame {
    /// The frame's number.
    pub number: u64,
    /// The fencer who stood on the left when the track began.
    pub left: Option<Tracked>,
    /// The fencer who stood on the right when the track began.
    pub right: Option<Tracked>,
}

/// Follows two fencers through frames.
#[derive(Clone, Debug)]
pub struct Tracker {
    options: TrackerOptions,
    /// Left, right.
    tracks: [Option<Track>; 2],
    frames: Vec<TrackedFrame>,
}

/// A fencer who is being followed.
#[derive(Clone, Debug)]
struct Track {
    person: Person,
    body: Body,
    /// Where the middle was before; `None` for a track that begins.
    before: Option<[f32; 2]>,
    misses: u32,
}

impl Tracker {
    /// Has seen nothing yet.
    #[must_use]
    pub fn new(options: TrackerOptions) -> Self {
        Self {
            options,
            tracks: [None, None],
            frames: Vec::new(),
        }
    }

    /// The persons of the next frame. Numbers rise and may leave gaps; one that does not rise is left out.
    pub fn feed(&mut self, number: u64, persons: &[Person]) {
        if self.frames.last().is_some_and(|last| last.number >= number) {
            return;
        }
        let bodies: Vec<Body> = persons.iter().map(Body::of).collect();
        let taken = self.follow(persons, &bodies);
        self.begin(persons, &bodies, taken);
        let [left, right] = [0, 1].map(|at| self.tracks[at].as_ref().map(Track::tracked));
        self.frames.push(TrackedFrame {
            number,
            left,
            right,
        });
    }

    /// What was made of the frames so far, in their order.
    #[must_use]
    pub fn tracked(&self) -> &[TrackedFrame] {
        &self.frames
    }

    /// The same, to be kept.
    #[must_use]
    pub fn into_tracked(self) -> Vec<TrackedFrame> {
        self.frames
    }

    /// Gives each track the person that fits it best, the left one first; gives who was taken.
    fn follow(&mut self, persons: &[Person], bodies: &[Body]) -> [Option<usize>; 2] {
        let diagonal = diagonal(self.options.frame_size);
        let mut taken = [None, None];
        for at in [0, 1] {
            let Some(track) = &mut self.tracks[at] else {
                continue;
            };
            let free = |person: &usize| !taken.contains(&Some(*person));
            let best = track.best(bodies, free, diagonal);
            match best {
                Some(person) => track.moved(persons[person], bodies[person].clone()),
                None => track.misses += 1,
            }
            taken[at] = best;
            if track.misses > MOST_MISSES {
                self.tracks[at] = None;
            }
        }
        taken
    }

    /// Looks for a pair where there is none, or for the one who was given up among those whom nobody took.
    fn begin(&mut self, persons: &[Person], bodies: &[Body], taken: [Option<usize>; 2]) {
        let arena = choice::Arena {
            size: self.options.frame_size,
            reference: self.options.reference.as_deref(),
        };
        let begun = [0, 1].map(|at| self.tracks[at].is_some());
        let mut start = |at: usize, person: usize| {
            self.tracks[at] = Some(Track::new(persons[person], bodies[person].clone()));
        };
        match begun {
            [true, true] => {}
            [false, false] => {
                if let Some((left, right)) = choice::pair(bodies, &arena) {
                    start(0, left);
                    start(1, right);
                }
            }
            [left, _] => {
                let side = if left { Side::Right } else { Side::Left };
                let free = |person: &usize| !taken.contains(&Some(*person));
                if let Some(person) = choice::one(bodies, free, &arena, side) {
                    start(usize::from(left), person);
                }
            }
        }
    }
}

impl Track {
    fn new(person: Person, body: Body) -> Self {
        Self {
            person,
            body,
            before: None,
            misses: 0,
        }
    }

    fn tracked(&self) -> Tracked {
        Tracked {
            person: self.person,
            matched: self.misses == 0,
        }
    }

    /// The free person of the least cost, if it is low enough; of equal ones the first.
    fn best(&self, bodies: &[Body], free: impl Fn(&usize) -> bool, diagonal: f32) -> Option<usize> {
        let middle = cost::predicted(self.body.middle, self.before);
        let costs = (0..bodies.len())
            .filter(free)
            .map(|at| (cost::cost(&bodies[at], &self.body, middle, diagonal), at))
            .filter(|(cost, _)| *cost < cost::MOST);
        costs.min_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, at)| at)
    }

    fn moved(&mut self, person: Person, body: Body) {
        self.before = self.body.middle;
        self.person = person;
        self.body = body;
        self.misses = 0;
    }
}

fn diagonal((width, height): (u32, u32)) -> f32 {
    (width as f32).hypot(height as f32)
}

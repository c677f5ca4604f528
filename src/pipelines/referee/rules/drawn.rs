//! Bouts drawn for tests: two people of sticks who go, stop, lunge and beat as told.
//!
//! A fencer is drawn as seen by himself, forward being positive; [`tracks`] puts two of them opposite each other.

use crate::pipelines::referee::{
    signal::{BladeContact, FirstHit, Signal, SignalKind, frame_at},
    tracks::{
        BACK_FOOT, BACK_HIP, BACK_WRIST, FRONT_ELBOW, FRONT_FOOT, FRONT_HIP, FRONT_SHOULDER,
        FRONT_WRIST, KEYPOINTS, Point, Side, Skeleton, Tracks,
    },
};

/// How far apart the front feet start, by the normalisation.
const APART: f64 = 4.0;

/// One fencer's frames so far.
#[derive(Clone, Debug)]
pub(crate) struct Drawn {
    frames: Vec<Pose>,
}

/// One frame: places along the piste, seen by the fencer.
#[derive(Clone, Copy, Debug)]
struct Pose {
    trunk: f64,
    lean: f64,
    front_foot: f64,
    back_foot: f64,
    lifted: f64,
    hand: f64,
    hand_height: f64,
    seen: bool,
}

impl Drawn {
    /// On guard, one frame.
    pub(crate) fn new() -> Self {
        let guard = Pose {
            trunk: -0.3,
            lean: 0.0,
            front_foot: 0.0,
            back_foot: -0.6,
            lifted: 0.0,
            hand: 0.1,
            hand_height: 0.0,
            seen: true,
        };
        Self {
            frames: vec![guard],
        }
    }

    fn draw(mut self, frames: usize, mut each: impl FnMut(usize, &mut Pose)) -> Self {
        for at in 0..frames {
            let mut pose = *self.frames.last().expect("there is the guard");
            pose.seen = true;
            pose.lifted = 0.0;
            each(at, &mut pose);
            self.frames.push(pose);
        }
        self
    }

    /// The whole body goes `step` a frame.
    pub(crate) fn go(self, frames: usize, step: f64) -> Self {
        self.draw(frames, |_, pose| pose.go(step))
    }

    /// The back foot alone comes forward.
    pub(crate) fn close_up(self, frames: usize, step: f64) -> Self {
        self.draw(frames, |_, pose| pose.back_foot += step)
    }

    /// The front foot alone goes up by `step` a frame.
    pub(crate) fn lift(self, frames: usize, step: f64) -> Self {
        self.draw(frames, |at, pose| pose.lifted = step * (at + 1) as f64)
    }

    /// The front foot goes out by `step` a frame, the body half as far, the hand with the foot.
    pub(crate) fn lunge(self, frames: usize, step: f64) -> Self {
        self.draw(frames, |_, pose| {
            pose.front_foot += step;
            pose.trunk += step / 2.0;
            pose.lean += step / 8.0;
            pose.hand += step;
        })
    }

    /// The arm goes out by `step` a frame.
    pub(crate) fn extend(self, frames: usize, step: f64) -> Self {
        self.draw(frames, |_, pose| pose.hand += step)
    }

    /// The whole body goes on as before, slowly, and the hand goes up and down by `height`.
    pub(crate) fn beat(self, frames: usize, height: f64) -> Self {
        self.draw(frames, |at, pose| {
            pose.go(0.1);
            pose.hand_height = if at % 2 == 0 { height } else { 0.0 };
        })
    }

    /// Nobody is seen.
    pub(crate) fn hide(mut self, frames: usize) -> Self {
        let is_all = self.frames.len() == 1;
        self = self.draw(frames, |_, pose| pose.seen = false);
        if is_all {
            self.frames.iter_mut().for_each(|pose| pose.seen = false);
        }
        self
    }
}

impl Pose {
    fn go(&mut self, step: f64) {
        self.trunk += step;
        self.front_foot += step;
        self.back_foot += step;
        self.hand += step;
    }

    fn skeleton(&self, side: Side) -> Skeleton {
        let mut row: Skeleton = [None; KEYPOINTS];
        let middle = APART / 2.0 + 2.0;
        let mut put = |keypoint: usize, x: f64, y: f64| {
            row[keypoint] = Some(Point {
                x: (middle + side.forward() * (x - APART / 2.0)) as f32,
                y: y as f32,
            });
        };
        if !self.seen {
            return row;
        }
        for keypoint in 0..FRONT_SHOULDER - 1 {
            put(keypoint, self.trunk + self.lean, 0.0);
        }
        for keypoint in [FRONT_SHOULDER - 1, FRONT_SHOULDER] {
            put(keypoint, self.trunk + self.lean, 0.4);
        }
        for keypoint in [BACK_HIP, FRONT_HIP] {
            put(keypoint, self.trunk - self.lean, 1.2);
        }
        put(FRONT_ELBOW - 1, self.trunk - 0.2, 0.8);
        put(FRONT_ELBOW, (self.trunk + self.hand) / 2.0, 0.8);
        put(BACK_WRIST, self.trunk - 0.3, 0.6);
        put(FRONT_WRIST, self.hand, 0.8 + self.hand_height);
        put(FRONT_HIP + 1, (self.trunk + self.back_foot) / 2.0, 1.7);
        put(FRONT_HIP + 2, (self.trunk + self.front_foot) / 2.0, 1.7);
        put(BACK_FOOT, self.back_foot, 2.2);
        put(FRONT_FOOT, self.front_foot, 2.2 - self.lifted);
        row
    }
}

/// Two fencers opposite each other.
pub(crate) fn tracks(left: Drawn, right: Drawn) -> Tracks {
    let rows = |drawn: Drawn, side| {
        drawn
            .frames
            .iter()
            .map(|pose| pose.skeleton(side))
            .collect()
    };
    Tracks {
        left: rows(left, Side::Left),
        right: rows(right, Side::Right),
    }
}

/// A double touch at a time, in seconds, with blade contacts.
pub(crate) fn signal(hit: f64, contacts: &[f64]) -> Signal {
    let contact = |time: &f64| BladeContact {
        time: *time,
        frame: frame_at(*time),
    };
    Signal {
        kind: SignalKind::DoubleTouch,
        start_time: 0.0,
        hit_time: Some(hit),
        first_hit: Some(FirstHit {
            time: hit,
            by: None,
        }),
        blade_contacts: contacts.iter().map(contact).collect(),
        lockout_start: None,
        end_time: None,
        declared_winner: None,
    }
}

//! Where both fencers were: seventeen keypoints each, frame by frame, in units of the normalisation constant.
//!
//! A table knows neither pixels nor how it was made. Within a person the keypoints of a pair are ordered by direction of
//! attack: of [`FRONT_FOOT`] and [`BACK_FOOT`], or of the two wrists, the even index is the one nearer to the opponent.

use std::fmt;

/// Keypoints of a person, COCO's order.
pub const KEYPOINTS: usize = 17;
/// The shoulder nearer to the opponent.
pub const FRONT_SHOULDER: usize = 6;
/// The elbow nearer to the opponent.
pub const FRONT_ELBOW: usize = 8;
/// The wrist away from the opponent.
pub const BACK_WRIST: usize = 9;
/// The wrist nearer to the opponent, as a rule the one with the weapon.
pub const FRONT_WRIST: usize = 10;
/// The hip away from the opponent.
pub const BACK_HIP: usize = 11;
/// The hip nearer to the opponent.
pub const FRONT_HIP: usize = 12;
/// The ankle away from the opponent.
pub const BACK_FOOT: usize = 15;
/// The ankle nearer to the opponent.
pub const FRONT_FOOT: usize = 16;

/// Frames a second on which every rule and threshold of the decision rests; tables of other rates are resampled first.
pub const FPS: f64 = 15.0;

/// Rows of a resampled table, at most: two hours. A client may say that its frames are a day apart.
pub(super) const MOST_ROWS: usize = 2 * 60 * 60 * FPS as usize;

/// A place, in units of the normalisation constant; x grows to the right of the picture, y downwards.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// To the right.
    pub x: f32,
    /// Downwards.
    pub y: f32,
}

/// One person in one frame; `None` where a keypoint was not seen.
pub type Skeleton = [Option<Point>; KEYPOINTS];

/// One of the two fencers, as the picture shows them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The fencer on the left of the picture, who attacks to the right.
    Left,
    /// The fencer on the right of the picture, who attacks to the left.
    Right,
}

/// Both fencers' keypoints at [`FPS`]: row `n` of either is frame `n` of the bout.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tracks {
    /// The left fencer's rows.
    pub left: Vec<Skeleton>,
    /// The right fencer's rows.
    pub right: Vec<Skeleton>,
}

// === impl Side ===

impl Side {
    /// Both, left first.
    pub const BOTH: [Self; 2] = [Self::Left, Self::Right];

    /// The opponent.
    pub const fn other(self) -> Self {
        match self {
            Self::Left => Self::Right,
            Self::Right => Self::Left,
        }
    }

    /// The sign of a movement along x that goes towards the opponent.
    pub const fn forward(self) -> f64 {
        match self {
            Self::Left => 1.0,
            Self::Right => -1.0,
        }
    }

    /// `left` or `right`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Left => "left",
            Self::Right => "right",
        }
    }

    /// `Left` or `Right`, to open a sentence with.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Left => "Left",
            Self::Right => "Right",
        }
    }
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

// === impl Tracks ===

impl Tracks {
    /// Frames of the bout: the longer side's, as a side may be missing from the last frames.
    pub fn frames(&self) -> usize {
        self.left.len().max(self.right.len())
    }

    /// One fencer's rows.
    pub fn of(&self, side: Side) -> &[Skeleton] {
        match side {
            Side::Left => &self.left,
            Side::Right => &self.right,
        }
    }

    /// A keypoint of a fencer in a frame; `None` also beyond the table. Values that are not finite count as not seen.
    pub fn point(&self, side: Side, frame: usize, keypoint: usize) -> Option<Point> {
        let point = (*self.of(side).get(frame)?.get(keypoint)?)?;
        (point.x.is_finite() && point.y.is_finite()).then_some(point)
    }

    /// A keypoint's way along x in every frame, towards the opponent positive.
    pub fn advance(&self, side: Side, keypoint: usize) -> Vec<Option<f64>> {
        (0..self.frames())
            .map(|frame| {
                self.point(side, frame, keypoint)
                    .map(|point| f64::from(point.x) * side.forward())
            })
            .collect()
    }

    /// The same bout at [`FPS`], from rows at another rate: each frame has the row nearest in time. A rate that is not a
    /// positive number leaves the rows as they are, and what lies beyond two hours is left out.
    #[must_use]
    pub fn at_rate(self, fps: f64) -> Self {
        if !(fps.is_finite() && fps > 0.0) || (fps - FPS).abs() < 1e-3 {
            return self;
        }
        let resample = |rows: Vec<Skeleton>| {
            let count = ((rows.len() as f64 * FPS / fps).round() as usize).min(MOST_ROWS);
            let row = |frame: usize| (frame as f64 * fps / FPS).round() as usize;
            (0..count)
                .filter_map(|frame| rows.get(row(frame).min(rows.len() - 1)).copied())
                .collect()
        };
        Self {
            left: resample(self.left),
            right: resample(self.right),
        }
    }

    /// The same bout seen in a mirror: left becomes right. A fair rule gives the mirrored verdict.
    #[must_use]
    pub fn mirrored(&self) -> Self {
        Self {
            left: self.right.iter().map(mirror).collect(),
            right: self.left.iter().map(mirror).collect(),
        }
    }
}

/// A person in a mirror. The keypoints keep their indices, since pairs are ordered by direction of attack.
fn mirror(row: &Skeleton) -> Skeleton {
    row.map(|point| {
        point.map(|point| Point {
            x: -point.x,
            y: point.y,
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(x: f32) -> Tracks {
        let mut row: Skeleton = [None; KEYPOINTS];
        row[FRONT_FOOT] = Some(Point { x, y: 1.0 });
        Tracks {
            left: vec![row],
            right: vec![],
        }
    }

    #[test]
    fn frames_that_are_a_day_apart_do_not_fill_the_memory() {
        assert_eq!(one(2.0).at_rate(1e-5).frames(), MOST_ROWS);
    }

    #[test]
    fn the_longer_side_says_how_long_a_bout_is() {
        assert_eq!(one(2.0).frames(), 1);
    }

    #[test]
    fn what_is_beyond_the_table_was_not_seen() {
        let tracks = one(2.0);
        assert!(tracks.point(Side::Left, 0, FRONT_FOOT).is_some());
        assert_eq!(tracks.point(Side::Left, 1, FRONT_FOOT), None);
        assert_eq!(tracks.point(Side::Right, 0, FRONT_FOOT), None);
        assert_eq!(tracks.point(Side::Left, 0, 99), None);
    }

    #[test]
    fn a_value_that_is_not_finite_was_not_seen() {
        assert_eq!(one(f32::NAN).point(Side::Left, 0, FRONT_FOOT), None);
        assert_eq!(one(f32::INFINITY).point(Side::Left, 0, FRONT_FOOT), None);
    }

    #[test]
    fn to_advance_is_positive_on_either_side() {
        let tracks = one(2.0);
        assert_eq!(tracks.advance(Side::Left, FRONT_FOOT), [Some(2.0)]);
        assert_eq!(
            tracks.mirrored().advance(Side::Right, FRONT_FOOT),
            [Some(2.0)]
        );
    }

    #[test]
    fn other_rates_become_the_rate_of_the_rules() {
        let rows: Vec<Skeleton> = (0..60).map(|at| one(at as f32).left[0]).collect();
        let tracks = Tracks {
            left: rows,
            right: vec![],
        };
        let frames = tracks.clone().at_rate(30.0);
        assert_eq!(frames.left.len(), 30);
        assert_eq!(frames.point(Side::Left, 10, FRONT_FOOT).unwrap().x, 20.0);
        assert_eq!(tracks.clone().at_rate(10.0).left.len(), 90);
        assert_eq!(tracks.clone().at_rate(f64::NAN), tracks);
    }

    #[test]
    fn two_mirrors_show_the_bout_itself() {
        assert_eq!(one(2.0).mirrored().mirrored(), one(2.0));
    }
}

//! What the referee says: who has the touch, why, how sure, and what in the bout shows it.
//!
//! These are values with the names that clients read; nothing here decides. Numbers that are not finite become `null` in
//! JSON, and `winner` and `reason` are never empty.

use super::{
    signal::Signal,
    tracks::{FPS, Side},
};
use serde::Serialize;

/// Who has the touch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Winner {
    /// The fencer on the left.
    Left,
    /// The fencer on the right.
    Right,
    /// The tracks are too poor to say.
    Abstain,
}

/// A verdict, with everything that speaks for it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Verdict {
    /// Who has the touch.
    pub winner: Winner,
    /// Why, in a sentence for people.
    pub reason: String,
    /// The chance that a human referee agrees, from 0.5 (a coin) to 1; 0 for an abstention.
    pub confidence: f64,
    /// What was seen, in order of time.
    pub evidence: Vec<Evidence>,
    /// The rules that decided: `v1` or `v2`.
    pub rules: &'static str,
    /// Where the left fencer stood still or went back.
    pub left_pauses: Vec<Pause>,
    /// Where the right fencer stood still or went back.
    pub right_pauses: Vec<Pause>,
    /// Whom the first blade contact favours.
    pub blade_analysis: Favour,
    /// What was measured around the first blade contact.
    pub blade_details: BladeDetails,
    /// How fast both were, over the whole bout.
    pub speed_comparison: SpeedComparison,
    /// Who lunged from the line.
    pub lunge_detected: Lunges,
    /// Who had the right of way when; gap-free, in order of time.
    pub right_of_way: Vec<RightOfWay>,
    /// Where in the video the scoring device's times are.
    pub moments: Moments,
}

/// Frames at 15 a second that show what the scoring device saw, by the clock of the rules that decided.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Moments {
    /// The hit; `None` where the device told of none.
    pub hit: Option<u64>,
    /// The contacts of the blades.
    pub blade_contacts: Vec<u64>,
}

impl Moments {
    /// Where `clock` finds them.
    pub fn new(signal: &Signal, clock: impl Fn(f64) -> u64) -> Self {
        let contacts = signal.blade_contacts.iter();
        Self {
            hit: signal.hit_time.map(&clock),
            blade_contacts: contacts.map(|contact| clock(contact.time)).collect(),
        }
    }
}

/// Something seen in the bout that speaks for or against a fencer.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Evidence {
    /// Frame at 15 a second, from 0.
    pub frame: u64,
    /// Seconds from the start.
    pub time: f64,
    /// What was seen.
    pub fact: String,
}

/// A stretch in which a fencer did not advance.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Pause {
    /// First frame.
    pub start_frame: u64,
    /// Last frame.
    pub end_frame: u64,
    /// Seconds of the first frame.
    pub start_time: f64,
    /// Seconds of the last frame.
    pub end_time: f64,
    /// Seconds from first to last.
    pub duration: f64,
    /// Whether the fencer stood or went back.
    pub kind: PauseKind,
}

/// Standing still or going back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum PauseKind {
    /// Stood still.
    Pause,
    /// Went back.
    Retreat,
}

/// A side, or neither.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Favour {
    /// Neither.
    #[default]
    None,
    /// The left fencer.
    Left,
    /// The right fencer.
    Right,
}

/// What was measured around the first blade contact; all `None`, and an empty object in JSON, when there was none.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct BladeDetails {
    /// `frames a-b`, both in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub analysis_window: Option<String>,
    /// Frame of the contact.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contact_frame: Option<u64>,
    /// How much both wrists moved.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub wrists: Option<WristVariances>,
    /// Who had the right of way at the contact.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub current_right_of_way: Option<Favour>,
}

/// Sample variances of the weapon wrists around a contact; NaN with fewer than two samples.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct WristVariances {
    /// Along x, left fencer.
    pub left_variance_x: f64,
    /// Along y, left fencer.
    pub left_variance_y: f64,
    /// Their sum.
    pub left_variance_total: f64,
    /// Along x, right fencer.
    pub right_variance_x: f64,
    /// Along y, right fencer.
    pub right_variance_y: f64,
    /// Their sum.
    pub right_variance_total: f64,
    /// Frames in which the left wrist was seen.
    pub samples_left: usize,
    /// Frames in which the right wrist was seen.
    pub samples_right: usize,
}

/// Mean speed of the front foot, and the mean change of it, in units a frame; NaN where nothing was seen.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct SpeedComparison {
    /// Mean speed, left fencer.
    pub left_speed: f64,
    /// Mean speed, right fencer.
    pub right_speed: f64,
    /// Mean change of speed, left fencer.
    pub left_accel: f64,
    /// Mean change of speed, right fencer.
    pub right_accel: f64,
}

/// Who lunged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Lunges {
    /// The left fencer.
    pub left: bool,
    /// The right fencer.
    pub right: bool,
}

/// A stretch of the bout in which one fencer, or neither, had the right of way.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct RightOfWay {
    /// First frame.
    pub start_frame: u64,
    /// Last frame.
    pub end_frame: u64,
    /// Who had it.
    pub holder: Favour,
}

// === impl Winner, Favour ===

impl From<Side> for Winner {
    fn from(side: Side) -> Self {
        match side {
            Side::Left => Self::Left,
            Side::Right => Self::Right,
        }
    }
}

impl Winner {
    /// `left`, `right` or `abstain`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Left => "left",
            Self::Right => "right",
            Self::Abstain => "abstain",
        }
    }
}

impl From<Option<Side>> for Favour {
    fn from(side: Option<Side>) -> Self {
        match side {
            None => Self::None,
            Some(Side::Left) => Self::Left,
            Some(Side::Right) => Self::Right,
        }
    }
}

// === impl Evidence, Pause ===

impl Evidence {
    /// A fact of a frame.
    pub fn at(frame: usize, fact: impl Into<String>) -> Self {
        Self {
            frame: frame as u64,
            time: seconds(frame),
            fact: fact.into(),
        }
    }
}

impl Pause {
    /// From a first to a last frame.
    pub fn over(start: usize, end: usize, kind: PauseKind) -> Self {
        Self {
            start_frame: start as u64,
            end_frame: end as u64,
            start_time: seconds(start),
            end_time: seconds(end),
            duration: seconds(end.saturating_sub(start)),
            kind,
        }
    }
}

/// When a frame was, in seconds from the start.
pub fn seconds(frame: usize) -> f64 {
    frame as f64 / FPS
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn value(of: &impl Serialize) -> serde_json::Value {
        serde_json::to_value(of).unwrap()
    }

    #[test]
    fn a_pause_tells_frames_and_seconds() {
        let pause = Pause::over(15, 30, PauseKind::Retreat);
        let expected = json!({
            "start_frame": 15, "end_frame": 30, "start_time": 1.0, "end_time": 2.0, "duration": 1.0, "kind": "retreat",
        });
        assert_eq!(value(&pause), expected);
    }

    #[test]
    fn without_a_contact_the_blade_details_are_an_empty_object() {
        assert_eq!(value(&BladeDetails::default()), json!({}));
    }

    #[test]
    fn blade_details_are_flat() {
        let details = BladeDetails {
            analysis_window: Some("frames 2-13".to_owned()),
            contact_frame: Some(10),
            wrists: Some(WristVariances {
                left_variance_x: f64::NAN,
                left_variance_y: 0.0,
                left_variance_total: 0.0,
                right_variance_x: 0.0,
                right_variance_y: 0.0,
                right_variance_total: 0.5,
                samples_left: 1,
                samples_right: 12,
            }),
            current_right_of_way: Some(Favour::None),
        };
        let json = value(&details);
        assert_eq!(json["analysis_window"], "frames 2-13");
        assert_eq!(json["right_variance_total"], 0.5);
        assert_eq!(json["current_right_of_way"], "none");
        assert_eq!(json["left_variance_x"], serde_json::Value::Null);
    }

    #[test]
    fn winners_are_written_in_small_letters() {
        assert_eq!(value(&Winner::Abstain), json!("abstain"));
        assert_eq!(value(&Winner::from(Side::Left)), json!("left"));
        assert_eq!(value(&Favour::from(None)), json!("none"));
    }
}

//! The result as clients read it, and as it lies beside the videos.
//!
//! Invariant: a result stays below what clients' libraries receive in one message; longer tables stay in their file.

use crate::{
    media::lens::Fisheye,
    pipelines::referee::{
        signal::Phrase,
        table::VideoAngle,
        tracks::{KEYPOINTS, Side, Tracks},
        verdict::Verdict,
    },
};
use serde::Serialize;
use std::borrow::Cow;

/// Bytes of a result, at most: the usual client library's limit is 1 MiB, and statistics come on top.
pub const LONGEST: usize = 900_000;

/// The result of a bout.
#[derive(Debug, Serialize)]
pub struct ResultDocument<'a> {
    /// `success`, or `skipped`.
    pub status: &'static str,
    /// Why it was skipped.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<&'a str>,
    /// Who won, as the scoring device's file says; where nothing was decided.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub declared_winner: Option<&'static str>,
    /// The video's name: of the one that was uploaded, or of the one that was made of the stream's frames.
    pub input_video: Cow<'a, str>,
    /// The signal's name.
    pub input_signal: &'a str,
    /// Who has the touch and why; none where nothing was to be decided.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decision: Option<&'a Verdict>,
    /// What the scoring device told.
    pub phrase: Phrase,
    /// The files, relative to the output directory.
    pub artifacts: Artifacts,
    /// How it was made.
    pub metadata: Metadata<'a>,
    /// Where the files are, relative to the output directory.
    pub artifact_dir: &'a str,
    /// Seconds since the signal came.
    pub wall_time_seconds: f64,
    /// The table, if it was asked for and is not too long.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub keypoints: Option<Keypoints>,
}

/// The files of a result; what is not there was not made.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Artifacts {
    /// The frames as they came.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub video: Option<String>,
    /// The same, straightened.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub corrected_video: Option<String>,
    /// The same, drawn over.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub analysis_video: Option<String>,
    /// The keypoint table as a workbook.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub excel: Option<String>,
    /// The keypoint table as text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub csv: Option<String>,
    /// The scoring device's file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signal: Option<String>,
    /// This object.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub result_json: Option<String>,
}

/// How a result was made.
#[derive(Debug, Serialize)]
pub struct Metadata<'a> {
    /// Which fencer is nearer to the camera; `null` where no table could be made.
    pub video_angle: Option<VideoAngle>,
    /// Pixels of one unit of the table.
    pub normalisation_constant: Option<f64>,
    /// Frames that were looked at.
    pub frames_processed: usize,
    /// Frames that could not be decoded.
    pub undecodable_frames: Vec<u64>,
    /// Frames a second of the video.
    pub fps: f64,
    /// Pixels in a row and rows of the straightened frames.
    pub corrected_size: (u32, u32),
    /// How frames were straightened.
    pub fisheye: Correction,
    /// The rules that decided.
    pub rules: &'static str,
    /// The model that found the fencers.
    pub model: Model<'a>,
    /// What wrote the videos; `null` where it is not installed.
    pub ffmpeg: Option<&'a str>,
    /// What is less than it could be, for people.
    pub notes: Vec<String>,
}

/// How frames were straightened.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Correction {
    /// Whether they were at all; not with a strength of 0.
    pub enabled: bool,
    /// The lens' strength; `null` where nothing was done.
    pub strength: Option<f64>,
    /// How much of the picture's edge was kept, 0 to 1; `null` where nothing was done.
    pub balance: Option<f64>,
}

impl From<Option<Fisheye>> for Correction {
    fn from(lens: Option<Fisheye>) -> Self {
        Self {
            enabled: lens.is_some(),
            strength: lens.map(|lens| lens.strength),
            balance: lens.map(|lens| lens.balance),
        }
    }
}

/// A model, so that nothing passes for what it is not.
#[derive(Debug, Serialize)]
pub struct Model<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its title.
    pub title: &'a str,
    /// `analytic`, `trained` or `generative`.
    pub kind: &'static str,
}

/// The table: a row a frame, a column a keypoint, `null` where one was not seen.
#[derive(Debug, Serialize)]
pub struct Keypoints {
    left_x: Vec<Row>,
    left_y: Vec<Row>,
    right_x: Vec<Row>,
    right_y: Vec<Row>,
}

type Row = [Option<f32>; KEYPOINTS];

impl Keypoints {
    /// The same table, unless its text would be longer than [`LONGEST`] however short its numbers were: then it is not even
    /// made, as it would be many times as large in memory.
    pub fn of(tracks: &Tracks) -> Option<Self> {
        let shortest = tracks.frames() * 4 * KEYPOINTS * "0,".len();
        (shortest <= LONGEST).then(|| Self::all(tracks))
    }

    fn all(tracks: &Tracks) -> Self {
        let rows = |side: Side, axis: usize| {
            let row = |frame| {
                std::array::from_fn(|keypoint| {
                    let point = tracks.point(side, frame, keypoint)?;
                    Some(([point.x, point.y][axis] * 1e4).round() / 1e4)
                })
            };
            (0..tracks.frames()).map(row).collect()
        };
        Self {
            left_x: rows(Side::Left, 0),
            left_y: rows(Side::Left, 1),
            right_x: rows(Side::Right, 0),
            right_y: rows(Side::Right, 1),
        }
    }
}

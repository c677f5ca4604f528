//! A file of recorded bouts: one JSON object a line, plain or gzip.
//!
//! A line that cannot be read is an entry with a fault, so that the others still count. What a bout is called and what the
//! human said is kept even when the rest of its line is of no use.

use super::json::without_python_s_words;
use crate::pipelines::referee::{
    signal::{Signal, SignalError, parse},
    tracks::{FPS, KEYPOINTS, Point, Side, Skeleton, Tracks},
};
use flate2::bufread::MultiGzDecoder;
use serde::Deserialize;
use std::io::{self, BufRead, BufReader};

/// First bytes of a gzip file.
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// A line of the file.
#[derive(Debug)]
pub(super) struct Entry {
    /// Its number, from 1.
    pub(super) line: usize,
    /// What it is about; `None` if even that could not be read.
    pub(super) name: Option<Name>,
    /// The bout, or what is wrong with it.
    pub(super) bout: Result<Bout, Fault>,
    /// What is wrong with the human's word; the bout itself is none the worse for it.
    pub(super) remark: Option<Fault>,
}

/// Which bout, and what the human said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Name {
    /// The bout's name.
    pub(super) id: String,
    /// The human referee's word.
    pub(super) human: Human,
}

/// What the human referee said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Human {
    /// One of the two.
    Winner(Side),
    /// That it cannot be said.
    Abstain,
    /// Nothing, or nothing that is understood.
    None,
}

/// What the rules are given.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Bout {
    /// The scoring device's file.
    pub(super) signal: Signal,
    /// The day of the recording, as written in that file; empty if it has none.
    pub(super) day: String,
    /// The keypoints.
    pub(super) tracks: Tracks,
}

/// Why a line is of no use.
#[derive(Debug, thiserror::Error)]
pub(super) enum Fault {
    /// It is no JSON object.
    #[error("not a JSON object: {0}")]
    Json(#[from] serde_json::Error),
    /// A field is missing, null, or not of its type.
    #[error("{field}: {why}")]
    Field {
        /// Where.
        field: &'static str,
        /// What is wrong.
        why: String,
    },
    /// The signal file is not one.
    #[error("signal: {0}")]
    Signal(#[from] SignalError),
}

/// The entries of a file.
pub(super) struct Phrases {
    lines: io::Split<Box<dyn BufRead>>,
    line: usize,
}

impl Phrases {
    /// Opens a file, whichever form it has.
    pub(super) fn open(mut file: impl BufRead + 'static) -> io::Result<Self> {
        let is_gzip = file.fill_buf()?.starts_with(&GZIP);
        let plain: Box<dyn BufRead> = if is_gzip {
            Box::new(BufReader::new(MultiGzDecoder::new(file)))
        } else {
            Box::new(file)
        };
        Ok(Self {
            lines: plain.split(b'\n'),
            line: 0,
        })
    }
}

impl Iterator for Phrases {
    type Item = io::Result<Entry>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let bytes = match self.lines.next()? {
                Ok(bytes) => bytes,
                Err(error) => return Some(Err(error)),
            };
            self.line += 1;
            if !bytes.trim_ascii().is_empty() {
                return Some(Ok(entry(self.line, &bytes)));
            }
        }
    }
}

/// A line as it is written. Fields are read one by one, so that a fault names its field.
#[derive(Deserialize)]
struct Raw {
    id: Option<serde_json::Value>,
    fps: Option<serde_json::Value>,
    signal: Option<serde_json::Value>,
    keypoints: Option<serde_json::Value>,
    human_winner: Option<serde_json::Value>,
}

#[derive(Deserialize)]
struct Keypoints {
    left_x: Vec<Vec<Option<f32>>>,
    left_y: Vec<Vec<Option<f32>>>,
    right_x: Vec<Vec<Option<f32>>>,
    right_y: Vec<Vec<Option<f32>>>,
}

fn entry(line: usize, bytes: &[u8]) -> Entry {
    let raw: Raw = match serde_json::from_slice(&without_python_s_words(bytes)) {
        Ok(raw) => raw,
        Err(error) => {
            return Entry {
                line,
                name: None,
                bout: Err(error.into()),
                remark: None,
            };
        }
    };
    let (human, remark) = human(raw.human_winner.as_ref());
    match id(&raw) {
        Ok(id) => Entry {
            line,
            bout: bout(&id, raw),
            name: Some(Name { id, human }),
            remark,
        },
        Err(fault) => Entry {
            line,
            name: None,
            bout: Err(fault),
            remark,
        },
    }
}

fn id(raw: &Raw) -> Result<String, Fault> {
    match &raw.id {
        Some(serde_json::Value::String(id)) => Ok(id.clone()),
        Some(serde_json::Value::Number(id)) => Ok(id.to_string()),
        _ => Err(fault("id", "missing, or neither a text nor a number")),
    }
}

/// What the human said, and what is wrong with it.
fn human(winner: Option<&serde_json::Value>) -> (Human, Option<Fault>) {
    let said = match winner.map(|winner| winner.as_str()) {
        None => Human::None,
        Some(Some("left")) => Human::Winner(Side::Left),
        Some(Some("right")) => Human::Winner(Side::Right),
        Some(Some("abstain")) => Human::Abstain,
        Some(_) => {
            let why = "neither \"left\", \"right\", \"abstain\" nor null; not counted";
            return (Human::None, Some(fault("human_winner", why)));
        }
    };
    (said, None)
}

fn bout(id: &str, raw: Raw) -> Result<Bout, Fault> {
    let text: String = field("signal", raw.signal)?;
    let keypoints: Keypoints = field("keypoints", raw.keypoints)?;
    let fps: f64 = raw.fps.map_or(Ok(FPS), |fps| field("fps", Some(fps)))?;
    if !(fps.is_finite() && fps > 0.0) {
        return Err(fault("fps", "not above 0"));
    }
    let tracks = Tracks {
        left: rows("keypoints.left", &keypoints.left_x, &keypoints.left_y)?,
        right: rows("keypoints.right", &keypoints.right_x, &keypoints.right_y)?,
    };
    Ok(Bout {
        signal: parse(id, text.as_bytes())?,
        day: day(&text).to_owned(),
        tracks: tracks.at_rate(fps),
    })
}

fn field<T: for<'de> Deserialize<'de>>(
    field: &'static str,
    value: Option<serde_json::Value>,
) -> Result<T, Fault> {
    let value = value.ok_or_else(|| fault(field, "missing or null"))?;
    serde_json::from_value(value).map_err(|error| fault(field, error.to_string()))
}

fn fault(field: &'static str, why: impl Into<String>) -> Fault {
    Fault::Field {
        field,
        why: why.into(),
    }
}

/// One side's rows of x and of y, put together.
fn rows(
    side: &'static str,
    x: &[Vec<Option<f32>>],
    y: &[Vec<Option<f32>>],
) -> Result<Vec<Skeleton>, Fault> {
    if x.len() != y.len() {
        let why = format!("{} rows of x, {} of y", x.len(), y.len());
        return Err(fault(side, why));
    }
    let rows = x.iter().zip(y).enumerate();
    rows.map(|(at, (x, y))| {
        row(x, y).ok_or_else(|| fault(side, format!("row {at} has not {KEYPOINTS} keypoints")))
    })
    .collect()
}

fn row(x: &[Option<f32>], y: &[Option<f32>]) -> Option<Skeleton> {
    let (x, y): (&[_; KEYPOINTS], &[_; KEYPOINTS]) = (x.try_into().ok()?, y.try_into().ok()?);
    Some(std::array::from_fn(|at| {
        Some(Point {
            x: x[at]?,
            y: y[at]?,
        })
    }))
}

/// The first `2025-10-17` of a text.
fn day(text: &str) -> &str {
    let form = |c: u8, at: usize| match at {
        4 | 7 => c == b'-',
        _ => c.is_ascii_digit(),
    };
    let is_day = |day: &&[u8]| day.iter().enumerate().all(|(at, c)| form(*c, at));
    let day = text.as_bytes().windows(10).find(is_day);
    day.and_then(|day| std::str::from_utf8(day).ok())
        .unwrap_or_default()
}

#[cfg(test)]
#[path = "read_tests.rs"]
mod tests;

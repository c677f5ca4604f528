//! From everything that was noted of a bout to its verdict, and to the files that show it.
//!
//! The verdict comes first and takes milliseconds; it depends on the frames' numbers only.

use super::{
    pose::Person,
    rules::RuleSet,
    signal::{self, Signal, SignalKind},
    study::DECIDED,
    table::{self, Normalisation},
    tracking::{ReferencePostures, TrackedFrame, Tracker, TrackerOptions},
    tracks::Tracks,
    verdict::{Verdict, Winner},
};
use crate::{
    engine::Manifest,
    media::{
        lens::Remap,
        spool::{FrameRef, SpoolReader},
    },
    pipelines::{Conclusion, StageSink, StudyFault},
    session::{BoutSpec, SignalFile},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
    sync::Arc,
    time::Duration,
};

/// How a verdict is reached and what is written beside it.
#[derive(Clone, Debug)]
pub struct Judging {
    /// Where results lie, one folder a bout.
    pub output_dir: PathBuf,
    /// The rules that decide.
    pub rules: RuleSet,
    /// What fencers look like at the start, if it is known.
    pub reference: Option<Arc<ReferencePostures>>,
    /// Whether an uploaded video's sound is kept.
    pub keep_audio: bool,
    /// The model that found the fencers.
    pub model: Arc<Manifest>,
}

/// All that was noted of a bout.
pub struct Material {
    /// What its client announced.
    pub bout: BoutSpec,
    /// What its scoring device wrote.
    pub signal: SignalFile,
    /// What straightened its frames.
    pub lens: Arc<Remap>,
    /// Its frames as they came, and where they are.
    pub originals: (BTreeMap<u64, FrameRef>, SpoolReader),
    /// Its frames as JPEG, straightened, and where they are.
    pub corrected: (BTreeMap<u64, FrameRef>, SpoolReader),
    /// Who is in them.
    pub persons: BTreeMap<u64, Vec<Person>>,
    /// Frames that could not be decoded.
    pub undecodable: BTreeSet<u64>,
    /// Time since the signal came.
    pub elapsed: Arc<dyn Fn() -> Duration + Send + Sync>,
}

/// What a bout came to, before anything is drawn.
pub struct Finding {
    /// Who has the touch.
    pub verdict: Verdict,
    /// Where both fencers were, at 15 rows a second.
    pub tracks: Tracks,
    /// The scale of the tracks; `None` where no frame gave one.
    pub normalisation: Option<Normalisation>,
    /// Both fencers in pixels, frame by frame.
    pub tracked: Vec<TrackedFrame>,
}

impl Judging {
    /// Tracks, table and decision: milliseconds.
    fn find(&self, signal: &Signal, material: &Material) -> Finding {
        let mut tracker = Tracker::new(TrackerOptions {
            frame_size: material.lens.size(),
            reference: self.reference.clone(),
        });
        for (number, persons) in &material.persons {
            tracker.feed(*number, persons);
        }
        let tracked = tracker.into_tracked();
        let (tracks, normalisation, poor) = match table::normalise(&tracked) {
            Ok((tracks, scale)) => (tracks.at_rate(material.bout.fps), Some(scale), None),
            Err(poor) => (Tracks::default(), None, Some(poor)),
        };
        let mut verdict = self.rules.decide(signal, &tracks);
        if let Some(poor) = poor {
            verdict.winner = Winner::Abstain;
            verdict.confidence = 0.0;
            verdict.reason = poor.to_string();
        }
        Finding {
            verdict,
            tracks,
            normalisation,
            tracked,
        }
    }

    /// Judges a bout.
    pub fn conclude(self, material: Material, tell: &StageSink) -> Result<Conclusion, StudyFault> {
        let SignalFile { filename, bytes } = &material.signal;
        let signal =
            signal::parse(filename, bytes).map_err(|e| StudyFault::Unusable(e.to_string()))?;
        let wall = material.elapsed.as_ref()().as_secs_f64();
        let undecodable: Vec<_> = material.undecodable.iter().collect();
        let id = material.bout.id.as_str();
        let document = match &signal.kind {
            SignalKind::Skipped { reason, .. } => serde_json::json!({
                "status": "skipped", "reason": reason, "phrase": signal.phrase(), "artifact_dir": id, "wall_time_seconds": wall,
            }),
            SignalKind::DoubleTouch => {
                if material.persons.is_empty() {
                    return Err(StudyFault::Unusable("No frame could be decoded".into()));
                }
                tell(DECIDED, 0.0, "Deciding".into());
                let Finding { verdict, .. } = self.find(&signal, &material);
                tell(DECIDED, 1.0, verdict.reason.clone().into());
                serde_json::json!({
                    "status": "success", "decision": verdict, "phrase": signal.phrase(), "artifact_dir": id, "wall_time_seconds": wall,
                    "metadata": { "frames_processed": material.persons.len(), "undecodable_frames": undecodable },
                })
            }
        };
        Ok(Conclusion {
            document: document.to_string(),
        })
    }
}

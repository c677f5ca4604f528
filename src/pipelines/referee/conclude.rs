//! From everything that was noted of a bout to its verdict, and to the files that show it.
//!
//! The verdict comes first and takes milliseconds; tracks, table and decision depend on the frames' numbers only. Then the
//! videos and tables are written, which takes as long as they are long.

use super::{
    artifacts::{
        self, Folder,
        document::{self, Artifacts, Keypoints, Metadata, Model, ResultDocument},
        overlay::Overlay,
    },
    lenses::Lens,
    places::Places,
    pose::Person,
    rules::{RuleSet, lunge::lunges},
    signal::{self, Signal, SignalKind},
    study::DECIDED,
    table::{self, Normalisation},
    tracking::{ReferencePostures, TrackedFrame, Tracker, TrackerOptions},
    tracks::{FPS, Tracks},
    verdict::{Verdict, Winner},
};
use crate::{
    engine::Manifest,
    media::{
        spool::{FrameRef, SpoolReader},
        video::{Ffmpeg, Sought},
    },
    pipelines::{Conclusion, StageSink, StudyFault},
    session::{BoutSpec, SignalFile},
};
use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
    sync::{Arc, LazyLock},
    time::Duration,
};

/// Why a result comes without the table that was asked for.
const TOO_MANY: &str = "the keypoints are too many for this answer: they are in the table's files";

/// How a verdict is reached and what is written beside it.
#[derive(Clone, Debug)]
pub struct Judging {
    /// Where results lie, one folder a bout.
    pub output_dir: PathBuf,
    /// The rules that decide.
    pub rules: RuleSet,
    /// What fencers look like at the start, if it is known.
    pub reference: Option<Arc<ReferencePostures>>,
    /// Writes videos that browsers play, if it is found.
    pub ffmpeg: Arc<Sought>,
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
    pub lens: Arc<Lens>,
    /// Its frames as they came, and where they are.
    pub originals: (BTreeMap<u64, FrameRef>, SpoolReader),
    /// When in the bout each of them is.
    pub places: Places,
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
    /// The program, once it is known whether there is one.
    pub fn ffmpeg(&self) -> Option<&Ffmpeg> {
        LazyLock::force(&self.ffmpeg).as_ref()
    }

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
        let (tracks, normalisation, poor) = match table::normalise(&tracked, &material.places) {
            Ok((tracks, scale)) => (tracks.at_rate(material.bout.fps), Some(scale), None),
            Err(poor) => (Tracks::default(), None, Some(poor)),
        };
        let mut verdict = self.rules.decide(signal, &tracks);
        if let Some(scale) = &normalisation {
            // Of all observations the one that asks for the scale, which rules do not know.
            verdict.lunge_detected = lunges(&tracks, scale.constant);
        }
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

    /// Judges a bout, and writes what proves it.
    ///
    /// # Errors
    /// If no frame could be decoded, or the signal cannot be read.
    pub fn conclude(self, material: Material, tell: &StageSink) -> Result<Conclusion, StudyFault> {
        let SignalFile { filename, bytes } = &material.signal;
        let signal =
            signal::parse(filename, bytes).map_err(|e| StudyFault::Unusable(e.to_string()))?;
        let finding = match &signal.kind {
            SignalKind::Skipped { reason, .. } => {
                tell(DECIDED, 1.0, (*reason).into());
                None
            }
            SignalKind::DoubleTouch if material.persons.is_empty() => {
                return Err(StudyFault::Unusable("No frame could be decoded".into()));
            }
            SignalKind::DoubleTouch => {
                tell(DECIDED, 0.0, "Deciding".into());
                let finding = self.find(&signal, &material);
                tell(DECIDED, 1.0, finding.verdict.reason.clone().into());
                Some(finding)
            }
        };
        let mut folder = Folder::make(&self, material.bout.id.as_str());
        let overlay = finding
            .as_ref()
            .filter(|_| material.bout.save_overlay)
            .map(|finding| Overlay {
                verdict: &finding.verdict,
                frames: material.frames_at(FPS),
                unit: finding.normalisation.map(|scale| scale.constant),
            });
        folder.fill(&self, &material, finding.as_ref(), overlay.as_ref(), tell);
        folder.announce_result();
        self.document(&signal, &material, finding.as_ref(), folder)
    }

    /// The result; without its table if it would be too long with it. It does not name the file of its own that it could not
    /// be kept in.
    fn document(
        &self,
        signal: &Signal,
        material: &Material,
        finding: Option<&Finding>,
        folder: Folder,
    ) -> Result<Conclusion, StudyFault> {
        let internal = |e: serde_json::Error| StudyFault::Internal(e.to_string());
        let mut result = self.result(signal, material, finding, folder.artifacts, folder.notes);
        let wanted = finding.filter(|_| material.bout.include_keypoints);
        result.keypoints = wanted.and_then(|finding| Keypoints::of(&finding.tracks));
        let text = serde_json::to_string(&result).map_err(internal)?;
        if text.len() > document::LONGEST {
            result.keypoints = None;
        }
        if wanted.is_some() && result.keypoints.is_none() {
            result.metadata.notes.push(TOO_MANY.to_owned());
        }
        let pretty = serde_json::to_vec_pretty(&result).map_err(internal)?;
        if let Err(error) = artifacts::keep(&folder.dir, &pretty) {
            tracing::warn!(session = %material.bout.id, %error, "a result was not written");
            result.artifacts.result_json = None;
            let note = format!("the result could not be written: {error}");
            result.metadata.notes.push(note);
        }
        let document = serde_json::to_string(&result).map_err(internal)?;
        Ok(Conclusion { document })
    }

    fn result<'a>(
        &'a self,
        signal: &'a Signal,
        material: &'a Material,
        finding: Option<&'a Finding>,
        artifacts: Artifacts,
        notes: Vec<String>,
    ) -> ResultDocument<'a> {
        let wall_time = material.elapsed.as_ref()().as_secs_f64();
        ResultDocument {
            status: if finding.is_some() {
                "success"
            } else {
                "skipped"
            },
            reason: match &signal.kind {
                SignalKind::Skipped { reason, .. } => Some(reason),
                SignalKind::DoubleTouch => None,
            },
            declared_winner: finding.is_none().then(|| signal.phrase().declared_winner),
            input_video: input_video(&material.bout, &artifacts),
            input_signal: &material.signal.filename,
            decision: finding.map(|finding| &finding.verdict),
            phrase: signal.phrase(),
            artifacts,
            metadata: self.metadata(material, finding, notes),
            artifact_dir: material.bout.id.as_str(),
            wall_time_seconds: (wall_time * 1e4).round() / 1e4,
            keypoints: None,
        }
    }

    fn metadata<'a>(
        &'a self,
        material: &Material,
        finding: Option<&Finding>,
        notes: Vec<String>,
    ) -> Metadata<'a> {
        let scale = finding.and_then(|finding| finding.normalisation);
        Metadata {
            video_angle: scale.map(|scale| scale.video_angle),
            normalisation_constant: scale.map(|scale| scale.constant),
            frames_processed: material.persons.len(),
            undecodable_frames: material.undecodable.iter().copied().collect(),
            fps: material.bout.fps,
            corrected_size: material.lens.size(),
            fisheye: material.lens.lens().into(),
            rules: self.rules.name(),
            model: Model {
                name: &self.model.name,
                title: &self.model.title,
                kind: self.model.kind.name(),
            },
            ffmpeg: self.ffmpeg().map(Ffmpeg::version),
            notes,
        }
    }
}

/// The video that was judged: the one that was uploaded, or the one that the stream's frames became.
fn input_video<'a>(bout: &'a BoutSpec, artifacts: &Artifacts) -> Cow<'a, str> {
    let uploaded = bout.input_video.as_deref().map(Cow::Borrowed);
    let streamed = || {
        let path = artifacts.video.as_deref().unwrap_or(artifacts::STREAMED);
        Cow::Owned(path.rsplit('/').next().unwrap_or(path).to_owned())
    };
    uploaded.unwrap_or_else(streamed)
}

impl Material {
    /// Frames of the whole bout at another rate.
    fn frames_at(&self, fps: f64) -> u64 {
        let frames = self.places.count();
        (frames as f64 * fps / self.bout.fps).round() as u64
    }
}

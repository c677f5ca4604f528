//! One bout's study: what has been noted of its frames, and the jobs that note it.

use super::{
    conclude::{Judging, Material},
    frame::FrameStudy,
    lenses::Lens,
    places::Places,
    pose::{Person, nearest},
    signal,
};
use crate::{
    media::{
        Encoding,
        spool::{FrameRef, SpoolError, SpoolReader, SpoolWriter},
    },
    pipelines::{Conclusion, Elapsed, Job, KeptFrame, StageSink, Step, Study, StudyFault},
    session::{BoutSpec, SignalFile},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// The stages that clients are told of, the contract's names in its order.
pub const STAGES: [&str; 5] = [DECODED, CORRECTED, FOUND, DECIDED, DRAWN];
const DECODED: &str = "video_reconstruction";
const CORRECTED: &str = "fisheye";
const FOUND: &str = "yolo";
/// The verdict.
pub(super) const DECIDED: &str = "decision";
/// The videos and tables that show it.
pub(super) const DRAWN: &str = "overlay";

/// What the jobs of one bout note, by the numbers of its frames.
pub struct Notes {
    /// Straightens its frames.
    pub lens: Arc<Lens>,
    corrected: Mutex<SpoolWriter>,
    reader: SpoolReader,
    noted: Mutex<Noted>,
}

#[derive(Default)]
struct Noted {
    originals: BTreeMap<u64, FrameRef>,
    corrected: BTreeMap<u64, FrameRef>,
    persons: BTreeMap<u64, Vec<Person>>,
    undecodable: BTreeSet<u64>,
}

/// A bout that is being studied.
pub struct BoutStudy {
    bout: BoutSpec,
    frames: FrameStudy,
    notes: Arc<Notes>,
    judging: Judging,
    reader: SpoolReader,
    /// Whether the log tells how far straightening is.
    log_progress: bool,
}

/// Frames between two lines of the log.
const LOG_EVERY: u64 = 100;

// === impl Notes ===

impl Notes {
    /// Nothing is noted yet; corrected frames go to this spool.
    pub fn new(lens: Arc<Lens>, (writer, reader): (SpoolWriter, SpoolReader)) -> Arc<Self> {
        Arc::new(Self {
            lens,
            corrected: Mutex::new(writer),
            reader,
            noted: Mutex::default(),
        })
    }

    /// A job that panicked noted all of a frame or nothing.
    fn noted(&self) -> MutexGuard<'_, Noted> {
        self.noted.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps a frame as it is shown and analysed. One for which the disk has no room is missing in what is drawn, and the
    /// verdict does without: it must not cost the bout.
    ///
    /// # Errors
    /// If the disk does not take it for another reason.
    pub fn keep_corrected(&self, number: u64, jpeg: &[u8]) -> Result<(), SpoolError> {
        let mut writer = self
            .corrected
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let kept = writer.append(number, Encoding::Jpeg, jpeg);
        drop(writer);
        match kept {
            Ok(at) => drop(self.noted().corrected.insert(number, at)),
            Err(SpoolError::DiskFull) => {
                tracing::debug!(frame = number, "no room for the corrected frame");
            }
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// The persons of a frame; of a crowd, the [`nearest`].
    pub fn found(&self, number: u64, persons: Vec<Person>) {
        self.noted().persons.insert(number, nearest(persons));
    }

    /// A frame shows nothing that can be read.
    pub fn undecodable(&self, number: u64) {
        self.noted().undecodable.insert(number);
    }
}

// === impl BoutStudy ===

impl BoutStudy {
    /// Studies this bout.
    pub fn new(
        bout: BoutSpec,
        frames: FrameStudy,
        notes: Arc<Notes>,
        judging: Judging,
        (reader, log_progress): (SpoolReader, bool),
    ) -> Self {
        Self {
            bout,
            frames,
            notes,
            judging,
            reader,
            log_progress,
        }
    }

    /// Everything that was noted, for the verdict.
    fn material(self, signal: SignalFile, elapsed: Elapsed) -> (Judging, Material) {
        let Noted {
            originals,
            corrected,
            persons,
            undecodable,
        } = std::mem::take(&mut *self.notes.noted());
        let material = Material {
            bout: self.bout,
            signal,
            lens: Arc::clone(&self.notes.lens),
            places: Places::of(originals.keys().copied()),
            originals: (originals, self.reader),
            corrected: (corrected, self.notes.reader.clone()),
            persons,
            undecodable,
            elapsed,
        };
        (self.judging, material)
    }
}

impl Study for BoutStudy {
    fn stages(&self) -> &'static [&'static str] {
        &STAGES
    }

    fn frame(&self, frame: KeptFrame) -> Job<Step> {
        self.notes
            .noted()
            .originals
            .insert(frame.at.number, frame.at);
        self.frames.begin(frame)
    }

    fn studied(&self, done: u64, of: u64, tell: &StageSink) {
        if self.log_progress && done.is_multiple_of(LOG_EVERY) {
            let session = &self.bout.id;
            tracing::info!(%session, done, of, "frames straightened");
        }
        let part = done as f32 / of.max(1) as f32;
        for (stage, what) in [
            (DECODED, "Reading frames"),
            (CORRECTED, "Correcting fisheye distortion..."),
            (FOUND, "Finding fencers"),
        ] {
            tell(stage, part, format!("{what} ({done} of {of})").into());
        }
    }

    fn check(&self, signal: &SignalFile) -> Result<(), String> {
        match signal::parse(&signal.filename, &signal.bytes) {
            Ok(_) => Ok(()),
            Err(e) => Err(e.to_string()),
        }
    }

    fn undecodable(&self) -> Vec<u64> {
        self.notes.noted().undecodable.iter().copied().collect()
    }

    fn conclude(
        self: Box<Self>,
        signal: SignalFile,
        elapsed: Elapsed,
        tell: StageSink,
    ) -> Job<Result<Conclusion, StudyFault>> {
        let (judging, material) = self.material(signal, elapsed);
        Box::new(move || judging.conclude(material, &tell))
    }
}

//! One frame of a bout, from its bytes to the persons in it: decode, correct, keep, find.
//!
//! Each part runs on a thread that may be busy for milliseconds. What is found is noted under the frame's number, so the order
//! in which frames are done changes nothing.

use super::{
    pose::{Estimator, Person},
    study::Notes,
};
use crate::{
    engine::RunError,
    media::{
        DecodeLimits, Encoding, Rgb8,
        jpeg::{Encoder, JpegError, Quality, Subsampling},
        picture::decode_streamed,
    },
    pipelines::{Job, KeptFrame, Step},
    session::BoutSpec,
};
use std::{cell::RefCell, sync::Arc};

/// Quality of the corrected frames, from which the corrected video and the overlay are made. At 90 the difference to the
/// original is below what the lens correction's own resampling costs.
const CORRECTED_QUALITY: u32 = 90;

thread_local! {
    /// Buffers that a codec thread uses again.
    static SCRATCH: RefCell<Scratch> = RefCell::default();
}

#[derive(Default)]
struct Scratch {
    bytes: Vec<u8>,
    encoder: Option<Encoder>,
}

/// Makes the first step of each frame of one bout.
#[derive(Clone)]
pub struct FrameStudy {
    size: (u32, u32),
    limits: DecodeLimits,
    estimator: Arc<dyn Estimator>,
    notes: Arc<Notes>,
}

impl FrameStudy {
    /// For frames of this bout.
    pub fn new(bout: &BoutSpec, estimator: Arc<dyn Estimator>, notes: Arc<Notes>) -> Self {
        let limits = DecodeLimits {
            max_bytes: usize::MAX,
            max_side: bout.width.max(bout.height),
            max_pixels: u64::from(bout.width) * u64::from(bout.height),
        };
        Self {
            size: (bout.width, bout.height),
            limits,
            estimator,
            notes,
        }
    }

    /// The first step of a frame.
    pub fn begin(&self, frame: KeptFrame) -> Job<Step> {
        let this = self.clone();
        Box::new(move || match this.correct(&frame) {
            Ok(corrected) => this.find(frame.at.number, corrected),
            Err(Spoiled::Frame(why)) => {
                this.notes.undecodable(frame.at.number);
                Step::Undecodable(why)
            }
            Err(Spoiled::Ours(why)) => Step::Failed(RunError::item(why)),
        })
    }

    /// The corrected picture; its JPEG is kept beside the bout's frames.
    fn correct(&self, frame: &KeptFrame) -> Result<Rgb8, Spoiled> {
        SCRATCH.with_borrow_mut(|Scratch { bytes, encoder }| {
            frame.reader.read(&frame.at, bytes).map_err(ours)?;
            let picture = self.decode(frame.at.encoding, bytes)?;
            let mut corrected = Rgb8::default();
            self.notes
                .lens
                .apply(&picture, &mut corrected)
                .map_err(ours)?;
            let encoder = match encoder {
                Some(encoder) => encoder,
                none => none.insert(new_encoder().map_err(ours)?),
            };
            let jpeg = encoder.encode(&corrected).map_err(ours)?;
            let number = frame.at.number;
            self.notes.keep_corrected(number, &jpeg).map_err(ours)?;
            Ok(corrected)
        })
    }

    fn decode(&self, encoding: Encoding, bytes: &[u8]) -> Result<Rgb8, Spoiled> {
        let picture = decode_streamed(encoding, bytes, self.size, &self.limits)
            .map_err(|e| Spoiled::Frame(e.to_string()))?;
        let (is, should) = ((picture.width, picture.height), self.size);
        if is != should {
            return Err(Spoiled::Frame(format!(
                "{is:?} pixels instead of {should:?}"
            )));
        }
        Ok(picture)
    }

    fn find(&self, number: u64, picture: Rgb8) -> Step {
        let notes = Arc::clone(&self.notes);
        let found = move |persons: Result<Vec<Person>, RunError>| match persons {
            Ok(persons) => {
                notes.found(number, persons);
                Step::Done
            }
            Err(why) => Step::Failed(why),
        };
        self.estimator.begin(Arc::new(picture), Box::new(found))
    }
}

/// Why a frame came to nothing.
enum Spoiled {
    /// What its client sent.
    Frame(String),
    /// Our disk or code.
    Ours(String),
}

fn ours(e: impl std::fmt::Display) -> Spoiled {
    Spoiled::Ours(e.to_string())
}

fn new_encoder() -> Result<Encoder, JpegError> {
    Ok(Encoder::new(
        Quality::new(CORRECTED_QUALITY)?,
        Subsampling::S420,
    ))
}

//! Opening a bout: its folder, its lens, its memory. Blocks for milliseconds, the first bout of a size for tens of them.
//!
//! Invariant: a bout that opens has all the memory that it can need but for its frames' bookkeeping, which grows with them.

use super::{
    conclude::Judging,
    frame::FrameStudy,
    lenses::Lenses,
    memory::{self, Settings},
    pose::{Estimator as _, Letterbox, SingleStage, Thresholds},
    study::{BoutStudy, Notes},
};
use crate::{
    engine::{EngineKey, Model},
    media::{
        ByteBudget, Lease,
        lens::Fisheye,
        spool::{FrameRef, Recovered, SpoolError, SpoolReader, SpoolRoot, SpoolWriter},
    },
    pipelines::{Kept, OpenFault, Terms, Vault},
    session::{BoutSpec, Class, EgressPolicy, IngressPolicy, Ledger, SessionId, SessionSpec},
};
use serde::{Deserialize, Serialize};
use std::{num::NonZeroUsize, sync::Arc, time::Duration};

/// The pipeline's name in metrics and lists.
pub const PIPELINE: &str = "referee";

/// A frame's work is due so long after it was handed in. A person waits for the verdict, not for the frame, and frames of a live
/// world, due in a tenth of a second, go first.
const DEADLINE: Duration = Duration::from_secs(10);

/// Longest side of a model's input: more is a mistake in its manifest.
const MOST_SIDE: usize = 8_192;

/// Smallest side of a bout's frames: fencers in fewer pixels have no feet.
const SMALLEST_SIDE: u32 = 32;

/// How bouts are judged.
#[derive(Clone, Debug)]
pub struct RefereeOptions {
    /// The lens that frames were taken with; `None` takes them as they are.
    pub lens: Option<Fisheye>,
    /// Whether the log tells how far straightening is, every hundred frames.
    pub log_progress: bool,
    /// How sessions are served; `message_bytes` is an upper bound here, and `bytes_a_frame` follows from each bout's rate.
    pub terms: Terms,
    /// Bytes of a signal file, at most.
    pub signal_bytes: usize,
    /// Frames of one session between the disk and the engine.
    pub in_flight: NonZeroUsize,
    /// Longest side of a frame, and pixels in all.
    pub largest: (u32, u64),
    /// How a verdict is reached and what is written beside it.
    pub judging: Judging,
}

/// A model that finds fencers, and so opens bouts. Cheap to clone.
#[derive(Clone)]
pub struct RefereeModel(Arc<Inner>);

struct Inner {
    model: Model,
    key: EngineKey,
    /// Pixels in a row and rows of the model's input.
    input: (u32, u32),
    spool: SpoolRoot,
    budget: ByteBudget,
    options: RefereeOptions,
    lenses: Lenses,
}

/// What is written beside a bout's frames, so that a restart can go on with it.
#[derive(Serialize, Deserialize)]
struct Head {
    fps: f64,
    width: u32,
    height: u32,
    expected_frames: Option<u64>,
    include_keypoints: bool,
    save_overlay: bool,
    /// Of one that cannot be resumed.
    #[serde(default)]
    is_final: bool,
}

/// Whether a folder with this head is of a bout that nobody can go on with: one whose video came as a whole.
#[must_use]
pub fn is_final(head: &str) -> bool {
    serde_json::from_str(head).is_ok_and(|head: Head| head.is_final)
}

/// Where a bout's frames are.
struct Folder {
    writer: SpoolWriter,
    reader: SpoolReader,
    found: Vec<FrameRef>,
    /// The memory that these will cost.
    books: Option<Lease>,
}

// === impl RefereeModel ===

impl RefereeModel {
    /// A model of the slot `pose`.
    ///
    /// # Errors
    /// If its input is no picture of a fixed size.
    pub fn new(
        model: Model,
        spool: SpoolRoot,
        budget: ByteBudget,
        options: RefereeOptions,
    ) -> Result<Self, String> {
        let key = model.key(&[]).map_err(|e| e.to_string())?;
        let input = input_size(&model, &key)?;
        let lenses = Lenses::new(options.lens, budget.clone());
        Ok(Self(Arc::new(Inner {
            model,
            key,
            input,
            spool,
            budget,
            options,
            lenses,
        })))
    }

    /// The model.
    pub fn model(&self) -> &Model {
        &self.0.model
    }

    /// Where frames are kept.
    pub fn spool(&self) -> &SpoolRoot {
        &self.0.spool
    }

    /// The memory of all bouts together.
    pub fn budget(&self) -> &ByteBudget {
        &self.0.budget
    }

    /// How bouts are judged.
    pub fn options(&self) -> &RefereeOptions {
        &self.0.options
    }

    /// Reserves memory of all bouts for something beside them; `None` if there is not so much.
    pub fn reserve_beside(&self, bytes: usize) -> Option<Lease> {
        self.0.lenses.reserve(bytes)
    }

    /// Opens a new bout.
    ///
    /// # Errors
    /// If its numbers make no sense, its name is taken, or memory or disk are short.
    pub fn open(&self, bout: BoutSpec) -> Result<Kept, OpenFault> {
        let (lease, message_bytes) = self.reserve(&bout)?;
        let head = serde_json::to_string(&Head::of(&bout)).map_err(internal)?;
        let (spool, id) = (&self.0.spool, bout.id.clone());
        let (writer, reader) = spool.create(id.as_str(), &head).map_err(spool_fault)?;
        let found = Vec::new();
        let folder = Folder {
            writer,
            reader,
            found,
            books: None,
        };
        let kept = self.kept(bout, folder, lease, message_bytes);
        kept.inspect_err(|_| {
            // Nothing is in it, and its client may want to try again under the same name.
            if let Err(error) = spool.remove(id.as_str()) {
                tracing::warn!(session = %id, %error, "an empty folder was left");
            }
        })
    }

    /// Opens a bout that an earlier process left.
    ///
    /// # Errors
    /// As [`open`](Self::open); `Invalid` if there is none.
    pub fn recover(&self, id: &SessionId) -> Result<Kept, OpenFault> {
        let Recovered {
            head,
            writer,
            reader,
            frames: found,
            ..
        } = self.0.spool.recover(id.as_str()).map_err(spool_fault)?;
        let head: Head = serde_json::from_str(&head).map_err(internal)?;
        let bout = head.bout(id.clone());
        let (lease, message_bytes) = self.reserve(&bout)?;
        let books = found.len() * memory::a_frame(bout.fps);
        let books = self.0.lenses.reserve(books).ok_or(OpenFault::NoMemory)?;
        let folder = Folder {
            writer,
            reader,
            found,
            books: Some(books),
        };
        self.kept(bout, folder, lease, message_bytes)
    }

    fn kept(
        &self,
        bout: BoutSpec,
        folder: Folder,
        lease: Lease,
        message_bytes: usize,
    ) -> Result<Kept, OpenFault> {
        let Folder {
            writer,
            reader,
            found,
            books,
        } = folder;
        let lens = self.0.lenses.of(bout.width, bout.height)?;
        let corrected = writer.beside("corrected.spool").map_err(spool_fault)?;
        let letterbox = Letterbox::new(lens.size(), self.0.input);
        let estimator = SingleStage::new(self.0.key.clone(), letterbox, Thresholds::default());
        let mut keys = estimator.keys();
        let key = keys.remove(0);
        let notes = Notes::new(lens, corrected);
        let frames = FrameStudy::new(&bout, Arc::new(estimator), Arc::clone(&notes));
        let judging = self.0.options.judging.clone();
        let log = self.0.options.log_progress;
        let study = BoutStudy::new(bout.clone(), frames, notes, judging, (reader.clone(), log));
        let mut ledger = Ledger::new();
        for frame in &found {
            ledger.note(frame.number);
        }
        Ok(Kept {
            spec: self.spec(),
            key,
            more_keys: keys,
            size: (bout.width, bout.height),
            study: Box::new(study),
            terms: Terms {
                message_bytes,
                bytes_a_frame: memory::a_frame(bout.fps),
                ..self.0.options.terms
            },
            bout,
            vault: Vault {
                writer,
                reader,
                ledger,
                found,
                lease,
                books,
                budget: self.0.budget.clone(),
            },
        })
    }

    fn spec(&self) -> SessionSpec {
        SessionSpec {
            pipeline: PIPELINE,
            ingress: IngressPolicy::Lossless,
            egress: EgressPolicy::ResultOnly,
            class: Class::Lossless,
            period: Duration::ZERO,
            deadline: DEADLINE,
            credits: self.0.options.in_flight,
            still_repeat: Duration::MAX,
            idle_timeout: Duration::MAX,
            max_failures: u32::MAX,
            input_rate: u32::MAX,
            max_viewers: 0,
        }
    }

    /// Reserves all that a bout can need at a time; gives the size of its largest message too.
    fn reserve(&self, bout: &BoutSpec) -> Result<(Lease, usize), OpenFault> {
        self.check(bout)?;
        let Inner { options, input, .. } = &*self.0;
        let tensor = 3 * input.0 as usize * input.1 as usize * size_of::<f32>();
        let settings = Settings {
            frame_bytes: options.terms.message_bytes,
            signal_bytes: options.signal_bytes,
            decoders: options.terms.decode_ahead,
            tensors: options.in_flight.get() * tensor,
        };
        let lease = self.0.lenses.reserve(memory::opening(bout, &settings));
        let lease = lease.ok_or(OpenFault::NoMemory)?;
        Ok((lease, memory::message(bout, &settings)))
    }

    fn check(&self, bout: &BoutSpec) -> Result<(), OpenFault> {
        let (side, pixels) = self.0.options.largest;
        let invalid = |why: String| Err(OpenFault::Invalid(why));
        if !BoutSpec::FPS.contains(&bout.fps) {
            let (least, most) = BoutSpec::FPS.into_inner();
            return invalid(format!("fps must be {least} to {most}, not {}", bout.fps));
        }
        let (width, height) = (bout.width, bout.height);
        let too_small = width.min(height) < SMALLEST_SIDE;
        if too_small || width.max(height) > side || u64::from(width) * u64::from(height) > pixels {
            return invalid(format!(
                "width and height must be {SMALLEST_SIDE} to {side} and their product at most {pixels}, not {width} and {height}"
            ));
        }
        Ok(())
    }
}

impl Head {
    fn of(bout: &BoutSpec) -> Self {
        Self {
            fps: bout.fps,
            width: bout.width,
            height: bout.height,
            expected_frames: bout.expected_frames,
            include_keypoints: bout.include_keypoints,
            save_overlay: bout.save_overlay,
            is_final: !bout.is_resumable(),
        }
    }

    fn bout(self, id: SessionId) -> BoutSpec {
        BoutSpec {
            id,
            fps: self.fps,
            width: self.width,
            height: self.height,
            expected_frames: self.expected_frames,
            include_keypoints: self.include_keypoints,
            save_overlay: self.save_overlay,
            // Videos are not kept beside their frames.
            input_video: None,
            sound: None,
        }
    }
}

/// Pixels in a row and rows of the picture that a model takes.
fn input_size(model: &Model, key: &EngineKey) -> Result<(u32, u32), String> {
    let images = model
        .manifest
        .input
        .iter()
        .find(|input| input.role == "images");
    let images = images.ok_or("the model has no input of role `images`")?;
    match images.shape_at(key)[..] {
        [_, 3, rows @ 1..=MOST_SIDE, columns @ 1..=MOST_SIDE] => Ok((columns as u32, rows as u32)),
        ref other => Err(format!(
            "the model's `images` must be [batch, 3, rows, columns], not {other:?}"
        )),
    }
}

fn internal(e: impl std::fmt::Display) -> OpenFault {
    OpenFault::Internal(e.to_string())
}

fn spool_fault(e: SpoolError) -> OpenFault {
    match e {
        SpoolError::Exists | SpoolError::InUse => OpenFault::Exists,
        SpoolError::Name | SpoolError::Missing => OpenFault::Invalid(e.to_string()),
        e => internal(e),
    }
}

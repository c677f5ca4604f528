//! A study that runs each frame once on the scripted model and remembers what it was asked.

use super::{SIDE, key, unlimited};
use crate::{
    engine::{Role, Tensor, scripted::Gate},
    media::{
        ByteBudget, Encoding,
        spool::{FrameRef, SpoolOptions, SpoolRoot},
    },
    pipelines::{
        Conclusion, Elapsed, Job, Kept, KeptFrame, StageSink, Step, Study, StudyFault, Terms, Vault,
    },
    session::{BoutSpec, EgressPolicy, IngressPolicy, Ledger, SessionId, SessionSpec, SignalFile},
};
use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

/// What a scripted study did; cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct StudyLog(Arc<Mutex<Seen>>);

#[derive(Debug, Default)]
struct Seen {
    /// Numbers and bytes of the frames, in the order in which they were finished.
    studied: Vec<(u64, Vec<u8>)>,
    undecodable: Vec<u64>,
    /// A verdict waits until it opens.
    gate: Option<Arc<Gate>>,
    is_judging: bool,
}

impl StudyLog {
    /// Lets verdicts wait for this gate.
    pub fn hold_verdicts(&self, gate: &Arc<Gate>) {
        self.with(|seen| seen.gate = Some(Arc::clone(gate)));
    }

    /// The frames that were studied: number and bytes, by number.
    pub fn studied(&self) -> Vec<(u64, Vec<u8>)> {
        let mut all = self.with(|seen| seen.studied.clone());
        all.sort();
        all
    }

    /// Whether a verdict's job has begun.
    pub fn is_judging(&self) -> bool {
        self.with(|seen| seen.is_judging)
    }

    fn with<T>(&self, f: impl FnOnce(&mut Seen) -> T) -> T {
        f(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// A frame of these bytes cannot be decoded.
pub const BROKEN: &[u8] = b"broken";

/// A signal of these bytes cannot be read.
pub const UNREADABLE: &[u8] = b"unreadable";

impl Study for StudyLog {
    fn stages(&self) -> &'static [&'static str] {
        &["study", "decision"]
    }

    fn frame(&self, KeptFrame { at, reader }: KeptFrame) -> Job<Step> {
        let log = self.clone();
        Box::new(move || {
            let mut bytes = Vec::new();
            reader.read(&at, &mut bytes).unwrap();
            if bytes == BROKEN {
                log.with(|seen| seen.undecodable.push(at.number));
                return Step::Undecodable("the script says so".into());
            }
            let shape = vec![1, 3, SIDE as usize, SIDE as usize];
            let n = shape.iter().product();
            let image = Tensor::f32(shape, vec![0.25; n]).unwrap();
            Step::Run {
                key: key(),
                inputs: vec![(Role::Borrowed("image"), image)],
                then: Box::new(move |mut outputs| match outputs.take("frame") {
                    Ok(_) => {
                        log.with(|seen| seen.studied.push((at.number, bytes)));
                        Step::Done
                    }
                    Err(e) => Step::Failed(e),
                }),
            }
        })
    }

    fn studied(&self, done: u64, of: u64, tell: &StageSink) {
        tell("study", done as f32 / of as f32, "studying".into());
    }

    fn check(&self, signal: &SignalFile) -> Result<(), String> {
        match signal.bytes == UNREADABLE {
            true => Err("the script says so".into()),
            false => Ok(()),
        }
    }

    fn undecodable(&self) -> Vec<u64> {
        self.with(|seen| seen.undecodable.clone())
    }

    fn conclude(
        self: Box<Self>,
        signal: SignalFile,
        _: Elapsed,
        tell: StageSink,
    ) -> Job<Result<Conclusion, StudyFault>> {
        Box::new(move || {
            let gate = self.with(|seen| seen.gate.clone());
            self.with(|seen| seen.is_judging = true);
            if let Some(gate) = gate {
                gate.pass();
            }
            let numbers: Vec<_> = self.studied().into_iter().map(|(n, _)| n).collect();
            if numbers.is_empty() {
                return Err(StudyFault::Unusable("no frame".into()));
            }
            tell("decision", 1.0, "decided".into());
            // A client takes an object only, so whoever has one hears of something else as a fault of ours.
            let document = match signal.filename.ends_with(".json") {
                true => format!("{{\"numbers\":{numbers:?}}}"),
                false => format!("{} {numbers:?}", signal.filename),
            };
            Ok(Conclusion { document })
        })
    }
}

/// Where kept sessions of tests live: a folder that goes with it, and a budget.
pub struct Vaults {
    pub root: SpoolRoot,
    pub budget: ByteBudget,
    pub dir: tempfile::TempDir,
}

impl Vaults {
    /// An empty folder and a budget of so many bytes.
    pub fn new(budget: usize) -> Self {
        let dir = tempfile::tempdir().unwrap();
        Self {
            root: SpoolRoot::open(dir.path(), SpoolOptions::default()).unwrap(),
            budget: ByteBudget::new(budget),
            dir,
        }
    }

    /// A kept session of this name, as a pipeline would open it.
    pub fn kept(&self, name: &str, log: &StudyLog) -> Kept {
        let (writer, reader) = self.root.create(name, "{}").unwrap();
        Kept {
            spec: lossless(),
            key: key(),
            more_keys: Vec::new(),
            size: (SIDE, SIDE),
            study: Box::new(log.clone()),
            bout: bout(name),
            vault: Vault {
                writer,
                reader,
                ledger: Ledger::new(),
                found: Vec::<FrameRef>::new(),
                lease: self.budget.try_lease(1_000).unwrap(),
                books: None,
                budget: self.budget.clone(),
            },
            terms: terms(),
        }
    }

    /// The memory of all sessions.
    pub fn budget(&self) -> &ByteBudget {
        &self.budget
    }

    /// Whether the folder of this session is there.
    pub fn has(&self, name: &str) -> bool {
        self.dir.path().join(name).exists()
    }
}

/// Keeps everything, answers once.
fn lossless() -> SessionSpec {
    SessionSpec {
        ingress: IngressPolicy::Lossless,
        egress: EgressPolicy::ResultOnly,
        ..unlimited()
    }
}

/// Overlapped, two frames decoded at a time, and nobody is sent away for being slow.
fn terms() -> Terms {
    Terms {
        overlap: true,
        decode_ahead: 2,
        resume_window: Duration::from_secs(600),
        silence: Duration::from_secs(600),
        max_frames: 10_000,
        message_bytes: 1_000,
        bytes_a_frame: 1_024,
    }
}

/// What a client announces.
fn bout(name: &str) -> BoutSpec {
    BoutSpec {
        id: SessionId::new(name),
        fps: 15.0,
        width: SIDE,
        height: SIDE,
        expected_frames: None,
        include_keypoints: false,
        save_overlay: true,
        input_video: None,
        sound: None,
    }
}

/// The encoding of scripted frames.
pub const ENCODING: Encoding = Encoding::Jpeg;

//! The bare loop that `bench engine` compares the server with: the same model, conversion and encoder, and nothing else.
//!
//! No actor, no socket, no pacing. The walk is the pipeline's own, so poses and changes of the reference picture are those
//! of a session whose key is held.

use super::{assemble::cores, backends::cpu_backend};
use crate::{
    client::bench::{engine::LoopDone, proc, viewers::say},
    config::Config,
    engine::{DeviceSpec, Item, ItemState, Outputs, Repository, Slot},
    media::{
        ActionId, DecodeLimits, Rgb8,
        jpeg::{Encoder, Quality, Subsampling},
    },
    pipelines::{
        Finish, Opened, Track,
        world::{MotionConfig, WorldModel, WorldOptions},
    },
    session::{Action, Class, Direction, EgressPolicy, IngressPolicy, SessionSpec},
};
use anyhow::Context as _;
use std::{
    io::Read as _,
    num::NonZeroUsize,
    sync::mpsc::{SyncSender, sync_channel},
    task::Poll,
    thread::JoinHandle,
    time::{Duration, Instant},
};

/// What to run.
#[derive(Clone, Debug, clap::Args)]
pub struct Options {
    /// Bytes of the picture, which comes on standard input.
    #[arg(long)]
    picture_bytes: usize,
    /// Time before it counts.
    #[arg(long)]
    warm_ms: u64,
    /// Time that counts.
    #[arg(long)]
    millis: u64,
    /// Encode on a second thread, while the model draws the next frame.
    #[arg(long)]
    overlap: bool,
}

/// Walks, draws and encodes for the given time, and says how many frames that were.
///
/// # Errors
/// If the model cannot be loaded or fails.
pub fn run(options: &Options) -> anyhow::Result<()> {
    let mut picture = vec![0; options.picture_bytes];
    std::io::stdin().read_exact(&mut picture)?;
    let (mut walk, finish) = Walk::open(&picture)?;
    let mut encode = if options.overlap {
        Encode::beside(finish)?
    } else {
        Encode::in_turn(finish)?
    };
    walk.for_time(Duration::from_millis(options.warm_ms), &mut encode)?;
    let pid = std::process::id();
    let (began, cpu) = (Instant::now(), proc::cpu(pid)?);
    let frames = walk.for_time(Duration::from_millis(options.millis), &mut encode)?;
    encode.finish()?;
    let done = LoopDone {
        frames,
        seconds: began.elapsed().as_secs_f64(),
        cpu: (proc::cpu(pid)? - cpu).as_secs_f64(),
    };
    say(&serde_json::to_string(&done)?)
}

/// The default model on all cores, and a session's walk on it.
struct Walk {
    slot: Box<dyn Slot>,
    track: Box<dyn Track>,
    state: ItemState,
}

impl Walk {
    fn open(picture: &[u8]) -> anyhow::Result<(Self, Finish)> {
        let repository = Repository::open(None);
        let model = repository.get("world-box").context("no built-in model")?;
        let spec = DeviceSpec {
            name: "cpu0".into(),
            threads: cores(),
            gpu: None,
        };
        let mut engine = cpu_backend(&Config::defaults()).load(model, &spec)?;
        let options = WorldOptions {
            size: (608, 352),
            motion: MotionConfig::default(),
            quality: quality()?,
            limits: DecodeLimits {
                max_bytes: picture.len(),
                max_side: 16_384,
                max_pixels: 50_000_000,
            },
            spec: session(),
        };
        let Opened {
            mut track,
            key,
            finish,
            ..
        } = WorldModel::new(model.clone()).open(options, Some(picture))?;
        let state = ItemState::Fresh(track.fresh_state());
        let slot = engine.slot(&key)?;
        Ok((Self { slot, track, state }, finish))
    }

    /// Draws as fast as it can; gives the number of frames.
    fn for_time(&mut self, time: Duration, encode: &mut Encode) -> anyhow::Result<u64> {
        let (began, mut frames) = (Instant::now(), 0);
        while began.elapsed() < time {
            encode.frame(self.draw()?)?;
            frames += 1;
        }
        Ok(frames)
    }

    fn draw(&mut self) -> anyhow::Result<Outputs> {
        let now = Instant::now();
        let hold_w = Action {
            id: ActionId(0),
            direction: Direction::Forward,
            speed: 0.5,
            received: now,
        };
        self.track.act(now, hold_w);
        let draft = self.track.draft(now);
        self.slot.submit(vec![Item {
            inputs: draft.inputs,
            state: std::mem::take(&mut self.state),
            boundary: draft.boundary,
        }]);
        let Poll::Ready(done) = self.slot.poll() else {
            anyhow::bail!("the engine did not answer");
        };
        let done = done.into_iter().next().context("no answer")?;
        self.state = done.state;
        Ok(done.outcome?)
    }
}

/// From outputs to JPEG: on this thread, or on one beside it that is a frame behind.
enum Encode {
    InTurn(Box<Encoding>),
    Beside {
        frames: SyncSender<Outputs>,
        thread: JoinHandle<anyhow::Result<()>>,
    },
}

struct Encoding {
    finish: Finish,
    picture: Rgb8,
    encoder: Encoder,
}

impl Encode {
    fn in_turn(finish: Finish) -> anyhow::Result<Self> {
        Ok(Self::InTurn(Box::new(Encoding::new(finish)?)))
    }

    fn beside(finish: Finish) -> anyhow::Result<Self> {
        let mut encoding = Encoding::new(finish)?;
        // One waits while one is encoded: as many as a session may have in flight.
        let (frames, inbox) = sync_channel::<Outputs>(1);
        let thread = std::thread::spawn(move || inbox.iter().try_for_each(|o| encoding.frame(o)));
        Ok(Self::Beside { frames, thread })
    }

    fn frame(&mut self, outputs: Outputs) -> anyhow::Result<()> {
        match self {
            Self::InTurn(encoding) => encoding.frame(outputs),
            Self::Beside { frames, .. } => Ok(frames.send(outputs)?),
        }
    }

    /// Waits until the last frame is encoded.
    fn finish(self) -> anyhow::Result<()> {
        match self {
            Self::InTurn(_) => Ok(()),
            Self::Beside { frames, thread } => {
                drop(frames);
                let ended = thread.join();
                ended.unwrap_or_else(|_| anyhow::bail!("the encoder panicked"))
            }
        }
    }
}

impl Encoding {
    fn new(finish: Finish) -> anyhow::Result<Self> {
        let (quality, subsampling) = quality()?;
        Ok(Self {
            finish,
            picture: Rgb8::default(),
            encoder: Encoder::new(quality, subsampling),
        })
    }

    fn frame(&mut self, outputs: Outputs) -> anyhow::Result<()> {
        (self.finish)(outputs, &mut self.picture)?;
        std::hint::black_box(self.encoder.encode(&self.picture)?);
        Ok(())
    }
}

/// The dialect's default.
fn quality() -> anyhow::Result<(Quality, Subsampling)> {
    Ok((Quality::new(90)?, Subsampling::S420))
}

/// Policies that nobody here asks for.
fn session() -> SessionSpec {
    SessionSpec {
        pipeline: "world",
        ingress: IngressPolicy::NewestWins,
        egress: EgressPolicy::Latest,
        class: Class::Interactive,
        period: Duration::ZERO,
        deadline: Duration::from_secs(1),
        credits: NonZeroUsize::MIN,
        still_repeat: Duration::from_secs(5),
        idle_timeout: Duration::from_secs(600),
        max_failures: 1,
        input_rate: 1,
        max_viewers: 1,
    }
}

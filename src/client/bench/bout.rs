//! A drawn bout, and its way to a verdict as a client goes it: what the referee's scenes share.

use super::server::Server;
use crate::{
    client::referee::{
        link::Link,
        server,
        wire::{Reply, Request},
    },
    media::{
        bout::{self, BoutOptions},
        jpeg::{Encoder, Quality, Subsampling},
    },
};
use anyhow::{Context as _, bail};
use bytes::Bytes;
use serde_json::Value;
use std::time::{Duration, Instant, SystemTime};
use tempfile::TempDir;

/// Sides of the frames, in pixels.
pub const SIZE: (u32, u32) = (1280, 720);

/// Frames a second.
pub const FPS: f64 = 15.0;

/// Frames on their way at most: the server never waits for the client's next one.
const WINDOW: usize = 16;

/// The guide's default.
const QUALITY: u32 = 85;

/// A bout as it is sent.
pub struct Recording {
    frames: Vec<Bytes>,
    signal: Bytes,
}

/// How its frames come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// As a camera has them.
    RealTime,
    /// As fast as the server acknowledges.
    Full,
}

/// What became of a bout.
pub struct Judged {
    /// From before the last frame was sent until `decision` was told as done.
    pub decided: Duration,
    /// From the session's start until the last frame was acknowledged.
    pub uploaded: Duration,
    /// From the session's start until the whole result was there.
    pub complete: Duration,
    /// The result's `decision`, all of it.
    pub decision: Value,
}

/// A server with a folder of its own for what it spools and finds; both go with it.
pub struct Referee {
    /// The server.
    pub server: Server,
    _folder: TempDir,
}

// === impl Referee ===

impl Referee {
    /// Starts one with these settings.
    ///
    /// # Errors
    /// If it does not come up.
    pub async fn start(settings: &[(&str, String)]) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        let below = |name: &str| folder.path().join(name).display().to_string();
        let mut all = vec![
            ("referee.spool_dir", below("spool")),
            ("referee.output_dir", below("results")),
        ];
        all.extend_from_slice(settings);
        Ok(Self {
            server: Server::start(&all).await?,
            _folder: folder,
        })
    }

    /// Sends a bout, and waits for its whole result; no video with drawings is asked for.
    ///
    /// # Errors
    /// If the server does not go along.
    pub async fn judge(
        &self,
        session: &str,
        recording: &Recording,
        pace: Pace,
    ) -> anyhow::Result<Judged> {
        let at = self.server.address("main")?;
        let at = server::Server::parse(&at.to_string(), None)?;
        let link = Link::open(&at).await?;
        let mut talk = Talk { link, session };
        let judged = talk.judge(recording, pace).await;
        judged.with_context(|| format!("session {session}"))
    }
}

// === impl Recording ===

impl Recording {
    /// Draws one: 1280×720 at 15 frames a second, so many seconds.
    ///
    /// # Errors
    /// If the generator or the encoder refuses.
    pub fn draw(seed: u64, seconds: f64) -> anyhow::Result<Self> {
        let options = BoutOptions {
            width: SIZE.0,
            height: SIZE.1,
            fps: FPS,
            seconds,
            ..BoutOptions::default()
        };
        let bout = bout::Bout::draw(seed, options)?;
        let mut encoder = Encoder::new(Quality::new(QUALITY)?, Subsampling::S420);
        let frames = bout.frames().map(|frame| Ok(encoder.encode(&frame)?));
        Ok(Self {
            frames: frames.collect::<anyhow::Result<_>>()?,
            signal: Bytes::copy_from_slice(bout.signal().as_bytes()),
        })
    }

    /// How many frames it has.
    pub fn len(&self) -> usize {
        self.frames.len()
    }

    /// Never: the shortest bout has two seconds.
    pub fn is_empty(&self) -> bool {
        self.frames.is_empty()
    }

    /// Bytes of all frames.
    pub fn bytes(&self) -> usize {
        self.frames.iter().map(Bytes::len).sum()
    }
}

/// One conversation.
struct Talk<'a> {
    link: Link,
    session: &'a str,
}

impl Talk<'_> {
    async fn judge(&mut self, recording: &Recording, pace: Pace) -> anyhow::Result<Judged> {
        let began = Instant::now();
        let session_id = self.session;
        let start = Request::SessionStart {
            session_id,
            fps: FPS,
            width: SIZE.0,
            height: SIZE.1,
            expected_frames: Some(recording.len() as u64),
            video_format: "bgr24",
            resume: false,
            include_keypoints: false,
            save_overlay: false,
        };
        self.link.say(&start).await?;
        self.until(|reply| matches!(reply, Reply::SessionStarted(_)))
            .await?;
        let last = self.send(&recording.frames, pace).await?;
        let uploaded = began.elapsed();
        let total_frames = recording.len() as u64;
        let end = Request::SessionEnd {
            session_id,
            total_frames,
        };
        self.link.say(&end).await?;
        self.until(|reply| matches!(reply, Reply::SessionEnded { .. }))
            .await?;
        let signal = Request::Signal {
            session_id,
            filename: "signal.txt",
            size: recording.signal.len(),
        };
        self.link.hand(&signal, recording.signal.clone()).await?;
        self.until(is_decided).await?;
        let decided = last.elapsed();
        let complete = self.until(|reply| matches!(reply, Reply::ProcessComplete { .. }));
        let Reply::ProcessComplete { mut result } = complete.await? else {
            bail!("no result");
        };
        Ok(Judged {
            decided,
            uploaded,
            complete: began.elapsed(),
            decision: result["decision"].take(),
        })
    }

    /// Sends all frames and hears all acknowledgements; gives when the last one began to leave.
    async fn send(&mut self, frames: &[Bytes], pace: Pace) -> anyhow::Result<Instant> {
        let mut beat = tokio::time::interval(Duration::from_secs_f64(1.0 / FPS));
        let (mut sent, mut heard, mut last) = (0, 0, Instant::now());
        while heard < frames.len() {
            let may_send = sent < frames.len() && sent - heard < WINDOW;
            tokio::select! {
                biased;
                reply = self.link.hear() => match reply? {
                    Reply::FrameAck { .. } => heard += 1,
                    Reply::Error(refusal) => bail!("frame {heard}: {}", refusal.words()),
                    _ => {}
                },
                () = due(&mut beat, pace), if may_send => {
                    let frame = frames[sent].clone();
                    let announced = Request::Frame {
                        session_id: self.session,
                        frame_number: sent as u64,
                        timestamp: now(),
                        encoding: "jpeg",
                        quality: Some(QUALITY),
                        size: frame.len(),
                    };
                    last = Instant::now();
                    self.link.hand(&announced, frame).await?;
                    sent += 1;
                }
            }
        }
        Ok(last)
    }

    /// Listens until this reply.
    async fn until(&mut self, wanted: impl Fn(&Reply) -> bool) -> anyhow::Result<Reply> {
        loop {
            let reply = self.link.hear().await?;
            match reply {
                Reply::Error(refusal) => bail!("{}", refusal.words()),
                reply if wanted(&reply) => return Ok(reply),
                _ => {}
            }
        }
    }
}

async fn due(beat: &mut tokio::time::Interval, pace: Pace) {
    if pace == Pace::RealTime {
        beat.tick().await;
    }
}

fn is_decided(reply: &Reply) -> bool {
    matches!(reply, Reply::ProcessProgress { stage, progress, .. } if stage == "decision" && *progress >= 1.0)
}

/// Seconds since 1970.
fn now() -> f64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    since.map_or(0.0, |since| since.as_secs_f64())
}

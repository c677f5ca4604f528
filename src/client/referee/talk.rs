//! What is said on a connection: session, frames, signal, verdict, in this order.
//!
//! Not responsible for what happens when the connection breaks, but for being able to go on with the next one. Invariant: each
//! answer of the server is for the oldest frame on its way.

use super::{
    Failure,
    link::Link,
    show::Show,
    task::{Signal, Streaming},
    upload::Upload,
    wire::{Refusal, Reply, Request, Started},
};
use bytes::Bytes;
use serde_json::Value;
use std::{ops::ControlFlow, time::SystemTime};

/// The conversation, as far as it has come.
pub struct Talk<'a> {
    task: &'a Streaming,
    upload: Upload,
    show: &'a mut Show,
    /// Whether the server has opened the session.
    opened: bool,
    /// Whether a frame has got through since this was last asked.
    progressed: bool,
    signal: Handed,
}

/// How far the signal has come on its way to the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Handed {
    /// It has not been sent.
    NotYet,
    /// It may have arrived.
    Sent,
    /// It has arrived.
    Taken,
}

impl<'a> Talk<'a> {
    /// One that has not begun.
    pub const fn new(task: &'a Streaming, upload: Upload, show: &'a mut Show) -> Self {
        Self {
            task,
            upload,
            show,
            opened: false,
            progressed: false,
            signal: Handed::NotYet,
        }
    }

    /// Whether the server has opened the session, on this connection or an earlier one.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        self.opened
    }

    /// How far the signal has come.
    #[must_use]
    pub const fn signal(&self) -> Handed {
        self.signal
    }

    /// The server has not got the signal after all: it is handed in on the next connection.
    pub const fn take_signal_back(&mut self) {
        self.signal = Handed::NotYet;
    }

    /// Whether a frame has got through since this was last asked.
    pub const fn has_progressed(&mut self) -> bool {
        std::mem::replace(&mut self.progressed, false)
    }

    /// Something that a person should know.
    pub fn note(&self, text: &str) {
        self.show.note(text);
    }

    /// Connects, and opens the session or goes on with it.
    ///
    /// # Errors
    /// [`Failure::Connection`] and [`Failure::Refused`].
    pub async fn open(&mut self) -> Result<Link, Failure> {
        let mut link = Link::open(&self.task.server).await?;
        let (width, height) = self.upload.sides();
        link.say(&Request::SessionStart {
            session_id: &self.task.session,
            fps: self.upload.fps(),
            width,
            height,
            expected_frames: self.upload.expected().exactly(),
            video_format: "bgr24",
            resume: self.opened,
            include_keypoints: self.task.include_keypoints,
            save_overlay: self.task.save_overlay,
        })
        .await?;
        let started = self.listen(&mut link, |reply| match reply {
            Reply::SessionStarted(started) => ControlFlow::Break(started),
            _ => ControlFlow::Continue(()),
        });
        let started = started.await?;
        self.begin(&started)?;
        Ok(link)
    }

    fn begin(&mut self, started: &Started) -> Result<(), Failure> {
        let session = &self.task.session;
        if std::mem::replace(&mut self.opened, true) {
            let next = started.next_frame.unwrap_or(0);
            self.upload.resume(next, &started.missing)?;
            let holes = started.missing.len();
            self.show.note(&format!(
                "session {session} goes on at frame {next}, {holes} before it missing"
            ));
        } else {
            let (width, height) = self.upload.sides();
            let fps = self.upload.fps();
            self.show.detail(|| {
                format!("session {session} has begun: {width}×{height}, {fps} frames a second")
            });
        }
        Ok(())
    }

    /// Everything after the session's opening, to the result.
    ///
    /// # Errors
    /// Every kind of [`Failure`]; after one of the connection another one may go on.
    pub async fn go_on(&mut self, link: &mut Link) -> Result<Value, Failure> {
        self.send_frames(link).await?;
        self.show.uploaded();
        self.end_session(link).await?;
        self.hand_in_signal(link).await?;
        self.watch(link).await
    }

    async fn send_frames(&mut self, link: &mut Link) -> Result<(), Failure> {
        let mut more = true;
        while more || !self.upload.is_answered() {
            tokio::select! {
                // Answers first: they make room.
                biased;
                reply = link.hear() => self.heard(reply?)?,
                ready = self.upload.ready(), if more && self.upload.has_room() => {
                    more = ready?;
                    self.send_next(link).await?;
                }
            }
        }
        Ok(())
    }

    async fn send_next(&mut self, link: &mut Link) -> Result<(), Failure> {
        let Some(frame) = self.upload.take() else {
            return Ok(());
        };
        let form = self.upload.form();
        let announcement = Request::Frame {
            session_id: &self.task.session,
            frame_number: frame.number,
            timestamp: unix_now(),
            encoding: form.encoding.name(),
            quality: form.announced_quality(),
            size: frame.bytes.len(),
        };
        self.show.sent(frame.bytes.len());
        let sent = link.hand(&announcement, frame.bytes).await;
        match sent {
            Err(broken) => Err(last_words(link, broken).await),
            sent => sent,
        }
    }

    /// A reply while frames are on their way.
    fn heard(&mut self, reply: Reply) -> Result<(), Failure> {
        let answered = match reply {
            Reply::FrameAck {
                frame_number,
                status,
            } => {
                let number = self.upload.acknowledged();
                self.show
                    .detail(|| format!("frame {frame_number} {status}"));
                if number != Some(frame_number) {
                    return Err(out_of_step(number, frame_number));
                }
                true
            }
            Reply::Error(refusal) if refusal.is_for_a_frame() => {
                self.upload.turned_down();
                self.show.note(&refusal.words());
                true
            }
            Reply::Error(refusal) => {
                self.overlook(refusal)?;
                false
            }
            _ => false,
        };
        if answered {
            self.progressed = true;
            self.show.advance(1);
        }
        Ok(())
    }

    async fn end_session(&mut self, link: &mut Link) -> Result<(), Failure> {
        link.say(&Request::SessionEnd {
            session_id: &self.task.session,
            total_frames: self.upload.sent(),
        })
        .await?;
        let validation = self.listen(link, |reply| match reply {
            Reply::SessionEnded { validation } => ControlFlow::Break(validation),
            _ => ControlFlow::Continue(()),
        });
        let validation = validation.await?;
        for issue in &validation.issues {
            self.show.note(issue);
        }
        self.show
            .detail(|| format!("{} frames are held", validation.frame_count));
        Ok(())
    }

    async fn hand_in_signal(&mut self, link: &mut Link) -> Result<(), Failure> {
        let Signal { filename, bytes } = self.task.signal.read()?;
        let announcement = Request::Signal {
            session_id: &self.task.session,
            filename: &filename,
            size: bytes.len(),
        };
        self.signal = Handed::Sent;
        match link.hand(&announcement, Bytes::from(bytes)).await {
            Err(broken) => Err(last_words(link, broken).await),
            handed => handed,
        }
    }

    async fn watch(&mut self, link: &mut Link) -> Result<Value, Failure> {
        self.listen(link, |reply| match reply {
            Reply::ProcessComplete { result } => ControlFlow::Break(result),
            _ => ControlFlow::Continue(()),
        })
        .await
    }

    /// Listens until the reply that is waited for; shows progress on the way, and ends with the server's errors.
    async fn listen<T>(
        &mut self,
        link: &mut Link,
        wanted: impl Fn(Reply) -> ControlFlow<T>,
    ) -> Result<T, Failure> {
        loop {
            let reply = link.hear().await?;
            match &reply {
                Reply::Error(refusal) => self.overlook(refusal.clone())?,
                Reply::ProcessProgress {
                    stage,
                    progress,
                    message,
                } => {
                    self.show.stage(stage, *progress, message);
                }
                Reply::SignalAck {} => {
                    self.signal = Handed::Taken;
                    self.show.detail(|| "the signal is in".to_owned());
                }
                Reply::ProcessStart {} => self.show.detail(|| "the analysis begins".to_owned()),
                _ => (),
            }
            if let ControlFlow::Break(found) = wanted(reply) {
                return Ok(found);
            }
        }
    }

    /// An error after which the session goes on is told; any other ends it.
    fn overlook(&self, refusal: Refusal) -> Result<(), Failure> {
        match refusal.recoverable {
            true => {
                self.show.note(&refusal.words());
                Ok(())
            }
            false => Err(refusal.into()),
        }
    }
}

/// A server that refuses closes the line, and our writing may notice that before its reason has been read.
async fn last_words(link: &mut Link, broken: Failure) -> Failure {
    loop {
        match link.hear().await {
            Ok(Reply::Error(refusal)) if !refusal.recoverable => return refusal.into(),
            Ok(_) => (),
            Err(_) => return broken,
        }
    }
}

fn out_of_step(expected: Option<u64>, found: u64) -> Failure {
    let expected = expected.map_or_else(|| "none".to_owned(), |number| number.to_string());
    Failure::Refused {
        code: "out of step".to_owned(),
        message: format!("the answer is for frame {found}, the oldest on its way is {expected}"),
    }
}

fn unix_now() -> f64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    since.map_or(0.0, |since| since.as_secs_f64())
}

// === impl Refusal ===

impl Refusal {
    /// Whether it is the answer for a frame, in an acknowledgement's place.
    #[must_use]
    pub fn is_for_a_frame(&self) -> bool {
        self.recoverable && self.error_code == "FRAME_PROCESSING_FAILED"
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        let message = refusal.words();
        match refusal.error_code.as_str() {
            "PROCESSING_FAILED" => Self::Analysis(message),
            _ => Self::Refused {
                code: refusal.error_code,
                message,
            },
        }
    }
}

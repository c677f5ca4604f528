//! The streaming conversation: session, frames, signal, verdict, over as many connections as it takes.
//!
//! Responsible for who says what when and for going on after a broken connection; not for bytes or bars. Invariants: a
//! connection is tried again a bounded number of times, and only after a session has been opened, so that a wrong address fails
//! at once.

use super::{
    Ending, Failure,
    link::Link,
    show::Show,
    task::{Signal, Streaming},
    upload::Upload,
    verdict::Verdict,
    wire::{Refusal, Reply, Request, Started},
};
use bytes::Bytes;
use serde_json::Value;
use std::{
    ops::ControlFlow,
    time::{Duration, SystemTime},
};

/// Connections that may fail one after another.
const TRIES: u32 = 8;
/// The waits between them double from the first to the longest: 20 s in all, within the time that a server keeps a session.
const FIRST_WAIT: Duration = Duration::from_millis(250);
const LONGEST_WAIT: Duration = Duration::from_secs(4);

/// Streams a bout, and tells the verdict.
///
/// # Errors
/// Every kind of [`Failure`].
pub async fn run(task: Streaming, show: &mut Show) -> Result<Ending, Failure> {
    let upload = Upload::begin(task.input.clone(), &task.wish, task.unacked, task.realtime)?;
    let interrupts = task.input.is_live().then(end_recording_on_interrupt);
    show.upload(upload.expected(), "frames");
    let mut talk = Talk {
        task: &task,
        upload,
        show,
        opened: false,
        progressed: false,
    };
    let result = talk.run_to_the_end().await;
    talk.show.end();
    if let Some(interrupts) = interrupts {
        interrupts.abort();
    }
    let result = result?;
    let verdict = Verdict {
        result: &result,
        server: &task.server,
    };
    verdict.tell(task.output.as_deref())
}

/// The first Ctrl+C ends a recording: ffmpeg, in our process group, hears it as well. The second ends the program.
fn end_recording_on_interrupt() -> tokio::task::JoinHandle<()> {
    tokio::spawn(async {
        for _ in 0..2 {
            if tokio::signal::ctrl_c().await.is_err() {
                return;
            }
        }
        std::process::exit(130);
    })
}

/// The conversation, as far as it has come.
struct Talk<'a> {
    task: &'a Streaming,
    upload: Upload,
    show: &'a mut Show,
    /// Whether the server has opened the session.
    opened: bool,
    /// Whether this connection has brought anything further.
    progressed: bool,
}

/// What to do about a connection that has ended.
enum Broken {
    /// Try again.
    Again(Failure),
    /// Give up.
    Final(Failure),
}

impl Talk<'_> {
    async fn run_to_the_end(&mut self) -> Result<Value, Failure> {
        let (mut failed, mut wait) = (0, FIRST_WAIT);
        loop {
            let why = match self.once().await {
                Ok(result) => return Ok(result),
                Err(Broken::Final(why)) => return Err(why),
                Err(Broken::Again(why)) => why,
            };
            if std::mem::take(&mut self.progressed) {
                (failed, wait) = (0, FIRST_WAIT);
            }
            failed += 1;
            if failed > TRIES {
                return Err(why);
            }
            self.show
                .note(&format!("{why}; going on in {} ms", wait.as_millis()));
            tokio::time::sleep(wait).await;
            wait = (wait * 2).min(LONGEST_WAIT);
        }
    }

    /// One connection's worth.
    async fn once(&mut self) -> Result<Value, Broken> {
        let had_session = self.opened;
        let mut link = match self.open().await {
            Ok(link) => link,
            // The server may still hold the old connection for alive, or be on its way up again.
            Err(why @ (Failure::Connection(_) | Failure::Refused { .. })) if had_session => {
                return Err(Broken::Again(why));
            }
            Err(why) => return Err(Broken::Final(why)),
        };
        match self.go_on(&mut link).await {
            Ok(result) => {
                link.close().await;
                Ok(result)
            }
            Err(why @ Failure::Connection(_)) => Err(Broken::Again(why)),
            Err(why) => Err(Broken::Final(why)),
        }
    }

    async fn open(&mut self) -> Result<Link, Failure> {
        let mut link = Link::open(&self.task.server).await?;
        let (width, height) = self.upload.sides();
        link.say(&Request::SessionStart {
            session_id: &self.task.session,
            fps: self.upload.fps(),
            width,
            height,
            expected_frames: self.upload.expected(),
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

    async fn go_on(&mut self, link: &mut Link) -> Result<Value, Failure> {
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
            Reply::Error(refusal) if refusal.is_of_a_frame() => {
                self.upload.turned_down();
                self.show.note(&refusal.error_message);
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
                Reply::SignalAck {} => self.show.detail(|| "the signal is in".to_owned()),
                Reply::ProcessStart {} => self.show.detail(|| "the analysis begins".to_owned()),
                _ => (),
            }
            self.progressed = true;
            if let ControlFlow::Break(found) = wanted(reply) {
                return Ok(found);
            }
        }
    }

    /// An error after which the session goes on is told; any other ends it.
    fn overlook(&self, refusal: Refusal) -> Result<(), Failure> {
        match refusal.recoverable {
            true => {
                self.show.note(&refusal.error_message);
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
    pub fn is_of_a_frame(&self) -> bool {
        self.error_code == "FRAME_PROCESSING_FAILED"
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        let Refusal {
            error_code,
            error_message,
            ..
        } = refusal;
        match error_code.as_str() {
            "PROCESSING_FAILED" => Self::Analysis(error_message),
            _ => Self::Refused {
                code: error_code,
                message: error_message,
            },
        }
    }
}

impl Verdict<'_> {
    /// Prints it, and saves it where it was asked for.
    ///
    /// # Errors
    /// [`Failure::Local`] if it cannot be saved.
    #[expect(clippy::print_stdout, reason = "the answer of a command")]
    pub fn tell(&self, output: Option<&std::path::Path>) -> Result<Ending, Failure> {
        print!("{self}");
        if let Some(path) = output {
            self.save(path)?;
        }
        Ok(self.ending())
    }
}

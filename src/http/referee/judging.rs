//! From a client's signal to its verdict: progress goes out, pings are answered, a close is heard, everything else waits its turn.
//!
//! A client that leaves meanwhile loses the news, not the verdict: the session is judged all the same.

use super::{
    desk::{Desk, ending},
    socket::{Flow, RESTART, Socket, drained},
    stats::stats_of,
};
use crate::{
    actors::{
        keeper::{FrameFault, Outcome, Watching},
        registry::SessionHandle,
    },
    dialects::referee::{
        Conversation, Fault,
        progress::Progress,
        stats::{SessionStats, seconds},
    },
    http::raw::wire::{Event, Room},
    session::SignalFile,
};
use std::time::Instant;
use tokio::{sync::oneshot::error::TryRecvError, time::sleep_until};

/// How the wait ended.
enum Waited {
    Outcome(Outcome),
    /// The socket ends, with this close code.
    Left(u16),
}

impl Socket {
    /// Ends the upload with the signal, and waits for what comes of it.
    pub(super) async fn judge(&mut self, filename: String, bytes: Vec<u8>) -> Flow {
        let Some(mut desk) = self.desk.take() else {
            return self.refuse(&Fault::no_session()).await;
        };
        let signal = SignalFile { filename, bytes };
        let kept = tokio::task::spawn_blocking(move || {
            let kept = desk.intake.keep_signal(&signal);
            (desk, signal, kept)
        });
        let (desk, signal) = match kept.await {
            Ok((desk, signal, Ok(()))) => (desk, signal),
            Ok((desk, _, Err(FrameFault::Ended))) => {
                self.desk = Some(desk);
                return self.await_end().await;
            }
            Ok((_, _, Err(error))) => {
                let why = format!("The signal was not kept: {error}");
                return self.refuse(&Fault::processing(why)).await;
            }
            Err(panicked) => return self.refuse(&Fault::internal(panicked.to_string())).await,
        };
        let Desk {
            handle,
            intake,
            mut ended,
            ..
        } = desk;
        // Counted before, because a short bout may be judged and gone a moment after its signal.
        let stats = Counted::of(&handle).await;
        match intake.conclude(signal).await {
            Ok(watching) => self.judged((handle, stats), watching).await,
            Err(error) => match ending(&mut ended).await {
                Some(ended) => self.over(ended).await,
                None => self.refuse(&Fault::processing(error.to_string())).await,
            },
        }
    }

    async fn judged(
        &mut self,
        (handle, stats): (SessionHandle, Counted),
        watching: Watching,
    ) -> Flow {
        for reply in self.conversation.judging() {
            self.say(reply).await?;
        }
        let outcome = match self.watch(watching).await? {
            Waited::Left(code) => return Ok(Some(code)),
            Waited::Outcome(outcome) => outcome,
        };
        match outcome {
            Outcome::Concluded { document } => {
                self.parts.opens.gone(handle.id.clone()).await;
                self.wire.expect_large(false);
                let reply = self.conversation.concluded(&document, &stats.completed());
                self.say(reply).await
            }
            Outcome::BadSignal(why) | Outcome::Failed(why) => {
                self.refuse(&Fault::processing(why)).await
            }
        }
    }

    async fn watch(&mut self, mut watching: Watching) -> std::io::Result<Waited> {
        let mut progress = Progress::new(self.parts.terms.progress_per_second);
        let mut drain = self.parts.drain.clone();
        // A signal that cannot be read is known at once, and nothing has begun.
        let early = match watching.outcome.try_recv() {
            Ok(outcome) => Some(outcome),
            Err(TryRecvError::Empty) => None,
            Err(TryRecvError::Closed) => return Ok(Waited::Outcome(unanswered())),
        };
        if let Some(outcome @ Outcome::BadSignal(_)) = early {
            return Ok(Waited::Outcome(outcome));
        }
        loop {
            let stages = watching.stages.borrow_and_update().clone();
            for step in progress.tell(&stages, Instant::now()) {
                let reply = self.conversation.progress(&step);
                self.wire.say(reply.text).await?;
            }
            // Before the wait: what came with the signal was read with it, and nothing more may come.
            if let Some(code) = self.meanwhile().await? {
                return Ok(Waited::Left(code));
            }
            self.wire.flush().await?;
            if let Some(outcome) = early {
                return Ok(Waited::Outcome(outcome));
            }
            let wake = progress.wake(&stages).unwrap_or_else(Instant::now);
            let is_behind = progress.wake(&stages).is_some();
            let reads_on = self.held_room().is_some() && !self.wire.waits();
            tokio::select! {
                biased;
                () = drained(&mut drain) => return Ok(Waited::Left(RESTART)),
                Ok(()) = watching.stages.changed() => {}
                outcome = &mut watching.outcome => {
                    return Ok(Waited::Outcome(outcome.unwrap_or_else(|_| unanswered())));
                }
                () = sleep_until(wake.into()), if is_behind => {}
                more = self.wire.more(), if reads_on => more?,
            }
        }
    }

    /// Answers pings, and keeps what is none in its order, as far as there is room.
    async fn meanwhile(&mut self) -> Flow {
        while let Some(room) = self.held_room() {
            let Some(event) = self.wire.ready(room) else {
                break;
            };
            let pong = match &event {
                Event::Text(text) => Conversation::meanwhile(text),
                Event::Closed(code) => return Ok(Some(*code)),
                _ => None,
            };
            match (pong, event) {
                (Some(pong), _) => drop(self.say(pong).await?),
                (None, Event::Control) => {}
                (None, event) => self.held.push(event),
            }
            self.wire.turn().await?;
        }
        Ok(None)
    }

    fn held_room(&self) -> Option<Room> {
        self.held.room(self.conversation.may_wait())
    }
}

/// What an outcome is that never comes.
fn unanswered() -> Outcome {
    Outcome::Failed("the session ended before its verdict".into())
}

/// A session's counts when its signal had come, and since when.
struct Counted {
    stats: SessionStats,
    at: Instant,
}

impl Counted {
    async fn of(handle: &SessionHandle) -> Self {
        let view = handle.kept().await;
        let unknown = || SessionStats {
            session_id: handle.id.as_str().to_owned(),
            ..SessionStats::default()
        };
        Self {
            stats: view.map_or_else(unknown, |view| stats_of(&view)),
            at: Instant::now(),
        }
    }

    /// The same when its verdict is there.
    fn completed(self) -> SessionStats {
        let since = seconds(self.at.elapsed());
        SessionStats {
            has_signal: true,
            completed: true,
            frames_analyzed: self.stats.frames_received,
            duration_seconds: self.stats.duration_seconds + since,
            idle_seconds: self.stats.idle_seconds + since,
            ..self.stats
        }
    }
}

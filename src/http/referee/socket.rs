//! One client of `/stream`: reads messages, has done what they ask, and answers in their order.
//!
//! Frames are written where they are read: the session's right to write ([`Intake`](crate::actors::keeper::Intake)) lives in
//! this task, so there is no hop between the last byte of a frame and its acknowledgement. [`Conversation`] knows the protocol, [`Wire`] the line. However the
//! socket ends, dropping the intake leaves its session resumable.

use super::{
    desk::{Desk, end_of},
    held::Held,
    opening::Opens,
};
use crate::{
    actors::keeper::{Ended, FrameFault},
    config::Config,
    dialects::referee::{Ask, Conversation, Fault, Reply, Start, Turn, conversation::Limits},
    http::raw::{
        Upgraded,
        wire::{Event, Longer, Room, Wire},
    },
    media::Encoding,
    session::{
        EndReason,
        validation::{Known, validate},
    },
    telemetry::socket_closed,
};
use std::{io, num::NonZeroU32, sync::Arc, time::Duration};
use tokio::sync::watch;

/// The close codes that are used here (RFC 6455, section 7.4.1).
pub const NORMAL: u16 = 1000;
const ABNORMAL: u16 = 1006;
/// The service restarts (IANA's registry).
pub const RESTART: u16 = 1012;

/// What a socket needs of the server.
#[derive(Clone)]
pub struct Parts {
    /// Opens its sessions.
    pub opens: Arc<dyn Opens>,
    /// What holds for it.
    pub terms: Terms,
    /// Set when the server shuts down.
    pub drain: watch::Receiver<Option<Duration>>,
}

/// What holds for every socket.
#[derive(Clone, Copy, Debug)]
pub struct Terms {
    /// Whether there is streaming at all.
    pub enabled: bool,
    /// Lengths of messages.
    pub limits: Limits,
    /// A socket on which nothing comes for so long is closed.
    pub silence: Duration,
    /// Progress messages a second.
    pub progress_per_second: NonZeroU32,
}

/// A socket at work.
pub(super) struct Socket {
    pub(super) wire: Wire,
    pub(super) conversation: Conversation,
    pub(super) parts: Parts,
    /// The session that is written to.
    pub(super) desk: Option<Desk>,
    /// What came during an analysis, and waits for its end.
    pub(super) held: Held,
}

/// What a step leads to: on, or to the end with this close code.
pub(super) type Flow = io::Result<Option<u16>>;

impl Terms {
    /// By the settings.
    pub fn of(config: &Config) -> Self {
        let referee = &config.referee;
        Self {
            enabled: referee.enabled,
            limits: Limits {
                text: config.limits.ws_message_bytes,
                frame: referee.frame_bytes,
                signal: referee.signal_bytes,
            },
            silence: referee.session_timeout,
            progress_per_second: referee.progress_per_second,
        }
    }
}

/// Serves a connection to its end.
pub async fn serve(upgraded: Upgraded, parts: Parts) {
    let Upgraded {
        stream,
        answer,
        early,
        seat,
    } = upgraded;
    let wire = match tokio::net::TcpStream::from_std(stream) {
        Ok(stream) => Wire::open(stream, &answer, early).await,
        Err(error) => Err(error),
    };
    match wire {
        Ok(wire) => converse(wire, parts).await,
        Err(error) => tracing::debug!(%error, "client left during the handshake"),
    }
    drop(seat);
}

async fn converse(wire: Wire, parts: Parts) {
    let mut socket = Socket {
        conversation: Conversation::new(parts.terms.limits),
        wire,
        parts,
        desk: None,
        held: Held::default(),
    };
    let ending = socket.run().await;
    let Socket { wire, desk, .. } = socket;
    // The session is free for its client's next connection before the client hears of the end of this one.
    drop(desk);
    match ending {
        Ok(code) => {
            socket_closed(code);
            wire.close(code).await;
        }
        Err(error) => {
            tracing::debug!(%error, "line broken");
            socket_closed(ABNORMAL);
        }
    }
}

impl Socket {
    async fn run(&mut self) -> io::Result<u16> {
        if !self.parts.terms.enabled {
            let reply = self.conversation.refused(&Fault::disabled());
            self.wire.say(reply.text).await?;
            return Ok(NORMAL);
        }
        loop {
            if self.is_draining() {
                return Ok(RESTART);
            }
            if let Some(ended) = self.desk.as_ref().and_then(Desk::ended) {
                return Ok(self.over(ended).await?.unwrap_or(NORMAL));
            }
            let room = self.room();
            let event = self.held.pop().or_else(|| self.wire.ready(room));
            let flow = match event {
                Some(event) => self.hear(event).await?,
                None => self.wait().await?,
            };
            if let Some(code) = flow {
                return Ok(code);
            }
        }
    }

    /// What the next message may have.
    pub(super) fn room(&self) -> Room {
        let hold = self.conversation.longest();
        let longer = match self.conversation.thrown_away() {
            more if more > hold => Longer::Throw(more),
            _ => Longer::Refuse,
        };
        Room { hold, longer }
    }

    pub(super) fn is_draining(&self) -> bool {
        self.parts.drain.borrow().is_some()
    }

    /// Waits until something comes.
    async fn wait(&mut self) -> Flow {
        let silence = self.parts.terms.silence;
        tokio::select! {
            more = self.wire.more() => return more.map(|()| None),
            () = drained(&mut self.parts.drain) => return Ok(Some(RESTART)),
            ended = end_of(self.desk.as_mut()) => return self.over(ended).await,
            () = tokio::time::sleep(silence) => {}
        }
        if self.desk.is_none() {
            // There is no session that could be told of.
            return Ok(Some(NORMAL));
        }
        self.refuse(&Fault::silent(silence)).await
    }

    /// Does what a message asks, and answers it.
    async fn hear(&mut self, event: Event) -> Flow {
        let flow = match event {
            Event::Text(text) => {
                let (missed, turn) = self.conversation.text(&text);
                if let Some(reply) = missed {
                    self.say(reply).await?;
                }
                self.carry_out(turn, &[]).await?
            }
            Event::Binary(bytes) => {
                let turn = self.conversation.binary(&bytes);
                self.carry_out(turn, &bytes).await?
            }
            Event::Thrown(bytes) => {
                let turn = self.conversation.thrown(bytes);
                let bytes = usize::try_from(bytes).unwrap_or(usize::MAX);
                self.answer(turn, &[], bytes).await?
            }
            Event::TooLong { is_text } => self.say(self.conversation.too_long(is_text)).await?,
            Event::Broken { code, why } => {
                self.refuse(&Fault::broken_line(why)).await?;
                Some(code)
            }
            Event::Control => None,
            Event::Closed(code) => Some(code),
        };
        if flow.is_none() {
            self.wire.turn().await?;
        }
        Ok(flow)
    }

    async fn carry_out(&mut self, turn: Turn, bytes: &[u8]) -> Flow {
        self.answer(turn, bytes, bytes.len()).await
    }

    /// Does what a message of so many bytes leads to, of which these are held.
    async fn answer(&mut self, turn: Turn, bytes: &[u8], came: usize) -> Flow {
        match turn {
            Turn::Wait => Ok(None),
            Turn::Say(reply) => self.say(reply).await,
            Turn::Flawed(reply) => {
                if let Some(desk) = &self.desk {
                    desk.intake.flawed(came);
                }
                self.say(reply).await
            }
            Turn::Ask(Ask::Keep {
                number,
                encoding,
                announced,
            }) => {
                if let Some(desk) = &mut self.desk {
                    desk.remark(number, announced, bytes.len());
                }
                self.keep(number, encoding, bytes).await
            }
            Turn::Ask(Ask::Open(start)) => self.open(start).await,
            Turn::Ask(Ask::End { frames }) => {
                if let Some(desk) = &self.desk {
                    tracing::debug!(session = %desk.handle.id, frames, "all frames have been sent");
                }
                self.end().await
            }
            Turn::Ask(Ask::Judge { filename }) => self.judge(filename, bytes.to_vec()).await,
        }
    }

    async fn keep(&mut self, number: u64, encoding: Encoding, bytes: &[u8]) -> Flow {
        let kept = match &mut self.desk {
            Some(desk) => desk.intake.frame(number, encoding, bytes),
            None => Err(FrameFault::Ended),
        };
        match kept {
            Ok(noted) => self.say(self.conversation.kept(number, noted)).await,
            Err(FrameFault::Ended) => self.await_end().await,
            Err(fault) => {
                let why = format!("Frame {number} was not kept: {fault}");
                self.refuse(&Fault::frame(why)).await
            }
        }
    }

    async fn open(&mut self, start: Start) -> Flow {
        // A session that was meant before goes home, also if it is this very one.
        self.desk = None;
        let (id, resume) = (start.bout.id.clone(), start.resume);
        let desk = match self.parts.opens.open(start.clone()).await {
            Ok(handle) => Desk::take(handle, &start).await,
            Err(fault) => Err(fault),
        };
        match desk {
            Ok(desk) => {
                let resumed = resume.then(|| desk.resumed());
                let longest = desk.intake.message_bytes();
                let reply = self
                    .conversation
                    .opened(&desk.bout, longest, resumed.as_ref());
                self.desk = Some(desk);
                self.wire.expect_large(true);
                self.say(reply).await
            }
            Err(fault) => self.say(Reply::error(Some(id.as_str()), &fault)).await,
        }
    }

    /// All frames have been sent: they go to the disk, as far as was promised, and are judged.
    async fn end(&mut self) -> Flow {
        let Some(mut desk) = self.desk.take() else {
            return self.refuse(&Fault::no_session()).await;
        };
        let synced = tokio::task::spawn_blocking(move || {
            let synced = desk.intake.sync();
            (desk, synced)
        });
        let (desk, synced) = match synced.await {
            Ok(done) => done,
            Err(panicked) => return self.refuse(&Fault::internal(panicked.to_string())).await,
        };
        if matches!(synced, Err(FrameFault::Ended)) {
            self.desk = Some(desk);
            return self.await_end().await;
        }
        let undecodable = desk.handle.kept().await.map(|view| view.undecodable);
        let known = Known {
            expected_frames: desk.bout.expected_frames,
            undecodable: undecodable.as_deref().unwrap_or_default(),
            ..Known::default()
        };
        let validation = validate(desk.intake.ledger(), &known);
        self.desk = Some(desk);
        match synced {
            Ok(()) => self.say(self.conversation.ended(&validation)).await,
            Err(error) => {
                self.refuse(&Fault::end(format!("the frames are not safe: {error}")))
                    .await
            }
        }
    }

    /// The session has ended, or is about to: tells how.
    pub(super) async fn await_end(&mut self) -> Flow {
        if self.desk.is_none() {
            return self.refuse(&Fault::no_session_for_frame()).await;
        }
        let ended = end_of(self.desk.as_mut()).await;
        self.over(ended).await
    }

    /// The session has ended under its client, who hears of it when folder and memory are given back.
    pub(super) async fn over(&mut self, ended: Ended) -> Flow {
        let desk = self.desk.take();
        // A folder of thousands of frames takes the disk a while.
        let given_back = tokio::task::spawn_blocking(move || drop(desk)).await;
        if let Err(panicked) = given_back {
            tracing::warn!(%panicked, "a session's folder was left");
        }
        match ended.reason {
            EndReason::Shutdown => Ok(Some(RESTART)),
            EndReason::IdleTimeout => self.refuse(&Fault::silent(ended.idle)).await,
            EndReason::Fault(why) => self.refuse(&Fault::processing(why)).await,
            EndReason::OperatorStopped => {
                self.refuse(&Fault::processing("The session was ended by an operator"))
                    .await
            }
            reason => {
                let why = format!("The session was ended: {reason}");
                self.refuse(&Fault::processing(why)).await
            }
        }
    }

    pub(super) async fn refuse(&mut self, fault: &Fault) -> Flow {
        self.say(self.conversation.refused(fault)).await
    }

    pub(super) async fn say(&mut self, reply: Reply) -> Flow {
        self.wire.say(reply.text).await?;
        Ok(reply.ends.then_some(NORMAL))
    }
}

/// Waits until the server shuts down.
pub(super) async fn drained(drain: &mut watch::Receiver<Option<Duration>>) {
    // The sender goes only with the process.
    drop(drain.wait_for(Option::is_some).await);
}

#[cfg(test)]
#[path = "socket_tests.rs"]
mod tests;

//! One connection's side of the protocol: which message is due, which session is meant, and what each message asks for.
//!
//! Pure: it opens nothing and keeps nothing. Whoever holds it carries out what it asks, tells it what came of that, and gets the
//! words for the client. Invariant: each message of a client gets one answer, and answers keep the messages' order.

use super::{
    error::Fault,
    message::{self, FrameHead, Kind, SignalHead, Start},
    progress::Step,
    reply::{Notice, Reply, Resumed, Status},
    stats::SessionStats,
};
use crate::{
    media::{
        Encoding,
        picture::{FrameFlaw, Sides, check},
    },
    session::{BoutSpec, Noted, Validation},
};

/// What a client may send, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// A text.
    pub text: usize,
    /// A frame, of a session that has memory for so much.
    pub frame: usize,
    /// A signal file.
    pub signal: usize,
}

/// What a message leads to.
#[derive(Debug, PartialEq)]
pub enum Turn {
    /// Something shall be done; the conversation is then told of it.
    Ask(Ask),
    /// Something is to be said, and that is all.
    Say(Reply),
    /// The bytes that came are no frame; say so.
    Flawed(Reply),
    /// The bytes that were announced are still to come.
    Wait,
}

/// What shall be done.
#[derive(Debug, PartialEq)]
pub enum Ask {
    /// Open or resume a session; then [`Conversation::opened`] or [`Conversation::refused`].
    Open(Start),
    /// Keep the bytes that just came; then [`Conversation::kept`] or [`Conversation::refused`].
    Keep {
        /// The frame's number.
        number: u64,
        /// How it is encoded.
        encoding: Encoding,
        /// Bytes that the client said would come; 0 if it did not say.
        announced: u64,
    },
    /// Hand all frames to the disk and judge them; then [`Conversation::ended`] or [`Conversation::refused`].
    End {
        /// Frames that the client says it has sent.
        frames: u64,
    },
    /// Take the bytes that just came as the signal and judge; then [`Conversation::judging`] and what follows it.
    Judge {
        /// The signal's name.
        filename: String,
    },
}

/// One connection's side.
#[derive(Debug)]
pub struct Conversation {
    limits: Limits,
    session: Option<Current>,
    due: Due,
}

/// The session that is meant.
#[derive(Debug)]
struct Current {
    id: String,
    sides: Sides,
    /// Bytes of a frame, at most: what the session has memory for.
    frame: usize,
}

#[derive(Debug, Default, PartialEq)]
enum Due {
    #[default]
    Text,
    FrameBytes(FrameHead),
    SignalBytes(SignalHead),
}

impl Conversation {
    /// Nothing has been said yet.
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            session: None,
            due: Due::Text,
        }
    }

    /// Bytes that the next message may have.
    pub fn longest(&self) -> usize {
        match self.due {
            Due::Text => self.limits.text,
            Due::FrameBytes(_) => self.longest_frame().max(self.limits.text),
            Due::SignalBytes(_) => self.limits.signal.max(self.limits.text),
        }
    }

    /// Bytes that a message may have which is longer, and is read to its end to no other use than to hear what follows it.
    pub fn thrown_away(&self) -> usize {
        match self.due {
            Due::FrameBytes(_) => self.limits.frame,
            Due::Text | Due::SignalBytes(_) => 0,
        }
    }

    /// Bytes of messages that may wait while the verdict is awaited: what the session has reserved for one, and uses no more.
    pub fn may_wait(&self) -> usize {
        self.longest_frame().max(self.limits.text)
    }

    fn longest_frame(&self) -> usize {
        self.session.as_ref().map_or(0, |session| session.frame)
    }

    /// A text came. First what is to be said of bytes that were due and did not come, then what the text leads to.
    pub fn text(&mut self, text: &str) -> (Option<Reply>, Turn) {
        if text.len() > self.limits.text {
            return (None, Turn::Say(self.too_long(true)));
        }
        let missed = match std::mem::take(&mut self.due) {
            Due::Text => None,
            Due::FrameBytes(head) => {
                let why = format!(
                    "Frame {}: expected its bytes as a binary message",
                    head.number
                );
                Some(self.refused(&Fault::frame(why)))
            }
            Due::SignalBytes(_) => {
                let why = "Expected the signal's bytes as a binary message";
                return (None, Turn::Say(self.refused(&Fault::processing(why))));
            }
        };
        (
            missed,
            self.metadata(text).unwrap_or_else(|fault| self.say(&fault)),
        )
    }

    fn metadata(&mut self, text: &str) -> Result<Turn, Fault> {
        let kind = message::kind(text).map_err(Fault::invalid)?;
        match kind {
            Kind::Ping => Ok(Turn::Say(Notice::Pong.reply())),
            Kind::SessionStart => Start::parse(text)
                .map(Ask::Open)
                .map(Turn::Ask)
                .map_err(Fault::start),
            Kind::Frame => {
                self.session
                    .as_ref()
                    .ok_or_else(Fault::no_session_for_frame)?;
                self.due = Due::FrameBytes(FrameHead::parse(text).map_err(Fault::frame)?);
                Ok(Turn::Wait)
            }
            Kind::SessionEnd => {
                self.session.as_ref().ok_or_else(Fault::no_session)?;
                let frames = message::end(text).map_err(Fault::end)?;
                Ok(Turn::Ask(Ask::End { frames }))
            }
            Kind::Signal => {
                self.session.as_ref().ok_or_else(Fault::no_session)?;
                self.due = Due::SignalBytes(SignalHead::parse(text).map_err(Fault::invalid)?);
                Ok(Turn::Wait)
            }
            Kind::SessionAbort
            | Kind::FrameAck
            | Kind::SignalAck
            | Kind::ProcessStart
            | Kind::ProcessProgress
            | Kind::ProcessComplete
            | Kind::Error
            | Kind::Pong => Err(Fault::unknown_type(kind.name())),
        }
    }

    /// A binary message came. A frame is looked at before it is kept.
    pub fn binary(&mut self, bytes: &[u8]) -> Turn {
        match (std::mem::take(&mut self.due), &self.session) {
            (Due::FrameBytes(head), Some(session)) => match sound(bytes, &head, session.sides) {
                Ok(encoding) => Turn::Ask(Ask::Keep {
                    number: head.number,
                    encoding,
                    announced: head.size,
                }),
                Err(flaw) => Turn::Flawed(self.refused(&Fault::undecodable(head.number, &flaw))),
            },
            (Due::SignalBytes(_), Some(_)) if bytes.len() > self.limits.signal => {
                self.say(&self.signal_too_long())
            }
            (Due::SignalBytes(head), Some(_)) => Turn::Ask(Ask::Judge {
                filename: head.filename,
            }),
            (_, _) => self.say(&Fault::expected_text()),
        }
    }

    /// A binary message of so many bytes came and was thrown away: it is longer than any frame of this session.
    pub fn thrown(&mut self, bytes: u64) -> Turn {
        let limit = self.longest_frame();
        match std::mem::take(&mut self.due) {
            Due::FrameBytes(head) => {
                Turn::Flawed(self.refused(&Fault::oversize(head.number, bytes, limit)))
            }
            Due::Text | Due::SignalBytes(_) => self.say(&Fault::expected_text()),
        }
    }

    /// A message came that is longer than [`Self::longest`], or than [`Self::thrown_away`]. Nothing behind it can be read.
    pub fn too_long(&self, is_text: bool) -> Reply {
        let fault = match &self.due {
            _ if is_text => Fault::invalid(format_args!("more than {} bytes", self.limits.text)),
            Due::Text => Fault::expected_text(),
            Due::FrameBytes(head) => Fault::frame_too_long(head.number, self.limits.frame),
            Due::SignalBytes(_) => self.signal_too_long(),
        };
        self.refused(&fault)
    }

    fn signal_too_long(&self) -> Fault {
        let limit = self.limits.signal;
        Fault::invalid(format_args!("the signal is larger than {limit} bytes"))
    }

    /// A session is open, and meant from now on; its frames may have `message_bytes`.
    pub fn opened(
        &mut self,
        bout: &BoutSpec,
        message_bytes: usize,
        resumed: Option<&Resumed>,
    ) -> Reply {
        let id = bout.id.as_str().to_owned();
        let reply = Notice::SessionStarted {
            session_id: &id,
            resumed,
        }
        .reply();
        self.session = Some(Current {
            id,
            sides: Sides {
                width: bout.width,
                height: bout.height,
            },
            frame: message_bytes.min(self.limits.frame),
        });
        reply
    }

    /// A frame is held.
    pub fn kept(&self, number: u64, noted: Noted) -> Reply {
        let status = match noted {
            Noted::Received => Status::Received,
            Noted::Duplicate => Status::Duplicate,
        };
        Notice::FrameAck {
            session_id: self.id(),
            frame_number: number,
            status,
        }
        .reply()
    }

    /// All frames are on the disk, as far as was promised.
    pub fn ended(&self, validation: &Validation) -> Reply {
        Notice::SessionEnded {
            session_id: self.id(),
            validation: validation.into(),
        }
        .reply()
    }

    /// The signal is kept, and the analysis goes on to its end.
    pub fn judging(&self) -> [Reply; 2] {
        let session_id = self.id();
        [
            Notice::SignalAck {
                session_id,
                status: Status::Received,
            }
            .reply(),
            Notice::ProcessStart { session_id }.reply(),
        ]
    }

    /// So far it is.
    pub fn progress(&self, step: &Step) -> Reply {
        Notice::ProcessProgress {
            session_id: self.id(),
            stage: step.stage,
            progress: step.progress,
            message: &step.message,
        }
        .reply()
    }

    /// The verdict is there; no session is meant any more.
    pub fn concluded(&mut self, result: &str, stats: &SessionStats) -> Reply {
        let reply = Reply::complete(self.id(), result, stats);
        self.session = None;
        reply
    }

    /// What a text that comes during an analysis is answered at once: a ping is, the rest waits its turn.
    pub fn meanwhile(text: &str) -> Option<Reply> {
        let is_ping = message::kind(text) == Ok(Kind::Ping);
        is_ping.then(|| Notice::Pong.reply())
    }

    /// Something was refused.
    pub fn refused(&self, fault: &Fault) -> Reply {
        let id = self.session.as_ref().map(|session| session.id.as_str());
        Reply::error(id, fault)
    }

    fn say(&self, fault: &Fault) -> Turn {
        Turn::Say(self.refused(fault))
    }

    fn id(&self) -> &str {
        self.session.as_ref().map_or("", |session| &session.id)
    }
}

fn sound(bytes: &[u8], head: &FrameHead, sides: Sides) -> Result<Encoding, FrameFlaw> {
    let encoding = head.encoding.clone().map_err(FrameFlaw::UnknownEncoding)?;
    check(bytes, encoding, sides).map(|()| encoding)
}

#[cfg(test)]
#[path = "conversation_tests.rs"]
mod tests;

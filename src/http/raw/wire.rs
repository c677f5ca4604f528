//! A WebSocket over a connection of our own: messages in, texts out, and an end that the client hears.
//!
//! tungstenite keeps the protocol; this drives it over the socket's non-blocking calls, so that a message's bytes are copied once,
//! from the kernel, and that the length of the next message may depend on what is due ([`Room`]). Texts wait until nothing more can be read,
//! or [`BATCH`] messages were, and leave in one write. Invariant: whoever says something to a client that does not read waits, and
//! reads nothing meanwhile.

use super::sieve::{Refused, Sieve};
use bytes::Bytes;
use std::{io, time::Duration};
use tokio::{io::AsyncWriteExt as _, net::TcpStream};
use tokio_tungstenite::tungstenite::{
    Error, Message, Utf8Bytes,
    error::ProtocolError,
    protocol::{CloseFrame, Role, WebSocketConfig, WebSocketContext, frame::coding::CloseCode},
};

pub use super::sieve::{Longer, Room};

/// Messages that are read before what was said is sent, and before other sockets of the thread have their turn.
pub const BATCH: u32 = 8;

/// Bytes that are asked of the kernel at a time where large messages are expected.
const READ: usize = 256 * 1024;

/// The same on the protocol's side, which gets what is no whole message of bytes, and clears so many each time.
const PARTS: usize = 16 * 1024;

/// What is asked where they are not: a socket that says nothing should cost nothing.
const SPARE: usize = 4 * 1024;

/// Texts of more bytes than these are sent before others are added.
const WRITE: usize = 16 * 1024;

/// What a client still sends behind the end of the conversation is read for so long and so far: a socket that is closed with
/// unread bytes is reset, and the reset destroys the last words on their way (RFC 9293, section 3.6.1).
const LINGER: Duration = Duration::from_secs(10);
const LINGER_BYTES: usize = 256 << 20;

/// A WebSocket whose handshake is answered.
#[derive(Debug)]
pub struct Wire {
    stream: Sieve,
    protocol: WebSocketContext,
    /// Bytes of its buffer, before a larger message came.
    buffer: usize,
    /// Bytes that it should have.
    wanted: usize,
    /// Messages since others had their turn.
    read: u32,
}

/// What came.
#[derive(Debug)]
pub enum Event {
    /// A text.
    Text(Utf8Bytes),
    /// Bytes.
    Binary(Bytes),
    /// A binary message of so many bytes, which are thrown away: there was no room for it.
    Thrown(u64),
    /// A message that is longer than it may be; nothing behind it can be read.
    TooLong {
        /// Whether it is a text.
        is_text: bool,
    },
    /// What came is no message; nothing behind it can be read.
    Broken {
        /// The close code that says so.
        code: u16,
        /// What is wrong.
        why: String,
    },
    /// A ping, which is answered, or a pong. It is told so that its answer leaves before many more of them are read.
    Control,
    /// The client has closed, with this code, or has gone.
    Closed(u16),
}

impl Wire {
    /// A socket on `stream`, whose handshake is answered with `answer`; `early` is what was read behind that handshake.
    ///
    /// # Errors
    /// If the client has gone.
    pub async fn open(mut stream: TcpStream, answer: &str, early: Vec<u8>) -> io::Result<Self> {
        stream.write_all(answer.as_bytes()).await?;
        let mut stream = Sieve::new(stream, early);
        stream.ask(SPARE);
        Ok(Self {
            stream,
            protocol: protocol(SPARE),
            buffer: SPARE,
            wanted: SPARE,
            read: 0,
        })
    }

    /// Whether large messages are to be expected. Where they are not any more, the memory that the largest took is given back when
    /// the client is next waited for.
    pub fn expect_large(&mut self, yes: bool) {
        self.wanted = if yes { READ } else { SPARE };
    }

    /// What has come, if anything has, and there is room for it. Pings are answered.
    pub fn ready(&mut self, room: Room) -> Option<Event> {
        self.stream.allow(room);
        match self.stream.take() {
            Ok(Some(bytes)) => return Some(Event::Binary(bytes)),
            Ok(None) => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return None,
            Err(error) => return Some(Event::of(error.into())),
        }
        match self.protocol.read(&mut self.stream) {
            Ok(message @ (Message::Text(_) | Message::Binary(_))) => {
                Some(match (self.stream.thrown(), message) {
                    (Some(bytes), _) => Event::Thrown(bytes),
                    (None, Message::Text(text)) => Event::Text(text),
                    (None, other) => Event::Binary(other.into_data()),
                })
            }
            Ok(Message::Close(frame)) => {
                let code = frame.map_or(CloseCode::Status, |frame| frame.code);
                Some(Event::Closed(code.into()))
            }
            Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_)) => Some(Event::Control),
            Err(Error::Io(error)) if error.kind() == io::ErrorKind::WouldBlock => {
                self.stream.refused().map(Event::from)
            }
            Err(error) => Some(Event::of(error)),
        }
    }

    /// Whether a message has come for which there was no room, and which waits until there is.
    pub fn waits(&self) -> bool {
        self.stream.waits()
    }

    /// Waits until more can be read. What was said is sent first. May be dropped and called again.
    ///
    /// # Errors
    /// If the line is broken.
    pub async fn more(&mut self) -> io::Result<()> {
        self.flush().await?;
        self.read = 0;
        self.fit();
        self.stream.stream().readable().await
    }

    /// To be called after each message: sends what was said and gives others their turn, now and then.
    ///
    /// # Errors
    /// If the line is broken.
    pub async fn turn(&mut self) -> io::Result<()> {
        self.read += 1;
        if self.read >= BATCH {
            self.read = 0;
            self.flush().await?;
            self.fit();
            tokio::task::yield_now().await;
        }
        Ok(())
    }

    /// To be called when all that was said has left: changes the buffer, if it holds nothing.
    fn fit(&mut self) {
        if self.buffer != self.wanted && self.stream.is_between() {
            self.stream.ask(self.wanted);
            self.protocol = protocol(self.wanted.min(PARTS));
            self.buffer = self.wanted;
        }
    }

    /// Says something; it leaves with the next flush, or when much has been said.
    ///
    /// # Errors
    /// If the line is broken.
    pub async fn say(&mut self, text: String) -> io::Result<()> {
        let written = self.protocol.write(&mut self.stream, Message::text(text));
        match blocked(written)? {
            true => self.flush().await,
            false => Ok(()),
        }
    }

    /// Sends all that was said.
    ///
    /// # Errors
    /// If the line is broken.
    pub async fn flush(&mut self) -> io::Result<()> {
        while blocked(self.protocol.flush(&mut self.stream))? {
            self.stream.stream().writable().await?;
        }
        Ok(())
    }

    /// Ends the conversation with this code, so that the client hears all that was said.
    pub async fn close(mut self, code: u16) {
        let ended = tokio::time::timeout(LINGER, self.end(code)).await;
        if let Ok(Err(error)) = ended {
            tracing::debug!(%error, "client left before the end");
        }
    }

    async fn end(&mut self, code: u16) -> io::Result<()> {
        let frame = CloseFrame {
            code: code.into(),
            reason: Utf8Bytes::default(),
        };
        blocked(self.protocol.close(&mut self.stream, Some(frame)))?;
        self.flush().await?;
        let stream = self.stream.stream_mut();
        stream.shutdown().await?;
        drain(stream).await
    }
}

/// The protocol's side of a line, with a buffer of so many bytes. How long messages may be is the sieve's to say.
fn protocol(buffer: usize) -> WebSocketContext {
    let config = WebSocketConfig::default()
        .read_buffer_size(buffer)
        .write_buffer_size(WRITE)
        .max_message_size(None)
        .max_frame_size(None);
    WebSocketContext::new(Role::Server, Some(config))
}

/// Reads what still comes, until the client closes or it is too much.
async fn drain(stream: &TcpStream) -> io::Result<()> {
    let mut left = LINGER_BYTES;
    let mut into = vec![0; READ];
    while left > 0 {
        stream.readable().await?;
        match stream.try_read(&mut into) {
            Ok(0) => return Ok(()),
            Ok(bytes) => left = left.saturating_sub(bytes),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Whether a write waits for the client; what was written is kept then, and leaves with the next flush.
fn blocked(written: Result<(), Error>) -> io::Result<bool> {
    match written {
        // After the client's close nothing is sent any more, which is an end and no fault.
        Ok(()) | Err(Error::ConnectionClosed | Error::AlreadyClosed) => Ok(false),
        Err(Error::Protocol(ProtocolError::SendAfterClosing)) => Ok(false),
        Err(Error::Io(error)) if error.kind() == io::ErrorKind::WouldBlock => Ok(true),
        Err(Error::Io(error)) => Err(error),
        Err(error) => Err(io::Error::other(error)),
    }
}

impl Event {
    fn of(error: Error) -> Self {
        match error {
            Error::Protocol(ProtocolError::ResetWithoutClosingHandshake)
            | Error::ConnectionClosed
            | Error::AlreadyClosed
            | Error::Io(_) => Self::Closed(CloseCode::Abnormal.into()),
            error @ Error::Utf8(_) => Self::broken(CloseCode::Invalid, &error),
            error => Self::broken(CloseCode::Protocol, &error),
        }
    }

    fn broken(code: CloseCode, why: &dyn std::fmt::Display) -> Self {
        Self::Broken {
            code: code.into(),
            why: why.to_string(),
        }
    }
}

impl From<Refused> for Event {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::TooLong(is_text) => Self::TooLong { is_text },
            Refused::Control => {
                Self::broken(CloseCode::Protocol, &ProtocolError::ControlFrameTooBig)
            }
        }
    }
}

#[cfg(test)]
#[path = "wire_tests.rs"]
mod tests;

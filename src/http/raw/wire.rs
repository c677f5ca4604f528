//! A WebSocket over a connection of our own: messages in, texts out, and an end that the client hears.
//!
//! tungstenite keeps the protocol; this drives it over the socket's non-blocking calls, so that a message's bytes are copied once,
//! from the kernel, and that the length of the next message may depend on what is due. Texts wait until nothing more can be read,
//! or [`BATCH`] messages were, and leave in one write. Invariant: whoever says something to a client that does not read waits, and
//! reads nothing meanwhile.

use bytes::Bytes;
use std::{
    io::{self, Read, Write},
    time::Duration,
};
use tokio::{io::AsyncWriteExt as _, net::TcpStream};
use tokio_tungstenite::tungstenite::{
    Error, Message, Utf8Bytes, WebSocket,
    error::ProtocolError,
    protocol::{CloseFrame, Role, WebSocketConfig, frame::coding::CloseCode},
};

/// Messages that are read before what was said is sent, and before other sockets of the thread have their turn.
pub const BATCH: u32 = 8;

/// Bytes that are asked of the kernel at a time. A larger buffer takes a message of 200 KB in fewer calls; it is memory only where
/// something was read.
const READ: usize = 256 * 1024;

/// Texts of more bytes than these are sent before others are added.
const WRITE: usize = 16 * 1024;

/// What a client still sends behind the end of the conversation is read for so long and so far: a socket that is closed with
/// unread bytes is reset, and the reset destroys the last words on their way (RFC 9293, section 3.6.1).
const LINGER: Duration = Duration::from_secs(10);
const LINGER_BYTES: usize = 256 << 20;

/// A WebSocket whose handshake is answered.
#[derive(Debug)]
pub struct Wire {
    socket: WebSocket<Stream>,
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
    /// A message that is longer than it may be; nothing behind it can be read.
    TooLong,
    /// What came is no message; nothing behind it can be read.
    Broken(String),
    /// The client has closed, with this code, or has gone.
    Closed(u16),
}

#[derive(Debug)]
struct Stream(TcpStream);

impl Read for Stream {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.0.try_read(into)
    }
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.try_write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Wire {
    /// A socket on `stream`, whose handshake is answered with `answer`; `early` is what was read behind that handshake.
    ///
    /// # Errors
    /// If the client has gone.
    pub async fn open(mut stream: TcpStream, answer: &str, early: Vec<u8>) -> io::Result<Self> {
        stream.write_all(answer.as_bytes()).await?;
        let config = WebSocketConfig::default()
            .read_buffer_size(READ)
            .write_buffer_size(WRITE);
        let socket =
            WebSocket::from_partially_read(Stream(stream), early, Role::Server, Some(config));
        Ok(Self { socket, read: 0 })
    }

    /// What has come, if anything has; at most `longest` bytes. Pings are answered.
    pub fn ready(&mut self, longest: usize) -> Option<Event> {
        self.socket.set_config(|config| {
            config.max_message_size = Some(longest);
            config.max_frame_size = Some(longest);
        });
        loop {
            match self.socket.read() {
                Ok(Message::Text(text)) => return Some(Event::Text(text)),
                Ok(Message::Binary(bytes)) => return Some(Event::Binary(bytes)),
                Ok(Message::Close(frame)) => {
                    let code = frame.map_or(CloseCode::Status, |frame| frame.code);
                    return Some(Event::Closed(code.into()));
                }
                Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_)) => {}
                Err(Error::Io(error)) if error.kind() == io::ErrorKind::WouldBlock => return None,
                Err(error) => return Some(Event::of(error)),
            }
        }
    }

    /// Waits until more can be read. What was said is sent first. May be dropped and called again.
    ///
    /// # Errors
    /// If the line is broken.
    pub async fn more(&mut self) -> io::Result<()> {
        self.flush().await?;
        self.read = 0;
        self.socket.get_ref().0.readable().await
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
            tokio::task::yield_now().await;
        }
        Ok(())
    }

    /// Says something; it leaves with the next flush, or when much has been said.
    ///
    /// # Errors
    /// If the line is broken.
    pub async fn say(&mut self, text: String) -> io::Result<()> {
        match blocked(self.socket.write(Message::text(text)))? {
            true => self.flush().await,
            false => Ok(()),
        }
    }

    /// Sends all that was said.
    ///
    /// # Errors
    /// If the line is broken.
    pub async fn flush(&mut self) -> io::Result<()> {
        while blocked(self.socket.flush())? {
            self.socket.get_ref().0.writable().await?;
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
        blocked(self.socket.close(Some(frame)))?;
        self.flush().await?;
        let stream = &mut self.socket.get_mut().0;
        stream.shutdown().await?;
        drain(stream).await
    }
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
            Error::Capacity(_) => Self::TooLong,
            Error::Protocol(ProtocolError::ResetWithoutClosingHandshake)
            | Error::ConnectionClosed
            | Error::AlreadyClosed
            | Error::Io(_) => Self::Closed(CloseCode::Abnormal.into()),
            error => Self::Broken(error.to_string()),
        }
    }
}

#[cfg(test)]
#[path = "wire_tests.rs"]
mod tests;

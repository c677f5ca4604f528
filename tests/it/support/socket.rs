//! A client of `/ws/world/{id}`, by another implementation of WebSockets than the server's.

use std::net::TcpStream;

use serde_json::Value;
use tokio_tungstenite::tungstenite::{
    self, Message, WebSocket,
    protocol::{CloseFrame, WebSocketConfig},
};

use super::http::PATIENCE;

/// A socket after its handshake.
pub struct Socket(pub WebSocket<TcpStream>);

/// A frame, taken apart.
#[derive(Clone, Debug)]
pub struct Frame {
    pub flags: u8,
    pub id: u64,
    pub action: u64,
    pub sent_us: u64,
    pub stages: [u32; 10],
    pub width: u16,
    pub height: u16,
    pub jpeg: Vec<u8>,
}

/// How a socket ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// With this code.
    Code(u16),
    /// By a close frame without a code.
    NoCode,
    /// Without a close frame.
    Cut,
}

impl Frame {
    /// Reads a frame's header.
    ///
    /// # Panics
    /// When it is not as documented.
    pub fn parse(bytes: &[u8]) -> Self {
        let u32_at = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap());
        let u64_at = |at: usize| u64::from_le_bytes(bytes[at..at + 8].try_into().unwrap());
        let u16_at = |at: usize| u16::from_le_bytes(bytes[at..at + 2].try_into().unwrap());
        assert_eq!(&bytes[..5], b"FLWF\x01", "magic and version");
        let header = usize::from(u16_at(6));
        assert_eq!(header, 80);
        assert_eq!(u32_at(76) as usize, bytes.len() - header);
        Self {
            flags: bytes[5],
            id: u64_at(8),
            action: u64_at(16),
            sent_us: u64_at(24),
            stages: std::array::from_fn(|at| u32_at(32 + 4 * at)),
            width: u16_at(72),
            height: u16_at(74),
            jpeg: bytes[header..].to_vec(),
        }
    }

    /// Whether it is the last picture again.
    pub fn is_repeat(&self) -> bool {
        self.flags & 1 != 0
    }

    /// Whether it is the picture that the world begins with.
    pub fn is_start(&self) -> bool {
        self.flags & 2 != 0
    }
}

impl Socket {
    /// Opens the socket of a stream.
    ///
    /// # Panics
    /// When it is refused.
    pub fn open(addr: &str, id: &str) -> Self {
        Self::at(addr, &format!("/ws/world/{id}"))
    }

    /// Opens the socket at a path.
    pub fn at(addr: &str, path: &str) -> Self {
        let stream = TcpStream::connect(addr).expect("a connection");
        stream.set_read_timeout(Some(PATIENCE)).expect("a socket");
        stream.set_write_timeout(Some(PATIENCE)).expect("a socket");
        let url = format!("ws://{addr}{path}");
        let config = WebSocketConfig::default().write_buffer_size(0);
        let (socket, _) = tungstenite::client::client_with_config(url, stream, Some(config))
            .unwrap_or_else(|why| panic!("{path}: {why}"));
        Self(socket)
    }

    /// Sends a text.
    pub fn say(&mut self, text: &str) {
        self.0.send(Message::text(text)).expect("the text is taken");
    }

    /// The next message that is no frame.
    ///
    /// # Panics
    /// When the socket ends first.
    pub fn text(&mut self) -> Value {
        loop {
            if let Message::Text(text) = self.0.read().expect("a message") {
                return serde_json::from_str(&text).expect("texts are JSON");
            }
        }
    }

    /// The next frame.
    pub fn frame(&mut self) -> Frame {
        loop {
            if let Message::Binary(bytes) = self.0.read().expect("a message") {
                return Frame::parse(&bytes);
            }
        }
    }

    /// The next frame for which this holds.
    pub fn frame_where(&mut self, holds: impl Fn(&Frame) -> bool) -> Frame {
        loop {
            let frame = self.frame();
            if holds(&frame) {
                return frame;
            }
        }
    }

    /// Reads on until the socket ends: the texts on the way, and the end.
    pub fn ending(&mut self) -> (Vec<Value>, Ending) {
        let mut texts = Vec::new();
        loop {
            match self.0.read() {
                Ok(Message::Text(text)) => {
                    texts.push(serde_json::from_str(&text).expect("texts are JSON"));
                }
                Ok(Message::Close(Some(CloseFrame { code, .. }))) => {
                    return (texts, Ending::Code(code.into()));
                }
                Ok(Message::Close(None)) => return (texts, Ending::NoCode),
                Ok(_) => {}
                Err(_) => return (texts, Ending::Cut),
            }
        }
    }
}

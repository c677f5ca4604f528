//! A client's WebSocket that costs next to nothing: messages are masked once and sent again and again, answers are compared with
//! what they must be.
//!
//! It blocks, so it is for a thread of its own.

use anyhow::{Context as _, bail};
use std::{
    io::{BufRead as _, BufReader, IoSlice, Read as _, Write as _},
    net::{SocketAddr, TcpStream},
};

/// The mask of every message (RFC 6455, section 5.3 wants it fresh each time, for the sake of proxies that are not here). Not
/// zero, which a server could skip.
const MASK: [u8; 4] = [0x5A, 0xC3, 0x99, 0x17];

const TEXT: u8 = 0x81;
const BINARY: u8 = 0x82;

/// An open socket.
pub struct Wire {
    stream: BufReader<TcpStream>,
    answer: Vec<u8>,
}

/// A message as it lies on the wire.
#[derive(Clone, Debug, Default)]
pub struct Masked(Vec<u8>);

impl Wire {
    /// Opens `/stream`.
    pub fn open(at: SocketAddr) -> anyhow::Result<Self> {
        let mut stream = TcpStream::connect(at)?;
        stream.set_nodelay(true)?;
        write!(
            stream,
            "GET /stream HTTP/1.1\r\nHost: {at}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
        )?;
        let mut stream = BufReader::new(stream);
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if stream.read_line(&mut head)? == 0 {
                bail!("no answer to the handshake: {head}");
            }
        }
        if !head.starts_with("HTTP/1.1 101") {
            bail!("no socket: {head}");
        }
        Ok(Self {
            stream,
            answer: Vec::new(),
        })
    }

    /// Sends a text and the bytes that belong to it, in one call where the kernel has room.
    pub fn send(&mut self, text: &Masked, bytes: &Masked) -> anyhow::Result<()> {
        let mut parts = [IoSlice::new(&text.0), IoSlice::new(&bytes.0)];
        let mut parts = parts.as_mut_slice();
        while !parts.is_empty() {
            let sent = self.stream.get_mut().write_vectored(parts)?;
            IoSlice::advance_slices(&mut parts, sent);
        }
        Ok(())
    }

    /// Waits for the next text, which must be this one.
    pub fn expect(&mut self, text: &str) -> anyhow::Result<()> {
        let mut head = [0; 2];
        self.stream.read_exact(&mut head).context("no answer")?;
        let length = match head[1] {
            126 => {
                let mut length = [0; 2];
                self.stream.read_exact(&mut length)?;
                u16::from_be_bytes(length)
            }
            length => u16::from(length),
        };
        self.answer.resize(usize::from(length), 0);
        self.stream.read_exact(&mut self.answer)?;
        if head[0] != TEXT || self.answer != text.as_bytes() {
            let answer = String::from_utf8_lossy(&self.answer);
            bail!("expected {text}, got {answer}");
        }
        Ok(())
    }
}

impl Masked {
    /// A text; the old content of `self` goes, its memory stays.
    pub fn text(&mut self, text: &str) {
        self.fill(TEXT, text.as_bytes());
    }

    /// Bytes.
    pub fn binary(bytes: &[u8]) -> Self {
        let mut message = Self::default();
        message.fill(BINARY, bytes);
        message
    }

    fn fill(&mut self, kind: u8, bytes: &[u8]) {
        let message = &mut self.0;
        message.clear();
        message.push(kind);
        match bytes.len() {
            short @ 0..126 => message.push(0x80 | short as u8),
            medium @ 126..=0xFFFF => {
                message.push(0x80 | 126);
                message.extend_from_slice(&(medium as u16).to_be_bytes());
            }
            long => {
                message.push(0x80 | 127);
                message.extend_from_slice(&(long as u64).to_be_bytes());
            }
        }
        message.extend_from_slice(&MASK);
        let masked = bytes.iter().zip(MASK.iter().cycle());
        message.extend(masked.map(|(byte, mask)| byte ^ mask));
    }
}

//! A viewer of a picture stream: chunks off, parts counted.
//!
//! It looks at the bytes as little as it can, so that hundreds of viewers in one process take less of the machine than the
//! server that they measure.

use super::http::{read_head, request};
use anyhow::bail;
use std::net::SocketAddr;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    net::TcpStream,
};

/// What ends a part: the line break that belongs to the boundary, and the boundary.
const DELIMITER: &[u8] = b"\r\n--frame";

/// Bytes read at once: a frame of the usual size, in one call.
const READ: usize = 32 * 1024;

/// An open picture stream.
pub struct Video {
    stream: BufReader<TcpStream>,
    chunks: Chunked,
    parts: Parts,
    buffer: Box<[u8]>,
    /// Bytes of the body so far.
    pub bytes: u64,
}

/// How a stream ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// As HTTP ends a body: with the last chunk.
    Regular,
    /// The connection ended before that.
    Cut,
}

impl Video {
    /// Asks for the stream, and waits for the answer's head.
    ///
    /// # Errors
    /// If there is no such stream.
    pub async fn open(at: SocketAddr, path: &str) -> anyhow::Result<Self> {
        let mut stream = BufReader::with_capacity(4096, TcpStream::connect(at).await?);
        let head = request("GET", path, at, None);
        stream.get_mut().write_all(head.as_bytes()).await?;
        let head = read_head(&mut stream).await?;
        if head.status != 200 || !head.chunked {
            bail!("{path}: no picture stream: {head:?}");
        }
        Ok(Self {
            stream,
            chunks: Chunked::default(),
            parts: Parts::default(),
            buffer: vec![0; READ].into_boxed_slice(),
            bytes: 0,
        })
    }

    /// Reads some more; gives the parts that it completed, or how the stream ended.
    pub async fn read(&mut self) -> Result<u64, End> {
        let n = match self.stream.read(&mut self.buffer).await {
            Ok(0) | Err(_) => return Err(End::Cut),
            Ok(n) => n,
        };
        let (before, parts) = (self.parts.complete, &mut self.parts);
        let mut bytes = 0;
        let sound = self.chunks.feed(&self.buffer[..n], |data| {
            bytes += data.len() as u64;
            parts.feed(data);
        });
        self.bytes += bytes;
        match (sound, self.chunks.is_done()) {
            (Err(_), _) => Err(End::Cut),
            (Ok(()), true) => Err(End::Regular),
            (Ok(()), false) => Ok(self.parts.complete - before),
        }
    }
}

// === impl Chunked ===

/// Takes the chunks' frames off a body; the pure half of a reader.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Chunked {
    at: At,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum At {
    Size { so_far: usize, digits: bool },
    Data { left: usize },
    AfterData,
    Trailer { empty: bool },
    Done,
}

impl Default for At {
    fn default() -> Self {
        Self::Size {
            so_far: 0,
            digits: true,
        }
    }
}

/// The body is not in chunks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the body is not in chunks")]
pub struct NotChunked;

impl Chunked {
    /// Takes bytes as they came; gives the data among them to `sink`.
    ///
    /// # Errors
    /// If they are no chunks.
    pub fn feed(
        &mut self,
        mut input: &[u8],
        mut sink: impl FnMut(&[u8]),
    ) -> Result<(), NotChunked> {
        while let Some((&byte, rest)) = input.split_first() {
            if let At::Data { left } = self.at {
                let (data, rest) = input.split_at(left.min(input.len()));
                sink(data);
                input = rest;
                self.at = match left - data.len() {
                    0 => At::AfterData,
                    left => At::Data { left },
                };
                continue;
            }
            self.at = self.at.next(byte)?;
            input = rest;
        }
        Ok(())
    }

    /// Whether the last chunk has come.
    pub fn is_done(&self) -> bool {
        self.at == At::Done
    }
}

impl At {
    fn next(self, byte: u8) -> Result<Self, NotChunked> {
        Ok(match (self, byte) {
            (Self::Size { so_far: 0, .. }, b'\n') => Self::Trailer { empty: true },
            (Self::Size { so_far, .. }, b'\n') => Self::Data { left: so_far },
            (
                Self::Size {
                    so_far,
                    digits: true,
                },
                b,
            ) if b.is_ascii_hexdigit() => {
                let digit = char::from(b).to_digit(16).ok_or(NotChunked)? as usize;
                let so_far = so_far.checked_mul(16).ok_or(NotChunked)? + digit;
                Self::Size {
                    so_far,
                    digits: true,
                }
            }
            (Self::Size { so_far, .. }, b'\r' | b';') => Self::Size {
                so_far,
                digits: false,
            },
            (Self::Size { digits: false, .. }, _) => self,
            (Self::AfterData, b'\r') => self,
            (Self::AfterData, b'\n') => Self::default(),
            (Self::Trailer { empty: true }, b'\n') => Self::Done,
            (Self::Trailer { empty: false }, b'\n') => Self::Trailer { empty: true },
            (Self::Trailer { empty }, b'\r') => Self::Trailer { empty },
            (Self::Trailer { .. }, _) => Self::Trailer { empty: false },
            (Self::Done, _) | (Self::Size { .. } | Self::Data { .. } | Self::AfterData, _) => {
                return Err(NotChunked);
            }
        })
    }
}

// === impl Parts ===

/// Counts the parts that are complete; the pure half of a viewer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parts {
    /// Parts of which the end has come.
    pub complete: u64,
    tail: Vec<u8>,
}

impl Parts {
    /// Takes bytes as they came.
    pub fn feed(&mut self, data: &[u8]) {
        const KEEP: usize = DELIMITER.len() - 1;
        // One byte less than a delimiter on either side: what is found here began before and ends in this piece.
        self.tail.extend_from_slice(&data[..data.len().min(KEEP)]);
        self.complete += count(&self.tail) + count(data);
        if data.len() >= KEEP {
            self.tail.clear();
            self.tail.extend_from_slice(&data[data.len() - KEEP..]);
        } else {
            let excess = self.tail.len().saturating_sub(KEEP);
            self.tail.drain(..excess);
        }
    }
}

/// Occurrences of the delimiter, by Horspool's search: it looks at about every ninth byte (Horspool 1980).
fn count(data: &[u8]) -> u64 {
    const N: usize = DELIMITER.len();
    const SKIP: [u8; 256] = {
        let mut skip = [N as u8; 256];
        let mut at = 0;
        while at < N - 1 {
            skip[DELIMITER[at] as usize] = (N - 1 - at) as u8;
            at += 1;
        }
        skip
    };
    let (mut found, mut end) = (0, N);
    while let Some(window) = end.checked_sub(N).and_then(|from| data.get(from..end)) {
        found += u64::from(window == DELIMITER);
        end += usize::from(SKIP[usize::from(window[N - 1])]);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialects::gamecraft::mjpeg::{BETWEEN, OPENING};
    use proptest::prelude::*;

    fn body(frames: &[&[u8]]) -> Vec<u8> {
        let mut body = OPENING.to_vec();
        for frame in frames {
            body.extend_from_slice(frame);
            body.extend_from_slice(BETWEEN);
        }
        body
    }

    fn in_chunks(data: &[u8], sizes: impl Iterator<Item = usize>) -> Vec<u8> {
        let (mut out, mut rest) = (Vec::new(), data);
        for size in sizes.map(|size| size.max(1)) {
            let (chunk, after) = rest.split_at(size.min(rest.len()));
            if chunk.is_empty() {
                break;
            }
            out.extend_from_slice(format!("{:X}\r\n", chunk.len()).as_bytes());
            out.extend_from_slice(chunk);
            out.extend_from_slice(b"\r\n");
            rest = after;
        }
        out.extend_from_slice(b"0\r\n\r\n");
        out
    }

    proptest! {
        #[test]
        fn parts_are_counted_however_the_bytes_arrive(
            frames in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..60), 0..12),
            chunk in 1usize..50,
            read in 1usize..50,
        ) {
            let frames: Vec<&[u8]> = frames.iter().map(Vec::as_slice).collect();
            let sent = in_chunks(&body(&frames), std::iter::repeat(chunk));
            let (mut chunks, mut parts) = (Chunked::default(), Parts::default());
            for piece in sent.chunks(read) {
                chunks.feed(piece, |data| parts.feed(data)).unwrap();
            }
            prop_assert!(chunks.is_done());
            prop_assert_eq!(parts.complete, frames.len() as u64);
        }
    }

    #[test]
    fn a_body_that_breaks_off_is_not_done() {
        let sent = in_chunks(&body(&[b"JPEG"]), std::iter::repeat(20));
        let mut chunks = Chunked::default();
        chunks.feed(&sent[..sent.len() - 1], |_| {}).unwrap();
        assert!(!chunks.is_done());
    }

    #[test]
    fn extensions_and_trailers_are_passed_over() {
        let (mut chunks, mut data) = (Chunked::default(), Vec::new());
        let sent = b"3;name=value\r\nabc\r\n0\r\nDate: today\r\n\r\n";
        chunks
            .feed(sent, |piece| data.extend_from_slice(piece))
            .unwrap();
        assert_eq!(data, b"abc");
        assert!(chunks.is_done());
    }

    #[test]
    fn a_body_without_chunks_is_an_error() {
        let mut chunks = Chunked::default();
        assert_eq!(chunks.feed(b"--frame\r\n", |_| {}), Err(NotChunked));
    }
}

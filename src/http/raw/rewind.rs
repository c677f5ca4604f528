//! A connection whose first bytes were read already, and are read again.

use super::super::line::Line;
use actix_http::RequestHead;
use actix_web::rt::net::TcpStream;
use bytes::{Buf as _, Bytes, BytesMut};
use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// A connection, and what is read before its own bytes.
pub struct Rewound {
    before: Bytes,
    io: TcpStream,
    line: Option<Line>,
}

impl Rewound {
    /// `head` and `body` are read before what comes on `io`; `line` is the connection's place at the gate.
    pub fn new(io: TcpStream, head: &[u8], body: &[u8], line: Option<Line>) -> Self {
        let mut before = BytesMut::with_capacity(head.len() + body.len());
        before.extend_from_slice(head);
        before.extend_from_slice(body);
        Self {
            before: before.freeze(),
            io,
            line,
        }
    }

    /// Its place at the gate.
    pub fn line(&self) -> Option<Line> {
        self.line.clone()
    }
}

/// A request's head as it is read: the fields are those that came, in any order and case.
pub fn written(head: &RequestHead) -> Vec<u8> {
    let mut text = format!("{} {} {:?}\r\n", head.method, head.uri, head.version).into_bytes();
    for (name, value) in head.headers() {
        text.extend_from_slice(name.as_str().as_bytes());
        text.extend_from_slice(b": ");
        text.extend_from_slice(value.as_bytes());
        text.extend_from_slice(b"\r\n");
    }
    text.extend_from_slice(b"\r\n");
    text
}

impl AsyncRead for Rewound {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.before.is_empty() {
            return Pin::new(&mut self.io).poll_read(cx, into);
        }
        let length = self.before.len().min(into.remaining());
        into.put_slice(&self.before[..length]);
        self.before.advance(length);
        if self.before.is_empty() {
            // The memory is a request's, and a connection may live for days.
            self.before = Bytes::new();
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Rewound {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }
}

//! The world's WebSocket from a client's side: actions out, frames with their times in.

use crate::media::{ActionId, FrameId, Stage, StageTimes};
use anyhow::Context as _;
use futures_util::{SinkExt as _, StreamExt as _};
use std::{net::SocketAddr, time::Duration};
use tokio::net::TcpStream;
use tokio_tungstenite::{WebSocketStream, client_async, tungstenite::Message};

/// An open socket.
pub struct Socket(WebSocketStream<TcpStream>);

/// What came.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// A frame.
    Frame(FrameHead),
    /// A text, or anything else that is no frame.
    Other,
    /// The end, with its code where the server gave one.
    Closed(Option<u16>),
}

/// What a frame says about itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrameHead {
    /// Its number.
    pub id: FrameId,
    /// The action that it answers.
    pub action: ActionId,
    /// Whether the model drew it: neither the start picture nor a repeat.
    pub live: bool,
    /// Where its time went in the server.
    pub stages: StageTimes,
    /// Bytes of its JPEG.
    pub jpeg: usize,
}

impl Socket {
    /// Opens the socket of a stream.
    ///
    /// # Errors
    /// If there is no such stream.
    pub async fn open(at: SocketAddr, path: &str) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(at).await?;
        stream.set_nodelay(true)?;
        let (socket, _) = client_async(format!("ws://{at}{path}"), stream)
            .await
            .with_context(|| format!("{path}: no socket"))?;
        Ok(Self(socket))
    }

    /// Sends a text.
    ///
    /// # Errors
    /// If the connection breaks.
    pub async fn send(&mut self, text: String) -> anyhow::Result<()> {
        Ok(self.0.send(Message::text(text)).await?)
    }

    /// Waits for what comes next; a connection that breaks is an end without a code.
    pub async fn next(&mut self) -> Event {
        match self.0.next().await {
            Some(Ok(Message::Binary(bytes))) => {
                FrameHead::parse(&bytes).map_or(Event::Other, Event::Frame)
            }
            Some(Ok(Message::Close(frame))) => Event::Closed(frame.map(|frame| frame.code.into())),
            Some(Ok(_)) => Event::Other,
            Some(Err(_)) | None => Event::Closed(None),
        }
    }
}

impl FrameHead {
    /// Reads the head of a frame's message; the layout is a table in the dialect's documentation.
    pub fn parse(message: &[u8]) -> Option<Self> {
        let u64_at = |at: usize| {
            Some(u64::from_le_bytes(
                message.get(at..at + 8)?.try_into().ok()?,
            ))
        };
        let u32_at = |at: usize| {
            Some(u32::from_le_bytes(
                message.get(at..at + 4)?.try_into().ok()?,
            ))
        };
        let (magic, flags) = (message.get(..4)?, *message.get(5)?);
        let mut stages = StageTimes::default();
        for (at, stage) in Stage::ALL.into_iter().enumerate() {
            let micros = u32_at(32 + 4 * at)?;
            stages.set(stage, Duration::from_micros(micros.into()));
        }
        (magic == b"FLWF").then_some(Self {
            id: FrameId(u64_at(8)?),
            action: ActionId(u64_at(16)?),
            live: flags == 0,
            stages,
            jpeg: u32_at(76)? as usize,
        })
    }
}

/// The text of an action.
pub fn action(key: char, speed: f32, id: u64) -> String {
    format!(r#"{{"action":"{key}","speed":{speed},"id":{id}}}"#)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        dialects::gamecraft::socket,
        media::{EncodedFrame, FrameKind},
    };
    use std::time::Instant;

    #[test]
    fn a_frame_is_read_as_the_dialect_writes_it() {
        let (now, mut stages) = (Instant::now(), StageTimes::default());
        stages.set(Stage::Infer, Duration::from_micros(9_000));
        stages.set(Stage::Input, Duration::from_micros(7));
        let frame = EncodedFrame {
            shown: 0,
            id: FrameId(5),
            action: ActionId(77),
            width: 64,
            height: 48,
            jpeg: bytes::Bytes::from_static(b"jpeg"),
            stages,
            finished: now,
            kind: FrameKind::Live,
        };
        let head = FrameHead::parse(&socket::frame(&frame, now, Duration::ZERO)).unwrap();
        assert_eq!(
            (head.id, head.action, head.live),
            (FrameId(5), ActionId(77), true)
        );
        assert_eq!(head.stages, stages);
        assert_eq!(head.jpeg, 4);
    }

    #[test]
    fn what_is_no_frame_is_not_read_as_one() {
        assert_eq!(FrameHead::parse(b"FLWF"), None);
        assert_eq!(FrameHead::parse(&[0; 200]), None);
    }
}

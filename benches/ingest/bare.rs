//! The least that could take an upload: a WebSocket library, the protocol's two answers, and a file.
//!
//! Each connection is a task on tokio's usual runtime, with a thread a core. A frame is written where it was read, with one
//! `write(2)`, and acknowledged in the server's own words. Nothing is checked, bounded or kept in order.

use anyhow::Context as _;
use fastwebsockets::{FragmentCollector, Frame, OpCode, Payload, Role, WebSocket};
use frameloom::client::bench::viewers::say;
use futures_util::{FutureExt as _, SinkExt as _, StreamExt as _};
use serde::Deserialize;
use std::{
    fs::File,
    io::Write as _,
    path::{Path, PathBuf},
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};
use tokio_tungstenite::tungstenite::{Message, handshake::derive_accept_key};

/// Where to write.
#[derive(Clone, Debug, clap::Args)]
pub struct Options {
    folder: PathBuf,
}

/// What a client announces; of the rest a server that only stores needs nothing.
#[derive(Deserialize)]
struct Announced {
    #[serde(rename = "type")]
    kind: String,
    session_id: String,
    frame_number: Option<u64>,
}

/// An upload's file, and the frame that is due.
pub struct Store {
    folder: PathBuf,
    file: Option<File>,
    due: Option<(String, u64)>,
}

/// Serves until standard input ends; says first where.
pub fn run<S>(serve: fn(TcpStream, Store) -> S, options: &Options) -> anyhow::Result<()>
where
    S: Future<Output = anyhow::Result<()>> + Send + 'static,
{
    let folder = options.folder.clone();
    let runtime = tokio::runtime::Runtime::new()?;
    runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        say(&listener.local_addr()?.to_string())?;
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                // It would be served without, a little later.
                let _ = stream.set_nodelay(true);
                let client = serve(stream, Store::new(&folder));
                tokio::spawn(async move { client.await.map_err(|why| eprintln!("{why:#}")) });
            }
        });
        let mut none = Vec::new();
        tokio::io::stdin().read_to_end(&mut none).await?;
        Ok(())
    })
}

/// One client, with tungstenite. Answers are sent when nothing more has come.
pub async fn tungstenite(stream: TcpStream, mut store: Store) -> anyhow::Result<()> {
    let mut socket = tokio_tungstenite::accept_async(stream).await?;
    loop {
        let message = match socket.next().now_or_never() {
            Some(message) => message,
            None => {
                socket.flush().await?;
                socket.next().await
            }
        };
        let answer = match message {
            Some(Ok(Message::Text(text))) => store.text(text.as_bytes())?,
            Some(Ok(Message::Binary(bytes))) => Some(store.frame(&bytes)?),
            Some(Ok(_)) => None,
            // Whether a line ended too early is for the other end to say.
            Some(Err(_)) | None => return Ok(()),
        };
        if let Some(answer) = answer {
            socket.feed(Message::text(answer)).await?;
        }
    }
}

/// One client, with fastwebsockets.
pub async fn fastwebsockets(mut stream: TcpStream, mut store: Store) -> anyhow::Result<()> {
    shake_hands(&mut stream).await?;
    let mut socket = FragmentCollector::new(WebSocket::after_handshake(stream, Role::Server));
    loop {
        let Ok(frame) = socket.read_frame().await else {
            return Ok(());
        };
        let answer = match frame.opcode {
            OpCode::Text => store.text(&frame.payload)?,
            OpCode::Binary => Some(store.frame(&frame.payload)?),
            OpCode::Close => return Ok(()),
            _ => None,
        };
        if let Some(answer) = answer {
            let answer = Payload::Owned(answer.into_bytes());
            socket.write_frame(Frame::text(answer)).await?;
        }
    }
}

async fn shake_hands(stream: &mut TcpStream) -> anyhow::Result<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await?);
    }
    let head = String::from_utf8(head)?;
    let key = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("sec-websocket-key")
            .then(|| value.trim())
    });
    let accept = derive_accept_key(key.context("a handshake has a key")?.as_bytes());
    let answer = format!(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\n\r\n"
    );
    Ok(stream.write_all(answer.as_bytes()).await?)
}

impl Store {
    fn new(folder: &Path) -> Self {
        Self {
            folder: folder.to_owned(),
            file: None,
            due: None,
        }
    }

    fn text(&mut self, text: &[u8]) -> anyhow::Result<Option<String>> {
        let said: Announced = serde_json::from_slice(text)?;
        let session = said.session_id;
        if said.kind == "frame" {
            self.due = Some((session, said.frame_number.context("a frame has a number")?));
            return Ok(None);
        }
        self.file = Some(File::create_new(self.folder.join(&session))?);
        let started = format!(r#"{{"type":"session_started","session_id":"{session}"}}"#);
        Ok(Some(started))
    }

    fn frame(&mut self, bytes: &[u8]) -> anyhow::Result<String> {
        let (session, number) = self.due.take().context("a frame is announced")?;
        let mut file = self.file.as_ref().context("a session has begun")?;
        file.write_all(bytes)?;
        Ok(format!(
            r#"{{"type":"frame_ack","session_id":"{session}","frame_number":{number},"status":"received"}}"#
        ))
    }
}

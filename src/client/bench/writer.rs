//! The role of a bare writer: the least that can send a picture stream to many viewers.
//!
//! One thread, one task a viewer, the same bytes in the same chunks as the server's, shared by all viewers and written
//! straight to their sockets. It says where it listens; told `go N`, it shows N frames at its rate, and then says `done`.

use super::viewers::say;
use crate::dialects::gamecraft::mjpeg::{BETWEEN, CONTENT_TYPE, OPENING};
use anyhow::Context as _;
use bytes::Bytes;
use std::{sync::Arc, time::Duration};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader},
    net::{TcpListener, TcpStream},
    sync::watch,
};

/// What to write.
#[derive(Clone, Debug, clap::Args)]
pub struct Options {
    /// Bytes of a frame.
    #[arg(long)]
    bytes: usize,
    /// Frames in a second.
    #[arg(long)]
    fps: u32,
    /// Bytes that the system keeps for a viewer.
    #[arg(long)]
    send_buffer: usize,
}

/// The command line of a writer.
pub fn args(bytes: usize, fps: u32, send_buffer: usize) -> Vec<String> {
    vec![
        "bench-role".into(),
        "writer".into(),
        format!("--bytes={bytes}"),
        format!("--fps={fps}"),
        format!("--send-buffer={send_buffer}"),
    ]
}

/// Writes until standard input ends.
///
/// # Errors
/// If it cannot listen.
pub async fn run(options: &Options) -> anyhow::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    say(&listener.local_addr()?.to_string())?;
    let frames = watch::Sender::new(Arc::new(Bytes::new()));
    tokio::spawn(accept(listener, frames.clone(), options.send_buffer));
    let frame = Arc::new(chunk(&[&vec![0x55; options.bytes], BETWEEN].concat()));
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    while let Some(line) = lines.next_line().await? {
        let n = line.strip_prefix("go ").context("expected: go N")?;
        let mut beat = tokio::time::interval(Duration::from_secs(1) / options.fps);
        for _ in 0..n.parse::<u32>()? {
            beat.tick().await;
            frames.send_replace(Arc::clone(&frame));
        }
        beat.tick().await;
        say("done")?;
    }
    Ok(())
}

async fn accept(listener: TcpListener, frames: watch::Sender<Arc<Bytes>>, send_buffer: usize) {
    while let Ok((stream, _)) = listener.accept().await {
        let socket = socket2::SockRef::from(&stream);
        // As the server has it; a viewer that gets other options would still be served.
        let _ = socket.set_send_buffer_size(send_buffer);
        let _ = socket.set_tcp_nodelay(true);
        tokio::spawn(serve(stream, frames.subscribe()));
    }
}

/// Ends when the viewer goes.
async fn serve(stream: TcpStream, mut frames: watch::Receiver<Arc<Bytes>>) -> anyhow::Result<()> {
    let mut stream = BufReader::with_capacity(1024, stream);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        stream.read_line(&mut head).await?;
    }
    let head = format!(
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Type: {CONTENT_TYPE}\r\n\r\n"
    );
    let stream = stream.get_mut();
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(&chunk(OPENING)).await?;
    loop {
        frames.changed().await?;
        let frame = Arc::clone(&frames.borrow_and_update());
        stream.write_all(&frame).await?;
    }
}

fn chunk(data: &[u8]) -> Bytes {
    let mut chunk = format!("{:X}\r\n", data.len()).into_bytes();
    chunk.extend_from_slice(data);
    chunk.extend_from_slice(b"\r\n");
    chunk.into()
}

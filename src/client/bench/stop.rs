//! From SIGTERM to the end, with viewers and sockets open and some that do not read; and how each of them was told.

use super::{
    report::{Row, Section, Target},
    server::{Server, World},
};
use crate::client::{
    http::request,
    mjpeg::{End, Video},
    socket::{Event, Socket},
};
use futures_util::future::join_all;
use std::{net::SocketAddr, time::Duration};
use tokio::{io::AsyncWriteExt as _, net::TcpStream, task::JoinHandle, time::sleep};

const VIEWERS: usize = 200;
const SOCKETS: usize = 50;
const STALLED: usize = 10;

/// The walk before the signal: long enough that the stalled viewers' buffers are full.
const WALK: Duration = Duration::from_secs(2);

/// The code with which a server that restarts closes a WebSocket (RFC 6455 and its registry).
const RESTART: u16 = 1012;

/// Measures.
///
/// # Errors
/// If the server does not come up, or does not end.
pub async fn measure() -> anyhow::Result<Section> {
    let server = Server::start(&[]).await?;
    let world = server.world(&server.picture().await?, (416, 240)).await?;
    let at = server.gamecraft()?;
    let audience = Audience::gather(at, &world).await?;
    let key = world.walk().await?;
    sleep(WALK).await;
    let (status, took) = server.terminate().await?;
    drop(key);
    let (regular, restart) = audience.ends().await;
    let mut section = Section::new("stop");
    section.note(format!(
        "{VIEWERS} viewers, {SOCKETS} WebSockets and {STALLED} viewers that do not read, of one walk"
    ));
    section.row(
        Row::of("from SIGTERM to the end", took.as_secs_f64(), "s").target(Target::AtMost(2.0)),
    );
    let code = status.code().map_or(f64::NAN, f64::from);
    section.row(Row::of("exit code", code, "").target(Target::AtMost(0.0)));
    section.row(
        Row::of("viewers whose body ended regularly", regular as f64, "")
            .target(Target::AtLeast(VIEWERS as f64)),
    );
    section.row(
        Row::of("WebSockets closed with 1012", restart as f64, "")
            .target(Target::AtLeast(SOCKETS as f64)),
    );
    Ok(section)
}

struct Audience {
    viewers: Vec<JoinHandle<End>>,
    sockets: Vec<JoinHandle<Option<u16>>>,
    _stalled: Vec<TcpStream>,
}

impl Audience {
    async fn gather(at: SocketAddr, world: &World) -> anyhow::Result<Self> {
        let (mut viewers, mut sockets, mut stalled) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..VIEWERS {
            viewers.push(tokio::spawn(watch(Video::open(at, &world.video()).await?)));
        }
        for _ in 0..SOCKETS {
            sockets.push(tokio::spawn(listen(
                Socket::open(at, &world.socket()).await?,
            )));
        }
        for _ in 0..STALLED {
            let mut stream = TcpStream::connect(at).await?;
            let head = request("GET", &world.video(), at, None);
            stream.write_all(head.as_bytes()).await?;
            stalled.push(stream);
        }
        Ok(Self {
            viewers,
            sockets,
            _stalled: stalled,
        })
    }

    /// Viewers with a regular end, and sockets that were told of a restart.
    async fn ends(self) -> (usize, usize) {
        let viewers = join_all(self.viewers).await;
        let sockets = join_all(self.sockets).await;
        (
            viewers
                .into_iter()
                .flatten()
                .filter(|end| *end == End::Regular)
                .count(),
            sockets
                .into_iter()
                .flatten()
                .filter(|code| *code == Some(RESTART))
                .count(),
        )
    }
}

async fn watch(mut video: Video) -> End {
    loop {
        if let Err(end) = video.read().await {
            return end;
        }
    }
}

async fn listen(mut socket: Socket) -> Option<u16> {
    loop {
        if let Event::Closed(code) = socket.next().await {
            return code;
        }
    }
}

//! What sessions and sockets cost in resident memory, and whether a server that has had many is larger for it.

use super::{
    report::{Row, Section, Target},
    server::{KEY_W, Server, World, start_body},
};
use crate::client::{
    http::Http,
    mjpeg::Video,
    socket::{self, Socket},
};
use anyhow::bail;
use std::time::Duration;
use tokio::time::sleep;

/// Small frames, so that what a session costs beside them shows.
const SMALL: (u32, u32) = (64, 64);
/// The ordinary size.
const USUAL: (u32, u32) = (608, 352);

const SESSIONS: usize = 100;
const SOCKETS: usize = 500;

/// Sessions of the long run: so many in all, and so many before its first look.
const RUN: usize = 1000;
const FIRST: usize = 100;

/// The largest messages that this dialect's clients may send.
const LARGEST_TEXT: usize = 4_096;
const LARGEST_BODY: usize = 1 << 20;

/// Until memory that was freed has been given back.
const SETTLE: Duration = Duration::from_secs(1);

const KIB: f64 = 1024.0;

/// Measures.
///
/// # Errors
/// If the server does not come up.
pub async fn measure() -> anyhow::Result<Section> {
    let mut section = Section::new("memory");
    sessions(&mut section).await?;
    kept_connections(&mut section).await?;
    sockets(&mut section).await?;
    long_run(&mut section).await?;
    Ok(section)
}

/// Idle sessions, less the bytes of their frames: the start picture as pixels, as planes of floats, and as JPEG.
async fn sessions(section: &mut Section) -> anyhow::Result<()> {
    let server = Server::start(&roomy()).await?;
    let picture = server.picture().await?;
    let mut worlds = open(&server, &picture, SESSIONS).await?;
    let before = settled(&server).await?;
    worlds.extend(open(&server, &picture, SESSIONS).await?);
    let each = growth(&server, before).await? / SESSIONS as f64;
    let mut video = Video::open(server.gamecraft()?, &worlds[0].video()).await?;
    while video.read().await.is_ok_and(|parts| parts == 0) {}
    let pixels = f64::from(SMALL.0 * SMALL.1 * 3);
    let frames = pixels + 4.0 * pixels + video.bytes as f64;
    section.note(format!(
        "sessions: the second {SESSIONS} of 64×64, idle, less {:.0} KiB of frames each",
        frames / KIB
    ));
    section.row(
        Row::of(
            "idle session, beyond its frames",
            (each - frames) / KIB,
            "KiB",
        )
        .target(Target::AtMost(64.0)),
    );
    Ok(())
}

/// Idle HTTP connections, after a small answer and after a large body.
async fn kept_connections(section: &mut Section) -> anyhow::Result<()> {
    let server = Server::start(&roomy()).await?;
    let before = settled(&server).await?;
    let mut connections = Vec::with_capacity(SOCKETS);
    for _ in 0..SOCKETS {
        let mut http = Http::connect(server.gamecraft()?).await?;
        http.get("/health").await?;
        connections.push(http);
    }
    let idle = growth(&server, before).await? / SOCKETS as f64;
    // Read whole, and then refused: a session would cost memory of its own.
    let mut body = br#"{"video_size":"none"}"#.to_vec();
    body.resize(LARGEST_BODY, b' ');
    for http in &mut connections {
        http.post("/start_stream", &body).await?;
    }
    let after = growth(&server, before).await? / SOCKETS as f64;
    section.note(format!(
        "sockets: {SOCKETS} of each kind; largest: a body of 1 MiB, a text of 4 KiB"
    ));
    each(section, "idle HTTP connection", idle);
    each(
        section,
        "idle HTTP connection, after its largest body",
        after,
    );
    Ok(())
}

/// What one idle socket costs, held to the limit of all of them.
fn each(section: &mut Section, what: &str, bytes: f64) {
    section.row(Row::of(what, bytes / KIB, "KiB").target(Target::AtMost(32.0)));
}

/// Idle WebSockets of one world, before and after their largest message.
async fn sockets(section: &mut Section) -> anyhow::Result<()> {
    let server = Server::start(&roomy()).await?;
    let world = open(&server, &server.picture().await?, 1).await?;
    let before = settled(&server).await?;
    let mut sockets = Vec::with_capacity(SOCKETS);
    for _ in 0..SOCKETS {
        let mut socket = Socket::open(server.gamecraft()?, &world[0].socket()).await?;
        // The notice and the start picture.
        socket.next().await;
        socket.next().await;
        sockets.push(socket);
    }
    let idle = growth(&server, before).await? / SOCKETS as f64;
    let mut text = socket::action('w', 0.0, 1);
    text.extend(std::iter::repeat_n(' ', LARGEST_TEXT - text.len()));
    for socket in &mut sockets {
        socket.send(text.clone()).await?;
    }
    let after = growth(&server, before).await? / SOCKETS as f64;
    each(section, "idle WebSocket", idle);
    each(section, "idle WebSocket, after its largest message", after);
    Ok(())
}

/// Sessions one after another: opened, walked a step, watched, closed.
async fn long_run(section: &mut Section) -> anyhow::Result<()> {
    let server = Server::start(&roomy()).await?;
    let body = start_body(&server.picture().await?, USUAL);
    let mut first = 0;
    for n in 1..=RUN {
        use_once(&server, &body).await?;
        if n == FIRST {
            first = settled(&server).await?;
        }
    }
    let last = settled(&server).await?;
    let mib = |bytes: u64| bytes as f64 / KIB / KIB;
    section.note(format!(
        "long run: {RUN} sessions of 608×352, one after another; each draws and is watched"
    ));
    section.row(Row::of(
        format!("resident after {FIRST} sessions"),
        mib(first),
        "MiB",
    ));
    section.row(Row::of(
        format!("resident after {RUN} sessions"),
        mib(last),
        "MiB",
    ));
    let growth = 100.0 * (last as f64 / first as f64 - 1.0);
    section.row(Row::of("growth", growth, "%").target(Target::AtMost(5.0)));
    Ok(())
}

async fn use_once(server: &Server, body: &[u8]) -> anyhow::Result<()> {
    #[derive(serde::Deserialize)]
    struct Started {
        stream_id: String,
    }
    let at = server.gamecraft()?;
    let started = Http::connect(at).await?.post("/start_stream", body).await?;
    let Started { stream_id } = started.json()?;
    let mut http = Http::connect(at).await?;
    let mut video = Video::open(at, &format!("/video/{stream_id}")).await?;
    http.post(&format!("/control/{stream_id}"), KEY_W).await?;
    let mut parts = 0;
    // The start picture and a drawn one.
    while parts < 2 {
        match video.read().await {
            Ok(more) => parts += more,
            Err(end) => bail!("the stream ended: {end:?}"),
        }
    }
    http.post(&format!("/stop_stream/{stream_id}"), b"").await?;
    Ok(())
}

async fn open(server: &Server, picture: &[u8], n: usize) -> anyhow::Result<Vec<World>> {
    let mut worlds = Vec::with_capacity(n);
    for _ in 0..n {
        worlds.push(server.world(picture, SMALL).await?);
    }
    Ok(worlds)
}

async fn settled(server: &Server) -> anyhow::Result<u64> {
    sleep(SETTLE).await;
    server.resident()
}

async fn growth(server: &Server, before: u64) -> anyhow::Result<f64> {
    Ok(settled(server).await? as f64 - before as f64)
}

/// Limits that are not what is measured here.
fn roomy() -> [(&'static str, String); 4] {
    [
        ("sessions.max", "1000".into()),
        ("gamecraft.max_streams", "1000".into()),
        ("limits.control_per_second", "100000".into()),
        ("limits.keep_alive_ms", "600000".into()),
    ]
}

//! The server that is measured: the real program on free ports, and a world on it, as a client sees them.

use super::proc;
use crate::client::http::Http;
use anyhow::{Context as _, bail};
use base64_simd::STANDARD;
use rustix::process::{Pid, Signal, kill_process};
use serde::Deserialize;
use std::{
    collections::BTreeMap,
    io::{BufRead as _, BufReader},
    net::SocketAddr,
    path::Path,
    process::{Child, Command, ExitStatus, Stdio},
    time::{Duration, Instant},
};
use tokio::{task::JoinHandle, time::sleep};

/// How long a server may take to come up before the bench gives up.
const PATIENCE: Duration = Duration::from_secs(60);

/// How often the bench asks whether it is ready: well below what it measures.
const ASK: Duration = Duration::from_millis(2);

/// Between two repeats of a held key, as the page's own client has it.
const REPEAT: Duration = Duration::from_millis(100);

/// A running server; it is killed when it is dropped.
pub struct Server {
    child: Child,
    at: BTreeMap<String, SocketAddr>,
    /// From the start of the process until `/readyz` said yes.
    pub took: Duration,
}

/// A world that was started.
pub struct World {
    /// Its name.
    pub id: String,
    gamecraft: SocketAddr,
    admin: SocketAddr,
}

/// A key that is held until this is dropped.
pub struct HeldKey(JoinHandle<()>);

/// What the admin listener says of a session, as far as the benches need it.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct SessionView {
    /// Frames shown so far.
    pub frames: u64,
    /// Who watches now.
    pub viewers: usize,
}

#[derive(Deserialize)]
struct Started {
    stream_id: String,
}

impl Server {
    /// Starts a server with these settings above the defaults, and waits until it is ready.
    ///
    /// # Errors
    /// If it does not come up.
    pub async fn start(settings: &[(&str, String)]) -> anyhow::Result<Self> {
        let program = std::env::current_exe().context("where this program is")?;
        Self::start_program(&program, settings).await
    }

    /// As [`Server::start`], where the bench itself is another program.
    ///
    /// # Errors
    /// If it does not come up.
    pub async fn start_program(
        program: &Path,
        settings: &[(&str, String)],
    ) -> anyhow::Result<Self> {
        let began = Instant::now();
        let mut child = spawn(program, settings)?;
        let output = child.stdout.take().context("no standard output")?;
        let mut lines = BufReader::new(output).lines();
        let mut server = Self {
            child,
            at: BTreeMap::new(),
            took: Duration::ZERO,
        };
        while server.at.len() < 4 {
            let line = lines.next().context("the server ended at its start")??;
            server.at.extend(listener(&line));
        }
        // It goes on to write, and must never wait for a reader.
        std::thread::spawn(move || lines.for_each(drop));
        let mut http = Http::connect(server.gamecraft()?).await?;
        while http.get("/readyz").await?.status != 200 {
            if began.elapsed() > PATIENCE {
                bail!("the server was not ready within {} s", PATIENCE.as_secs());
            }
            sleep(ASK).await;
        }
        server.took = began.elapsed();
        Ok(server)
    }

    /// Where the gamecraft interface is.
    ///
    /// # Errors
    /// If it is not open.
    pub fn gamecraft(&self) -> anyhow::Result<SocketAddr> {
        self.address("gamecraft")
    }

    /// Where a listener is.
    ///
    /// # Errors
    /// If it is not open.
    pub fn address(&self, name: &str) -> anyhow::Result<SocketAddr> {
        let at = self.at.get(name).copied();
        at.with_context(|| format!("the server has no listener {name}"))
    }

    /// Its process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Its CPU time so far.
    ///
    /// # Errors
    /// If it has ended.
    pub fn cpu(&self) -> anyhow::Result<Duration> {
        proc::cpu(self.child.id())
    }

    /// Its resident memory in bytes.
    ///
    /// # Errors
    /// If it has ended.
    pub fn resident(&self) -> anyhow::Result<u64> {
        proc::resident(self.child.id())
    }

    /// Sends SIGTERM, and waits for the end; gives how it ended and how long that took.
    ///
    /// # Errors
    /// If it does not end.
    pub async fn terminate(mut self) -> anyhow::Result<(ExitStatus, Duration)> {
        let pid = Pid::from_child(&self.child);
        let began = Instant::now();
        kill_process(pid, Signal::TERM)?;
        while began.elapsed() < PATIENCE {
            if let Some(status) = self.child.try_wait()? {
                return Ok((status, began.elapsed()));
            }
            sleep(ASK).await;
        }
        bail!("the server did not end within {} s", PATIENCE.as_secs())
    }

    /// A picture that every server has.
    ///
    /// # Errors
    /// If this one has not.
    pub async fn picture(&self) -> anyhow::Result<Vec<u8>> {
        let mut http = Http::connect(self.address("main")?).await?;
        let reply = http.get("/studio/samples/hall.jpg").await?;
        if reply.status != 200 {
            bail!("the server has no sample picture");
        }
        Ok(reply.body)
    }

    /// Starts a world from a picture, `size` pixels in a row and rows.
    ///
    /// # Errors
    /// If the server refuses.
    pub async fn world(&self, picture: &[u8], size: (u32, u32)) -> anyhow::Result<World> {
        let gamecraft = self.gamecraft()?;
        let mut http = Http::connect(gamecraft).await?;
        let reply = http
            .post("/start_stream", &start_body(picture, size))
            .await?;
        let Started { stream_id: id } = reply.json().context("/start_stream")?;
        Ok(World {
            id,
            gamecraft,
            admin: self.address("admin")?,
        })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl World {
    /// The path of its picture stream.
    pub fn video(&self) -> String {
        format!("/video/{}", self.id)
    }

    /// The path of its WebSocket.
    pub fn socket(&self) -> String {
        format!("/ws/world/{}", self.id)
    }

    /// The path of its keys.
    pub fn control(&self) -> String {
        format!("/control/{}", self.id)
    }

    /// How it stands.
    ///
    /// # Errors
    /// If it has ended.
    pub async fn view(&self) -> anyhow::Result<SessionView> {
        let path = format!("/admin/sessions/{}", self.id);
        let mut admin = Http::connect(self.admin).await?;
        admin.get(&path).await?.json()
    }

    /// Holds W down from a connection of its own.
    ///
    /// # Errors
    /// If the server takes no connection.
    pub async fn walk(&self) -> anyhow::Result<HeldKey> {
        let mut http = Http::connect(self.gamecraft).await?;
        let path = self.control();
        let press = async move || anyhow::Ok(http.post(&path, KEY_W).await?.status);
        let mut press = press;
        press().await?;
        Ok(HeldKey(tokio::spawn(async move {
            let mut beat = tokio::time::interval(REPEAT);
            while press().await.is_ok_and(|status| status != 404) {
                beat.tick().await;
            }
        })))
    }

    /// Ends it.
    ///
    /// # Errors
    /// If it has ended already.
    pub async fn stop(self) -> anyhow::Result<()> {
        let mut http = Http::connect(self.gamecraft).await?;
        let path = format!("/stop_stream/{}", self.id);
        match http.post(&path, b"").await?.status {
            200 => Ok(()),
            status => bail!("{path}: status {status}"),
        }
    }

    /// Waits until it stands still; gives the frames shown by then.
    ///
    /// # Errors
    /// If it has ended.
    pub async fn rest(&self) -> anyhow::Result<u64> {
        let mut last = self.view().await?.frames;
        loop {
            sleep(4 * REPEAT).await;
            let now = self.view().await?.frames;
            if now == last {
                return Ok(now);
            }
            last = now;
        }
    }
}

/// W at an ordinary speed.
pub const KEY_W: &[u8] = br#"{"action":"w","speed":0.5}"#;

impl Drop for HeldKey {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// The body of `/start_stream` for this picture; `size` is pixels in a row and rows.
pub fn start_body(picture: &[u8], (width, height): (u32, u32)) -> Vec<u8> {
    let picture = STANDARD.encode_to_string(picture);
    format!(r#"{{"image_base64":"{picture}","video_size":[{height},{width}]}}"#).into_bytes()
}

fn spawn(program: &Path, settings: &[(&str, String)]) -> anyhow::Result<Child> {
    let ports = ["main", "gamecraft", "gamecraft_page", "admin"];
    let ports = ports.map(|name| format!("listen.{name}.port=0"));
    let settings = settings.iter().map(|(key, value)| format!("{key}={value}"));
    let pairs = ports
        .into_iter()
        .chain(["log.level=warn".to_owned()])
        .chain(settings)
        .flat_map(|pair| ["--set".to_owned(), pair]);
    Command::new(program)
        .arg("serve")
        .args(pairs)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .context("cannot start the server")
}

/// Name and address in a line such as `listening gamecraft      http://127.0.0.1:8083`.
fn listener(line: &str) -> Option<(String, SocketAddr)> {
    let mut words = line.strip_prefix("listening ")?.split_ascii_whitespace();
    let (name, url) = (words.next()?, words.next()?);
    Some((name.to_owned(), url.strip_prefix("http://")?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listener_is_read_from_its_line() {
        let (name, at) = listener("listening gamecraft      http://127.0.0.1:8083").unwrap();
        assert_eq!((name.as_str(), at.port()), ("gamecraft", 8083));
        assert_eq!(
            listener("pipeline  world          ready in 0.50 s: …"),
            None
        );
    }

    #[test]
    fn the_size_is_given_as_the_dialect_has_it_rows_first() {
        let body = String::from_utf8(start_body(b"abc", (608, 352))).unwrap();
        assert_eq!(body, r#"{"image_base64":"YWJj","video_size":[352,608]}"#);
    }
}

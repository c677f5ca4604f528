//! The servers: ours and those that it is compared with.

use anyhow::{Context as _, bail};
use frameloom::client::bench::{child::Helper, server::Server};
use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    process::Command,
};

/// A server that can be started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Peer {
    /// This project's release build, the analysis paused.
    Frameloom,
    /// tungstenite and a file.
    Tungstenite,
    /// fastwebsockets and a file.
    Fastwebsockets,
    /// FastAPI and a file, served by uvicorn.
    FastApi {
        /// With its packages.
        python: PathBuf,
        /// uvicorn's `--ws`.
        sockets: &'static str,
    },
}

/// One that runs; it ends when this is dropped.
pub enum Running {
    Ours { server: Server, at: SocketAddr },
    Theirs { helper: Helper, at: SocketAddr },
}

/// uvicorn's WebSocket implementations.
const SOCKETS: [&str; 3] = ["websockets-sansio", "websockets", "wsproto"];

/// All that can be had here, ours first, and what there is to say of the others. `cpu` measures one for a moment, in any unit.
pub fn all(
    python: Option<&Path>,
    cpu: impl Fn(&Peer) -> anyhow::Result<f64>,
) -> (Vec<Peer>, Vec<String>) {
    let mut peers = vec![Peer::Frameloom, Peer::Tungstenite, Peer::Fastwebsockets];
    let fastest = interpreter(python).and_then(|python| fastest(&python, cpu));
    let note = match fastest {
        Ok((peer, note)) => {
            peers.push(peer);
            note
        }
        Err(why) => format!("FastAPI is left out: {why:#}"),
    };
    eprintln!("{note}");
    (peers, vec![note])
}

fn fastest(
    python: &Path,
    cpu: impl Fn(&Peer) -> anyhow::Result<f64>,
) -> anyhow::Result<(Peer, String)> {
    let mut tried = Vec::new();
    for sockets in SOCKETS {
        let python = python.to_owned();
        let peer = Peer::FastApi { python, sockets };
        let cpu = cpu(&peer).with_context(|| format!("uvicorn --ws {sockets}"))?;
        tried.push((cpu, sockets, peer));
    }
    tried.sort_by(|a, b| a.0.total_cmp(&b.0));
    let told = tried
        .iter()
        .map(|(cpu, sockets, _)| format!("{sockets} {cpu:.3} ms"));
    let told = told.collect::<Vec<_>>().join(", ");
    let (_, sockets, peer) = tried.swap_remove(0);
    let note = format!("uvicorn serves with {sockets}, its fastest in a short trial ({told})");
    Ok((peer, note))
}

/// A Python with the packages; made where it is not there yet.
fn interpreter(asked: Option<&Path>) -> anyhow::Result<PathBuf> {
    const PACKAGES: &str = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/benches/ingest/requirements.txt"
    );
    let venv = Path::new(env!("CARGO_TARGET_TMPDIR")).join("ingest-peers");
    let python = asked.map_or_else(|| venv.join("bin/python"), Path::to_owned);
    let imports = ["-c", "import fastapi, uvicorn, uvloop, websockets, wsproto"];
    if done(Command::new(&python).args(imports)).is_err() {
        if asked.is_some() {
            bail!("{} lacks packages of {PACKAGES}", python.display());
        }
        done(Command::new("python3").args(["-m", "venv"]).arg(&venv))?;
        done(Command::new(&python).args(["-m", "pip", "install", "-q", "-r", PACKAGES]))?;
    }
    Ok(python)
}

fn done(command: &mut Command) -> anyhow::Result<()> {
    let output = command
        .output()
        .with_context(|| format!("{:?}", command.get_program()))?;
    match output.status.success() {
        true => Ok(()),
        false => bail!(
            "{command:?}: {}",
            String::from_utf8_lossy(&output.stderr).trim()
        ),
    }
}

// === impl Peer ===

impl Peer {
    /// As the table calls it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Frameloom => "frameloom",
            Self::Tungstenite => "bare tungstenite",
            Self::Fastwebsockets => "bare fastwebsockets",
            Self::FastApi { .. } => "FastAPI",
        }
    }

    /// Whether it is one of the least that could do it.
    pub fn is_bare(&self) -> bool {
        matches!(self, Self::Tungstenite | Self::Fastwebsockets)
    }

    fn role(&self, folder: &Path) -> anyhow::Result<Helper> {
        let role = |name: &str| Helper::start(&[name.into(), folder.display().to_string()]);
        match self {
            Self::Tungstenite => role("tungstenite"),
            Self::Fastwebsockets => role("fastwebsockets"),
            Self::FastApi { python, sockets } => {
                let script = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/ingest/store.py");
                let mut command = Command::new(python);
                // uvicorn says at every start which of its implementations is on the way out.
                command
                    .args(["-W", "ignore", script])
                    .arg(folder)
                    .arg(sockets);
                Helper::of(&mut command)
            }
            Self::Frameloom => bail!("is no helper"),
        }
    }
}

// === impl Running ===

impl Running {
    /// Starts one that writes below `folder`, and waits until it listens.
    pub async fn start(peer: &Peer, folder: &Path) -> anyhow::Result<Self> {
        if *peer == Peer::Frameloom {
            let below = |name: &str| folder.join(name).display().to_string();
            let settings = [
                ("referee.overlap", "false".to_owned()),
                ("referee.spool_dir", below("spool")),
                ("referee.output_dir", below("results")),
                // A start asks ffmpeg what it is, beside everything else: in rounds this short that would be in the figures.
                ("referee.ffmpeg", "none".to_owned()),
            ];
            let program = Path::new(env!("CARGO_BIN_EXE_frameloom"));
            let server = Server::start_program(program, &settings).await?;
            let at = server.address("main")?;
            return Ok(Self::Ours { server, at });
        }
        let mut helper = peer.role(folder)?;
        let at = helper.line()?.parse().context("a server's address")?;
        Ok(Self::Theirs { helper, at })
    }

    /// Where it listens.
    pub fn at(&self) -> SocketAddr {
        match self {
            Self::Ours { at, .. } | Self::Theirs { at, .. } => *at,
        }
    }

    /// Its process.
    pub fn id(&self) -> u32 {
        match self {
            Self::Ours { server, .. } => server.id(),
            Self::Theirs { helper, .. } => helper.id(),
        }
    }
}

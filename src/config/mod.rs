//! Settings: defaults, a file, the environment and flags become one validated [`Config`].
//!
//! Responsible for which keys exist, what they may hold and where each value came from. Not for
//! reading files or the environment: both are passed in, so that tests need neither.
//! Invariant: a [`Config`] that exists is valid as a whole; [`Config::load`] reports every fault at
//! once. That is why keys are read one by one from a flat table and not by a derived
//! `Deserialize`, which stops at the first fault and knows neither lines nor the environment.
//!
//! In the order in which a value travels: [`document`] (a TOML text as flat keys with lines) and
//! [`mod@env`] (names of the environment) → [`layers`] (the merge) → [`read`] (typed access that collects
//! faults) → one file a section → [`rules`] (what holds between keys).

mod admin;
mod codec;
mod document;
mod engine;
pub mod env;
mod fault;
mod gamecraft;
mod gpu;
mod layers;
mod limits;
mod listen;
mod log;
mod origin;
mod print;
mod read;
mod referee;
mod rules;
mod server;
mod sessions;
#[cfg(test)]
mod tests;
mod threads;

use std::collections::BTreeMap;
use std::path::PathBuf;

pub use admin::{Admin, Token};
pub use codec::Codec;
pub use document::DOCUMENT;
pub use engine::{BackendChoice, Engine};
pub use fault::{ConfigErrors, Fault, Problem};
pub use gamecraft::{Gamecraft, ModelName, OnFull};
pub use gpu::{Gpu, GpuChoice, OrtProvider};
pub use limits::Limits;
pub use listen::{Listen, ListenName, Listeners};
pub use origin::Origin;
pub use referee::{FsyncChoice, LeftoverPolicy, PoseModel, Referee, RefereeFisheye, RulesChoice};
pub use server::Server;
pub use sessions::Sessions;
pub use threads::Threads;

use crate::telemetry::LogConfig;
use layers::Merged;
use read::Reader;

/// The validated settings, one field a section of `config/frameloom.toml`.
#[derive(Debug, Clone)]
pub struct Config {
    /// `[server]`: the process.
    pub server: Server,
    /// `[listen.*]`: the sockets that are opened.
    pub listen: Listeners,
    /// `[limits]`: bounds on what clients may send and hold.
    pub limits: Limits,
    /// `[sessions]`: bounds on sessions of all pipelines.
    pub sessions: Sessions,
    /// `[gamecraft]`: the interactive world dialect.
    pub gamecraft: Gamecraft,
    /// `[referee]`: match video in, a verdict out.
    pub referee: Referee,
    /// `[engine]`: models and the libraries that run them.
    pub engine: Engine,
    /// `[gpu]`: NVIDIA GPUs.
    pub gpu: Gpu,
    /// `[codec]`: the pool that encodes frames.
    pub codec: Codec,
    /// `[admin]`: who may administrate.
    pub admin: Admin,
    /// `[log]`: what is logged and how.
    pub log: LogConfig,
    merged: Merged,
}

/// What [`Config::load`] merges over the defaults, lowest layer first.
#[derive(Debug, Clone, Default)]
pub struct Sources {
    /// A TOML file: its path, for messages, and its text.
    pub file: Option<(PathBuf, String)>,
    /// The environment. Names that are not in the table of [`mod@env`] and do not begin with
    /// [`env::PREFIX`] are other programs' and ignored.
    pub env: BTreeMap<String, String>,
    /// Flags of the command line; a later one wins over an earlier one.
    pub flags: Vec<Flag>,
}

/// One setting given on the command line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flag {
    /// The flag as the user typed it, such as `--host`: what messages name.
    pub name: String,
    /// The key that it sets, such as `server.host`.
    pub key: String,
    /// The value, as typed.
    pub value: String,
}

impl Flag {
    /// The flag `name` sets `key` to `value`.
    pub fn new(name: &str, key: &str, value: impl Into<String>) -> Self {
        let (name, key) = (name.to_owned(), key.to_owned());
        Self {
            name,
            key,
            value: value.into(),
        }
    }
}

impl Config {
    /// Merges defaults < file < environment < flags, and validates all of it.
    ///
    /// # Errors
    /// Every fault of every layer, each naming the key, the value, where it came from and the fix.
    pub fn load(sources: Sources) -> Result<Self, ConfigErrors> {
        let (merged, mut faults) = layers::merge(&sources);
        let mut reader = Reader::new(&merged);
        let sections = Sections::read(&mut reader);
        rules::check(&sections, &mut reader);
        faults.extend(reader.into_faults());
        ConfigErrors::none_or(faults)?;
        Ok(sections.into_config(merged))
    }

    /// The settings without any file, environment or flag.
    pub fn defaults() -> Self {
        Self::load(Sources::default()).expect("a test loads the embedded defaults")
    }

    /// Where the value of `key` (such as `limits.body_bytes`) came from; `None` for no such key.
    pub fn origin_of(&self, key: &str) -> Option<&Origin> {
        self.merged.get(key).map(|setting| &setting.origin)
    }

    /// The merged settings as TOML, one `key = value  # origin` a line, secrets hidden.
    pub fn render(&self) -> String {
        print::render(&self.merged)
    }
}

/// The sections while their faults are still being collected.
struct Sections {
    server: Server,
    listen: Listeners,
    limits: Limits,
    sessions: Sessions,
    gamecraft: Gamecraft,
    referee: Referee,
    engine: Engine,
    gpu: Gpu,
    codec: Codec,
    admin: Admin,
    log: LogConfig,
}

impl Sections {
    fn read(reader: &mut Reader<'_>) -> Self {
        let server = Server::read(reader);
        Self {
            listen: Listeners::read(reader, server.host),
            server,
            limits: Limits::read(reader),
            sessions: Sessions::read(reader),
            gamecraft: Gamecraft::read(reader),
            referee: Referee::read(reader),
            engine: Engine::read(reader),
            gpu: Gpu::read(reader),
            codec: Codec::read(reader),
            admin: Admin::read(reader),
            log: log::read(reader),
        }
    }

    fn into_config(self, merged: Merged) -> Config {
        let Self {
            server,
            listen,
            limits,
            sessions,
            gamecraft,
            referee,
            engine,
            gpu,
            codec,
            admin,
            log,
        } = self;
        Config {
            server,
            listen,
            limits,
            sessions,
            gamecraft,
            referee,
            engine,
            gpu,
            codec,
            admin,
            log,
            merged,
        }
    }
}

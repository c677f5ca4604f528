//! Settings become actors: every actor gets what it needs here, and nothing is global.

use super::{
    backends::cpu_backend,
    devices::{self, Started},
    referee::referee,
    world::{NoWorld, world_model},
};
use crate::{
    actors::{
        board::Board,
        codec::CodecThread,
        registry::{Directory, Registry, RegistryConfig},
    },
    config::Config,
    engine::{Model, Repository},
    http::{
        raw::ingest::Ingest,
        shared::{Inner, REFEREE, Shared, WORLD},
    },
    media::ByteBudget,
    pipelines::{referee::RefereeModel, world::WorldModel},
    telemetry::{AdmissionMeters, IngestMeters, MetricsHandle, ViewerMeters},
};
use actix::prelude::*;
use anyhow::Context as _;
use std::{
    num::NonZeroUsize,
    sync::{Arc, OnceLock},
    time::Duration,
};
use tokio::sync::{Semaphore, oneshot, watch};

/// What `serve` holds of the running server.
pub struct Assembled {
    /// For the routes.
    pub shared: Shared,
    /// One for each device, told once, when every model there has come up or failed.
    pub settled: Vec<oneshot::Receiver<()>>,
    /// Tells everybody that the server shuts down.
    pub drain: watch::Sender<Option<Duration>>,
}

/// Cores of this machine that the process may use.
pub fn cores() -> NonZeroUsize {
    std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN)
}

/// Starts all actors. Models load in the background.
///
/// # Errors
/// If the system has no thread left.
pub fn assemble(config: Config, metrics: MetricsHandle) -> anyhow::Result<Assembled> {
    let repository = Repository::open(Some(&config.engine.models_dir));
    for fault in repository.faults() {
        tracing::error!(folder = fault.folder, why = fault.why, "model ignored");
    }
    let world_model = world(&config, &repository);
    let referee = referee(&config, &repository)
        .inspect_err(|error| tracing::error!(error = format!("{error:#}"), "no bouts are judged"))
        .ok();
    let board = Board::default();
    let arbiters: Vec<_> = (0..config.sessions.threads.get())
        .map(|_| Arbiter::new().handle())
        .collect();
    let pose = referee.as_ref().map(RefereeModel::model);
    let models: Vec<_> = world_model.iter().chain(pose).cloned().collect();
    let cpu = cpu_backend(&config);
    let Started {
        scheduler,
        settled,
        gpus,
    } = devices::start(&config, &arbiters[0], &models, &cpu, &board)?;
    let codec = CodecThread::start_pool("codec", config.codec.threads.resolve(cores()));
    // One thread: uploads may wait for each other, and take no second core from the frames.
    let uploads = CodecThread::start_pool("upload", NonZeroUsize::MIN);
    let directory = Directory::default();
    let registry = Registry::new(RegistryConfig {
        scheduler,
        codec,
        uploads: uploads.clone(),
        studies: CodecThread::start_pool_behind("study", cores()),
        reports: CodecThread::start_pool_behind("report", cores()),
        arbiters,
        board: board.clone(),
        max_sessions: config.sessions.max.get(),
        directory: directory.clone(),
    });
    // Their series begin with the server, not with the first bout.
    drop((AdmissionMeters::new(&REFEREE), IngestMeters::new(&REFEREE)));
    let (drain, draining) = watch::channel(None);
    let shared = Shared::new(Inner {
        registry: registry.start(),
        directory,
        board,
        gpus,
        world: world_model.map(WorldModel::new),
        referee,
        upload_pool: uploads,
        forms: Arc::new(Semaphore::new(config.referee.max_sessions.get())),
        ingest: Ingest::start(config.referee.ingest_threads.resolve(cores()))
            .context("the threads of uploads")?,
        uploads: ByteBudget::new(config.limits.upload_memory_bytes),
        drain: draining,
        world_admission: AdmissionMeters::new(&WORLD),
        world_viewers: ViewerMeters::new(&WORLD),
        metrics,
        bound: OnceLock::new(),
        config,
    });
    Ok(Assembled {
        shared,
        settled,
        drain,
    })
}

/// The model that the settings name, if there is one and it draws worlds.
fn world(config: &Config, repository: &Repository) -> Option<Model> {
    match world_model(config, repository) {
        Ok(model) => Some(model.clone()),
        // The log has said already which folders are no models.
        Err(NoWorld::Absent(_)) => None,
        Err(why @ NoWorld::Other { .. }) => {
            tracing::error!(%why, "this model draws no worlds");
            None
        }
    }
}

//! What every route may use. Made once by the app, cloned into each worker.

use crate::{
    actors::{
        board::Board,
        codec::{CodecThread, Run},
        cuda::Gpus,
        registry::{Directory, OpenError, Registry},
    },
    config::{Config, ListenName},
    http::raw::ingest::Ingest,
    media::ByteBudget,
    pipelines::{referee::RefereeModel, world::WorldModel},
    telemetry::{AdmissionMeters, Label, MetricsHandle, ViewerMeters},
};
use actix::Addr;
use std::{
    net::SocketAddr,
    sync::{Arc, OnceLock},
    time::Duration,
};
use tokio::sync::{Semaphore, watch};

/// Handles and settings; cheap to clone.
#[derive(Clone)]
pub struct Shared(Arc<Inner>);

/// What [`Shared`] is made of.
pub struct Inner {
    /// The settings.
    pub config: Config,
    /// Opens sessions.
    pub registry: Addr<Registry>,
    /// Lists sessions.
    pub directory: Directory,
    /// How the models stand.
    pub board: Board,
    /// How the GPUs are.
    pub gpus: Gpus,
    /// Opens worlds, if the repository has their model.
    pub world: Option<WorldModel>,
    /// Opens bouts, if the repository has their model.
    pub referee: Option<RefereeModel>,
    /// Does what may not block a worker.
    pub upload_pool: Addr<CodecThread>,
    /// Places for whole videos that come, one each until its verdict.
    pub forms: Arc<Semaphore>,
    /// Serves the sockets that left the HTTP server.
    pub ingest: Ingest,
    /// Memory for requests' bodies.
    pub uploads: ByteBudget,
    /// Set once, when the server shuts down: the time that clients have.
    pub drain: watch::Receiver<Option<Duration>>,
    /// Counts worlds that are refused before the registry is asked; made at the start, so that its series are there.
    pub world_admission: AdmissionMeters,
    /// Counts those who watch a world.
    pub world_viewers: ViewerMeters,
    /// Renders `/metrics`.
    pub metrics: MetricsHandle,
    /// Where the listeners really are: known when all are bound.
    pub bound: OnceLock<Vec<(ListenName, SocketAddr)>>,
}

impl Shared {
    /// Shares.
    pub fn new(inner: Inner) -> Self {
        Self(Arc::new(inner))
    }

    /// Whether new sessions of every kind are taken.
    pub fn is_ready(&self) -> bool {
        self.draws_worlds() && (self.judges_bouts() || !self.config.referee.enabled)
    }

    /// Whether new worlds are opened.
    pub fn draws_worlds(&self) -> bool {
        !self.is_draining() && self.board.is_ready(self.config.gamecraft.model.as_str())
    }

    /// Whether new bouts are opened.
    pub fn judges_bouts(&self) -> bool {
        let model = self.referee.as_ref().map(RefereeModel::model);
        !self.is_draining() && model.is_some_and(|model| self.board.is_ready(model.name()))
    }

    /// Whether the server shuts down.
    pub fn is_draining(&self) -> bool {
        self.drain.borrow().is_some()
    }

    /// Where a listener is, if it was opened.
    pub fn address(&self, name: ListenName) -> Option<SocketAddr> {
        self.bound
            .get()?
            .iter()
            .find(|(bound, _)| *bound == name)
            .map(|(_, at)| *at)
    }

    /// Runs what would block a worker on the pool for uploads.
    ///
    /// # Errors
    /// If it panicked or the pool has gone.
    pub async fn blocking<T: Send + 'static>(
        &self,
        job: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, OpenError> {
        Ok(self.upload_pool.send(Run::new(job)).await??)
    }
}

impl std::ops::Deref for Shared {
    type Target = Inner;

    fn deref(&self) -> &Inner {
        &self.0
    }
}

/// The label of the world pipeline.
pub const WORLD: Label = Label::fixed("world");

/// The label of the referee.
pub const REFEREE: Label = Label::fixed("referee");

//! All actors together over a scripted model: what a server runs, without its sockets.

use super::{TrackLog, eventually, opened, soon, until};
use crate::{
    actors::{
        board::Board,
        codec::CodecThread,
        device::{Device, DeviceConfig},
        registry::{
            Directory, GroupLimit, Name, OnFull, OpenError, OpenSession, Opener, Registry,
            RegistryConfig, SessionHandle,
        },
        scheduler::{self, Scheduler, SchedulerView},
    },
    engine::{DeviceSpec, HostPlatform, scripted::Scripted},
    session::SessionSpec,
};
use actix::prelude::*;
use std::{num::NonZeroUsize, sync::Arc};
use tokio::sync::oneshot;

/// The group that the tests' sessions count in.
pub const GROUP: &str = "test";

/// The actors, and where to look.
pub struct House {
    pub registry: Addr<Registry>,
    pub scheduler: Addr<Scheduler>,
    pub codec: Addr<CodecThread>,
    pub directory: Directory,
    pub script: Scripted,
    /// Where the sessions live.
    pub arbiter: Arbiter,
}

/// So many sessions; one more is refused.
pub fn refusing(max: usize) -> GroupLimit {
    GroupLimit {
        group: GROUP,
        max,
        on_full: OnFull::Refuse,
    }
}

/// So many sessions; one more takes the place of the oldest.
pub fn evicting(max: usize) -> GroupLimit {
    GroupLimit {
        on_full: OnFull::EvictOldest,
        ..refusing(max)
    }
}

impl House {
    /// Starts everything, and waits until the model is ready or given up.
    pub async fn new(script: Scripted, max_sessions: usize) -> Self {
        let (board, directory) = (Board::default(), Directory::default());
        let (settled, ready) = oneshot::channel();
        let (on_board, model) = (board.clone(), super::rig::model("scripted"));
        let backend = Arc::new(script.clone());
        let scheduler = Scheduler::create(|ctx| {
            let seat = Device::start(DeviceConfig {
                spec: DeviceSpec {
                    name: "test0".into(),
                    threads: NonZeroUsize::MIN,
                    gpu: None,
                },
                platform: Box::new(HostPlatform),
                spin: std::time::Duration::ZERO,
                slots: NonZeroUsize::MIN,
                models: vec![(model, backend)],
                board: on_board,
                max_failures: 3,
                free: ctx.address().recipient(),
                changed: ctx.address().recipient(),
                settled: Some(settled),
            });
            Scheduler::new(vec![seat.unwrap()])
        });
        let pool = |name| CodecThread::start_pool(name, NonZeroUsize::MIN);
        let (codec, uploads) = (pool("codec"), pool("upload"));
        let arbiter = Arbiter::new();
        let registry = Registry::new(RegistryConfig {
            scheduler: scheduler.clone(),
            codec: codec.clone(),
            uploads: uploads.clone(),
            studies: uploads.clone(),
            reports: uploads,
            arbiters: vec![arbiter.handle()],
            board: board.clone(),
            max_sessions,
            directory: directory.clone(),
        });
        soon("the model is ready or failed", ready).await.unwrap();
        Self {
            registry: registry.start(),
            scheduler,
            codec,
            directory,
            script,
            arbiter,
        }
    }

    /// Opens a session.
    pub async fn open(
        &self,
        limit: GroupLimit,
        spec: SessionSpec,
        track: &TrackLog,
    ) -> Result<SessionHandle, OpenError> {
        let track = track.clone();
        self.open_with(limit, Box::new(move || Ok(opened(spec, &track).into())))
            .await
    }

    /// Opens a session with what this makes.
    pub async fn open_with(
        &self,
        limit: GroupLimit,
        opener: Opener,
    ) -> Result<SessionHandle, OpenError> {
        self.open_named(limit, Name::Made("test_"), opener).await
    }

    /// Opens a session of this name with what this makes.
    pub async fn open_named(
        &self,
        limit: GroupLimit,
        name: Name,
        opener: Opener,
    ) -> Result<SessionHandle, OpenError> {
        let open = self.registry.send(OpenSession {
            limit,
            model: "scripted".into(),
            name,
            pipeline: "test",
            opener,
        });
        soon("an answer about opening", open).await.unwrap()
    }

    /// How the scheduler stands.
    pub async fn scheduler(&self) -> SchedulerView {
        self.scheduler.send(scheduler::Inspect).await.unwrap()
    }

    /// Waits until nothing is left of any session.
    pub async fn is_empty(&self) {
        eventually("the list is empty", || self.directory.is_empty()).await;
        let idle = async || self.scheduler().await == SchedulerView::default();
        until("the scheduler is empty", idle).await;
        eventually("the slots have gone", || self.script.slots() == 0).await;
    }
}

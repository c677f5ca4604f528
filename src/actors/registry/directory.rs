//! Which sessions there are: read from many threads, written by the registry alone.

use crate::{
    actors::{
        buffer::{
            Buffer, BufferView, Inspect, Offer, OfferError, Subscribe, SubscribeError, Viewer,
        },
        session::{Apply, Describe, Session, SessionView},
    },
    engine::EngineKey,
    session::{Command, Media, SceneChange, SessionId, SessionSpec},
};
use actix::Addr;
use dashmap::DashMap;
use std::sync::Arc;

/// A running session as its callers see it; addresses stay inside.
#[derive(Clone, Debug)]
pub struct SessionHandle {
    /// Its name.
    pub id: SessionId,
    /// The limit that it counts against.
    pub group: &'static str,
    /// Its policies.
    pub spec: Arc<SessionSpec>,
    /// The engine that draws it.
    pub key: EngineKey,
    /// Pixels in a row, rows.
    pub size: (u32, u32),
    /// How its picture was read when it was opened.
    pub scene: Option<SceneChange>,
    /// The order in which sessions were opened.
    pub serial: u64,
    pub(super) session: Addr<Session>,
    pub(super) buffer: Addr<Buffer>,
}

/// Everything that is known of a session at one moment.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// Who.
    pub handle: SessionHandle,
    /// Its control side.
    pub session: SessionView,
    /// Its pixel side.
    pub buffer: BufferView,
}

/// All sessions by name; cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Directory(Arc<DashMap<SessionId, SessionHandle>>);

// === impl SessionHandle ===

impl SessionHandle {
    /// Gives input; the answer is the dialect's acknowledgement.
    ///
    /// # Errors
    /// If the session has ended or takes no more at the moment.
    pub async fn offer(&self, media: Media) -> Result<(), OfferError> {
        self.buffer
            .send(Offer(media))
            .await
            .unwrap_or(Err(OfferError::Gone))
    }

    /// Asks something of the session; one that has ended has nothing to do.
    pub async fn apply(&self, command: Command) {
        self.session.send(Apply(command)).await.unwrap_or(());
    }

    /// A view of its frames.
    ///
    /// # Errors
    /// If the session has ended or has too many viewers.
    pub async fn subscribe(&self) -> Result<Viewer, SubscribeError> {
        self.buffer
            .send(Subscribe)
            .await
            .unwrap_or(Err(SubscribeError::Gone))
    }

    /// How it stands; `None` if it ended meanwhile.
    pub async fn snapshot(&self) -> Option<Snapshot> {
        let session = self.session.send(Describe).await.ok()?;
        let buffer = self.buffer.send(Inspect).await.ok()?;
        Some(Snapshot {
            handle: self.clone(),
            session,
            buffer,
        })
    }
}

// === impl Directory ===

impl Directory {
    /// A session by name.
    pub fn find(&self, id: &str) -> Option<SessionHandle> {
        self.0.get(id).map(|entry| entry.clone())
    }

    /// All sessions, in the order in which they were opened.
    pub fn all(&self) -> Vec<SessionHandle> {
        let mut all: Vec<_> = self.0.iter().map(|entry| entry.clone()).collect();
        all.sort_by_key(|handle| handle.serial);
        all
    }

    /// Sessions that count against this limit.
    pub fn count(&self, group: &str) -> usize {
        self.0.iter().filter(|entry| entry.group == group).count()
    }

    /// Sessions in all.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn insert(&self, handle: SessionHandle) {
        self.0.insert(handle.id.clone(), handle);
    }

    pub(super) fn remove(&self, id: &SessionId) -> Option<SessionHandle> {
        self.0.remove(id).map(|(_, handle)| handle)
    }
}

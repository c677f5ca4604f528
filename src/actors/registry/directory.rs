//! Which sessions there are: read from many threads, written by the registry alone.

use crate::{
    actors::{
        buffer::{
            Buffer, BufferView, Ingress, Inspect, Offer, OfferError, Shut, Subscribe,
            SubscribeError, Viewer,
        },
        keeper::{InspectKept, Intake, IntakeError, Keeper, KeptView, TakeIntake},
        session::{Apply, Describe, Session, SessionView},
    },
    engine::EngineKey,
    session::{Command, Media, SceneChange, SessionId, SessionSpec},
};
use actix::{Addr, Recipient};
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
    pub(super) pixels: Pixels,
}

/// Who has a session's pixels: by its policy they are shown, or kept.
#[derive(Clone, Debug)]
pub(super) enum Pixels {
    Shown(Addr<Buffer>),
    Kept(Addr<Keeper>),
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
    /// If the session has ended, takes no more at the moment, or keeps its input: then it wants an [`Intake`].
    pub async fn offer(&self, media: Media) -> Result<(), OfferError> {
        match &self.pixels {
            Pixels::Shown(buffer) => buffer.send(Offer(media)).await,
            Pixels::Kept(_) => return Err(OfferError::Gone),
        }
        .unwrap_or(Err(OfferError::Gone))
    }

    /// Asks something of the session; one that has ended has nothing to do.
    pub async fn apply(&self, command: Command) {
        self.session.send(Apply(command)).await.unwrap_or(());
    }

    /// A view of its frames.
    ///
    /// # Errors
    /// If the session has ended, has too many viewers, or shows nothing.
    pub async fn subscribe(&self) -> Result<Viewer, SubscribeError> {
        match &self.pixels {
            Pixels::Shown(buffer) => buffer.send(Subscribe).await,
            Pixels::Kept(_) => return Err(SubscribeError::Gone),
        }
        .unwrap_or(Err(SubscribeError::Gone))
    }

    /// The right to write to a session that keeps its input.
    ///
    /// # Errors
    /// If somebody has it, or the session takes no more.
    pub async fn intake(&self) -> Result<Intake, IntakeError> {
        match &self.pixels {
            Pixels::Shown(_) => return Err(IntakeError::Gone),
            Pixels::Kept(keeper) => keeper.send(TakeIntake).await,
        }
        .unwrap_or(Err(IntakeError::Gone))
    }

    /// How a session that keeps its input stands; `None` if it has ended, or keeps none.
    pub async fn kept(&self) -> Option<KeptView> {
        match &self.pixels {
            Pixels::Shown(_) => None,
            Pixels::Kept(keeper) => keeper.send(InspectKept).await.ok(),
        }
    }

    /// How it stands; `None` if it ended meanwhile.
    pub async fn snapshot(&self) -> Option<Snapshot> {
        let session = self.session.send(Describe).await.ok()?;
        let buffer = match &self.pixels {
            Pixels::Shown(buffer) => buffer.send(Inspect).await.ok()?,
            Pixels::Kept(_) => BufferView::of_kept(&self.kept().await?),
        };
        Some(Snapshot {
            handle: self.clone(),
            session,
            buffer,
        })
    }
}

// === impl Pixels ===

impl Pixels {
    pub(super) fn ingress(&self) -> Recipient<Ingress> {
        match self {
            Self::Shown(buffer) => buffer.clone().recipient(),
            Self::Kept(keeper) => keeper.clone().recipient(),
        }
    }

    pub(super) fn shut(&self) -> Recipient<Shut> {
        match self {
            Self::Shown(buffer) => buffer.clone().recipient(),
            Self::Kept(keeper) => keeper.clone().recipient(),
        }
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

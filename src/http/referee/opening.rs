//! How sessions are opened, and found again: what the socket asks of the rest of the server.

use super::GROUP;
use crate::{
    actors::registry::{
        EndSession, GroupLimit, Name, OnFull, OpenError, OpenSession, Opener, SessionHandle,
    },
    dialects::referee::{Fault, Start},
    http::shared::Shared,
    pipelines::{Lane, referee::PIPELINE},
    session::{BoutSpec, EndReason, SessionId},
};
use futures_util::future::BoxFuture;

/// Opens sessions.
pub trait Opens: Send + Sync + 'static {
    /// Opens the session that was announced, or finds the one that shall be resumed: it may be running, or lie on the disk since
    /// before this process began.
    fn open(&self, start: Start) -> BoxFuture<'static, Result<SessionHandle, Fault>>;

    /// Answers once a session that has its verdict is off the list, so that its name is free.
    fn gone(&self, id: SessionId) -> BoxFuture<'static, ()>;
}

/// The server's own way.
pub struct Server(pub Shared);

impl Opens for Server {
    fn open(&self, start: Start) -> BoxFuture<'static, Result<SessionHandle, Fault>> {
        let shared = self.0.clone();
        Box::pin(async move {
            let id = start.bout.id.clone();
            let running = shared.directory.find(id.as_str());
            let running = running.filter(|handle| start.resume && handle.group == GROUP);
            let opened = match running {
                Some(handle) => return Ok(handle),
                None if start.resume => recover(&shared, id.clone()).await,
                None => open(&shared, start.bout).await,
            };
            opened.map_err(|error| fault(&shared, &id, error))
        })
    }

    fn gone(&self, id: SessionId) -> BoxFuture<'static, ()> {
        let registry = self.0.registry.clone();
        Box::pin(async move {
            let end = EndSession {
                session: id,
                reason: EndReason::Concluded,
            };
            // It was off the list already, or the server stops.
            registry.send(end).await.unwrap_or(false);
        })
    }
}

/// Opens a new session.
///
/// # Errors
/// If there is no room or no memory, its name is taken, or its numbers make no sense.
pub async fn open(shared: &Shared, bout: BoutSpec) -> Result<SessionHandle, OpenError> {
    let referee = shared.referee.clone().ok_or_else(no_referee)?;
    let id = bout.id.clone();
    let opener = move || referee.open(bout).map(Lane::from);
    register(shared, id, Box::new(opener)).await
}

/// Opens a session that an earlier process left on the disk.
async fn recover(shared: &Shared, id: SessionId) -> Result<SessionHandle, OpenError> {
    let referee = shared.referee.clone().ok_or_else(no_referee)?;
    let name = id.clone();
    let opener = move || referee.recover(&name).map(Lane::from);
    register(shared, id, Box::new(opener)).await
}

async fn register(
    shared: &Shared,
    id: SessionId,
    opener: Opener,
) -> Result<SessionHandle, OpenError> {
    let model = shared.referee.as_ref().ok_or_else(no_referee)?.model();
    let open = OpenSession {
        limit: GroupLimit {
            group: GROUP,
            max: shared.config.referee.max_sessions.get(),
            on_full: OnFull::Refuse,
        },
        model: model.name().to_owned(),
        name: Name::Given(id),
        pipeline: PIPELINE,
        opener,
    };
    shared.registry.send(open).await?
}

fn no_referee() -> OpenError {
    OpenError::NotReady("the model that finds fencers is not loaded".into())
}

fn fault(shared: &Shared, id: &SessionId, error: OpenError) -> Fault {
    let referee = &shared.config.referee;
    match error {
        OpenError::Exists => Fault::exists(id.as_str()),
        OpenError::Full => Fault::full(referee.max_sessions.get()),
        OpenError::NoMemory => Fault::no_memory(referee.memory_bytes),
        other => Fault::start(other.to_string()),
    }
}

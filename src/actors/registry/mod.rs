//! The registry: who may come in, which sessions there are, and how all of them end.

pub mod admission;
mod directory;
mod messages;
mod spawn;
#[cfg(test)]
mod tests;

pub use admission::{GroupLimit, OnFull};
pub use directory::{Directory, SessionHandle, Snapshot};
pub use messages::{Drain, EndSession, Name, OpenError, OpenSession, Opener};

use super::{
    board::Board,
    codec::{CodecThread, Run},
    scheduler::{AttachError, Scheduler},
    session::{Apply, Opening, SessionEnded},
};
use crate::{
    engine::LoadState,
    pipelines::Lane,
    session::{Command, EndReason, SessionId},
    telemetry::{AdmissionMeters, Label, labels::RejectReason},
};
use actix::prelude::*;
use admission::{Admission, Occupancy, judge};
use std::{
    collections::{HashMap, HashSet},
    time::{Duration, SystemTime, UNIX_EPOCH},
};
use tokio::sync::oneshot;

/// What the registry needs.
pub struct RegistryConfig {
    /// Takes the sessions' work.
    pub scheduler: Addr<Scheduler>,
    /// Encodes the sessions' frames.
    pub codec: Addr<CodecThread>,
    /// Decodes what they begin with.
    pub uploads: Addr<CodecThread>,
    /// Decodes the frames of sessions that keep their input. A pool of its own: such a session has always more to decode, and
    /// would keep every live frame waiting.
    pub studies: Addr<CodecThread>,
    /// Judges sessions that keep their input.
    pub reports: Addr<CodecThread>,
    /// Where sessions live.
    pub arbiters: Vec<ArbiterHandle>,
    /// How the models stand.
    pub board: Board,
    /// Sessions in all.
    pub max_sessions: usize,
    /// Where the sessions are listed.
    pub directory: Directory,
}

/// The actor.
pub struct Registry {
    config: RegistryConfig,
    /// Sessions that are being opened, by group: they count, but are not listed yet.
    opening: HashMap<&'static str, usize>,
    /// The names among them that clients gave.
    names: HashSet<SessionId>,
    meters: HashMap<&'static str, AdmissionMeters>,
    serial: u64,
    last_millis: u128,
    draining: bool,
    drained: Vec<oneshot::Sender<()>>,
}

impl Registry {
    /// A registry without sessions.
    pub fn new(config: RegistryConfig) -> Self {
        Self {
            config,
            opening: HashMap::new(),
            names: HashSet::new(),
            meters: HashMap::new(),
            serial: 0,
            last_millis: 0,
            draining: false,
            drained: Vec::new(),
        }
    }

    /// Whether one more may be opened; room for it is made when it is known to be sound.
    fn admit(&self, request: &OpenSession) -> Result<(), OpenError> {
        if self.draining {
            return Err(OpenError::Draining);
        }
        let state = self.config.board.best(&request.model);
        if !state.as_ref().is_some_and(LoadState::is_ready) {
            let state = state.map_or("not known", |state| state.name());
            return Err(OpenError::NotReady(format!(
                "the model `{}` is {state}",
                request.model
            )));
        }
        if let Name::Given(id) = &request.name
            && (self.names.contains(id) || self.config.directory.find(id.as_str()).is_some())
        {
            return Err(OpenError::Exists);
        }
        let group = request.limit.group;
        let listed = self.config.directory.count(group);
        let opening: usize = self.opening.values().sum();
        let now = Occupancy {
            group: listed + self.opening.get(group).copied().unwrap_or(0),
            total: self.config.directory.len() + opening,
            evictable: listed,
        };
        match judge(now, request.limit, self.config.max_sessions) {
            Admission::Admit | Admission::AdmitAfterEviction => Ok(()),
            Admission::Refuse => Err(OpenError::Full),
        }
    }

    /// Ends the oldest of a group that evicts, until one more fits in beside those that others are opening.
    fn make_room(&self, limit: GroupLimit) {
        if limit.on_full == OnFull::Refuse {
            return;
        }
        let directory = &self.config.directory;
        let others = self
            .opening
            .iter()
            .filter(|(group, _)| **group != limit.group);
        let others: usize = others.map(|(_, n)| n).sum();
        while directory.count(limit.group) >= limit.max
            || directory.len() + others >= self.config.max_sessions
        {
            let mut oldest_first = directory.all().into_iter();
            let Some(old) = oldest_first.find(|handle| handle.group == limit.group) else {
                return;
            };
            // Out of the list at once, so that it no longer counts; its end follows on its own arbiter.
            directory.remove(&old.id);
            Arbiter::current()
                .spawn(async move { old.apply(Command::Stop(EndReason::Evicted)).await });
        }
    }

    fn count_refusal(&mut self, pipeline: &'static str, why: &OpenError) {
        let meters = self
            .meters
            .entry(pipeline)
            .or_insert_with(|| AdmissionMeters::new(&Label::fixed(pipeline)));
        meters.rejected(match why {
            OpenError::Full => RejectReason::Full,
            OpenError::NoMemory => RejectReason::Memory,
            OpenError::Draining => RejectReason::Draining,
            OpenError::NotReady(_) => RejectReason::NotReady,
            OpenError::Exists | OpenError::Invalid(_) | OpenError::Internal(_) => {
                RejectReason::Invalid
            }
        });
    }

    /// The client's name, or a prefix and the time in milliseconds, which is never the same twice.
    fn name(&mut self, name: Name) -> SessionId {
        let prefix = match name {
            Name::Made(prefix) => prefix,
            Name::Given(id) => return id,
        };
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or(Duration::ZERO)
            .as_millis();
        self.last_millis = now.max(self.last_millis + 1);
        SessionId::new(format!("{prefix}{}", self.last_millis))
    }

    /// What became of opening, as far as the registry knows: from here on a session counts because it is listed.
    fn opened(
        &mut self,
        opened: Result<Lane, OpenError>,
        (name, limit): (Name, GroupLimit),
        me: Recipient<SessionEnded>,
    ) -> Result<(SessionHandle, oneshot::Receiver<Opening>), OpenError> {
        if let Some(n) = self.opening.get_mut(limit.group) {
            *n = n.saturating_sub(1);
        }
        if let Name::Given(id) = &name {
            self.names.remove(id);
        }
        let opened = match opened {
            Ok(_) if self.draining => Err(OpenError::Draining),
            Ok(lane) => match lane.spec().check() {
                Ok(()) => Ok(lane),
                Err(e) => Err(OpenError::Internal(e.to_string())),
            },
            Err(why) => Err(why),
        };
        let spawned = opened.map(|opened| {
            self.make_room(limit);
            self.spawn(name, limit.group, opened, me)
        });
        self.answer_if_drained();
        spawned
    }

    /// The answer to whoever opened a session, once its engine has answered.
    fn attached(
        &mut self,
        handle: SessionHandle,
        answer: Result<Opening, oneshot::error::RecvError>,
    ) -> Result<SessionHandle, OpenError> {
        let why = match answer {
            Ok(Ok(())) => return Ok(handle),
            _ if self.draining => OpenError::Draining,
            Ok(Err(e @ AttachError::NotReady { .. })) => OpenError::NotReady(e.to_string()),
            Ok(Err(AttachError::Refused(why))) => OpenError::NotReady(why),
            Err(_) => OpenError::Internal("the session ended while it was opened".into()),
        };
        self.config.directory.remove(&handle.id);
        self.answer_if_drained();
        Err(why)
    }

    fn answer_if_drained(&mut self) {
        if self.draining
            && self.config.directory.is_empty()
            && self.opening.values().all(|n| *n == 0)
        {
            // Whoever waited may have given up.
            self.drained
                .drain(..)
                .for_each(|waiting| waiting.send(()).unwrap_or(()));
        }
    }
}

impl Actor for Registry {
    type Context = Context<Self>;
}

impl Handler<OpenSession> for Registry {
    type Result = ResponseActFuture<Self, Result<SessionHandle, OpenError>>;

    fn handle(&mut self, request: OpenSession, _: &mut Self::Context) -> Self::Result {
        if let Err(why) = self.admit(&request) {
            self.count_refusal(request.pipeline, &why);
            return Box::pin(fut::ready(Err(why)));
        }
        let OpenSession {
            limit,
            name,
            pipeline,
            opener,
            ..
        } = request;
        *self.opening.entry(limit.group).or_default() += 1;
        if let Name::Given(id) = &name {
            self.names.insert(id.clone());
        }
        let job = self.config.uploads.send(Run::new(opener));
        let prepared = async move { Ok::<_, OpenError>(job.await???) }.into_actor(self);
        let spawned = prepared.map(move |opened, registry, ctx| {
            registry.opened(opened, (name, limit), ctx.address().recipient())
        });
        let attached = spawned.then(|spawned, registry, _| {
            let wait = async move {
                let (handle, attached) = spawned?;
                Ok((handle, attached.await))
            };
            wait.into_actor(registry)
        });
        Box::pin(attached.map(move |waited, registry, _| {
            let result = waited.and_then(|(handle, answer)| registry.attached(handle, answer));
            if let Err(why) = &result {
                registry.count_refusal(pipeline, why);
            }
            result
        }))
    }
}

impl Handler<SessionEnded> for Registry {
    type Result = ();

    fn handle(&mut self, SessionEnded { session, .. }: SessionEnded, _: &mut Self::Context) {
        self.config.directory.remove(&session);
        self.answer_if_drained();
    }
}

impl Handler<EndSession> for Registry {
    type Result = ResponseFuture<bool>;

    fn handle(
        &mut self,
        EndSession { session, reason }: EndSession,
        _: &mut Self::Context,
    ) -> Self::Result {
        let handle = self.config.directory.remove(&session);
        Box::pin(async move {
            let Some(handle) = handle else { return false };
            handle.apply(Command::Stop(reason)).await;
            true
        })
    }
}

impl Handler<Drain> for Registry {
    type Result = ResponseFuture<()>;

    fn handle(&mut self, Drain { within }: Drain, _: &mut Self::Context) -> Self::Result {
        self.draining = true;
        let (done, wait) = oneshot::channel();
        self.drained.push(done);
        let sessions = self.config.directory.all();
        let told = sessions
            .iter()
            .map(|handle| handle.session.send(Apply(Command::Drain { within })));
        let told = futures_util::future::join_all(told);
        self.answer_if_drained();
        Box::pin(async move {
            told.await;
            // Only fails if the registry has gone, and then nothing is left to wait for.
            drop(wait.await);
        })
    }
}

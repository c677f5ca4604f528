//! Putting a session's two actors on one arbiter, so that what they tell each other never crosses a thread.

use super::{Name, Registry, SessionHandle, directory::Pixels};
use crate::{
    actors::{
        buffer::{self, Buffer},
        keeper::{self, Keeper},
        session::{self, Opening, Session, SessionEnded},
    },
    engine::EngineKey,
    pipelines::{Kept, Lane, Opened},
    session::{SceneChange, SessionId, SessionSpec},
};
use actix::{dev::channel::channel, prelude::*};
use std::sync::Arc;
use tokio::sync::oneshot;

/// What a mailbox holds before senders are told to wait. No bound (senders are many): credits are the bound.
const MAILBOX: usize = 16;

/// What the list says of a session, whatever its lane.
struct About {
    spec: Arc<SessionSpec>,
    keys: Vec<EngineKey>,
    size: (u32, u32),
    scene: Option<SceneChange>,
}

impl Registry {
    /// Spawns and lists a session; the receiver tells when its engines take its work.
    pub(super) fn spawn(
        &mut self,
        name: Name,
        group: &'static str,
        lane: Lane,
        registry: Recipient<SessionEnded>,
    ) -> (SessionHandle, oneshot::Receiver<Opening>) {
        let id = self.name(name);
        self.serial += 1;
        let about = About::of(&lane);
        let (opening, attached) = oneshot::channel();
        let (session, pixels) = self.start_pair(&id, &about, (lane, opening), registry);
        let handle = SessionHandle {
            id,
            group,
            spec: about.spec,
            key: about.keys[0].clone(),
            size: about.size,
            scene: about.scene,
            serial: self.serial,
            session,
            pixels,
        };
        let ((width, height), model) = (handle.size, &handle.key.model);
        tracing::info!(session = %handle.id, pipeline = handle.spec.pipeline, %model, width, height, "session opened");
        self.config.directory.insert(handle.clone());
        (handle, attached)
    }

    fn start_pair(
        &self,
        id: &SessionId,
        about: &About,
        (lane, opening): (Lane, oneshot::Sender<Opening>),
        registry: Recipient<SessionEnded>,
    ) -> (Addr<Session>, Pixels) {
        let arbiter = &self.config.arbiters[self.serial as usize % self.config.arbiters.len()];
        let (session_tx, session_rx) = channel(MAILBOX);
        let session = Addr::<Session>::new(session_tx);
        let pixels = match lane {
            Lane::Frames(opened) => self.start_buffer(arbiter, id, about, *opened, &session),
            Lane::Kept(kept) => self.start_keeper(arbiter, id, about, *kept, &session),
        };
        let wiring = session::Wiring {
            ingress: pixels.ingress(),
            shut: pixels.shut(),
            attach: self.config.scheduler.clone().recipient(),
            detach: self.config.scheduler.clone().recipient(),
            registry,
        };
        let (id, spec, keys) = (id.clone(), Arc::clone(&about.spec), about.keys.clone());
        arbiter.spawn_fn(move || {
            let control = Session::new(id, &spec, keys, wiring, opening);
            Context::with_receiver(session_rx).run(control);
        });
        (session, pixels)
    }

    fn start_buffer(
        &self,
        arbiter: &ArbiterHandle,
        id: &SessionId,
        about: &About,
        opened: Opened,
        session: &Addr<Session>,
    ) -> Pixels {
        let wiring = buffer::Wiring {
            scheduler: self.config.scheduler.clone().recipient(),
            codec: self.config.codec.clone().recipient(),
            session: session.clone().recipient(),
        };
        let (id, spec) = (id.clone(), Arc::clone(&about.spec));
        let buffer = move || Buffer::new(id, spec, opened, wiring);
        Pixels::Shown(start_on(arbiter, buffer))
    }

    fn start_keeper(
        &self,
        arbiter: &ArbiterHandle,
        id: &SessionId,
        about: &About,
        kept: Kept,
        session: &Addr<Session>,
    ) -> Pixels {
        let wiring = keeper::Wiring {
            scheduler: self.config.scheduler.clone().recipient(),
            studies: self.config.studies.clone(),
            reports: self.config.reports.clone(),
            session: session.clone().recipient(),
        };
        let (id, spec) = (id.clone(), Arc::clone(&about.spec));
        let keeper = move || Keeper::new(id, spec, kept, wiring);
        Pixels::Kept(start_on(arbiter, keeper))
    }
}

/// Starts an actor there, which is also where it is made.
fn start_on<A: Actor<Context = Context<A>>>(
    arbiter: &ArbiterHandle,
    make: impl FnOnce() -> A + Send + 'static,
) -> Addr<A> {
    let (tx, rx) = channel(MAILBOX);
    arbiter.spawn_fn(move || {
        Context::with_receiver(rx).run(make());
    });
    Addr::new(tx)
}

impl About {
    fn of(lane: &Lane) -> Self {
        match lane {
            Lane::Frames(opened) => Self {
                spec: Arc::new(opened.spec.clone()),
                keys: vec![opened.key.clone()],
                size: opened.size,
                scene: opened.scene,
            },
            Lane::Kept(kept) => Self {
                spec: Arc::new(kept.spec.clone()),
                keys: std::iter::once(&kept.key)
                    .chain(&kept.more_keys)
                    .cloned()
                    .collect(),
                size: kept.size,
                scene: None,
            },
        }
    }
}

//! Putting a session's two actors on one arbiter, so that what they tell each other never crosses a thread.

use super::{Registry, SessionHandle};
use crate::{
    actors::{
        buffer::{self, Buffer},
        session::{self, Opening, Session, SessionEnded},
    },
    pipelines::Opened,
    session::{SessionId, SessionSpec},
};
use actix::{dev::channel::channel, prelude::*};
use std::sync::Arc;
use tokio::sync::oneshot;

/// What a mailbox holds before senders are told to wait. No bound (senders are many): credits are the bound.
const MAILBOX: usize = 16;

impl Registry {
    /// Spawns and lists a session; the receiver tells when its engine takes its work.
    pub(super) fn spawn(
        &mut self,
        prefix: &str,
        group: &'static str,
        opened: Opened,
        registry: Recipient<SessionEnded>,
    ) -> (SessionHandle, oneshot::Receiver<Opening>) {
        let id = self.name(prefix);
        self.serial += 1;
        let (spec, key, size, scene) = (
            Arc::new(opened.spec.clone()),
            opened.key.clone(),
            opened.size,
            opened.scene,
        );
        let (opening, attached) = oneshot::channel();
        let (session, buffer) = self.start_pair(&id, &spec, (opened, opening), registry);
        let handle = SessionHandle {
            id,
            group,
            spec,
            key,
            size,
            scene,
            serial: self.serial,
            session,
            buffer,
        };
        let ((width, height), model) = (handle.size, &handle.key.model);
        tracing::info!(session = %handle.id, pipeline = handle.spec.pipeline, %model, width, height, "session opened");
        self.config.directory.insert(handle.clone());
        (handle, attached)
    }

    fn start_pair(
        &self,
        id: &SessionId,
        spec: &Arc<SessionSpec>,
        (opened, opening): (Opened, oneshot::Sender<Opening>),
        registry: Recipient<SessionEnded>,
    ) -> (Addr<Session>, Addr<Buffer>) {
        let arbiter = &self.config.arbiters[self.serial as usize % self.config.arbiters.len()];
        let (session_tx, session_rx) = channel(MAILBOX);
        let (buffer_tx, buffer_rx) = channel(MAILBOX);
        let (session, buffer) = (
            Addr::<Session>::new(session_tx),
            Addr::<Buffer>::new(buffer_tx),
        );
        let session_wiring = session::Wiring {
            buffer: buffer.clone(),
            attach: self.config.scheduler.clone().recipient(),
            detach: self.config.scheduler.clone().recipient(),
            registry,
        };
        let buffer_wiring = buffer::Wiring {
            scheduler: self.config.scheduler.clone().recipient(),
            codec: self.config.codec.clone().recipient(),
            session: session.clone().recipient(),
        };
        let key = opened.key.clone();
        let (id, spec) = (id.clone(), Arc::clone(spec));
        arbiter.spawn_fn(move || {
            let control = Session::new(id.clone(), &spec, key, session_wiring, opening);
            Context::with_receiver(buffer_rx).run(Buffer::new(id, spec, opened, buffer_wiring));
            Context::with_receiver(session_rx).run(control);
        });
        (session, buffer)
    }
}

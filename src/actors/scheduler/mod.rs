//! The scheduler: who runs next on which device.
//!
//! It holds the queues and the devices' slots, and asks [`policy`]; it never runs anything itself. A device is given work only
//! together with one of its slots, so no queue ever forms behind the device.

mod messages;
pub mod policy;
#[cfg(test)]
mod tests;

pub use messages::{Attach, AttachError, Detach, DeviceChanged};

use super::{
    credit::Credits,
    device::{Prepare, Release},
    post::post,
    work::{RunBatch, SlotFree, Submit, Work, WorkError},
};
use crate::{
    engine::EngineKey,
    session::SessionId,
    telemetry::{QueueMeter, labels::Queue},
};
use actix::prelude::*;
use policy::EngineQueue;
use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::Arc,
    time::Instant,
};

/// A device as the scheduler sees it.
pub struct Seat {
    /// Its name.
    pub name: String,
    /// The models that live on it.
    pub models: HashSet<Arc<str>>,
    /// Its slots: batches that it takes at a time.
    pub slots: Credits,
    /// Runs batches.
    pub run: Recipient<RunBatch>,
    /// Makes slots.
    pub prepare: Recipient<Prepare>,
    /// Unmakes slots.
    pub release: Recipient<Release>,
    /// Whether it serves.
    pub serves: bool,
}

/// The work for one engine, and how many sessions may bring some.
struct Line {
    queue: EngineQueue<Work>,
    seat: usize,
    sessions: HashSet<SessionId>,
}

/// The actor.
pub struct Scheduler {
    seats: Vec<Seat>,
    lines: BTreeMap<EngineKey, Line>,
    attached: HashMap<SessionId, EngineKey>,
    depth: QueueMeter,
}

impl Scheduler {
    /// A scheduler over these devices.
    pub fn new(seats: Vec<Seat>) -> Self {
        Self {
            seats,
            lines: BTreeMap::new(),
            attached: HashMap::new(),
            depth: QueueMeter::new(Queue::Scheduler),
        }
    }

    /// Answers what is late, and gives every free slot the most urgent batch of its device.
    fn dispatch(&mut self) {
        let now = Instant::now();
        for line in self.lines.values_mut() {
            line.queue
                .take_expired(now)
                .into_iter()
                .for_each(|work| work.refuse(WorkError::Expired));
        }
        for (at, seat) in self.seats.iter().enumerate() {
            while let Some(slot) = seat.slots.try_take() {
                let here = self.lines.iter().filter(|(_, line)| line.seat == at);
                let heads = here.filter_map(|(key, line)| Some((key.clone(), line.queue.head()?)));
                let Some((key, n)) = policy::choose(heads) else {
                    break;
                };
                let Some(line) = self.lines.get_mut(&key) else {
                    break;
                };
                post(
                    &seat.run,
                    RunBatch {
                        work: line.queue.take(n),
                        key,
                        slot,
                    },
                );
            }
        }
        self.depth
            .set(self.lines.values().map(|line| line.queue.len()).sum());
    }

    fn detach(&mut self, session: &SessionId) {
        let Some(key) = self.attached.remove(session) else {
            return;
        };
        let Some(line) = self.lines.get_mut(&key) else {
            return;
        };
        line.sessions.remove(session);
        let abandoned = line.queue.take_where(|work| work.session == *session);
        abandoned
            .into_iter()
            .for_each(|work| work.refuse(WorkError::Abandoned));
        if line.sessions.is_empty() {
            post(&self.seats[line.seat].release, Release(key.clone()));
            self.lines.remove(&key);
        }
    }
}

impl Actor for Scheduler {
    type Context = Context<Self>;
}

impl Handler<Submit> for Scheduler {
    type Result = ();

    fn handle(&mut self, Submit(work): Submit, _: &mut Self::Context) {
        match self.lines.get_mut(&work.key) {
            Some(line) if line.sessions.contains(&work.session) => {
                line.queue.push(work.deadline, work.class, work);
                self.dispatch();
            }
            _ => work.refuse(WorkError::Abandoned),
        }
    }
}

impl Handler<SlotFree> for Scheduler {
    type Result = ();

    fn handle(&mut self, _: SlotFree, _: &mut Self::Context) {
        self.dispatch();
    }
}

impl Handler<Attach> for Scheduler {
    type Result = ResponseActFuture<Self, Result<(), AttachError>>;

    fn handle(&mut self, Attach { session, key }: Attach, _: &mut Self::Context) -> Self::Result {
        let seat = self
            .seats
            .iter()
            .position(|seat| seat.serves && seat.models.contains(&key.model));
        let Some(at) = seat else {
            let model = key.model.to_string();
            return Box::pin(fut::ready(Err(AttachError::NotReady {
                model,
                state: "on no device that serves".into(),
            })));
        };
        let prepared = self.seats[at].prepare.send(Prepare(key.clone()));
        Box::pin(prepared.into_actor(self).map(move |answer, scheduler, _| {
            let max_batch = answer
                .map_err(|e| AttachError::Refused(e.to_string()))?
                .map_err(|e| AttachError::Refused(e.to_string()))?;
            let fresh = || Line {
                queue: EngineQueue::new(max_batch),
                seat: at,
                sessions: HashSet::new(),
            };
            scheduler
                .lines
                .entry(key.clone())
                .or_insert_with(fresh)
                .sessions
                .insert(session.clone());
            scheduler.attached.insert(session, key);
            Ok(())
        }))
    }
}

impl Handler<Detach> for Scheduler {
    type Result = ();

    fn handle(&mut self, Detach(session): Detach, _: &mut Self::Context) {
        self.detach(&session);
        self.dispatch();
    }
}

impl Handler<DeviceChanged> for Scheduler {
    type Result = ();

    fn handle(&mut self, DeviceChanged { device, serves }: DeviceChanged, _: &mut Self::Context) {
        if let Some(seat) = self.seats.iter_mut().find(|seat| seat.name == device) {
            seat.serves = serves;
        }
        self.dispatch();
    }
}

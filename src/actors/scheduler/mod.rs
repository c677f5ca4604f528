//! The scheduler: who runs next on which device.
//!
//! It holds the queues and the devices' slots, and asks [`policy`]; it never runs anything itself. A device is given work only
//! together with one of its slots, so no queue ever forms behind the device.

mod messages;
pub mod policy;
#[cfg(test)]
mod tests;

pub use messages::{Attach, AttachError, Detach, DeviceChanged, Inspect, Lost, SchedulerView};

use super::{
    credit::Credits,
    device::{Prepare, Prepared, Release},
    post::post,
    work::{RunBatch, SlotFree, Submit, Work, WorkError},
};
use crate::{
    engine::{Admission, EngineKey},
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
    /// Whether it takes sessions only while no other device serves their model.
    pub is_substitute: bool,
}

/// Where a session's work goes: a device by its index, and an engine on it.
type Place = (usize, EngineKey);

/// One engine that a session has, or waits for.
struct Attachment {
    place: Place,
    /// What the device has set aside for it, once it has said that it takes the work.
    admission: Option<Admission>,
}

/// The actor.
pub struct Scheduler {
    seats: Vec<Seat>,
    lines: BTreeMap<Place, EngineQueue<Work>>,
    /// A session has one engine or several.
    attached: HashMap<SessionId, Vec<Attachment>>,
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
            line.take_expired(now)
                .into_iter()
                .for_each(|work| work.refuse(WorkError::Expired));
        }
        for at in 0..self.seats.len() {
            self.fill(at);
        }
        self.depth.set(self.waiting());
    }

    /// Gives every free slot of one device the most urgent batch that waits for it.
    fn fill(&mut self, at: usize) {
        let seat = &self.seats[at];
        while let Some(slot) = seat.slots.try_take() {
            let here = self.lines.iter().filter(|((seat, _), _)| *seat == at);
            let heads = here.filter_map(|(place, line)| Some((place, line.head()?)));
            let Some((place, n)) = policy::choose(heads) else {
                return;
            };
            let place = place.clone();
            let Some(line) = self.lines.get_mut(&place) else {
                return;
            };
            let work = line.take(n);
            let (_, key) = place;
            post(&seat.run, RunBatch { key, work, slot });
        }
    }

    fn waiting(&self) -> usize {
        self.lines.values().map(EngineQueue::len).sum()
    }

    /// The device has answered about a session that wants to be attached.
    fn prepared(
        &mut self,
        session: &SessionId,
        place: &Place,
        answer: Result<Prepared, AttachError>,
    ) -> Result<(), AttachError> {
        let attachments = self.attached.get_mut(session);
        let attachment = attachments.and_then(|all| all.iter_mut().find(|a| a.place == *place));
        match (answer, attachment) {
            (Ok(prepared), Some(attachment)) => {
                attachment.admission = Some(prepared.admission);
                let fresh = || EngineQueue::new(prepared.max_batch);
                self.lines.entry(place.clone()).or_insert_with(fresh);
                Ok(())
            }
            (Ok(_), None) => {
                self.release_unused(place);
                Err(AttachError::Refused("the session has ended".into()))
            }
            (Err(why), _) => {
                self.forget(session, place);
                self.release_unused(place);
                Err(why)
            }
        }
    }

    fn detach(&mut self, session: &SessionId) {
        for attachment in self.attached.remove(session).unwrap_or_default() {
            self.leave(session, attachment);
        }
    }

    /// Takes one engine from a session that no longer has any.
    fn leave(&mut self, session: &SessionId, attachment: Attachment) {
        let Attachment { place, admission } = attachment;
        if let Some(line) = self.lines.get_mut(&place) {
            let abandoned = line.take_where(|work| work.session == *session);
            abandoned
                .into_iter()
                .for_each(|work| work.refuse(WorkError::Abandoned));
        }
        // A session that is not ready releases its shape when the device has answered.
        if admission.is_some() {
            self.release_unused(&place);
        }
    }

    /// A session does not get this engine after all.
    fn forget(&mut self, session: &SessionId, place: &Place) {
        if let Some(attachments) = self.attached.get_mut(session) {
            attachments.retain(|attachment| attachment.place != *place);
            if attachments.is_empty() {
                self.attached.remove(session);
            }
        }
    }

    /// Lets the device drop a shape that nobody has or waits for.
    fn release_unused(&mut self, place: &Place) {
        let mut others = self.attached.values().flatten();
        if others.all(|other| other.place != *place) {
            self.lines.remove(place);
            post(&self.seats[place.0].release, Release(place.1.clone()));
        }
    }

    /// The devices for a session's model, the best first: of those that serve it a substitute last, then the one with the
    /// fewest sessions.
    fn places_for(&self, model: &Arc<str>) -> Vec<usize> {
        let serves = |at: &usize| {
            let seat = &self.seats[*at];
            seat.serves && seat.models.contains(model)
        };
        let burden = |at: &usize| {
            let all = self.attached.values().flatten();
            let here = all.filter(|attachment| attachment.place.0 == *at);
            (self.seats[*at].is_substitute, here.count())
        };
        let mut places: Vec<_> = (0..self.seats.len()).filter(serves).collect();
        places.sort_by_key(burden);
        places
    }

    /// Whether a session still has, or waits for, its engine here.
    fn wants(&self, session: &SessionId, place: &Place) -> bool {
        let attachments = self.attached.get(session);
        attachments.is_some_and(|all| all.iter().any(|a| a.place == *place))
    }

    /// Asks one device after the other, until one takes the session.
    fn attach(
        &mut self,
        Attach { session, key }: Attach,
        mut places: std::vec::IntoIter<usize>,
        refused: AttachError,
    ) -> ResponseActFuture<Self, Result<(), AttachError>> {
        let Some(at) = places.next() else {
            return Box::pin(fut::ready(Err(refused)));
        };
        let place = (at, key.clone());
        let attachment = Attachment {
            place: place.clone(),
            admission: None,
        };
        let attachments = self.attached.entry(session.clone()).or_default();
        attachments.push(attachment);
        let prepared = self.seats[at].prepare.send(Prepare(key.clone()));
        Box::pin(prepared.into_actor(self).then(move |answer, scheduler, _| {
            let refused = |e: &dyn std::fmt::Display| AttachError::Refused(e.to_string());
            let answer = match answer {
                Ok(prepared) => prepared.map_err(|e| refused(&e)),
                Err(e) => Err(refused(&e)),
            };
            // A session that has ended meanwhile asks nobody else.
            let goes_on = answer.is_err() && scheduler.wants(&session, &place);
            match scheduler.prepared(&session, &place, answer) {
                Err(refused) if goes_on => {
                    scheduler.attach(Attach { session, key }, places, refused)
                }
                answer => Box::pin(fut::ready(answer)),
            }
        }))
    }

    /// The queue for this work, if its session is attached to that engine.
    fn line_of(&mut self, work: &Work) -> Option<&mut EngineQueue<Work>> {
        let attachments = self.attached.get(&work.session)?;
        let fits = |a: &&Attachment| a.admission.is_some() && a.place.1 == work.key;
        let place = &attachments.iter().find(fits)?.place;
        self.lines.get_mut(place)
    }
}

impl Actor for Scheduler {
    type Context = Context<Self>;
}

impl Handler<Submit> for Scheduler {
    type Result = ();

    fn handle(&mut self, Submit(work): Submit, _: &mut Self::Context) {
        match self.line_of(&work) {
            Some(line) => {
                line.push(work.deadline, work.class, work);
                self.dispatch();
            }
            None => work.refuse(WorkError::Abandoned),
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

    fn handle(&mut self, attach: Attach, _: &mut Self::Context) -> Self::Result {
        let places = self.places_for(&attach.key.model);
        let nowhere = AttachError::NotReady {
            model: attach.key.model.to_string(),
            state: "on no device that serves".into(),
        };
        self.attach(attach, places.into_iter(), nowhere)
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

    fn handle(&mut self, DeviceChanged { device, lost }: DeviceChanged, _: &mut Self::Context) {
        let seat = self.seats.iter_mut().find(|seat| seat.name == device);
        match (seat, lost) {
            (Some(seat), Lost::Model(model)) => drop(seat.models.remove(&model)),
            (Some(seat), Lost::Everything) => seat.serves = false,
            (None, _) => {}
        }
        self.dispatch();
    }
}

impl Handler<Inspect> for Scheduler {
    type Result = MessageResult<Inspect>;

    fn handle(&mut self, _: Inspect, _: &mut Self::Context) -> Self::Result {
        MessageResult(SchedulerView {
            attached: self.attached.len(),
            engines: self.lines.len(),
            waiting: self.waiting(),
            busy_slots: self.seats.iter().map(|seat| seat.slots.in_flight()).sum(),
        })
    }
}

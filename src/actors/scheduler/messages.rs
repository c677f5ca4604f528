//! The scheduler's inbox besides `Submit` and `SlotFree`.

use crate::{actors::post::Bounded, engine::EngineKey, session::SessionId};
use actix::prelude::*;
use std::sync::Arc;

/// Session → scheduler: take this session's work from now on. Awaited, once an attachment.
#[derive(Message, Debug)]
#[rtype(result = "Result<(), AttachError>")]
pub struct Attach {
    /// The session.
    pub session: SessionId,
    /// The engine that it needs.
    pub key: EngineKey,
}

/// Why a session cannot be attached.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AttachError {
    /// No device has the model, or it is not ready.
    #[error("the model `{model}` is {state}")]
    NotReady {
        /// The model.
        model: String,
        /// How it stands.
        state: String,
    },
    /// The device cannot make a slot of this shape.
    #[error("{0}")]
    Refused(String),
}

/// Session → scheduler: its waiting work is answered unrun. Bounded: once a session.
#[derive(Message, Debug)]
#[rtype(result = "()")]
pub struct Detach(pub SessionId);

/// Device → scheduler. Bounded: once a model that the device gave up, and once when it has none left.
#[derive(Message, Debug)]
#[rtype(result = "()")]
pub struct DeviceChanged {
    /// Names the device.
    pub device: String,
    /// What it no longer serves.
    pub lost: Lost,
}

/// What a device no longer serves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lost {
    /// This model.
    Model(Arc<str>),
    /// Anything.
    Everything,
}

/// Anybody → scheduler: how do you stand? Awaited.
#[derive(Message, Debug)]
#[rtype(result = "SchedulerView")]
pub struct Inspect;

/// How the scheduler stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SchedulerView {
    /// Sessions that are attached or being attached.
    pub attached: usize,
    /// Engines that work may be brought for.
    pub engines: usize,
    /// Pieces of work that wait for a slot.
    pub waiting: usize,
    /// Slots that are out.
    pub busy_slots: usize,
}

impl Bounded for Detach {}
impl Bounded for DeviceChanged {}

//! The session's inbox besides the buffer's reports.

use crate::{
    actors::{post::Bounded, scheduler::AttachError},
    session::{Command, EndReason, SessionId},
};
use actix::prelude::*;
use std::time::Duration;

/// Front end → session. Awaited.
#[derive(Message, Clone, Debug)]
#[rtype(result = "()")]
pub struct Apply(pub Command);

/// Anybody → session: how do you stand? Awaited.
#[derive(Message, Debug)]
#[rtype(result = "SessionView")]
pub struct Describe;

/// How a session stands.
#[derive(Clone, Debug)]
pub struct SessionView {
    /// The state's name.
    pub state: &'static str,
    /// Since it was opened.
    pub age: Duration,
    /// Since the state last changed.
    pub in_state: Duration,
}

/// How opening went: told once, to whoever opened the session.
pub type Opening = Result<(), AttachError>;

/// Session → registry. Bounded: once a session.
#[derive(Message, Debug)]
#[rtype(result = "()")]
pub struct SessionEnded {
    /// Which.
    pub session: SessionId,
    /// Why.
    pub reason: EndReason,
}

impl Bounded for SessionEnded {}

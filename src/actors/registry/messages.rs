//! The registry's inbox besides `SessionEnded`.

use super::{admission::GroupLimit, directory::SessionHandle};
use crate::{
    actors::codec::JobPanicked,
    pipelines::{Lane, OpenFault},
    session::{EndReason, SessionId},
};
use actix::prelude::*;
use std::time::Duration;

/// What opens a session: decodes its picture, makes its folder. Runs on the pool for uploads.
pub type Opener = Box<dyn FnOnce() -> Result<Lane, OpenFault> + Send>;

/// Who names a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Name {
    /// The registry: this prefix and a number that never comes twice.
    Made(&'static str),
    /// The client. Two sessions never have one name.
    Given(SessionId),
}

/// Front end → registry. Awaited.
#[derive(Message)]
#[rtype(result = "Result<SessionHandle, OpenError>")]
pub struct OpenSession {
    /// What its limit is.
    pub limit: GroupLimit,
    /// The model that must be ready.
    pub model: String,
    /// What it is called.
    pub name: Name,
    /// The pipeline's name, for the metrics.
    pub pipeline: &'static str,
    /// Makes the session.
    pub opener: Opener,
}

/// Why no session was opened.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// The limit is reached.
    #[error("the server has as many streams as it may have")]
    Full,
    /// There is a session of this name.
    #[error("there is a session of this name")]
    Exists,
    /// The memory for such sessions is reserved by others.
    #[error("the server has no memory for one more")]
    NoMemory,
    /// The server shuts down.
    #[error("the server is shutting down")]
    Draining,
    /// The model is not ready; the text says how it stands.
    #[error("{0}")]
    NotReady(String),
    /// What the client gave cannot be used.
    #[error("{0}")]
    Invalid(String),
    /// Our fault.
    #[error("{0}")]
    Internal(String),
}

/// App → registry: open no more sessions, end all; answered when they have ended. Awaited.
#[derive(Message, Debug)]
#[rtype(result = "()")]
pub struct Drain {
    /// Time for work in flight.
    pub within: Duration,
}

/// Front end → registry: end this session. When it is answered the session is off the list; `false` if it was not on it.
/// Awaited.
#[derive(Message, Debug)]
#[rtype(result = "bool")]
pub struct EndSession {
    /// Which.
    pub session: SessionId,
    /// Why.
    pub reason: EndReason,
}

impl From<OpenFault> for OpenError {
    fn from(fault: OpenFault) -> Self {
        match fault {
            OpenFault::Invalid(why) => Self::Invalid(why),
            OpenFault::Exists => Self::Exists,
            OpenFault::NoMemory => Self::NoMemory,
            OpenFault::Internal(why) => Self::Internal(why),
        }
    }
}

impl From<JobPanicked> for OpenError {
    fn from(e: JobPanicked) -> Self {
        Self::Internal(e.to_string())
    }
}

impl From<MailboxError> for OpenError {
    fn from(e: MailboxError) -> Self {
        Self::Internal(e.to_string())
    }
}

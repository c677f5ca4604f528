//! Why something that was asked of a library did not come to be.

use crate::{dims::TooManyDims, logger};

/// A call that failed, with what the library said of it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The library refused.
    #[error("{call} failed: {said}")]
    Refused {
        /// The library's method.
        call: &'static str,
        /// Its own words: the errors that it logged on this thread during the call.
        said: String,
    },
    /// Shapes cannot be inferred before these tensors have theirs, or their values.
    #[error("still to be set: {}", missing.join(", "))]
    Missing {
        /// Names of inputs.
        missing: Vec<String>,
    },
    /// No tensor can have this name: it has a zero byte.
    #[error("{0:?} cannot be a tensor's name")]
    Name(String),
    /// No tensor can have this shape.
    #[error(transparent)]
    TooManyDims(#[from] TooManyDims),
}

/// What stands for the library's words when it had none.
const SILENCE: &str = "the library gave no reason";

/// Calls, and carries the library's words if nothing comes of it.
pub(crate) fn heard<T>(call: &'static str, made: impl FnOnce() -> Option<T>) -> Result<T, Error> {
    logger::listen();
    made().ok_or_else(|| refused(call))
}

/// As [`heard`], for calls that answer with whether they succeeded.
pub(crate) fn agreed(call: &'static str, made: impl FnOnce() -> bool) -> Result<(), Error> {
    heard(call, || made().then_some(()))
}

pub(crate) fn refused(call: &'static str) -> Error {
    let said = logger::overheard().unwrap_or_else(|| SILENCE.into());
    Error::Refused { call, said }
}

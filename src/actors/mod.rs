//! Actors: thin shells over pure parts, and the typed messages between them.
//!
//! In the order of a frame's way: [`registry`] opens a [`session`] (control) with its [`buffer`] (pixels); the buffer submits
//! [`work`] to the [`scheduler`], which gives it to a [`device`]; what comes back goes through the [`codec`] pool and out. A session that keeps all of its input and
//! answers once has a [`keeper`] in the buffer's place.
//!
//! How the models stand is on the [`board`]. Mailboxes bound nothing, so messages own what bounds them ([`credit`]), and only such messages may be posted ([`post`]).

pub mod board;
pub mod buffer;
pub mod codec;
pub mod credit;
pub mod cuda;
pub mod device;
pub mod keeper;
pub mod post;
mod priority;
pub mod registry;
pub mod scheduler;
pub mod session;
#[cfg(test)]
pub(crate) mod test_support;
pub mod work;

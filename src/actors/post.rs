//! Sending without awaiting, for messages that own what bounds them.

use actix::prelude::*;

/// A message that may be posted: it owns what bounds it (a credit, a slot), or is sent at most once for each thing that its
/// sender owns. Each implementation says which.
pub trait Bounded: Message {}

/// The only `do_send` in the code (`clippy.toml` forbids the others).
///
/// A mailbox that has gone drops the message, and with it what the message owns: work is answered by its `Completion`.
#[expect(
    clippy::disallowed_methods,
    reason = "the one place where it is allowed"
)]
pub fn post<M>(to: &Recipient<M>, message: M)
where
    M: Bounded + Send,
    M::Result: Send,
{
    to.do_send(message);
}

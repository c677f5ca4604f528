//! Inboxes that keep what they are sent, and one that nobody reads any more.

use super::{eventually, soon};
use crate::actors::post::Bounded;
use actix::prelude::*;
use tokio::sync::mpsc;

/// An actor that keeps what it is sent.
struct Inbox<M>(mpsc::UnboundedSender<M>);

impl<M: Unpin + 'static> Actor for Inbox<M> {
    type Context = Context<Self>;
}

impl<M> Handler<M> for Inbox<M>
where
    M: Message<Result = ()> + Unpin + 'static,
{
    type Result = ();

    fn handle(&mut self, message: M, _: &mut Self::Context) {
        // A test that has seen enough has dropped its end.
        self.0.send(message).unwrap_or(());
    }
}

/// What came to a fake inbox, in order.
pub struct Received<M>(mpsc::UnboundedReceiver<M>);

impl<M> Received<M> {
    /// The next message; fails if none comes.
    pub async fn next(&mut self) -> M {
        let next = soon(std::any::type_name::<M>(), self.0.recv()).await;
        next.expect("the inbox lives")
    }

    /// What came by now.
    pub fn now(&mut self) -> Vec<M> {
        std::iter::from_fn(|| self.0.try_recv().ok()).collect()
    }
}

/// An address that keeps what it is sent, and what came to it.
#[expect(
    clippy::disallowed_methods,
    reason = "a test sends as much as it sends"
)]
pub fn inbox<M>() -> (Recipient<M>, Received<M>)
where
    M: Message<Result = ()> + Send + Unpin + 'static,
{
    let (sent, received) = mpsc::unbounded_channel();
    (Inbox(sent).start().recipient(), Received(received))
}

/// An address whose actor has gone.
pub async fn dead<M>() -> Recipient<M>
where
    M: Message<Result = ()> + Bounded + Send + Unpin + 'static,
{
    struct Gone;
    impl Actor for Gone {
        type Context = Context<Self>;
        fn started(&mut self, ctx: &mut Self::Context) {
            ctx.stop();
        }
    }
    impl<M: Message<Result = ()> + 'static> Handler<M> for Gone {
        type Result = ();
        fn handle(&mut self, _: M, _: &mut Self::Context) {
            unreachable!("it has gone");
        }
    }
    let address = Gone.start();
    eventually("the actor has gone", || !address.connected()).await;
    address.recipient()
}

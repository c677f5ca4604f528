//! Which connections become the referee's sockets, and the threads on which they are served.

use super::{
    access,
    opening::{Opens, Server},
    socket::{self, Parts, Terms},
};
use crate::http::{
    raw::{Door, Upgraded},
    shared::Shared,
};
use actix_http::RequestHead;
use std::sync::Arc;

/// The path that is theirs.
pub const PATH: &str = "/stream";

/// The way in.
struct StreamDoor {
    shared: Shared,
    parts: Parts,
}

/// The way to the threads.
pub fn door(shared: &Shared) -> Arc<dyn Door> {
    let opens: Arc<dyn Opens> = Arc::new(Server(shared.clone()));
    Arc::new(StreamDoor {
        parts: Parts {
            opens,
            terms: Terms::of(&shared.config),
            drain: shared.drain.clone(),
        },
        shared: shared.clone(),
    })
}

impl Door for StreamDoor {
    fn admits(&self, request: &RequestHead) -> bool {
        let tokens = &self.shared.config.referee.tokens;
        request.uri.path() == PATH
            && !self.shared.is_draining()
            && access::is_allowed(tokens, request.headers(), &request.uri)
    }

    fn serve(&self, upgraded: Upgraded) {
        self.shared
            .ingest
            .spawn(socket::serve(upgraded, self.parts.clone()));
    }
}

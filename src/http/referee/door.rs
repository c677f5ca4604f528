//! Which connections become the referee's sockets, and the threads on which they are served.

use super::{
    access,
    opening::{Opens, Server},
    socket::{self, Parts, Terms},
};
use crate::http::{
    raw::{Door, Upgraded, ingest::Ingest},
    shared::Shared,
};
use actix_http::RequestHead;
use std::{io, num::NonZeroUsize, sync::Arc, thread};

/// The path that is theirs.
pub const PATH: &str = "/stream";

/// The way in.
struct StreamDoor {
    shared: Shared,
    parts: Parts,
    ingest: Ingest,
}

/// Starts the threads, and opens the way to them.
///
/// # Errors
/// If the system has no thread left.
pub fn door(shared: &Shared) -> io::Result<Arc<dyn Door>> {
    let cores = thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
    let opens: Arc<dyn Opens> = Arc::new(Server(shared.clone()));
    Ok(Arc::new(StreamDoor {
        ingest: Ingest::start(shared.config.referee.ingest_threads.resolve(cores))?,
        parts: Parts {
            opens,
            terms: Terms::of(&shared.config),
            drain: shared.drain.clone(),
        },
        shared: shared.clone(),
    }))
}

impl Door for StreamDoor {
    fn admits(&self, request: &RequestHead) -> bool {
        let tokens = &self.shared.config.referee.tokens;
        request.uri.path() == PATH
            && !self.shared.is_draining()
            && access::is_allowed(tokens, request.headers(), &request.uri)
    }

    fn serve(&self, upgraded: Upgraded) {
        self.ingest
            .spawn(socket::serve(upgraded, self.parts.clone()));
    }
}

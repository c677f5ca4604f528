//! The threads that serve connections which left the HTTP server, each with a runtime of its own.
//!
//! A socket stays on the thread it was given to: what it does between two waits (a copy to the page cache) delays the others on
//! that thread only, and no other traffic. Invariant: dropped, the threads end, and their sockets are cut.

use std::{
    future::Future,
    io,
    num::NonZeroUsize,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};
use tokio::{
    runtime::{Builder, Handle},
    sync::{oneshot, watch},
};

/// The threads.
#[derive(Debug)]
pub struct Ingest {
    lanes: Vec<Lane>,
    next: AtomicUsize,
    /// Sockets that are served.
    live: Arc<watch::Sender<usize>>,
}

/// One socket that is served.
struct Served(Arc<watch::Sender<usize>>);

#[derive(Debug)]
struct Lane {
    handle: Handle,
    /// Dropped, it ends the thread.
    _stay: oneshot::Sender<()>,
}

impl Ingest {
    /// Starts so many threads.
    ///
    /// # Errors
    /// If the system has none left.
    pub fn start(threads: NonZeroUsize) -> io::Result<Self> {
        let lanes = (0..threads.get()).map(Lane::start);
        Ok(Self {
            lanes: lanes.collect::<io::Result<_>>()?,
            next: AtomicUsize::new(0),
            live: Arc::new(watch::Sender::new(0)),
        })
    }

    /// Runs a socket on the thread whose turn it is.
    pub fn spawn(&self, socket: impl Future<Output = ()> + Send + 'static) {
        let turn = self.next.fetch_add(1, Ordering::Relaxed) % self.lanes.len();
        let served = Served::new(&self.live);
        self.lanes[turn].handle.spawn(async move {
            socket.await;
            drop(served);
        });
    }

    /// Answers when no socket is served.
    pub async fn idle(&self) {
        // The sender is this one's own.
        drop(self.live.subscribe().wait_for(|live| *live == 0).await);
    }
}

impl Served {
    fn new(live: &Arc<watch::Sender<usize>>) -> Self {
        live.send_modify(|live| *live += 1);
        Self(Arc::clone(live))
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.0.send_modify(|live| *live -= 1);
    }
}

impl Lane {
    fn start(number: usize) -> io::Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let handle = runtime.handle().clone();
        let (stay, left) = oneshot::channel::<()>();
        thread::Builder::new()
            .name(format!("ingest{number}"))
            .spawn(move || runtime.block_on(async { left.await.unwrap_or(()) }))?;
        Ok(Self {
            handle,
            _stay: stay,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn it_is_idle_when_the_last_socket_has_ended() {
        let ingest = Ingest::start(NonZeroUsize::MIN).unwrap();
        ingest.idle().await;
        let (end, ended) = oneshot::channel::<()>();
        ingest.spawn(async { ended.await.unwrap_or(()) });
        let mut idle = std::pin::pin!(ingest.idle());
        assert!(futures_util::poll!(&mut idle).is_pending());
        drop(end);
        idle.await;
    }
}

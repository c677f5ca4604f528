//! The threads that serve connections which left the HTTP server, each with a runtime of its own.
//!
//! A socket stays on the thread it was given to: what it does between two waits (a copy to the page cache) delays the others on
//! that thread only, and no other traffic. Invariant: dropped, the threads end, and their sockets are cut.

use std::{
    future::Future,
    io,
    num::NonZeroUsize,
    sync::atomic::{AtomicUsize, Ordering},
    thread,
};
use tokio::{
    runtime::{Builder, Handle},
    sync::oneshot,
};

/// The threads.
#[derive(Debug)]
pub struct Ingest {
    lanes: Vec<Lane>,
    next: AtomicUsize,
}

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
        })
    }

    /// Runs a socket on the thread whose turn it is.
    pub fn spawn(&self, socket: impl Future<Output = ()> + Send + 'static) {
        let turn = self.next.fetch_add(1, Ordering::Relaxed) % self.lanes.len();
        self.lanes[turn].handle.spawn(socket);
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

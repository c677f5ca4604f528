//! Connections: as many as the limit allows, and none that is held by somebody who never finishes a request's head.
//!
//! actix-web times the head of a connection's first request only. After an answer one byte would hold a connection for ever:
//! it ends the wait for the next request, and nothing waits for the rest of it. Hence the watch kept here.

use crate::{
    config::Limits,
    telemetry::{ConnectionMeter, HttpMeters},
};
use actix_web::{
    body::{BodySize, BoxBody, MessageBody},
    rt::net::TcpStream,
};
use bytes::Bytes;
use socket2::{SockRef, Socket};
use std::{
    io,
    net::Shutdown,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

/// Lets in as many connections as the limit allows, and closes the others.
pub struct Gate {
    seats: Arc<Semaphore>,
    meters: Arc<HttpMeters>,
    patience: Duration,
}

/// A connection that was let in; part of its data, which go with it.
#[derive(Clone)]
pub struct Line(Arc<Held>);

struct Held {
    _seat: OwnedSemaphorePermit,
    _meter: ConnectionMeter,
    /// Requests that are being answered.
    requests: watch::Sender<usize>,
}

/// Says that a request is being answered, while it exists.
pub struct Busy(Line);

/// A body during which its connection is busy.
pub struct Answered {
    body: BoxBody,
    _busy: Option<Busy>,
}

// === impl Gate ===

impl Gate {
    /// A gate for one listener.
    pub fn new(limits: &Limits, meters: Arc<HttpMeters>) -> Self {
        Self {
            seats: Arc::new(Semaphore::new(limits.connections.get())),
            meters,
            // The next request may begin as late as the connection is kept, and then has the time of a head.
            patience: limits.keep_alive + limits.header_timeout,
        }
    }

    /// Lets a connection in, or closes it.
    pub fn enter(&self, stream: &TcpStream) -> Option<Line> {
        let Ok(seat) = Arc::clone(&self.seats).try_acquire_owned() else {
            self.meters.refused();
            close(&SockRef::from(stream));
            return None;
        };
        let (requests, watched) = watch::channel(0);
        match SockRef::from(stream).try_clone() {
            Ok(socket) => drop(actix_web::rt::spawn(watch_over(
                socket,
                watched,
                self.patience,
            ))),
            Err(error) => tracing::warn!(%error, "connection not watched"),
        }
        Some(Line(Arc::new(Held {
            _seat: seat,
            _meter: self.meters.connected(),
            requests,
        })))
    }
}

/// Closes a connection on which nothing is answered for longer than `patience`. Ends with the connection.
async fn watch_over(socket: Socket, mut requests: watch::Receiver<usize>, patience: Duration) {
    while requests.wait_for(|requests| *requests == 0).await.is_ok() {
        tokio::select! {
            began = requests.wait_for(|requests| *requests > 0) => if began.is_err() { return },
            () = tokio::time::sleep(patience) => return close(&socket),
        }
    }
}

/// It fails only if the client has gone already.
fn close(socket: &Socket) {
    let closed: io::Result<()> = socket.shutdown(Shutdown::Both);
    closed.unwrap_or(());
}

// === impl Line ===

impl Line {
    /// A request has come.
    pub fn busy(&self) -> Busy {
        self.0.requests.send_modify(|requests| *requests += 1);
        Busy(self.clone())
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.0.requests.send_modify(|requests| *requests -= 1);
    }
}

// === impl Answered ===

impl Answered {
    /// This body, of a connection that is busy with it.
    pub fn new(body: BoxBody, busy: Option<Busy>) -> Self {
        Self { body, _busy: busy }
    }
}

impl MessageBody for Answered {
    type Error = <BoxBody as MessageBody>::Error;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Self::Error>>> {
        Pin::new(&mut self.body).poll_next(cx)
    }
}

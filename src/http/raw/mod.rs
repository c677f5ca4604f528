//! Connections that leave the HTTP server: a path whose socket is served on threads of its own, from the kernel's buffer to the
//! dialect without a copy between them.
//!
//! actix-web's server asks once for each WebSocket upgrade. Those that the [`Door`] takes leave with their connection, what was
//! read of it already, and their seat at the gate. All others go to the routes as if nobody had asked: their head is put before
//! what follows it, and read again. So a refusal of a door is always worded by a route. Why: `docs/adr/0013-raw-upload-socket.md`.

pub mod ingest;
mod rewind;
mod sieve;
pub mod wire;

pub use rewind::Rewound;

use super::line::{Busy, Line};
use crate::telemetry::HttpMeters;
use actix_codec::Framed;
use actix_http::{Request, RequestHead, error::DispatchError, h1, ws};
use actix_service::{Service, ServiceFactory, fn_factory, fn_service};
use actix_web::{
    Error,
    http::{StatusCode, header},
    rt::net::TcpStream,
};
use std::{fmt, net::SocketAddr, rc::Rc, sync::Arc, time::Instant};
use tokio::io::AsyncWriteExt as _;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

/// Decides which upgrades leave the server, and serves them.
pub trait Door: Send + Sync + 'static {
    /// Whether this request's connection leaves. The request is a sound WebSocket handshake.
    fn admits(&self, request: &RequestHead) -> bool;

    /// Serves it, elsewhere.
    fn serve(&self, upgraded: Upgraded);
}

/// A connection that has left. Its handshake is still to be answered.
#[derive(Debug)]
pub struct Upgraded {
    /// The connection.
    pub stream: std::net::TcpStream,
    /// The answer to the handshake, to be sent first.
    pub answer: String,
    /// What the client sent behind its handshake.
    pub early: Vec<u8>,
    /// Its place at the gate.
    pub seat: Seat,
}

/// A connection's place at the gate: as long as it is held the connection counts, and is not closed for saying nothing.
pub struct Seat(Option<Busy>);

impl Seat {
    /// The place of a connection that no gate let in.
    #[cfg(test)]
    pub fn none() -> Self {
        Self(None)
    }
}

impl fmt::Debug for Seat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Seat").field(&self.0.is_some()).finish()
    }
}

/// Serves upgrades: through the door, or by the service `again`, which reads the request once more.
pub fn upgrades<R>(
    door: Option<Arc<dyn Door>>,
    meters: Arc<HttpMeters>,
    again: R,
) -> impl ServiceFactory<
    (Request, Framed<TcpStream, h1::Codec>),
    Config = (),
    Response = (),
    Error = Error,
    InitError = (),
    Future: 'static,
>
where
    R: ServiceFactory<
            (Rewound, Option<SocketAddr>),
            Config = (),
            Response = (),
            Error = DispatchError,
            InitError = (),
        > + 'static,
    R::Service: 'static,
{
    let (again, door) = (Rc::new(again), door);
    fn_factory(move || {
        let (again, door, meters) = (Rc::clone(&again), door.clone(), Arc::clone(&meters));
        async move {
            let routes = Rc::new(again.new_service(()).await?);
            Ok(fn_service(move |(request, framed)| {
                let upgrade = Upgrade { request, framed };
                upgrade.serve(door.clone(), Arc::clone(&meters), Rc::clone(&routes))
            }))
        }
    })
}

struct Upgrade {
    request: Request,
    framed: Framed<TcpStream, h1::Codec>,
}

impl Upgrade {
    async fn serve<S>(
        self,
        door: Option<Arc<dyn Door>>,
        meters: Arc<HttpMeters>,
        routes: Rc<S>,
    ) -> Result<(), Error>
    where
        S: Service<(Rewound, Option<SocketAddr>), Response = (), Error = DispatchError>,
    {
        let began = Instant::now();
        let line = self.request.conn_data::<Line>().cloned();
        let mut parts = self.framed.into_parts();
        // Answers to requests before this one.
        parts.io.write_all(&parts.write_buf).await?;
        let head = self.request.head();
        let door = door.filter(|door| ws::verify_handshake(head).is_ok() && door.admits(head));
        let Some(door) = door else {
            let peer = head.peer_addr;
            let again = Rewound::new(parts.io, &rewind::written(head), &parts.read_buf, line);
            // What goes wrong with a connection is its own affair, as it is with those that ask for no upgrade.
            return routes.call((again, peer)).await.or_else(|error| {
                tracing::debug!(%error, "connection failed");
                Ok(())
            });
        };
        meters.answered(StatusCode::SWITCHING_PROTOCOLS.as_u16(), began.elapsed());
        door.serve(Upgraded {
            answer: answer(head),
            early: parts.read_buf.to_vec(),
            seat: Seat(line.map(|line| line.busy())),
            stream: parts.io.into_std()?,
        });
        Ok(())
    }
}

/// The answer to a sound handshake (RFC 6455, section 4.2.2). No extension is taken: compression would cost more time than the
/// pictures, which are compressed, could save.
fn answer(head: &RequestHead) -> String {
    let key = head.headers().get(header::SEC_WEBSOCKET_KEY);
    let accept = derive_accept_key(key.map_or(&[], |key| key.as_bytes()));
    format!(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\n\r\n"
    )
}

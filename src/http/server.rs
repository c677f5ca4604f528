//! Listeners: each a server of its own, with the socket options and limits that hold for all.

use super::{
    admin, cors, drawn, gamecraft, gamecraft_page, health,
    line::{Answered, Gate, Line},
    raw::{self, Door, Rewound},
    referee,
    shared::Shared,
    studio,
};
use crate::{
    config::{Limits, Listen, ListenName},
    telemetry::{HttpMeters, Label},
};
use actix_http::{HttpServiceBuilder, Request, Response};
use actix_server::GracefulShutdownSignal;
use actix_service::{IntoServiceFactory as _, Service, ServiceFactory, map_config};
use actix_web::{
    App, Error,
    body::{BoxBody, MessageBody},
    dev::{AppConfig, Server, ServerHandle, ServiceRequest, ServiceResponse},
    http::{ConnectionType, header},
    middleware::{Condition, Next, from_fn},
    rt::net::TcpStream,
    web,
};
use std::{
    io,
    net::SocketAddr,
    num::NonZeroUsize,
    sync::Arc,
    time::{Duration, Instant},
};

/// Seconds that a stop waits for connections once everybody was told: those that read have gone by then, the others are cut.
const CUT_AFTER_SECONDS: u64 = 1;

/// Connections that the kernel holds before they are taken; actix-web's own number.
const BACKLOG: i32 = 1_024;

/// Time for the end of a connection; actix-web's own.
const DISCONNECT: Duration = Duration::from_secs(1);

/// TCP asks a silent peer whether it is still there after this long, and again at this interval.
const KEEPALIVE: Duration = Duration::from_secs(15);

/// After the answer to a larger body the connection is closed. The buffer that the body was read into stays as large as it
/// became for as long as the connection does (200 KiB), and an upload is rarely followed by another.
const KEPT_BODY: u64 = 32 * 1024;

/// A listener that is open.
pub struct Bound {
    /// Which.
    pub name: ListenName,
    /// Where it really is.
    pub at: SocketAddr,
    /// Serves until it is stopped.
    pub server: Server,
    /// Stops it.
    pub handle: ServerHandle,
}

/// A listener that could not be opened.
#[derive(Debug, thiserror::Error)]
#[error("{name}: cannot listen on {at}: {why}; change {key}, or turn the listener off with {}.enabled = false", name.key())]
pub struct BindError {
    /// Which.
    pub name: ListenName,
    /// Where it should have been.
    pub at: SocketAddr,
    /// The key that moves it.
    pub key: String,
    /// What the system said.
    pub why: io::Error,
}

/// Opens a listener. It serves once its `server` is polled.
///
/// # Errors
/// If the address is taken or not ours.
pub fn bind(listen: &Listen, workers: NonZeroUsize, shared: &Shared) -> Result<Bound, BindError> {
    let failed = |why| BindError {
        name: listen.name,
        at: listen.addr,
        key: listen.port_key(),
        why,
    };
    let name = listen.name;
    let limits = shared.config.limits.clone();
    let meters = Arc::new(HttpMeters::new(&Label::fixed(name.as_str())));
    let (data, request_meters) = (web::Data::new(shared.clone()), Arc::clone(&meters));
    let app = move || {
        let meters = Arc::clone(&request_meters);
        App::new()
            .app_data(data.clone())
            .wrap(Condition::new(
                name == ListenName::Gamecraft,
                from_fn(cors::allow_all),
            ))
            .wrap(from_fn(move |request, next| {
                answer(Arc::clone(&meters), request, next)
            }))
            .configure(health::routes)
            .configure(move |app| routes(name, app))
    };
    let gate = Arc::new(Gate::new(&limits, Arc::clone(&meters)));
    let door = door(name, shared);
    let socket = listener(listen.addr).map_err(failed)?;
    let at = socket.local_addr().map_err(failed)?;
    let server = Server::build()
        .workers(workers.get())
        // The gate's limit comes first: at this one the listener would let clients wait instead of telling them.
        .max_concurrent_connections(2 * limits.connections.get())
        .shutdown_timeout(CUT_AFTER_SECONDS)
        .disable_signals();
    let stopping = server.graceful_shutdown_signal();
    let server = server.listen(name.as_str(), socket, move || {
        let routes = || map_config(app().into_factory(), |_| AppConfig::default());
        let again = http(&limits, &stopping)
            .on_connect_ext(|io: &Rewound, data| drop(io.line().map(|line| data.insert(line))))
            .h1(routes());
        let upgrades = raw::upgrades(door.clone(), Arc::clone(&meters), again);
        let (gate, limits) = (Arc::clone(&gate), limits.clone());
        http(&limits.clone(), &stopping)
            .on_connect_ext(move |stream: &TcpStream, data| {
                tune(stream, &limits);
                drop(gate.enter(stream).map(|line| data.insert(line)));
            })
            .finish(routes())
            .upgrade(Some(upgrades))
            .tcp()
    });
    let server = server.map_err(failed)?.run();
    Ok(Bound {
        name,
        at,
        handle: server.handle(),
        server,
    })
}

/// Where connections leave this listener, if they do.
fn door(name: ListenName, shared: &Shared) -> Option<Arc<dyn Door>> {
    match name {
        ListenName::Main => Some(referee::door(shared)),
        ListenName::Gamecraft | ListenName::GamecraftPage | ListenName::Admin => None,
    }
}

/// A socket that listens.
fn listener(at: SocketAddr) -> io::Result<std::net::TcpListener> {
    let socket = socket2::Socket::new(
        socket2::Domain::for_address(at),
        socket2::Type::STREAM,
        Some(socket2::Protocol::TCP),
    )?;
    // A restart need not wait for connections of the process before it.
    socket.set_reuse_address(true)?;
    socket.bind(&at.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

/// HTTP/1.1 with this listener's limits.
fn http<T, S>(limits: &Limits, stopping: &GracefulShutdownSignal) -> HttpServiceBuilder<T, S>
where
    S: ServiceFactory<Request, Config = (), Error: Into<Response<BoxBody>> + 'static> + 'static,
    S::InitError: std::fmt::Debug,
    <S::Service as Service<Request>>::Future: 'static,
{
    let stopping = stopping.clone();
    HttpServiceBuilder::default()
        .graceful_shutdown_signal(move || {
            let stopping = stopping.clone();
            async move { stopping.notified().await }
        })
        .client_request_timeout(limits.header_timeout)
        .client_disconnect_timeout(DISCONNECT)
        .keep_alive(limits.keep_alive)
        // A viewer that closes its side has gone; nothing else would say so while the world stands still.
        .h1_allow_half_closed(false)
}

fn routes(name: ListenName, app: &mut web::ServiceConfig) {
    match name {
        ListenName::Main => {
            drawn::routes(app);
            studio::routes(app);
            referee::routes(app);
        }
        ListenName::Gamecraft => {
            gamecraft::routes(app);
            app.default_service(web::to(gamecraft::not_found));
        }
        ListenName::GamecraftPage => gamecraft_page::routes(app),
        ListenName::Admin => admin::routes(app),
    }
}

/// Bounds what the kernel keeps for a connection, and cuts a peer that takes nothing for the write timeout.
///
/// A socket that refuses an option is served without it: it is a limit, not a promise to the client.
fn tune(stream: &TcpStream, limits: &Limits) {
    let socket = socket2::SockRef::from(stream);
    let keepalive = socket2::TcpKeepalive::new()
        .with_time(KEEPALIVE)
        .with_interval(KEEPALIVE);
    let set = socket
        .set_tcp_nodelay(true)
        .and_then(|()| socket.set_send_buffer_size(limits.send_buffer_bytes))
        .and_then(|()| socket.set_tcp_user_timeout(Some(limits.write_timeout)))
        .and_then(|()| socket.set_tcp_keepalive(&keepalive));
    if let Err(error) = set {
        tracing::debug!(%error, "socket option refused");
    }
}

/// Marks the connection busy until the answer is out, and counts the answer.
async fn answer<B: MessageBody + 'static>(
    meters: Arc<HttpMeters>,
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<Answered>, Error> {
    let began = Instant::now();
    let busy = request.conn_data::<Line>().map(Line::busy);
    let is_large = has_large_body(&request);
    let answer = next.call(request).await;
    let status = match &answer {
        Ok(response) => response.status(),
        Err(error) => error.as_response_error().status_code(),
    };
    meters.answered(status.as_u16(), began.elapsed());
    let mut answer = answer?.map_into_boxed_body();
    if is_large {
        let head = answer.response_mut().head_mut();
        head.set_connection_type(ConnectionType::Close);
    }
    Ok(answer.map_body(|_, body| Answered::new(body, busy)))
}

/// A body in chunks may become large.
fn has_large_body(request: &ServiceRequest) -> bool {
    let headers = request.headers();
    let length = headers
        .get(header::CONTENT_LENGTH)
        .and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    headers.contains_key(header::TRANSFER_ENCODING) || length.is_some_and(|n| n > KEPT_BODY)
}

//! The one file that knows `actix-web-actors`: a socket actor with the pump's arms and nothing else.
//!
//! Frames are pulled, never pushed: the context takes the next one from the session's `watch` only when the connection's
//! write buffer has room, so nothing queues behind a client that stops reading. Nothing that must happen on time lives here,
//! since a blocked socket's actor is not polled: the session owns time, and `TCP_USER_TIMEOUT` cuts the client.
//!
//! Offers do not hold up frames: at most one is under way, and the newest of each kind waits behind it. Why this crate and no other:
//! `docs/adr/0004-websockets.md`.

use crate::{
    actors::{
        buffer::{OfferError, Viewer, ViewerSeat},
        registry::SessionHandle,
    },
    dialects::{Received, SocketDialect},
    media::EncodedFrame,
    session::Media,
    telemetry::{ViewerMeter, socket_closed},
};
use actix::prelude::*;
use actix_web::{HttpRequest, HttpResponse, web};
use actix_web_actors::ws::{
    CloseCode, CloseReason, Message, ProtocolError, WebsocketContext, WsResponseBuilder,
};
use bytes::{Bytes, BytesMut};
use futures_util::{StreamExt as _, future::LocalBoxFuture};
use std::{
    collections::VecDeque,
    io,
    mem::discriminant,
    sync::Arc,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};
use tokio::sync::watch;
use tokio_stream::wrappers::WatchStream;

/// What a socket needs of a session.
pub trait SessionPort: Unpin + 'static {
    /// Gives input.
    fn offer(&self, media: Media) -> LocalBoxFuture<'static, Result<(), OfferError>>;
}

impl SessionPort for SessionHandle {
    fn offer(&self, media: Media) -> LocalBoxFuture<'static, Result<(), OfferError>> {
        let handle = self.clone();
        Box::pin(async move { handle.offer(media).await })
    }
}

/// What a socket is made of.
pub struct Parts<D, P> {
    /// What it speaks.
    pub dialect: D,
    /// Where input goes.
    pub port: P,
    /// Where frames come from.
    pub viewer: Viewer,
    /// Counts them.
    pub meter: ViewerMeter,
    /// Set when the server shuts down.
    pub drain: watch::Receiver<Option<Duration>>,
    /// Bytes of a message, at most.
    pub message_bytes: usize,
}

/// Answers the upgrade.
///
/// # Errors
/// If the request is no proper upgrade.
pub fn upgrade<D: SocketDialect, P: SessionPort>(
    parts: Parts<D, P>,
    request: &HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, actix_web::Error> {
    let limit = parts.message_bytes;
    WsResponseBuilder::new(Socket::new(parts), request, payload)
        .frame_size(limit)
        .start()
}

struct Socket<D, P> {
    dialect: D,
    port: P,
    frames: Option<watch::Receiver<Newest>>,
    _seat: ViewerSeat,
    meter: ViewerMeter,
    drain: watch::Receiver<Option<Duration>>,
    message_bytes: usize,
    offering: bool,
    /// The newest of each kind, behind the offer that is under way: as many as there are kinds, at most.
    waiting: VecDeque<Media>,
    fragments: BytesMut,
    closed: bool,
}

type Newest = Option<Arc<EncodedFrame>>;

struct Show(Newest);
struct Draining(Option<Duration>);

impl<D: SocketDialect, P: SessionPort> Socket<D, P> {
    fn new(parts: Parts<D, P>) -> Self {
        let Parts {
            dialect,
            port,
            viewer: Viewer { frames, seat },
            meter,
            drain,
            message_bytes,
        } = parts;
        Self {
            dialect,
            port,
            frames: Some(frames),
            _seat: seat,
            meter,
            drain,
            message_bytes,
            offering: false,
            waiting: VecDeque::new(),
            fragments: BytesMut::new(),
            closed: false,
        }
    }

    fn text(&mut self, text: &str, ctx: &mut WebsocketContext<Self>) {
        match self.dialect.receive(text, Instant::now(), unix_now()) {
            Received::Reply(reply) => ctx.text(reply),
            Received::Offer(media) if self.offering => self.wait(media),
            Received::Offer(media) => self.offer(media, ctx),
        }
    }

    fn wait(&mut self, media: Media) {
        let kind = discriminant(&media);
        self.waiting.retain(|other| discriminant(other) != kind);
        self.waiting.push_back(media);
    }

    fn offer(&mut self, media: Media, ctx: &mut WebsocketContext<Self>) {
        self.offering = true;
        let answer = self.port.offer(media).into_actor(self);
        ctx.spawn(answer.map(|answer, socket, ctx| {
            socket.offering = false;
            if let Err(e) = answer {
                ctx.text(socket.dialect.refused(&e.to_string()));
            }
            if let Some(next) = socket.waiting.pop_front() {
                socket.offer(next, ctx);
            }
        }));
    }

    /// A message in several frames; together they are held to the same limit.
    fn fragment(&mut self, part: Bytes, is_last: bool, ctx: &mut WebsocketContext<Self>) {
        if self.fragments.len() + part.len() > self.message_bytes {
            return self.close(CloseCode::Size, ctx);
        }
        self.fragments.extend_from_slice(&part);
        if is_last {
            let whole = std::mem::take(&mut self.fragments);
            match std::str::from_utf8(&whole) {
                Ok(text) => self.text(text, ctx),
                Err(_) => self.close(CloseCode::Invalid, ctx),
            }
        }
    }

    fn close(&mut self, code: CloseCode, ctx: &mut WebsocketContext<Self>) {
        if !std::mem::replace(&mut self.closed, true) {
            socket_closed(code.into());
            ctx.close(Some(CloseReason {
                code,
                description: None,
            }));
            ctx.stop();
        }
    }

    fn drain(&mut self, within: Duration, ctx: &mut WebsocketContext<Self>) {
        if !self.closed {
            ctx.text(self.dialect.draining(within));
            self.close(CloseCode::Restart, ctx);
        }
    }
}

impl<D: SocketDialect, P: SessionPort> Actor for Socket<D, P> {
    type Context = WebsocketContext<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        if let Some(hello) = self.dialect.hello() {
            ctx.text(hello);
        }
        if let Some(frames) = self.frames.take() {
            ctx.add_stream(WatchStream::new(frames).map(Show));
        }
        ctx.add_stream(WatchStream::new(self.drain.clone()).map(Draining));
    }

    fn stopped(&mut self, _: &mut Self::Context) {
        if !self.closed {
            socket_closed(CloseCode::Abnormal.into());
        }
    }
}

impl<D: SocketDialect, P: SessionPort> StreamHandler<Show> for Socket<D, P> {
    fn handle(&mut self, Show(frame): Show, ctx: &mut Self::Context) {
        if let Some(frame) = frame.filter(|_| !self.closed) {
            self.meter.got(frame.shown);
            ctx.binary(self.dialect.frame(&frame, Instant::now(), unix_now()));
        }
    }

    /// The session has ended.
    fn finished(&mut self, ctx: &mut Self::Context) {
        // It may have ended because of the shutdown, and this may be heard first.
        let draining = *self.drain.borrow();
        match draining {
            Some(within) => self.drain(within, ctx),
            None => self.close(CloseCode::Normal, ctx),
        }
    }
}

impl<D: SocketDialect, P: SessionPort> StreamHandler<Draining> for Socket<D, P> {
    fn handle(&mut self, Draining(within): Draining, ctx: &mut Self::Context) {
        if let Some(within) = within {
            self.drain(within, ctx);
        }
    }

    fn finished(&mut self, _: &mut Self::Context) {}
}

impl<D: SocketDialect, P: SessionPort> StreamHandler<Result<Message, ProtocolError>>
    for Socket<D, P>
{
    fn handle(&mut self, message: Result<Message, ProtocolError>, ctx: &mut Self::Context) {
        use actix_http::ws::Item;
        match message {
            Ok(Message::Text(text)) => self.text(&text, ctx),
            Ok(Message::Ping(payload)) => ctx.pong(&payload),
            Ok(Message::Pong(_) | Message::Nop) => {}
            Ok(Message::Continuation(Item::FirstText(part))) => {
                self.fragments.clear();
                self.fragment(part, false, ctx);
            }
            Ok(Message::Continuation(Item::Continue(part))) => self.fragment(part, false, ctx),
            Ok(Message::Continuation(Item::Last(part))) => self.fragment(part, true, ctx),
            Ok(Message::Binary(_) | Message::Continuation(Item::FirstBinary(_))) => {
                self.close(CloseCode::Unsupported, ctx)
            }
            Ok(Message::Close(reason)) => {
                let code = reason.map_or(CloseCode::Normal, |reason| reason.code);
                self.close(code, ctx);
            }
            Err(ProtocolError::Overflow) => self.close(CloseCode::Size, ctx),
            Err(ProtocolError::Io(error)) if is_bad_text(&error) => {
                self.close(CloseCode::Invalid, ctx)
            }
            Err(ProtocolError::Io(_)) => ctx.stop(),
            Err(_) => self.close(CloseCode::Protocol, ctx),
        }
    }

    /// The client has gone.
    fn finished(&mut self, ctx: &mut Self::Context) {
        ctx.stop();
    }
}

/// Whether this is how the crate tells of a text that is no UTF-8; it has the same variant for a broken line.
fn is_bad_text(error: &io::Error) -> bool {
    error.to_string().contains("utf-8")
}

fn unix_now() -> Duration {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
}

#[cfg(test)]
#[path = "ws_tests.rs"]
mod tests;

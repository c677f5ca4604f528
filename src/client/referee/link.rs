//! The socket to the referee: messages out, replies in, and a line that has died is noticed.
//!
//! Not responsible for what is said when. Invariant: hearing can be given up and taken up again at any point without losing a
//! reply.

use super::{
    Failure,
    server::Server,
    wire::{Reply, Request},
};
use bytes::Bytes;
use futures_util::{SinkExt as _, StreamExt as _};
use std::time::Duration;
use tokio::{
    net::TcpStream,
    time::{Instant, timeout},
};
use tokio_tungstenite::{
    WebSocketStream, client_async,
    tungstenite::{
        Error, Message,
        client::IntoClientRequest as _,
        http::{HeaderValue, header},
    },
};

/// After so long without a word the server is asked for a pong.
const ASK_AFTER: Duration = Duration::from_secs(10);
/// After so long without a word, pongs among them, the line is dead. Far below the time that a server keeps a session
/// whose connection broke.
const DEAD_AFTER: Duration = Duration::from_secs(20);

/// An open socket.
pub struct Link {
    socket: WebSocketStream<TcpStream>,
    heard: Instant,
    asked: bool,
}

impl Link {
    /// Opens `/stream`.
    ///
    /// # Errors
    /// [`Failure::Connection`] if nobody is there, [`Failure::Refused`] if the server does not take a socket.
    pub async fn open(server: &Server) -> Result<Self, Failure> {
        let stream = server.connect().await?;
        let url = server.stream_url();
        let mut request = url
            .as_str()
            .into_client_request()
            .map_err(|why| Failure::Usage(format!("{url}: {why}")))?;
        if let Some(value) = server.authorization() {
            let value = HeaderValue::from_str(&value)
                .map_err(|why| Failure::Usage(format!("--token: {why}")))?;
            request.headers_mut().insert(header::AUTHORIZATION, value);
        }
        let opened = timeout(DEAD_AFTER, client_async(request, stream)).await;
        let (socket, _) = opened
            .map_err(|_| Failure::Connection(format!("{url}: no answer to the handshake")))?
            .map_err(|why| refused(&url, why))?;
        Ok(Self {
            socket,
            heard: Instant::now(),
            asked: false,
        })
    }

    /// Says something.
    ///
    /// # Errors
    /// [`Failure::Connection`] if the connection is broken or stuck.
    pub async fn say(&mut self, request: &Request<'_>) -> Result<(), Failure> {
        let text = Message::text(to_json(request));
        in_time(self.socket.send(text)).await
    }

    /// Says something that bytes belong to.
    ///
    /// # Errors
    /// As [`Link::say`].
    pub async fn hand(&mut self, request: &Request<'_>, bytes: Bytes) -> Result<(), Failure> {
        let text = Message::text(to_json(request));
        in_time(async {
            self.socket.feed(text).await?;
            self.socket.send(Message::Binary(bytes)).await
        })
        .await
    }

    /// Waits for the next reply. May be dropped at any time.
    ///
    /// # Errors
    /// [`Failure::Connection`] if the connection ends or is dead, [`Failure::Refused`] for something that is no reply.
    pub async fn hear(&mut self) -> Result<Reply, Failure> {
        loop {
            let until = self.heard + if self.asked { DEAD_AFTER } else { ASK_AFTER };
            match tokio::time::timeout_at(until, self.socket.next()).await {
                Ok(message) => {
                    (self.heard, self.asked) = (Instant::now(), false);
                    if let Some(reply) = read(message)? {
                        return Ok(reply);
                    }
                }
                Err(_) if self.asked => {
                    return Err(Failure::Connection(format!(
                        "the server has been silent for {DEAD_AFTER:?}"
                    )));
                }
                Err(_) => {
                    self.asked = true;
                    in_time(self.socket.send(Message::Ping(Bytes::new()))).await?;
                }
            }
        }
    }

    /// Says goodbye; a server that does not wait for it is no failure.
    pub async fn close(mut self) {
        let goodbye = timeout(Duration::from_secs(1), self.socket.close(None)).await;
        tracing::debug!(?goodbye, "socket closed");
    }
}

fn read(message: Option<Result<Message, Error>>) -> Result<Option<Reply>, Failure> {
    match message {
        Some(Ok(Message::Text(text))) => match serde_json::from_str(&text) {
            Ok(reply) => Ok(Some(reply)),
            Err(why) => Err(Failure::Refused {
                code: "not understood".to_owned(),
                message: format!("{why}: {text}"),
            }),
        },
        Some(Ok(Message::Close(frame))) => Err(Failure::Connection(match frame {
            Some(frame) => format!("the server closed the connection: {frame}"),
            None => "the server closed the connection".to_owned(),
        })),
        Some(Ok(_)) => Ok(None),
        Some(Err(why)) => Err(Failure::Connection(format!("the connection broke: {why}"))),
        None => Err(Failure::Connection("the connection ended".to_owned())),
    }
}

async fn in_time(sending: impl Future<Output = Result<(), Error>>) -> Result<(), Failure> {
    match timeout(DEAD_AFTER, sending).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(why)) => Err(Failure::Connection(format!("the connection broke: {why}"))),
        Err(_) => Err(Failure::Connection(format!(
            "the server has taken nothing for {DEAD_AFTER:?}"
        ))),
    }
}

fn to_json(request: &Request<'_>) -> String {
    serde_json::to_string(request).expect("strings, numbers and flags are always JSON")
}

/// An answer other than "switching protocols" is the server's no; anything else is no connection.
fn refused(url: &str, why: Error) -> Failure {
    let Error::Http(answer) = why else {
        return Failure::Connection(format!("{url}: {why}"));
    };
    let body = answer.body().as_deref().unwrap_or_default();
    let body = String::from_utf8_lossy(body).trim().to_owned();
    let told = |status: u16| match status {
        401 | 403 => "a token is needed, or this one does not hold: --token".to_owned(),
        404 => format!("{url}: no referee here"),
        _ if body.is_empty() => format!("{url}: no socket"),
        _ => body.clone(),
    };
    Failure::Refused {
        code: answer.status().to_string(),
        message: told(answer.status().as_u16()),
    }
}

//! HTTP to the referee: one request a connection, its answer whole.
//!
//! Bodies go out as they are read, so that a video never lies in memory. Invariant: an answer that comes before the body has
//! been sent is heard, since that is how a server refuses one.

use super::{Failure, server::Server};
use crate::client::http;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::{io, time::Duration};
use tokio::{
    io::{
        AsyncBufRead, AsyncBufReadExt as _, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _,
        BufReader,
    },
    net::TcpStream,
    time::timeout,
};

/// The longest answer that is read: far above any result, which goes through a socket's message of 1 MiB, too.
const MOST_BYTES: u64 = 64 << 20;

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Its status code.
    pub status: u16,
    /// Its body.
    pub body: Vec<u8>,
}

/// What is sent along: its type, its length, and what writes it.
pub struct Body<W> {
    /// `Content-Type`.
    pub kind: String,
    /// `Content-Length`.
    pub length: u64,
    /// Writes exactly that many bytes.
    pub write: W,
}

/// `GET`.
///
/// # Errors
/// [`Failure::Connection`] if there is no answer in time.
pub async fn get(server: &Server, path: &str, within: Duration) -> Result<Answer, Failure> {
    let mut stream = server.connect().await?;
    let head = head(server, "GET", path, "");
    let exchange = async {
        stream.write_all(head.as_bytes()).await.map_err(broken)?;
        answer(&mut BufReader::new(&mut stream)).await
    };
    timeout(within, exchange)
        .await
        .map_err(|_| silent(within))?
}

/// `POST`; waits for the answer as long as `within` after the body has gone.
///
/// # Errors
/// [`Failure::Connection`] if there is no answer in time, and whatever keeps the body from being read.
pub async fn post<W>(
    server: &Server,
    path: &str,
    body: Body<W>,
    within: Duration,
) -> Result<Answer, Failure>
where
    W: AsyncFnOnce(&mut (dyn AsyncWrite + Unpin)) -> Result<(), Failure>,
{
    let stream: TcpStream = server.connect().await?;
    let (input, mut output) = stream.into_split();
    let fields = format!(
        "Content-Type: {}\r\nContent-Length: {}\r\n",
        body.kind, body.length
    );
    let head = head(server, "POST", path, &fields);
    let mut input = BufReader::new(input);
    let mut heard = std::pin::pin!(answer(&mut input));
    let send = async {
        output.write_all(head.as_bytes()).await.map_err(broken)?;
        (body.write)(&mut output).await?;
        output.flush().await.map_err(broken)
    };
    let sent = tokio::select! {
        early = &mut heard => return early,
        sent = send => sent,
    };
    match (sent, timeout(within, heard).await) {
        (Err(why @ Failure::Local(_)), _) => Err(why),
        // A server that refuses a body may cut the line; its reason counts for more than that.
        (Err(why), Ok(Err(_)) | Err(_)) => Err(why),
        (_, Ok(heard)) => heard,
        (Ok(()), Err(_)) => Err(silent(within)),
    }
}

// === impl Answer ===

impl Answer {
    /// The body of an answer that says that all is well.
    ///
    /// # Errors
    /// [`Failure::Analysis`] for a fault inside the server, [`Failure::Refused`] for any other answer.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, Failure> {
        match self.status {
            200 => serde_json::from_slice(&self.body).map_err(|why| Failure::Refused {
                code: "not understood".to_owned(),
                message: format!("{why}: {}", self.text()),
            }),
            500 => Err(Failure::Analysis(self.detail())),
            status => Err(Failure::Refused {
                code: status.to_string(),
                message: self.detail(),
            }),
        }
    }

    /// The `detail` of an error, whether it is a text or a list; else the whole body.
    fn detail(&self) -> String {
        let body: Option<Value> = serde_json::from_slice(&self.body).ok();
        match body.as_ref().and_then(|body| body.get("detail")) {
            Some(Value::String(detail)) => detail.clone(),
            Some(detail) => detail.to_string(),
            None if self.status == 404 => "there is no such address on it".to_owned(),
            None if self.body.is_empty() => "it gave no reason".to_owned(),
            None => self.text(),
        }
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.body)
            .trim()
            .chars()
            .take(500)
            .collect()
    }
}

fn head(server: &Server, method: &str, path: &str, fields: &str) -> String {
    let (path, host) = (server.path(path), server.authority());
    let token = server
        .authorization()
        .map_or_else(String::new, |value| format!("Authorization: {value}\r\n"));
    format!("{method} {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n{token}{fields}\r\n")
}

async fn answer(input: &mut (impl AsyncBufRead + Unpin)) -> Result<Answer, Failure> {
    let head = http::read_head(input)
        .await
        .map_err(|why| Failure::Connection(why.to_string()))?;
    let mut body = Vec::new();
    if head.chunked {
        read_chunks(input, &mut body).await?;
    } else {
        let length = head.length.map_or(MOST_BYTES, |length| length as u64);
        let mut limited = input.take(length.min(MOST_BYTES));
        limited.read_to_end(&mut body).await.map_err(broken)?;
    }
    if head.length.is_some_and(|length| length > body.len()) {
        return Err(broken(io::ErrorKind::UnexpectedEof.into()));
    }
    Ok(Answer {
        status: head.status,
        body,
    })
}

async fn read_chunks(
    input: &mut (impl AsyncBufRead + Unpin),
    body: &mut Vec<u8>,
) -> Result<(), Failure> {
    loop {
        let mut line = String::new();
        input.read_line(&mut line).await.map_err(broken)?;
        let digits = line.split(';').next().unwrap_or_default().trim();
        let size = u64::from_str_radix(digits, 16).map_err(|why| broken(io::Error::other(why)))?;
        if body.len() as u64 + size > MOST_BYTES {
            return Err(broken(io::Error::other("the answer is too long")));
        }
        let read = input.take(size).read_to_end(body).await.map_err(broken)?;
        if read as u64 != size {
            return Err(broken(io::ErrorKind::UnexpectedEof.into()));
        }
        input.read_line(&mut line).await.map_err(broken)?;
        if size == 0 {
            return Ok(());
        }
    }
}

/// A connection that broke.
#[must_use]
pub fn broken(why: io::Error) -> Failure {
    Failure::Connection(format!("the connection broke: {why}"))
}

fn silent(within: Duration) -> Failure {
    Failure::Connection(format!("no answer within {} s", within.as_secs_f64()))
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn read(text: &str) -> Result<Answer, Failure> {
        answer(&mut BufReader::new(text.as_bytes())).await
    }

    #[tokio::test]
    async fn a_body_is_read_by_length_by_chunks_or_to_the_end() {
        for text in [
            "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello and more",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3;x\r\nllo\r\n0\r\n\r\n",
            "HTTP/1.1 200 OK\r\n\r\nhello",
        ] {
            assert_eq!(read(text).await.unwrap().body, b"hello", "{text}");
        }
    }

    #[tokio::test]
    async fn a_body_that_is_cut_short_is_no_answer() {
        for text in [
            "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffff\r\nhel",
            "HTTP/1.1 200 OK\r\nTransfer-Enc",
        ] {
            assert!(
                matches!(read(text).await, Err(Failure::Connection(_))),
                "{text}"
            );
        }
    }

    #[test]
    fn a_refusal_tells_its_detail() {
        let answer = |status, body: &str| Answer {
            status,
            body: body.into(),
        };
        let told = |answer: Answer| answer.json::<Value>().unwrap_err();
        let failure = told(answer(415, r#"{"detail":"no ffmpeg"}"#));
        assert_eq!(
            (
                failure.code(),
                failure.to_string().contains("no ffmpeg (415)")
            ),
            (4, true)
        );
        let failure = told(answer(422, r#"{"detail":[{"msg":"missing"}]}"#));
        assert!(failure.to_string().contains("missing"), "{failure}");
        assert_eq!(told(answer(500, r#"{"detail":"no start time"}"#)).code(), 5);
        assert_eq!(told(answer(404, "not found")).code(), 4);
        let silent = told(answer(503, "")).to_string();
        assert!(silent.contains("no reason (503)"), "{silent}");
    }
}

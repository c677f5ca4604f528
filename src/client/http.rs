//! A small HTTP/1.1 client on one kept connection, that measures and does not hide: one request, one write, one answer.
//!
//! Answers have a `Content-Length`; the endless ones of `/video` are read by [`super::mjpeg`].

use anyhow::{Context as _, bail};
use serde::de::DeserializeOwned;
use std::net::SocketAddr;
use tokio::{
    io::{AsyncBufRead, AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    net::TcpStream,
};

/// A kept connection.
pub struct Http {
    stream: BufReader<TcpStream>,
    at: SocketAddr,
}

/// An answer, whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// The status code.
    pub status: u16,
    /// The body.
    pub body: Vec<u8>,
}

/// The part of an answer's head that a reader of its body must know.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Head {
    /// The status code.
    pub status: u16,
    /// Bytes of the body, where the head says so.
    pub length: Option<usize>,
    /// Whether the body comes in chunks.
    pub chunked: bool,
}

impl Http {
    /// Connects.
    ///
    /// # Errors
    /// If nobody listens there.
    pub async fn connect(at: SocketAddr) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(at)
            .await
            .with_context(|| format!("cannot connect to {at}"))?;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream: BufReader::new(stream),
            at,
        })
    }

    /// `GET`.
    ///
    /// # Errors
    /// If the connection breaks or the answer is no HTTP.
    pub async fn get(&mut self, path: &str) -> anyhow::Result<Reply> {
        self.exchange("GET", path, &[]).await
    }

    /// `POST` of a JSON body.
    ///
    /// # Errors
    /// If the connection breaks or the answer is no HTTP.
    pub async fn post(&mut self, path: &str, json: &[u8]) -> anyhow::Result<Reply> {
        self.exchange("POST", path, json).await
    }

    async fn exchange(&mut self, method: &str, path: &str, body: &[u8]) -> anyhow::Result<Reply> {
        let mut request = request(method, path, self.at, Some(body.len())).into_bytes();
        request.extend_from_slice(body);
        self.stream.get_mut().write_all(&request).await?;
        let head = read_head(&mut self.stream).await?;
        let length = head
            .length
            .with_context(|| format!("{path}: the answer does not say how long it is"))?;
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body).await?;
        Ok(Reply {
            status: head.status,
            body,
        })
    }
}

impl Reply {
    /// The body of an answer that says that all is well.
    ///
    /// # Errors
    /// If the status is not 200, or the body is no such JSON.
    pub fn json<T: DeserializeOwned>(&self) -> anyhow::Result<T> {
        let text = String::from_utf8_lossy(&self.body);
        if self.status != 200 {
            bail!("status {}: {text}", self.status);
        }
        serde_json::from_slice(&self.body).with_context(|| format!("not as expected: {text}"))
    }
}

/// A request's head. Without a `length` it announces no body.
pub fn request(method: &str, path: &str, host: SocketAddr, length: Option<usize>) -> String {
    let body = length
        .filter(|length| *length > 0)
        .map_or_else(String::new, |n| {
            format!("Content-Type: application/json\r\nContent-Length: {n}\r\n")
        });
    format!("{method} {path} HTTP/1.1\r\nHost: {host}\r\n{body}\r\n")
}

/// Reads an answer's head, up to and with the empty line.
///
/// # Errors
/// If the connection ends within it, or it is no HTTP.
pub async fn read_head(stream: &mut (impl AsyncBufRead + Unpin)) -> anyhow::Result<Head> {
    let mut text = String::new();
    loop {
        let line = stream.read_line(&mut text).await?;
        if line == 0 {
            bail!("the connection ended before an answer");
        }
        if text.ends_with("\r\n\r\n") {
            return parse_head(&text);
        }
    }
}

fn parse_head(text: &str) -> anyhow::Result<Head> {
    let mut lines = text.lines();
    let status = lines
        .next()
        .and_then(|line| line.strip_prefix("HTTP/1.1 ")?.get(..3)?.parse().ok())
        .with_context(|| format!("no HTTP: {text:?}"))?;
    let mut head = Head {
        status,
        ..Head::default()
    };
    for (name, value) in lines.filter_map(|line| line.split_once(':')) {
        if name.eq_ignore_ascii_case("content-length") {
            head.length = value.trim().parse().ok();
        }
        if name.eq_ignore_ascii_case("transfer-encoding") {
            head.chunked = value.trim().eq_ignore_ascii_case("chunked");
        }
    }
    Ok(head)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_tells_status_and_kind_of_body() {
        let head = parse_head("HTTP/1.1 503 Service Unavailable\r\ncontent-LENGTH: 12\r\n\r\n");
        assert_eq!(
            head.unwrap(),
            Head {
                status: 503,
                length: Some(12),
                chunked: false
            }
        );
        let head = parse_head("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n").unwrap();
        assert!(head.chunked && head.length.is_none());
        assert!(parse_head("SSH-2.0-OpenSSH\r\n\r\n").is_err());
    }

    #[test]
    fn a_request_without_a_body_announces_none() {
        let at = SocketAddr::from(([127, 0, 0, 1], 80));
        assert_eq!(
            request("GET", "/x", at, Some(0)),
            "GET /x HTTP/1.1\r\nHost: 127.0.0.1:80\r\n\r\n"
        );
    }

    #[tokio::test]
    async fn a_connection_is_used_for_one_request_after_another() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let at = listener.local_addr().unwrap();
        let server = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            for body in ["1", "22"] {
                let mut request = [0; 512];
                assert!(stream.read(&mut request).await.unwrap() > 0);
                let answer = format!(
                    "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}",
                    body.len()
                );
                stream.write_all(answer.as_bytes()).await.unwrap();
            }
        });
        let mut http = Http::connect(at).await.unwrap();
        assert_eq!(http.get("/").await.unwrap().json::<u8>().unwrap(), 1);
        assert_eq!(
            http.post("/", b"{}").await.unwrap().json::<u8>().unwrap(),
            22
        );
        server.await.unwrap();
    }
}

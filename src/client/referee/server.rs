//! Where the referee is: its address in the forms that people type, and a connection to it.
//!
//! Invariant: what a [`Server`] names can be spoken to without TLS; `https` is refused with what to do instead.

use super::Failure;
use std::{
    fmt::{self, Write as _},
    time::Duration,
};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::http::Uri;

/// A server that has not taken a connection by now will not.
const CONNECT_WITHIN: Duration = Duration::from_secs(10);

/// A referee's address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    host: String,
    port: u16,
    /// A path in front of the server's own, such as a reverse proxy adds; empty, or with a leading and no trailing slash.
    base: String,
    token: Option<String>,
}

impl Server {
    /// Reads `http://host:port`, `ws://host:port` or `host:port`, each with or without a path.
    ///
    /// # Errors
    /// [`Failure::Usage`] if it is none of these; TLS is none.
    pub fn parse(text: &str, token: Option<&str>) -> Result<Self, Failure> {
        let whole = match text.contains("://") {
            true => text.to_owned(),
            false => format!("http://{text}"),
        };
        let unreadable = || {
            Failure::Usage(format!(
                "{text}: not an address such as http://localhost:8080"
            ))
        };
        let uri: Uri = whole.parse().map_err(|_| unreadable())?;
        match uri.scheme_str() {
            Some("http" | "ws") => (),
            Some("https" | "wss") => return Err(Failure::Usage(no_tls(text))),
            _ => return Err(unreadable()),
        }
        let base = uri.path().trim_end_matches('/');
        Ok(Self {
            host: uri
                .host()
                .filter(|host| !host.is_empty())
                .ok_or_else(unreadable)?
                .to_owned(),
            port: uri.port_u16().unwrap_or(80),
            base: base.strip_suffix("/stream").unwrap_or(base).to_owned(),
            token: token.map(header_value).transpose()?,
        })
    }

    /// A connection to it.
    ///
    /// # Errors
    /// [`Failure::Connection`] if nobody answers.
    pub async fn connect(&self) -> Result<TcpStream, Failure> {
        let cannot = |why: &dyn fmt::Display| {
            Failure::Connection(format!("cannot connect to {self}: {why}"))
        };
        let host = self.host.trim_matches(['[', ']']);
        let connecting = TcpStream::connect((host, self.port));
        let stream = tokio::time::timeout(CONNECT_WITHIN, connecting)
            .await
            .map_err(|_| cannot(&format!("no answer within {CONNECT_WITHIN:?}")))?
            .map_err(|why| cannot(&why))?;
        stream.set_nodelay(true).map_err(|why| cannot(&why))?;
        Ok(stream)
    }

    /// What a `Host` header says.
    #[must_use]
    pub fn authority(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }

    /// One of the server's paths, behind whatever stands in front of it.
    #[must_use]
    pub fn path(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    /// Where a path of it can be opened, for people.
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{}", self.authority(), self.path(path))
    }

    /// The address of its socket.
    #[must_use]
    pub fn stream_url(&self) -> String {
        format!("ws://{}{}", self.authority(), self.path("/stream"))
    }

    /// What an `Authorization` header says, where there is a token.
    #[must_use]
    pub fn authorization(&self) -> Option<String> {
        self.token.as_ref().map(|token| format!("Bearer {token}"))
    }
}

impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.url(""))
    }
}

/// The path of one of a result's files.
#[must_use]
pub fn artifact(folder: &str, name: &str) -> String {
    format!("/artifacts/{}/{}", encoded(folder), encoded(name))
}

/// A name as part of a path (RFC 3986, section 2.3).
fn encoded(name: &str) -> String {
    let mut path = String::new();
    for byte in name.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                path.push(char::from(byte));
            }
            other => {
                let _ = write!(path, "%{other:02X}");
            }
        }
    }
    path
}

/// A token goes into a header's line as it is, so it may hold nothing that ends one.
fn header_value(token: &str) -> Result<String, Failure> {
    match token.bytes().all(|byte| byte.is_ascii_graphic()) && !token.is_empty() {
        true => Ok(token.to_owned()),
        false => Err(Failure::Usage(
            "--token: only visible ASCII characters can be sent".to_owned(),
        )),
    }
}

fn no_tls(text: &str) -> String {
    format!(
        "{text}: this client does not speak TLS; use http://, over a tunnel where the way is not trusted: \
         ssh -L 8080:localhost:8080 HOST, then http://localhost:8080"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Server {
        Server::parse(text, None).unwrap()
    }

    #[test]
    fn an_http_address_becomes_the_socket_s() {
        for (typed, socket) in [
            ("http://localhost:8080", "ws://localhost:8080/stream"),
            ("http://localhost:8080/", "ws://localhost:8080/stream"),
            ("ws://10.0.0.1:9/stream", "ws://10.0.0.1:9/stream"),
            ("club.example", "ws://club.example:80/stream"),
            ("localhost:8080", "ws://localhost:8080/stream"),
            ("http://[::1]:8080", "ws://[::1]:8080/stream"),
            (
                "http://club.example/referee/",
                "ws://club.example:80/referee/stream",
            ),
        ] {
            assert_eq!(parsed(typed).stream_url(), socket, "{typed}");
        }
    }

    #[test]
    fn tls_is_refused_with_a_way_out() {
        for typed in ["https://club.example", "wss://club.example/stream"] {
            let refused = Server::parse(typed, None).unwrap_err();
            assert_eq!(refused.code(), 2);
            assert!(refused.to_string().contains("ssh -L"), "{refused}");
        }
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for typed in ["", "http://", "ftp://x", "a b", "http://:80", "/path"] {
            let refused = Server::parse(typed, None);
            assert!(
                matches!(refused, Err(Failure::Usage(_))),
                "{typed}: {refused:?}"
            );
        }
    }

    #[test]
    fn a_name_stays_one_part_of_a_path() {
        assert_eq!(encoded("phrase_1.2-3"), "phrase_1.2-3");
        assert_eq!(
            artifact("a b/ü?", "x y"),
            "/artifacts/a%20b%2F%C3%BC%3F/x%20y"
        );
    }

    #[test]
    fn a_token_cannot_smuggle_a_header() {
        assert!(Server::parse("localhost", Some("a\r\nX: y")).is_err());
        let server = Server::parse("localhost", Some("s3cret")).unwrap();
        assert_eq!(server.authorization().as_deref(), Some("Bearer s3cret"));
    }
}

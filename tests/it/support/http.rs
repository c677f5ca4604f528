//! A small HTTP/1.1 client over a plain socket, which shows what is really on the wire.
//!
//! Responsible for writing requests byte by byte and for reading heads, chunks and whole answers; not for following,
//! pooling or retrying anything.
//! Invariant: an answer whose body breaks off is never taken for one that ended.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::Value;

/// A loaded machine answers late; one that has not answered by now never will.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// A request, written exactly as it stands here.
#[derive(Clone, Debug)]
pub struct Request {
    head: String,
    body: Vec<u8>,
}

/// The status line and the headers.
#[derive(Clone, Debug, Default)]
pub struct Head {
    pub status: u16,
    pub reason: String,
    pub headers: Vec<(String, String)>,
}

/// A whole answer.
#[derive(Clone, Debug, Default)]
pub struct Answer {
    pub head: Head,
    pub body: Vec<u8>,
}

/// One connection.
pub struct Connection {
    reader: BufReader<TcpStream>,
}

impl Request {
    pub fn new(method: &str, path: &str) -> Self {
        Self {
            head: format!("{method} {path} HTTP/1.1\r\nHost: localhost\r\n"),
            body: Vec::new(),
        }
    }

    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.head.push_str(&format!("{name}: {value}\r\n"));
        self
    }

    /// A body of this type with its length announced.
    pub fn body(self, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        let body = body.into();
        let mut request = self.header("Content-Length", &body.len().to_string());
        if !content_type.is_empty() {
            request = request.header("Content-Type", content_type);
        }
        Self { body, ..request }
    }

    /// A JSON body.
    pub fn json(self, body: &str) -> Self {
        self.body("application/json", body)
    }

    /// The bytes of the request.
    pub fn bytes(&self) -> Vec<u8> {
        [self.head.as_bytes(), b"\r\n", &self.body].concat()
    }

    /// Sends it on a connection of its own and reads the whole answer.
    ///
    /// # Panics
    /// When there is no proper answer in time.
    pub fn send(self, addr: &str) -> Answer {
        let mut connection = Connection::open(addr);
        let request = self.header("Connection", "close");
        // A server that refuses early may close before it has taken everything; its answer is what counts.
        drop(connection.write(&request.bytes()));
        connection
            .answer()
            .unwrap_or_else(|why| panic!("no answer to {:?}: {why}", request.head))
    }
}

/// Gets a path.
pub fn get(addr: &str, path: &str) -> Answer {
    Request::new("GET", path).send(addr)
}

/// Posts JSON.
pub fn post(addr: &str, path: &str, json: &str) -> Answer {
    Request::new("POST", path).json(json).send(addr)
}

impl Head {
    /// A header's value, by its name in any case.
    pub fn get(&self, name: &str) -> Option<&str> {
        let same = |(known, _): &&(String, String)| known.eq_ignore_ascii_case(name);
        self.headers
            .iter()
            .find(same)
            .map(|(_, value)| value.as_str())
    }
}

impl Answer {
    pub fn status(&self) -> u16 {
        self.head.status
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON.
    ///
    /// # Panics
    /// When it is none.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|why| panic!("{why}: {} {}", self.status(), self.text()))
    }

    /// The text under `error`.
    pub fn error(&self) -> String {
        self.json()["error"].as_str().unwrap_or_default().to_owned()
    }
}

impl Connection {
    /// Connects.
    ///
    /// # Panics
    /// When the listener does not take it.
    pub fn open(addr: &str) -> Self {
        Self::try_open(addr).unwrap_or_else(|why| panic!("cannot connect to {addr}: {why}"))
    }

    /// Connects, or says why not.
    pub fn try_open(addr: &str) -> io::Result<Self> {
        let socket = TcpStream::connect(addr)?;
        socket.set_read_timeout(Some(PATIENCE))?;
        socket.set_write_timeout(Some(PATIENCE))?;
        let reader = BufReader::new(socket);
        Ok(Self { reader })
    }

    pub fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.reader.get_mut().write_all(bytes)
    }

    /// Reads a head; what follows it stays.
    pub fn head(&mut self) -> io::Result<Head> {
        let broken = |what: &str| io::Error::new(io::ErrorKind::InvalidData, what.to_owned());
        let first = self.line()?;
        let mut words = first.splitn(3, ' ');
        let status = words.nth(1).and_then(|word| word.parse().ok());
        let mut head = Head {
            status: status.ok_or_else(|| broken(&first))?,
            reason: words.next().unwrap_or_default().to_owned(),
            headers: Vec::new(),
        };
        loop {
            let line = self.line()?;
            if line.is_empty() {
                return Ok(head);
            }
            let (name, value) = line.split_once(':').ok_or_else(|| broken(&line))?;
            let value = value.trim().to_owned();
            head.headers.push((name.to_ascii_lowercase(), value));
        }
    }

    /// Reads a whole answer: to its length, to its last chunk, or to the end of the connection.
    pub fn answer(&mut self) -> io::Result<Answer> {
        let head = self.head()?;
        let mut body = Vec::new();
        if head.get("transfer-encoding") == Some("chunked") {
            while let Some(chunk) = self.chunk()? {
                body.extend(chunk);
            }
        } else if let Some(length) = head.get("content-length") {
            let length = length.parse().map_err(io::Error::other)?;
            body.resize(length, 0);
            self.reader.read_exact(&mut body)?;
        } else if !matches!(head.status, 204 | 304) {
            self.reader.read_to_end(&mut body)?;
        }
        Ok(Answer { head, body })
    }

    /// The next chunk of a chunked body; `None` is its regular end, anything else that ends it an error.
    pub fn chunk(&mut self) -> io::Result<Option<Vec<u8>>> {
        let size = self.line()?;
        let size = usize::from_str_radix(&size, 16).map_err(io::Error::other)?;
        let mut data = vec![0; size + 2];
        self.reader.read_exact(&mut data)?;
        assert_eq!(&data[size..], b"\r\n", "a chunk ends with a line end");
        data.truncate(size);
        Ok((size > 0).then_some(data))
    }

    /// Reads until the server closes; an error if it does not, or cuts the line.
    pub fn read_to_end(&mut self) -> io::Result<Vec<u8>> {
        let mut rest = Vec::new();
        self.reader.read_to_end(&mut rest)?;
        Ok(rest)
    }

    /// Whether the server has closed or cut the line; waits for that.
    pub fn is_closed_by_server(&mut self) -> bool {
        match self.read_to_end() {
            Ok(_) => true,
            Err(why) => !matches!(
                why.kind(),
                io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut
            ),
        }
    }

    fn line(&mut self) -> io::Result<String> {
        let mut line = String::new();
        self.reader.read_line(&mut line)?;
        match line.strip_suffix("\r\n") {
            Some(line) => Ok(line.to_owned()),
            None => Err(io::Error::new(io::ErrorKind::UnexpectedEof, line)),
        }
    }
}

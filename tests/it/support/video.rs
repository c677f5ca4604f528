//! A viewer of `/video/{id}` that takes the multipart stream apart as the contract writes it.
//!
//! Invariant: pictures are found by the headers of the part after them, so a picture is given as soon as these have come
//! and not before: as a browser does.

use super::http::{Connection, Head, Request};

/// What stands before the first picture.
pub const OPENING: &[u8] = b"--frame\r\nContent-Type: image/jpeg\r\n\r\n";
/// What stands between two.
pub const BETWEEN: &[u8] = b"\r\n--frame\r\nContent-Type: image/jpeg\r\n\r\n";

/// A viewer.
pub struct Video {
    connection: Connection,
    pub head: Head,
    buffer: Vec<u8>,
    opened: bool,
}

impl Video {
    /// Opens the stream.
    ///
    /// # Panics
    /// When it is refused.
    pub fn open(addr: &str, id: &str) -> Self {
        Self::at(addr, &format!("/video/{id}"))
    }

    /// Opens the stream at a path.
    pub fn at(addr: &str, path: &str) -> Self {
        let mut connection = Connection::open(addr);
        connection
            .write(&Request::new("GET", path).bytes())
            .expect("the request is taken");
        let head = connection.head().expect("a head");
        assert_eq!(head.status, 200, "{path} is no video");
        Self {
            connection,
            head,
            buffer: Vec::new(),
            opened: false,
        }
    }

    /// The next picture; `None` if the body came to its regular end.
    ///
    /// # Panics
    /// When the bytes are not those of the contract, or the body breaks off.
    pub fn picture(&mut self) -> Option<Vec<u8>> {
        if !self.opened {
            self.fill(OPENING.len())?;
            assert_eq!(&self.buffer[..OPENING.len()], OPENING);
            self.buffer.drain(..OPENING.len());
            self.opened = true;
        }
        loop {
            if let Some(end) = find(&self.buffer, BETWEEN) {
                let rest = self.buffer.split_off(end + BETWEEN.len());
                let mut picture = std::mem::replace(&mut self.buffer, rest);
                picture.truncate(end);
                assert!(is_jpeg(&picture), "a part holds one whole JPEG");
                return Some(picture);
            }
            self.fill(self.buffer.len() + 1)?;
        }
    }

    /// Reads on to the regular end of the body; gives the pictures before it.
    pub fn rest(&mut self) -> usize {
        std::iter::from_fn(|| self.picture()).count()
    }

    /// The bytes after the last picture.
    pub fn leftover(&self) -> &[u8] {
        &self.buffer
    }

    fn fill(&mut self, length: usize) -> Option<()> {
        while self.buffer.len() < length {
            let chunk = self
                .connection
                .chunk()
                .expect("the body does not break off");
            self.buffer.extend(chunk?);
        }
        Some(())
    }
}

fn find(hay: &[u8], needle: &[u8]) -> Option<usize> {
    hay.windows(needle.len()).position(|part| part == needle)
}

fn is_jpeg(bytes: &[u8]) -> bool {
    bytes.starts_with(&[0xff, 0xd8]) && bytes.ends_with(&[0xff, 0xd9])
}

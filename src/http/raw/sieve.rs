//! What stands between the kernel and the WebSocket protocol: whole frames go through, and no message that is too long.
//!
//! It reads the frames' headers (RFC 6455, section 5.2) before tungstenite does. So a message for which there is no memory can be
//! read and thrown away, and the conversation goes on behind it; and nothing of a frame goes through with the one before it, so
//! between two messages tungstenite holds nothing and may be given another buffer. A message that is one frame of bytes, as all
//! uploaded frames are, does not go through at all: its payload is read where it stays, without a copy and without clearing the
//! memory before, which is half of what a message of 200 KB costs otherwise.

use bytes::{Buf as _, BufMut as _, Bytes, BytesMut};
use std::io::{self, Read, Write};
use tokio::net::TcpStream;

/// A header has no more bytes.
const LONGEST_HEAD: usize = 14;

/// Frames of a message. Empty ones would be read for ever, and nobody else on the thread be served.
const MOST_FRAMES: u32 = 65_536;

/// A control frame has no more (RFC 6455, section 5.5).
const LONGEST_CONTROL: u64 = 125;

/// What the next message may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Room {
    /// Bytes that are held.
    pub hold: usize,
    /// What becomes of a message that has more.
    pub longer: Longer,
}

/// What becomes of a message that is longer than what is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Longer {
    /// Nothing more is read.
    Refuse,
    /// Bytes are read and thrown away, up to so many; a text never is.
    Throw(usize),
    /// It stays where it is until there is more room.
    Wait,
}

/// Why nothing more can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// A message that is longer than it may be; whether it is a text.
    TooLong(bool),
    /// A control frame that is longer than any may be.
    Control,
}

/// A connection, of which whole frames are read.
#[derive(Debug)]
pub struct Sieve {
    stream: TcpStream,
    /// Read already.
    ahead: BytesMut,
    /// Bytes that are asked of the kernel where a header is due. In a full pipe each call makes room for which the client is woken,
    /// so a call should bring a message's text and its payload together.
    at_once: usize,
    step: Step,
    room: Room,
    message: Message,
    waits: bool,
    refused: Option<Refused>,
    /// Bytes of the message that goes through empty.
    thrown: Option<u64>,
}

/// What comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    /// A header.
    Head,
    /// So many bytes that go through.
    Pass(u64),
    /// So many bytes that do not; then this header goes through in their frame's place.
    Throw(u64, Empty),
    /// The rest of a header of our own.
    Put(Empty),
    /// A payload with this mask and so many bytes that is taken, not passed.
    Take([u8; 4], usize),
}

/// A frame without a payload; what of its header is still to go through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Empty {
    head: [u8; 6],
    at: u8,
    end: u8,
}

/// The message whose frames come.
#[derive(Clone, Copy, Debug, Default)]
struct Message {
    is_open: bool,
    is_text: bool,
    bytes: u64,
    frames: u32,
}

/// A frame's header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Head {
    first: u8,
    is_masked: bool,
    payload: u64,
    bytes: usize,
}

impl Sieve {
    /// Of this connection, of which `early` was read before.
    pub fn new(stream: TcpStream, early: Vec<u8>) -> Self {
        Self {
            stream,
            ahead: BytesMut::from_iter(early),
            at_once: LONGEST_HEAD,
            step: Step::Head,
            room: Room {
                hold: 0,
                longer: Longer::Wait,
            },
            message: Message::default(),
            waits: false,
            refused: None,
            thrown: None,
        }
    }

    /// The connection.
    pub fn stream(&self) -> &TcpStream {
        &self.stream
    }

    /// The connection, to be ended.
    pub fn stream_mut(&mut self) -> &mut TcpStream {
        &mut self.stream
    }

    /// How much to ask of the kernel at a time. A larger buffer than before is given back; what it holds moves.
    pub fn ask(&mut self, bytes: usize) {
        if bytes < self.at_once {
            self.ahead = BytesMut::from(&self.ahead[..]);
        }
        self.at_once = bytes;
    }

    /// What holds for the next message.
    pub fn allow(&mut self, room: Room) {
        self.room = room;
        self.waits = false;
    }

    /// Why nothing more can be read.
    pub fn refused(&self) -> Option<Refused> {
        self.refused
    }

    /// Whether a message waits for more room.
    pub fn waits(&self) -> bool {
        self.waits
    }

    /// The bytes of the message that just went through empty, if it did.
    pub fn thrown(&mut self) -> Option<u64> {
        self.thrown.take()
    }

    /// Whether all that went through is whole messages.
    pub fn is_between(&self) -> bool {
        self.step == Step::Head && !self.message.is_open
    }

    /// The next message, if it is one frame of bytes for which there is room; `None` if it is another one, or the line has ended,
    /// which is for the protocol to read.
    ///
    /// # Errors
    /// `WouldBlock` if it is not there yet; what the system says.
    pub fn take(&mut self) -> io::Result<Option<Bytes>> {
        if self.is_between() && self.refused.is_none() {
            let Some(head) = self.head()? else {
                return Ok(None);
            };
            let payload = usize::try_from(head.payload).unwrap_or(usize::MAX);
            if !head.is_whole_binary() || payload > self.room.hold {
                return Ok(None);
            }
            let head = self.ahead.split_to(head.bytes);
            let mask = head.last_chunk().copied().unwrap_or_default();
            self.step = Step::Take(mask, payload);
        }
        let Step::Take(mask, payload) = self.step else {
            return Ok(None);
        };
        while self.ahead.len() < payload {
            if self.read_on(payload)? == 0 {
                return Ok(None);
            }
        }
        let mut bytes = self.ahead.split_to(payload);
        unmask(&mut bytes, mask);
        self.step = Step::Head;
        Ok(Some(bytes.freeze()))
    }

    /// Reads until `most` bytes are read ahead, as far as they are there.
    fn read_on(&mut self, most: usize) -> io::Result<usize> {
        let left = most.saturating_sub(self.ahead.len());
        self.ahead.reserve(left);
        self.stream.try_read_buf(&mut (&mut self.ahead).limit(left))
    }

    /// Reads on until a header is whole; `None` at the end of the line.
    fn head(&mut self) -> io::Result<Option<Head>> {
        loop {
            if let Some(head) = Head::parse(&self.ahead) {
                return Ok(Some(head));
            }
            // A part of a header is shorter than any header is long.
            if self.read_on(self.at_once.max(LONGEST_HEAD))? == 0 {
                return Ok(None);
            }
        }
    }

    /// What becomes of the frame that begins with this header.
    fn judge(&mut self, head: Head) -> io::Result<Step> {
        let whole = Step::Pass(head.payload.saturating_add(head.bytes as u64));
        if head.is_control() {
            return match head.payload > LONGEST_CONTROL {
                true => self.refuse(Refused::Control),
                false => Ok(whole),
            };
        }
        if head.opcode() > BINARY {
            // Nobody knows what it is, and the protocol says so before its payload.
            return Ok(Step::Pass(head.bytes as u64));
        }
        let mut message = self.message;
        if head.opcode() != CONTINUED {
            message.is_text = head.opcode() == TEXT;
        }
        message.bytes = message.bytes.saturating_add(head.payload);
        message.frames = message.frames.saturating_add(1);
        if message.frames > MOST_FRAMES {
            return self.refuse(Refused::TooLong(message.is_text));
        }
        message.is_open = !head.is_final();
        let is_held = self.thrown.is_none() && message.bytes <= self.room.hold as u64;
        let step = match self.room.longer {
            _ if is_held => whole,
            Longer::Wait => {
                self.waits = true;
                return Err(io::ErrorKind::WouldBlock.into());
            }
            Longer::Throw(most) if !message.is_text && message.bytes <= most as u64 => {
                self.thrown = Some(message.bytes);
                self.ahead.advance(head.bytes);
                Step::Throw(head.payload, head.emptied())
            }
            Longer::Throw(_) | Longer::Refuse => {
                return self.refuse(Refused::TooLong(message.is_text));
            }
        };
        if !message.is_open {
            (message.bytes, message.frames) = (0, 0);
        }
        self.message = message;
        Ok(step)
    }

    fn refuse(&mut self, why: Refused) -> io::Result<Step> {
        self.refused = Some(why);
        Err(io::ErrorKind::WouldBlock.into())
    }

    /// Bytes into `into`: what was read ahead, or what the kernel has.
    fn fill(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.ahead.is_empty() {
            return self.stream.try_read(into);
        }
        let bytes = self.ahead.len().min(into.len());
        self.ahead.split_to(bytes).copy_to_slice(&mut into[..bytes]);
        Ok(bytes)
    }
}

impl Read for Sieve {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.step {
                Step::Head => {
                    if self.refused.is_some() {
                        return Err(io::ErrorKind::WouldBlock.into());
                    }
                    let Some(head) = self.head()? else {
                        return Ok(0);
                    };
                    self.step = self.judge(head)?;
                }
                // The line ended within it.
                Step::Take(..) => return Ok(0),
                Step::Pass(0) => self.step = Step::Head,
                Step::Pass(left) => {
                    let most = into.len().min(usize::try_from(left).unwrap_or(usize::MAX));
                    let read = self.fill(&mut into[..most])?;
                    let left = left - read as u64;
                    self.step = match left {
                        0 => Step::Head,
                        left => Step::Pass(left),
                    };
                    return Ok(read);
                }
                Step::Throw(0, empty) => self.step = Step::Put(empty),
                Step::Throw(left, empty) => {
                    let most = into.len().min(usize::try_from(left).unwrap_or(usize::MAX));
                    let read = self.fill(&mut into[..most])?;
                    if read == 0 {
                        return Ok(0);
                    }
                    self.step = Step::Throw(left - read as u64, empty);
                }
                Step::Put(mut empty) => {
                    let rest = &empty.head[usize::from(empty.at)..usize::from(empty.end)];
                    let bytes = rest.len().min(into.len());
                    into[..bytes].copy_from_slice(&rest[..bytes]);
                    empty.at += bytes as u8;
                    self.step = match empty.at == empty.end {
                        true => Step::Head,
                        false => Step::Put(empty),
                    };
                    return Ok(bytes);
                }
            }
        }
    }
}

impl Write for Sieve {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.stream.try_write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

const CONTINUED: u8 = 0;
const TEXT: u8 = 1;
const BINARY: u8 = 2;
/// Opcodes from here on are of control frames.
const CONTROL: u8 = 8;

impl Head {
    /// `None` if there are too few bytes.
    fn parse(bytes: &[u8]) -> Option<Self> {
        let (&[first, second], rest) = bytes.split_first_chunk()?;
        let is_masked = second & 0x80 != 0;
        let (payload, long) = match second & 0x7F {
            126 => (u64::from(u16::from_be_bytes(*rest.first_chunk()?)), 2),
            127 => (u64::from_be_bytes(*rest.first_chunk()?), 8),
            short => (u64::from(short), 0),
        };
        let bytes_of_head = 2 + long + if is_masked { 4 } else { 0 };
        (bytes.len() >= bytes_of_head).then_some(Self {
            first,
            is_masked,
            payload,
            bytes: bytes_of_head,
        })
    }

    fn opcode(self) -> u8 {
        self.first & 0x0F
    }

    fn is_final(self) -> bool {
        self.first & 0x80 != 0
    }

    /// Whether it is a masked message of bytes that begins and ends here, without an extension's bits.
    fn is_whole_binary(self) -> bool {
        self.first == 0x80 | BINARY && self.is_masked
    }

    fn is_control(self) -> bool {
        self.opcode() >= CONTROL
    }

    /// The same frame with nothing in it; its mask is of zeros.
    fn emptied(self) -> Empty {
        let masked = if self.is_masked { 0x80 } else { 0 };
        Empty {
            head: [self.first, masked, 0, 0, 0, 0],
            at: 0,
            end: if self.is_masked { 6 } else { 2 },
        }
    }
}

/// Takes the mask off (RFC 6455, section 5.3), eight bytes at a time.
fn unmask(bytes: &mut [u8], mask: [u8; 4]) {
    let [a, b, c, d] = mask;
    let wide = u64::from_ne_bytes([a, b, c, d, a, b, c, d]);
    let (eights, rest) = bytes.as_chunks_mut::<8>();
    for eight in eights {
        *eight = (u64::from_ne_bytes(*eight) ^ wide).to_ne_bytes();
    }
    for (byte, mask) in rest.iter_mut().zip(mask.iter().cycle()) {
        *byte ^= mask;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_mask_comes_off_as_the_rfc_puts_it_on(plain in prop::collection::vec(any::<u8>(), 0..40), mask: [u8; 4]) {
            let mut masked: Vec<u8> = plain.iter().enumerate().map(|(at, byte)| byte ^ mask[at % 4]).collect();
            unmask(&mut masked, mask);
            prop_assert_eq!(masked, plain);
        }
    }
}

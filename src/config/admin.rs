//! `[admin]`: who may use the admin listener.
//!
//! Invariant: a token is never printed, neither by `Debug` nor in a fault.

use std::fmt;

use super::read::Reader;

/// Shorter tokens can be guessed.
pub(super) const SHORTEST_TOKEN: usize = 16;

/// Who may administrate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Admin {
    /// The bearer token that every request to `/admin` must carry; `None` asks for none, and then the
    /// listener is on loopback.
    pub token: Option<Token>,
}

/// A bearer token.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(String);

impl Token {
    /// The token, if it is long enough and could stand in a header.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let strong =
            text.len() >= SHORTEST_TOKEN && text.bytes().all(|byte| byte.is_ascii_graphic());
        strong.then(|| Self(text.to_owned()))
    }

    /// Whether `given` is the token, in a time that does not tell how much of it was right.
    pub fn matches(&self, given: &str) -> bool {
        let differences = |sum: u8, (a, b): (u8, u8)| sum | (a ^ b);
        let pairs = self.0.bytes().zip(given.bytes());
        self.0.len() == given.len() && pairs.fold(0, differences) == 0
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Token(hidden)")
    }
}

impl Admin {
    pub(super) fn read(reader: &mut Reader<'_>) -> Self {
        let expected = format!("empty, or {SHORTEST_TOKEN} visible ASCII characters or more");
        Self {
            token: reader.text("admin.token", expected, None, token),
        }
    }
}

fn token(text: &str) -> Option<Option<Token>> {
    match text {
        "" => Some(None),
        text => Token::parse(text).map(Some),
    }
}

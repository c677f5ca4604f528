//! Frames on their way that the server has not answered for.
//!
//! Invariant: no more than the window's room, in the order in which they were sent; one leaves only by the server's answer, or
//! all together when the connection is lost.

use super::feed::Packed;
use std::collections::VecDeque;

/// The window.
#[derive(Debug)]
pub struct Window {
    room: usize,
    sent: VecDeque<Packed>,
}

impl Window {
    /// One with room for so many frames.
    #[must_use]
    pub const fn new(room: usize) -> Self {
        Self {
            room,
            sent: VecDeque::new(),
        }
    }

    /// Whether another frame may be sent.
    #[must_use]
    pub fn has_room(&self) -> bool {
        self.sent.len() < self.room
    }

    /// Whether every frame has been answered for.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.sent.is_empty()
    }

    /// A frame has been sent, or is about to be.
    pub fn push(&mut self, frame: Packed) {
        self.sent.push_back(frame);
    }

    /// The server has answered: its answers keep the order of the frames, so it is for the oldest one.
    pub fn answered(&mut self) -> Option<Packed> {
        self.sent.pop_front()
    }

    /// The connection is lost, and with it all answers that were still to come.
    pub fn lost(&mut self) -> VecDeque<Packed> {
        std::mem::take(&mut self.sent)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;

    fn frame(number: u64) -> Packed {
        Packed {
            number,
            bytes: Bytes::new(),
        }
    }

    #[test]
    fn an_answer_makes_room_for_one_more_and_is_the_oldest_s() {
        let mut window = Window::new(2);
        window.push(frame(4));
        assert!(window.has_room());
        window.push(frame(5));
        assert!(!window.has_room());
        assert_eq!(window.answered(), Some(frame(4)));
        assert!(window.has_room());
        assert_eq!(window.lost(), [frame(5)]);
        assert!(window.is_empty());
    }
}

//! What a client sends while its verdict is awaited, and that waits its turn.
//!
//! Reading goes on meanwhile, because pings and a close may be behind it; but not without a bound, in messages and in bytes.

use crate::http::raw::wire::{Event, Longer, Room};
use bytes::Bytes;
use std::collections::VecDeque;

/// Messages that are held. What is behind them stays on the line, a ping too.
const MOST: usize = 16;

/// Messages that wait, in their order.
#[derive(Debug, Default)]
pub(super) struct Held {
    events: VecDeque<Event>,
    bytes: usize,
}

/// Bytes up to which a message is copied when it waits.
const SMALL: usize = 64 * 1024;

impl Held {
    /// Another one waits.
    pub(super) fn push(&mut self, event: Event) {
        self.bytes += bytes_of(&event);
        self.events.push_back(match event {
            // It is a piece of what was read at once, and would keep all of that.
            Event::Binary(bytes) if bytes.len() < SMALL => {
                Event::Binary(Bytes::copy_from_slice(&bytes))
            }
            other => other,
        });
    }

    /// The one that has waited longest.
    pub(super) fn pop(&mut self) -> Option<Event> {
        let event = self.events.pop_front()?;
        self.bytes -= bytes_of(&event);
        Some(event)
    }

    /// What the next one may have, of so many bytes for all; `None` if there may be none.
    pub(super) fn room(&self, most: usize) -> Option<Room> {
        let is_last = matches!(
            self.events.back(),
            Some(Event::TooLong { .. } | Event::Broken { .. })
        );
        let may = self.events.len() < MOST && !is_last;
        may.then(|| Room {
            hold: most.saturating_sub(self.bytes),
            longer: Longer::Wait,
        })
    }
}

fn bytes_of(event: &Event) -> usize {
    match event {
        Event::Text(text) => text.len(),
        Event::Binary(bytes) => bytes.len(),
        Event::Thrown(_)
        | Event::TooLong { .. }
        | Event::Broken { .. }
        | Event::Control
        | Event::Closed(_) => 0,
    }
}

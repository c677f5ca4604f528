//! Meters of the sockets: connections, requests and WebSocket closes.

use std::sync::OnceLock;
use std::time::Duration;

use ::metrics::{Counter, Gauge, Histogram, SharedString};

use super::exporter::{counter, gauge, histogram};
use super::labels::Label;
use super::metrics;

/// The statuses that HTTP allows (RFC 9110, section 15): three digits, of which 600 and up are
/// invalid.
const STATUSES: std::ops::Range<u16> = 100..600;

/// Close codes that have a meaning (RFC 6455, section 7.4, and its registry). A client may send any
/// number, so the others share one label.
const CLOSE_CODES: [(u16, &str); 14] = [
    (1000, "1000"),
    (1001, "1001"),
    (1002, "1002"),
    (1003, "1003"),
    (1005, "1005"),
    (1006, "1006"),
    (1007, "1007"),
    (1008, "1008"),
    (1009, "1009"),
    (1010, "1010"),
    (1011, "1011"),
    (1012, "1012"),
    (1013, "1013"),
    (1014, "1014"),
];

/// The label of all other codes.
const OTHER_CODE: &str = "other";

/// One listener. Make it once and share it.
pub struct HttpMeters {
    listener: Label,
    duration: Histogram,
    open: Gauge,
    refused: Counter,
    by_status: Box<[OnceLock<Counter>]>,
}

impl HttpMeters {
    /// Meters for `listener`.
    pub fn new(listener: &Label) -> Self {
        Self {
            listener: listener.clone(),
            duration: histogram(&metrics::HTTP_REQUEST_DURATION, [listener.into()]),
            open: gauge(&metrics::CONNECTIONS, [listener.into()]),
            refused: counter(&metrics::CONNECTIONS_REFUSED, [listener.into()]),
            by_status: STATUSES.map(|_| OnceLock::new()).collect(),
        }
    }

    /// A request was answered with `status`, its head `took` after it was read.
    pub fn answered(&self, status: u16, took: Duration) {
        self.duration.record(took);
        let Some(slot) = status.checked_sub(STATUSES.start) else {
            return;
        };
        if let Some(counter) = self.by_status.get(usize::from(slot)) {
            counter.get_or_init(|| self.register(status)).increment(1);
        }
    }

    fn register(&self, status: u16) -> Counter {
        let labels = [
            (&self.listener).into(),
            SharedString::from(status.to_string()),
        ];
        counter(&metrics::HTTP_REQUESTS, labels)
    }

    /// A connection was opened; it counts until the meter is dropped.
    pub fn connected(&self) -> ConnectionMeter {
        self.open.increment(1.0);
        ConnectionMeter(self.open.clone())
    }

    /// A connection was closed at once because the limit was reached.
    pub fn refused(&self) {
        self.refused.increment(1);
    }
}

/// One connection, counted while it exists.
pub struct ConnectionMeter(Gauge);

impl Drop for ConnectionMeter {
    fn drop(&mut self) {
        self.0.decrement(1.0);
    }
}

/// A WebSocket was closed with `code`, by whichever side; 1006 where no code was sent.
pub fn socket_closed(code: u16) {
    let known = CLOSE_CODES.iter().find(|(number, _)| *number == code);
    closes(known.map_or(OTHER_CODE, |(_, label)| label)).increment(1);
}

/// Exports every close code at 0, so that its rate has a start.
pub(super) fn begin_closes() {
    let known = CLOSE_CODES.iter().map(|(_, label)| *label);
    known
        .chain([OTHER_CODE])
        .for_each(|label| closes(label).increment(0));
}

fn closes(label: &'static str) -> Counter {
    counter(&metrics::WS_CLOSE, [label.into()])
}

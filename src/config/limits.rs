//! `[limits]`: bounds on what clients may send and hold.

use std::num::NonZeroUsize;
use std::time::Duration;

use super::read::Reader;

const MIB: usize = 1 << 20;
const GIB: usize = 1 << 30;
/// The longest timeout that is accepted, in milliseconds: longer ones are typing mistakes.
const HOUR_MS: u64 = 3_600_000;

/// Bounds on what clients may send and hold; sizes in bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Largest request body.
    pub body_bytes: usize,
    /// Time for the head of a request.
    pub header_timeout: Duration,
    /// Time for the body of a request.
    pub body_timeout: Duration,
    /// A client that takes no byte for so long is cut.
    pub write_timeout: Duration,
    /// How long an idle connection is kept.
    pub keep_alive: Duration,
    /// Connections on one listener.
    pub connections: NonZeroUsize,
    /// Bytes kept for one client that reads slowly.
    pub send_buffer_bytes: usize,
    /// Largest WebSocket message from a client.
    pub ws_message_bytes: usize,
    /// Largest encoded image.
    pub image_bytes: usize,
    /// Longest side of an image, in pixels.
    pub image_side: u32,
    /// Pixels of an image.
    pub image_pixels: u64,
    /// Memory of all uploads together.
    pub upload_memory_bytes: usize,
    /// Characters of a prompt.
    pub prompt_chars: usize,
    /// Actions that one stream takes in a second.
    pub control_per_second: NonZeroUsize,
    /// Viewers of one stream.
    pub viewers: NonZeroUsize,
}

impl Limits {
    pub(super) fn read(reader: &mut Reader<'_>) -> Self {
        Self {
            body_bytes: reader.number("limits.body_bytes", 1024..=GIB),
            header_timeout: reader.millis("limits.header_timeout_ms", 100..=HOUR_MS),
            body_timeout: reader.millis("limits.body_timeout_ms", 100..=HOUR_MS),
            write_timeout: reader.millis("limits.write_timeout_ms", 100..=HOUR_MS),
            keep_alive: reader.millis("limits.keep_alive_ms", 0..=HOUR_MS),
            connections: reader.count("limits.connections", 1_000_000),
            send_buffer_bytes: reader.number("limits.send_buffer_bytes", 16_384..=16 * MIB),
            ws_message_bytes: reader.number("limits.ws_message_bytes", 1024..=64 * MIB),
            image_bytes: reader.number("limits.image_bytes", 1024..=GIB),
            image_side: reader.number("limits.image_side", 64..=65_535),
            image_pixels: reader.number("limits.image_pixels", 4_096..=1_000_000_000),
            upload_memory_bytes: reader.number("limits.upload_memory_bytes", MIB..=64 * GIB),
            prompt_chars: reader.number("limits.prompt_chars", 0..=100_000),
            control_per_second: reader.count("limits.control_per_second", 100_000),
            viewers: reader.count("limits.viewers", 1_000_000),
        }
    }
}

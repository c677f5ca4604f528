//! The gamecraft dialect: an interactive world, driven by keys. Described for people in `docs/dialects/gamecraft.md`.
//!
//! - [`start`]: the body of `/start_stream`; [`control`]: that of `/control`; [`fields`]: how both are read;
//! - [`reply`]: what is answered; [`fault`]: what is refused, and how;
//! - [`mjpeg`]: the parts of `/video`; [`socket`]: the messages of the WebSocket twin.

pub mod control;
pub mod fault;
mod fields;
pub mod mjpeg;
pub mod reply;
pub mod socket;
pub mod start;

pub use fault::Fault;

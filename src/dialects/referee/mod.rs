//! The referee dialect: a bout streamed in frame by frame, a verdict out. Described for people in `docs/dialects/referee.md`.
//!
//! - [`message`]: what a client may say, and how its fields are read ([`fields`]);
//! - [`conversation`]: what each message asks of the server, and what is due next;
//! - [`reply`]: what the server says; [`error`]: what it refuses, in the original's codes and words;
//! - [`progress`]: which steps of an analysis are told; [`stats`]: the objects of `/streaming/stats` and `/health`;
//! - [`upload`]: the form of `/analyze`, and what it refuses.

pub mod conversation;
mod document;
pub mod error;
mod fields;
pub mod message;
pub mod progress;
pub mod reply;
pub mod stats;
pub mod upload;

pub use conversation::{Ask, Conversation, Turn};
pub use error::{Code, Fault};
pub use message::Start;
pub use reply::Reply;

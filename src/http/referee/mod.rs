//! The referee's front end: the stream's socket, and the routes beside it.
//!
//! - [`mod@door`]: which connections become sockets; [`socket`]: one of them, frame by frame; [`judging`]: the wait for its verdict;
//! - [`opening`]: sessions opened, and found again; [`mod@routes`]: statistics and results;
//! - [`mod@analyze`]: whole videos, whose [`form`] is read to the disk.

mod access;
mod analyze;
mod desk;
mod door;
mod form;
mod held;
mod judging;
mod opening;
mod routes;
mod socket;
mod stats;

pub use door::door;
pub use routes::routes;

/// The group that this dialect's sessions count in.
pub const GROUP: &str = "referee";

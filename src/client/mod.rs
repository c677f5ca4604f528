//! Programs that speak to a server from outside, as any client would: nothing of the server is known here but its protocols.
//!
//! - [`http`]: requests on a kept connection; [`mjpeg`]: picture streams; [`socket`]: the world's WebSocket;
//! - [`mod@bench`]: what a server reaches, measured from outside;
//! - [`mod@referee`]: a bout's video to a referee, its verdict back.

pub mod bench;
pub mod http;
pub mod mjpeg;
pub mod referee;
pub mod socket;

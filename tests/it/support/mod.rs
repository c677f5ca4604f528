//! What the integration tests share: a real server process under a guard, and clients that speak to it.

pub mod gpu;
pub mod http;
pub mod observe;
pub mod pictures;
pub mod runtime;
pub mod server;
pub mod socket;
pub mod transcript;
pub mod video;
pub mod world;

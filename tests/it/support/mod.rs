//! What the integration tests share: a real server process under a guard.

pub mod server;

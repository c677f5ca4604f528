//! The referee over real sockets.

mod durability;
mod routes;
mod support;
mod wire;

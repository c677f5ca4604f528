//! The referee over real sockets.

mod client;
mod durability;
mod ends;
mod flow;
mod handshake;
mod lines;
mod routes;
mod support;
mod truth;
mod upload;
mod verdict;
mod wire;

//! The referee over real sockets.

mod durability;

//! The committed PTX of the server's kernels, run by the interpreter, against plain references.
//!
//! Not responsible for launching through the driver's functions: see `driver`. Invariant: the references are written here,
//! from the rules that the host's code follows, or are golden files that another runtime made.

#![allow(clippy::unwrap_used)]

mod bench;
mod pixels;
mod resize;
mod world;

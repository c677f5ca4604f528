//! The driver's behaviour, as a caller of its C functions sees it.
//!
//! Not responsible for what kernels compute: see `kernels`. Invariant: each test has the machine for itself, in a clean state.

#![allow(clippy::unwrap_used)]

mod capture;
mod context;
mod control;
mod copy;
mod device;
mod event;
mod graph;
mod loaded;
mod memory;
mod module;
mod stream;
mod support;

//! A test double of the CUDA driver: the functions of `libcuda` that the server calls, on a machine without a GPU.
//!
//! Kernels are not imitated but executed, by interpreting their PTX, so the whole way of a frame is tested: bytes up, kernels,
//! bytes down, streams, events, graphs, errors. Responsible for behaving as the driver where a caller can see it, and
//! for being stricter where the driver leaves something open. Not responsible for speed, nor for anything that the server does
//! not use: such functions answer `CUDA_ERROR_NOT_SUPPORTED`.
//!
//! Invariants: work is carried out only when somebody looks, in an order that the caller has asked for; no access leaves
//! the memory that it belongs to.
//!
//! # Two copies in one process
//!
//! A test that links this crate *and* lets the server load the shared library has two machines: one in the program, one in
//! the library. What the server does is seen only in the second. [`Control`] reaches it: it opens the same file, which
//! gives the same copy, and calls its symbols.
//!
//! # A process that nobody controls from inside
//!
//! Two variables of the environment are read once, at the first call; a reset goes back to the defaults, not to them.
//!
//! - `FAKE_CUDA_EXECUTION`: `accounted`, `copies` or `full` ([`Execution`]);
//! - `FAKE_CUDA_LOOKS`: how often queued work is not ready when somebody looks.
#![warn(unsafe_code)]

mod capture;
pub mod code;
mod context;
pub mod control;
mod event;
mod faults;
pub mod ffi;
mod graph;
mod launch;
mod machine;
mod memory;
mod module;
pub mod ptx;
mod queue;
mod settings;
pub mod space;
mod tally;
mod work;

pub use code::Code;
pub use fake_cuda_control::{Control, ControlError};
pub use settings::Execution;
pub use tally::Tally;

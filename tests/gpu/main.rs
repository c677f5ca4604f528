//! The path of a frame over a GPU, on the driver's double: what the driver sees of it, and what becomes of its errors.
//!
//! The engine suite says what every engine must do; here is what only a GPU can get wrong. The double executes our kernels,
//! refuses what a driver would refuse, and fails on cue.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot go on fails here"
)]

#[path = "../common/counting.rs"]
mod counting;
#[path = "../common/fake_gpu.rs"]
mod fake_gpu;
#[path = "../common/fake_trt.rs"]
mod fake_trt;

mod faults;
mod frames;
mod graphs;
mod memory;
mod nvml;
mod rig;
mod tensorrt;
mod transfer;

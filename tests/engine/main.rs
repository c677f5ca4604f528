//! One suite for every backend: what an engine must do, whoever wrote its runtime.
//!
//! [`subject`] lists the backends, what they load and how exact they must be; each test of [`cases`] runs on all of them.
//! A backend joins by one more [`subject::Subject`].

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot go on fails here"
)]

#[path = "../common/fake_gpu.rs"]
mod fake_gpu;
#[path = "../common/fake_trt.rs"]
mod fake_trt;

mod cases;
mod elements;
mod faults;
mod golden;
mod keypoints;
mod library;
mod onnx;
mod probe;
mod subject;

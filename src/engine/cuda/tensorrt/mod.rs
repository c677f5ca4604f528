//! The `tensorrt` backend: plans that TensorRT built for this very kind of GPU, run by its library.
//!
//! - [`library`]: found at run time, and never asked for an object before the driver has answered;
//! - [`plan`]: what a plan's tensors must be for a manifest;
//! - [`chain`]: one plan behind another; [`machine`]: plans as slots want them; [`context`]: one execution of it at a time.
//!
//! Not responsible for building plans ([`crate::engine::plans`] finds them, `frameloom models build` makes them).

mod chain;
mod context;
mod library;
mod machine;
mod plan;

pub use library::TensorRt;

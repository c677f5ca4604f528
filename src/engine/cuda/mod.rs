//! NVIDIA GPUs: what runs on them, and what they stand on. All of it but the binding crates' `unsafe` is in this folder.
//!
//! - [`driver`]: whether there is one, and which devices it has;
//! - [`gpu`]: one device: its context, and what its memory is used for; [`memory`], [`pinned`]: memory with an owner;
//! - [`machine`]: what an engine is to a slot: where its tensors lie, and what it puts on a stream;
//! - [`engine`], [`slot`]: upload, run, download, poll, commit, for every machine alike; [`inlet`]: what is refused before;
//! - [`stream`]: streams and events; [`state`]: recurrent state in device memory; [`graph`]: captured once, launched for every batch;
//! - [`nvml`]: how a GPU is; [`transfer`]: how fast bytes move on it and to it;
//! - [`ptx`]: our own kernels; [`tensorrt`]: plans that TensorRT built; [`fault`]: what an error of the driver condemns.
//!
//! Invariants: nothing here runs before the driver has answered with a device; what belongs to a context is made and
//! freed on its device's thread; after a slot was made, no frame takes device memory.

pub mod driver;
mod engine;
mod fault;
mod gpu;
mod graph;
mod inlet;
mod machine;
mod memory;
pub mod nvml;
mod pinned;
pub mod ptx;
mod slot;
mod state;
mod stream;
pub mod tensorrt;
pub mod transfer;

pub use driver::{Driver, Facts};
pub use gpu::{Gpu, GpuPlatform, MemoryUse};
pub use pinned::PinnedBytes;

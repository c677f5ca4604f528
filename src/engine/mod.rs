//! Models and what runs them. Knows tensors and devices; knows neither sessions nor HTTP.
//!
//! - [`tensor`]: what goes in and comes out;
//! - [`manifest`], [`repository`]: a model is a folder with a `model.toml`; [`adopt`]: one that lies elsewhere;
//! - [`backend`]: `Backend → Engine → Slot`, the three traits behind which every runtime lives;
//! - [`lifecycle`]: unloaded → loading → warming → ready, or failed with a reason and a cure;
//! - [`rten`]: the embedded backend; [`ort`]: ONNX Runtime, where it is found; [`host`]: what both have in common;
//! - [`cuda`]: NVIDIA GPUs; [`plans`]: TensorRT plans of models, and whether they fit this machine; [`scripted`]: a backend for tests that fails on cue.
//!
//! Why the traits have this shape: `docs/adr/0003-engine-layer.md`.

pub mod adopt;
pub mod backend;
pub mod cuda;
pub mod host;
pub mod lifecycle;
pub mod manifest;
pub mod ort;
pub mod plans;
pub mod repository;
pub mod rten;
pub mod scripted;
pub mod tensor;

pub use adopt::Purpose;
pub use backend::{
    Admission, Backend, DeviceSpec, Engine, EngineKey, EngineState, HostPlatform, Item, ItemDone,
    ItemState, LoadError, Outputs, Platform, Probe, Role, RunError, RunTimes, Scope, Slot,
};
pub use lifecycle::LoadState;
pub use manifest::{Manifest, ModelKind};
pub use repository::{Model, Repository};
pub use tensor::{DType, Data, Tensor};

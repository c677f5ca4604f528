//! A double of TensorRT's libraries: one shared library that behaves as whichever version its file name, or
//! `FAKE_TENSORRT_VERSION`, says.
//!
//! It states the layout of the vendor's objects by itself ([`layout`]): it shares no number with the binding that it tests,
//! and every method that the binding has no business with ends the process and says its number. Its plans are a text
//! ([`plan`]); running one copies tensors through the CUDA driver on the stream that it is given ([`driver`]), so that it is
//! ordered, and can be captured, as a real engine is. What goes wrong, and what was called, is told and asked for through
//! exported functions ([`control`]).
//!
//! Tests use [`Double`]. Invariant: an object that is used or deleted when it should not be ends the process.

mod abi;
mod context;
mod control;
mod double;
mod driver;
mod engine;
mod exports;
mod layout;
mod plan;
mod runtime;
mod state;
mod version;
mod words;

pub use double::{Double, Kind, built};

//! Frameloom: real-time AI video models for live sessions.
//!
//! The layers, each knowing only those after it:

pub mod actors;
pub mod config;
pub mod engine;
pub mod media;
pub mod pipelines;
pub mod session;
pub mod telemetry;

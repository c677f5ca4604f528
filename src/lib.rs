//! Frameloom: real-time AI video models for live sessions.
//!
//! The layers, each knowing only those after it:

// Standard output belongs to the commands that answer on it; everything else is a log event.
#![warn(clippy::print_stdout, clippy::print_stderr)]

// Test support that integration tests share names the crate as they do.
#[cfg(test)]
extern crate self as frameloom;

pub mod actors;
pub mod app;
pub mod client;
pub mod config;
pub mod dialects;
pub mod engine;
pub mod http;
pub mod media;
pub mod pipelines;
pub mod session;
pub mod telemetry;

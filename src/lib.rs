//! Frameloom.

pub mod media;

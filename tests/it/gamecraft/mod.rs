//! The gamecraft dialect against the real server.

mod socket;
mod transcripts;
mod video;
mod world;

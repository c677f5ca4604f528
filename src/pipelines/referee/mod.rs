//! The referee: match video in, a verdict with its evidence out.
//!
//! - [`signal`]: what the scoring device wrote; [`tracks`]: where both fencers' keypoints were, frame by frame;
//! - [`pose`]: who is in a picture, whatever model finds them;
//! - [`rules`]: from these two to a [`verdict`], purely.

pub mod pose;
pub mod rules;
pub mod signal;
pub mod tracks;
pub mod verdict;

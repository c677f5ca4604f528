//! The referee: match video in, a verdict with its evidence out.
//!
//! - [`signal`]: what the scoring device wrote; [`tracks`]: where both fencers' keypoints were, frame by frame;
//! - `open` makes a bout's session, with all the `memory` that it can need and the `lenses` that straighten it; `frame` takes one of its frames apart, `study` notes what was found, and [`conclude`]
//!   makes a verdict of it, which [`artifacts`] show;
//! - [`pose`]: who is in a picture, whatever model finds them;
//! - [`rules`]: from these two to a [`verdict`], purely.

pub mod artifacts;
pub mod conclude;
mod frame;
mod lenses;
mod memory;
mod open;
mod places;
pub mod pose;
pub mod rules;
pub mod signal;
mod study;
pub mod table;
pub mod tracking;
pub mod tracks;
pub mod verdict;

pub use conclude::Judging;
pub use open::{PIPELINE, RefereeModel, RefereeOptions, is_final};
pub use study::STAGES;

//! Media: pictures, codecs, pixel layouts, and what travels with a frame.
//!
//! Synchronous: nothing here knows sessions, actors, sockets or clocks (an instant is data that
//! somebody else took), and all but [`spool`] is pure. Every size that a client can choose is checked before it costs
//! memory.
//!
//! | module | holds |
//! |---|---|
//! | [`rgb8`] | [`Rgb8`]: the one decoded picture |
//! | [`picture`] | a client's file to an [`Rgb8`], within limits |
//! | [`resize`] | covering a given size |
//! | [`convert`] | interleaved bytes to the planar floats of a model, and back |
//! | [`lens`] | straightening what a wide lens bends |
//! | [`jpeg`] | an [`Rgb8`] to a JPEG, many times a second |
//! | [`bout`] | drawn bouts with known truth |
//! | [`random`] | numbers by lot, the same for a seed |
//! | [`budget`] | memory that is owned by whoever holds it |
//! | [`encoding`] | how the bytes of a streamed frame are to be read |
//! | [`clip`] | a video file, frame by frame |
//! | [`spool`] | frames on disk, which survive the process |
//! | [`video`] | pictures to a video file |
//! | [`stage`] | where the time of a frame went |
//! | [`frame`] | a finished frame and its names |

pub mod bout;
pub mod budget;
pub mod clip;
pub mod convert;
pub mod encoding;
pub mod frame;
pub mod jpeg;
pub mod lens;
pub mod picture;
pub mod random;
pub mod resize;
pub mod rgb8;
pub mod spool;
pub mod stage;
pub mod video;

pub use budget::{ByteBudget, Lease};
pub use encoding::Encoding;
pub use frame::{ActionId, EncodedFrame, FrameId, FrameKind};
pub use picture::{DecodeLimits, PictureError};
pub use rgb8::Rgb8;
pub use stage::{Stage, StageTimes};

//! The world: a picture that one walks through with four keys.
//!
//! [`scene`] reads the picture's geometry once; [`motion`] turns keys into a pose; [`track`] binds both to the engine. The
//! model draws each frame from the chunk's picture, the pose and the scene; at a chunk's end the frame itself becomes the
//! picture, so the walk never ends.

pub mod motion;
pub mod scene;
mod track;

pub use motion::MotionConfig;
pub use track::{WorldModel, WorldOptions};

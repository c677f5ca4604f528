//! From a picture to the persons in it, by whatever model fills the slot `pose`.
//!
//! Responsible for what goes into the model and for reading what comes out; not for who of the persons is a fencer. Invariant:
//! persons are in pixels of the picture that was given, whatever the model's own size.
//!
//! The slot takes `images` `[1, 3, H, W]`, RGB from 0 to 1, and gives `predictions` `[1, 56, N]`: for each of N candidates the
//! box's centre, width and height, the confidence, and seventeen times x, y and visibility, all in pixels of the input: what
//! an export of an Ultralytics pose model takes and gives. H, W and N are the model's own.
//!
//! | file | holds |
//! |---|---|
//! | `letterbox` | [`Letterbox`]: a picture to the model's size, and points back |
//! | `persons` | [`mod@persons`]: candidates to persons |
//! | `estimator` | [`Estimator`]: the steps that a frame takes, one model or several |

mod estimator;
mod letterbox;
mod persons;
#[cfg(test)]
mod tests;

pub use estimator::{Estimator, Found, IMAGES, PREDICTIONS, SingleStage};
pub use letterbox::Letterbox;
pub(super) use persons::iou;
pub use persons::{Keypoint, MOST_KEPT, MOST_PERSONS, Person, Thresholds, nearest, persons};

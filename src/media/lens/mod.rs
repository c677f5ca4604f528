//! Straightening what a wide lens bends: a map computed once a geometry, then one pass over each frame.
//!
//! Responsible for OpenCV's fisheye model and for sampling by it; not for choosing strength or balance, and not for frames of
//! another size than the map's. Invariant: every point that a [`Remap`] samples lies in the picture, so that sampling
//! asks nothing a pixel.
//!
//! The camera that a recording is taken to come from has fx = fy = the longer side, its centre in the middle and the
//! distortion `[strength, 0, 0, 0]`; the camera it is shown through is the one that
//! `cv2.fisheye.estimateNewCameraMatrixForUndistortRectify` gives for `balance`. Numbers are OpenCV's, to the bit where it
//! works in fixed point: `tests/data/lens/record.py` records them.
//!
//! | file | holds |
//! |---|---|
//! | `camera` | the model: where a point of the straightened picture comes from |
//! | `crop` | the rectangle that is kept |
//! | `remap` | [`Remap`]: the map, and how it is applied |
//! | `scalar`, `avx2` | the pass over a frame |

#[cfg(target_arch = "x86_64")]
mod avx2;
mod camera;
mod crop;
mod remap;
mod scalar;
#[cfg(test)]
mod tests;

pub use remap::{Remap, WrongSize};

/// How much a lens bends, and how much of the picture is kept when it is straightened.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Fisheye {
    /// First coefficient of the distortion; negative for the usual barrel. 0 leaves pictures as they are: the
    /// correction is off, although OpenCV's model would still straighten an ideal fisheye.
    pub strength: f64,
    /// From 0 (fill the picture, lose its margins) to 1 (keep all of it, and be cropped instead); beyond, the nearer end.
    pub balance: f64,
}

/// A correction that cannot be made.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub enum LensError {
    /// A number that is none.
    #[error("the fisheye's strength and balance must be finite, not {strength} and {balance}")]
    NotFinite {
        /// As given.
        strength: f64,
        /// As given.
        balance: f64,
    },
    /// The model folds over before it reaches the picture's edges.
    #[error(
        "a fisheye strength of {strength} bends more than a picture of {width}×{height} can be straightened by"
    )]
    TooStrong {
        /// As given.
        strength: f64,
        /// Pixels in a row.
        width: u32,
        /// Rows.
        height: u32,
    },
    /// There is nothing to interpolate between, or the map would be too large to count.
    #[error(
        "a picture of {width}×{height} cannot be straightened: from 2×2 up to {} pixels can",
        remap::MOST_PIXELS
    )]
    BadSize {
        /// Pixels in a row.
        width: u32,
        /// Rows.
        height: u32,
    },
}

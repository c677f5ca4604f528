//! [`Remap`]: for each pixel of the straightened picture, which four it is mixed from, and how.
//!
//! Coordinates are rounded to 1/32 pixel and mixed in whole numbers, as OpenCV's fixed-point maps are, so results are the same
//! on every machine. Invariant: `taps` is filled here alone, and each of them names a pixel that has a neighbour to its right
//! and one below.

use crate::media::Rgb8;

#[cfg(target_arch = "x86_64")]
use super::avx2;
use super::{Fisheye, LensError, camera::Cameras, crop, crop::Rectangle, scalar};

/// Pixels of the largest picture that can be straightened: offsets of bytes are 32 bits.
pub(super) const MOST_PIXELS: u64 = u32::MAX as u64 / 3;

/// Steps a pixel, and their logarithm: OpenCV's `INTER_BITS`.
pub(super) const STEPS: i32 = 1 << STEP_BITS;
const STEP_BITS: u32 = 5;

/// What one pixel is mixed from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub(super) struct Tap {
    /// First byte of the upper left one of four pixels.
    pub(super) offset: u32,
    /// Weights of the left and the right column, of the upper and the lower row; each pair adds up to [`STEPS`].
    pub(super) weights: [u8; 4],
}

/// A correction, ready to be applied to pictures of one size.
#[derive(Clone, Debug)]
pub struct Remap {
    source: (u32, u32),
    kept: Rectangle,
    /// A tap for each kept pixel, row by row; none for pictures that pass as they are.
    taps: Vec<Tap>,
    lens: Option<Fisheye>,
}

/// A picture of another size than the map was made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a map for {expected:?} pixels was given a picture of {given:?}")]
pub struct WrongSize {
    /// Pixels in a row and rows that the map is for.
    pub expected: (u32, u32),
    /// Those that the picture has, or claims to have.
    pub given: (u32, u32),
}

impl Remap {
    /// The correction of `lens` for pictures of `width × height`, cropped to what the picture covers. Costs about 50 ns a
    /// pixel and is worth keeping; a strength of 0 gives [`Self::identity`].
    ///
    /// A straightened pixel is kept if the point it comes from lies on a pixel of the picture, that is at most half a
    /// pixel outside the outermost centres (there it is the outermost pixel's colour), and is reached by the model before it
    /// turns back. Of these the axis-aligned rectangle with the most pixels is kept; a side that is odd loses its last line.
    ///
    /// # Errors
    /// Those of [`LensError`].
    pub fn fisheye(width: u32, height: u32, lens: &Fisheye) -> Result<Self, LensError> {
        let cameras = Cameras::new(width, height, lens)?;
        if lens.strength == 0.0 {
            return Ok(Self::identity(width, height));
        }
        if width.min(height) < 2 || u64::from(width) * u64::from(height) > MOST_PIXELS {
            return Err(LensError::BadSize { width, height });
        }
        let points = fixed_points(&cameras, width, height);
        let good: Vec<bool> = points.iter().map(Option::is_some).collect();
        let kept = crop::largest(&good, width as usize);
        if kept.area() == 0 {
            let strength = lens.strength;
            return Err(LensError::TooStrong {
                strength,
                width,
                height,
            });
        }
        let columns = kept.x..kept.x + kept.width;
        let rows = points.chunks_exact(width as usize).skip(kept.y);
        let inside = rows
            .take(kept.height)
            .flat_map(|row| &row[columns.clone()])
            .flatten();
        let taps = inside.map(|&point| tap(point, width, height)).collect();
        Ok(Self {
            source: (width, height),
            kept,
            taps,
            lens: Some(*lens),
        })
    }

    /// Pictures of `width × height` pass as they are, odd sides too.
    #[must_use]
    pub fn identity(width: u32, height: u32) -> Self {
        let kept = Rectangle {
            x: 0,
            y: 0,
            width: width as usize,
            height: height as usize,
        };
        Self {
            source: (width, height),
            kept,
            taps: Vec::new(),
            lens: None,
        }
    }

    /// The lens that is corrected; `None` where pictures pass as they are.
    #[must_use]
    pub fn lens(&self) -> Option<Fisheye> {
        self.lens
    }

    /// Whether pictures pass as they are, so that a caller may spare the copy.
    #[must_use]
    pub fn is_identity(&self) -> bool {
        self.taps.is_empty()
    }

    /// Pixels in a row and rows of the pictures that it takes.
    #[must_use]
    pub fn source_size(&self) -> (u32, u32) {
        self.source
    }

    /// Pixels in a row and rows of the pictures that it gives; even, unless pictures pass as they are.
    #[must_use]
    pub fn size(&self) -> (u32, u32) {
        // The sides are at most the source's.
        (self.kept.width as u32, self.kept.height as u32)
    }

    /// Column and row of the straightened picture at which the kept part begins.
    #[must_use]
    pub fn origin(&self) -> (u32, u32) {
        (self.kept.x as u32, self.kept.y as u32)
    }

    /// Bytes that the map holds.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.taps.len() * size_of::<Tap>()
    }

    /// The most bytes that a map for pictures of `width × height` can hold, to be reserved before it is made; while it is made
    /// it takes three times that.
    #[must_use]
    pub fn most_bytes(width: u32, height: u32) -> u64 {
        u64::from(width) * u64::from(height) * size_of::<Tap>() as u64
    }

    /// Straightens `src` into `dst`, which becomes a picture of [`Self::size`]; its memory is used again.
    ///
    /// # Errors
    /// If `src` has not [`Self::source_size`], or not the bytes for it; `dst` is then as it was.
    pub fn apply(&self, src: &Rgb8, dst: &mut Rgb8) -> Result<(), WrongSize> {
        let given = (src.width, src.height);
        if given != self.source || !src.is_whole() {
            return Err(WrongSize {
                expected: self.source,
                given,
            });
        }
        (dst.width, dst.height) = self.size();
        dst.data
            .resize(self.kept.width * self.kept.height * Rgb8::CHANNELS, 0);
        match self.is_identity() {
            true => dst.data.copy_from_slice(&src.data),
            false => self.sample(&src.data, &mut dst.data),
        }
        Ok(())
    }

    fn sample(&self, src: &[u8], dst: &mut [u8]) {
        let stride = self.source.0 as usize * Rgb8::CHANNELS;
        #[cfg(target_arch = "x86_64")]
        if is_x86_feature_detected!("avx2") {
            // SAFETY: the processor has AVX2, `src` is a whole picture of the size that the taps were made for.
            #[allow(unsafe_code)]
            return unsafe { avx2::sample(src, stride, &self.taps, dst) };
        }
        scalar::sample(src, stride, &self.taps, dst);
    }

    #[cfg(test)]
    pub(super) fn taps(&self) -> &[Tap] {
        &self.taps
    }
}

/// Where each pixel of the straightened picture comes from, in steps; `None` for those that are not on the picture.
fn fixed_points(cameras: &Cameras, width: u32, height: u32) -> Vec<Option<[i32; 2]>> {
    let pixels = (0..height).flat_map(|y| (0..width).map(move |x| (f64::from(x), f64::from(y))));
    let point = |(x, y)| on_picture(fixed(cameras.source(x, y)?), width, height);
    pixels.map(point).collect()
}

/// Pixels to steps, rounded as OpenCV does: halves to the even one.
pub(super) fn fixed(point: [f64; 2]) -> [i32; 2] {
    point.map(|pixels| (pixels * f64::from(STEPS)).round_ties_even() as i32)
}

/// The point itself, or the outermost centre where it lies at most half a pixel beyond.
fn on_picture(point: [i32; 2], width: u32, height: u32) -> Option<[i32; 2]> {
    let last = [width, height].map(|pixels| (i64::from(pixels) - 1) * i64::from(STEPS));
    let half = i64::from(STEPS / 2);
    let inside = |i: usize| (-half..=last[i] + half).contains(&i64::from(point[i]));
    let clamp = |i: usize| i64::from(point[i]).clamp(0, last[i]) as i32;
    (inside(0) && inside(1)).then(|| [clamp(0), clamp(1)])
}

/// A point of [`on_picture`]; the last column and row are the right and lower neighbours of those before them.
fn tap(point: [i32; 2], width: u32, height: u32) -> Tap {
    let [(x, right), (y, lower)] = [(0, width), (1, height)].map(|(i, pixels)| {
        let pixel = (point[i] / STEPS).min(pixels as i32 - 2);
        (pixel as u32, (point[i] - pixel * STEPS) as u8)
    });
    let steps = STEPS as u8;
    Tap {
        offset: (y * width + x) * Rgb8::CHANNELS as u32,
        weights: [steps - right, right, steps - lower, lower],
    }
}

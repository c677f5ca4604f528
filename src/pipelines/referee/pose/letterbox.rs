//! [`Letterbox`]: a whole picture inside a model's input, its shape kept and the rest grey.
//!
//! The geometry is Ultralytics'. Invariant: [`Letterbox::back`] undoes what [`Letterbox::fill`] did to a point inside the picture,
//! to half a pixel of the input.

use crate::{
    engine::{RunError, Tensor},
    media::{Rgb8, convert, resize},
};

/// The grey that Ultralytics pads with.
const GREY: u8 = 114;

/// How pictures of one size lie in an input of another.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Letterbox {
    source: (u32, u32),
    input: (u32, u32),
    /// Input pixels a picture's pixel.
    gain: f64,
    /// The picture inside the input: pixels in a row, rows.
    inner: (u32, u32),
    /// Columns and rows of grey before it.
    pad: (u32, u32),
}

impl Letterbox {
    /// For pictures of `source` in an input of `input`, both pixels in a row and rows, and neither 0.
    ///
    /// The gain is the smaller quotient of the sides; the picture lies in the middle, and of an odd rest the larger half is
    /// right or below.
    #[must_use]
    pub fn new(source: (u32, u32), input: (u32, u32)) -> Self {
        let sides = [(source.0, input.0), (source.1, input.1)];
        let quotient = |(from, to): (u32, u32)| f64::from(to) / f64::from(from.max(1));
        let gain = quotient(sides[0]).min(quotient(sides[1]));
        let side = |(from, to): (u32, u32)| {
            let scaled = (f64::from(from) * gain).round_ties_even() as u32;
            scaled.clamp(1, to.max(1))
        };
        let inner = (side(sides[0]), side(sides[1]));
        Self {
            source,
            input,
            gain,
            inner,
            pad: (
                input.0.saturating_sub(inner.0) / 2,
                input.1.saturating_sub(inner.1) / 2,
            ),
        }
    }

    /// Pixels in a row and rows of the pictures that it takes.
    #[must_use]
    pub fn source(&self) -> (u32, u32) {
        self.source
    }

    /// The model's input `[1, 3, H, W]`, RGB from 0 to 1.
    ///
    /// # Errors
    /// If the picture has another size than this is for.
    pub fn fill(&self, picture: &Rgb8) -> Result<Tensor, RunError> {
        let (width, height) = self.input;
        let canvas = self.canvas(picture)?;
        let mut planes = vec![0.0; canvas.data.len()];
        convert::rgb8_to_planar(&canvas.data, width, height, &mut planes);
        let shape = vec![1, 3, height as usize, width as usize];
        Tensor::f32(shape, planes).map_err(|fault| RunError::item(fault.to_string()))
    }

    /// The picture in its grey frame.
    pub(super) fn canvas(&self, picture: &Rgb8) -> Result<Rgb8, RunError> {
        if (picture.width, picture.height) != self.source || !picture.is_whole() {
            let (width, height) = self.source;
            let fault = format!("a pose input for {width}×{height} was given {picture:?}");
            return Err(RunError::item(fault));
        }
        let inner = resize::whole(picture, self.inner.0, self.inner.1);
        let mut canvas = Rgb8::filled(self.input.0, self.input.1, [GREY; 3]);
        let [row, line, left] =
            [self.input.0, self.inner.0, self.pad.0].map(|pixels| pixels as usize * Rgb8::CHANNELS);
        let below = canvas.data.chunks_exact_mut(row).skip(self.pad.1 as usize);
        for (target, source) in below.zip(inner.data.chunks_exact(line)) {
            target[left..left + line].copy_from_slice(source);
        }
        Ok(canvas)
    }

    /// A point of the input as a point of the picture; beyond its edges the nearest point on them.
    #[must_use]
    pub fn back(&self, x: f32, y: f32) -> (f32, f32) {
        let axis = |at: f32, pad: u32, side: u32| {
            let at = (f64::from(at) - f64::from(pad)) / self.gain;
            at.clamp(0.0, f64::from(side)) as f32
        };
        (
            axis(x, self.pad.0, self.source.0),
            axis(y, self.pad.1, self.source.1),
        )
    }
}

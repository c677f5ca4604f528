//! Pictures that come as pixels: the graphs of host runtimes want planes of floats.

use super::port::{Port, Source};
use crate::{
    engine::{
        backend::{Item, ItemState, Role},
        manifest::PixelForm,
        tensor::{DType, Tensor},
    },
    media::convert,
};

/// Puts planes in the place of pixels, in inputs and in a state that begins. What is no picture stays as it is, and so does
/// one of another shape: the check tells.
pub(super) fn with_planes(inputs: &[Port], mut item: Item) -> Item {
    for port in inputs {
        let tensors = match (&port.source, &mut item.state) {
            (Source::Item, _) => &mut item.inputs,
            (Source::State(_), ItemState::Fresh(tensors)) => tensors,
            (Source::State(_), _) => continue,
        };
        if let Some(form) = port.pixels {
            replace(tensors, &port.role, form);
        }
    }
    item
}

fn replace(tensors: &mut [(Role, Tensor)], role: &str, form: PixelForm) {
    let found = tensors.iter_mut().find(|(name, _)| **name == *role);
    if let Some((_, tensor)) = found
        && let Some(planes) = planes(tensor, form)
    {
        *tensor = planes;
    }
}

/// `[1, height, width, 3]` bytes as `[1, 3, height, width]` floats in the model's range.
fn planes(pixels: &Tensor, form: PixelForm) -> Option<Tensor> {
    let &[1, height, width, 3] = pixels.shape() else {
        return None;
    };
    if pixels.dtype() != DType::U8 {
        return None;
    }
    let bytes = pixels.as_bytes();
    let mut planes = vec![0.0; bytes.len()];
    let (columns, rows) = (u32::try_from(width).ok()?, u32::try_from(height).ok()?);
    convert::rgb8_to_planar(bytes, columns, rows, &mut planes);
    if form.is_bgr {
        let plane = width * height;
        let (red, rest) = planes.split_at_mut(plane);
        red.swap_with_slice(&mut rest[plane..]);
    }
    if (form.low, form.high) != (0.0, 1.0) {
        let scale = form.high - form.low;
        planes.iter_mut().for_each(|x| *x = form.low + *x * scale);
    }
    Tensor::f32(vec![1, 3, height, width], planes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::tensor::Data;

    fn one_pixel(form: PixelForm) -> Vec<f32> {
        let pixel = Tensor::new(vec![1, 1, 1, 3], Data::U8(vec![0, 51, 255]));
        planes(&pixel.unwrap(), form)
            .unwrap()
            .as_f32()
            .unwrap()
            .to_vec()
    }

    #[test]
    fn bytes_fill_the_models_range_in_its_order_of_channels() {
        let form = |low, is_bgr| PixelForm {
            low,
            high: 1.0,
            is_bgr,
        };
        let close = |form, want: [f32; 3]| {
            let pairs = one_pixel(form).into_iter().zip(want);
            pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f32::max) < 1e-6
        };
        assert!(close(form(0.0, false), [0.0, 0.2, 1.0]));
        assert!(close(form(-1.0, false), [-1.0, -0.6, 1.0]));
        assert!(close(form(0.0, true), [1.0, 0.2, 0.0]));
    }

    #[test]
    fn floats_are_left_alone() {
        let floats = Tensor::f32(vec![1, 1, 1, 3], vec![0.0; 3]).unwrap();
        let form = PixelForm {
            low: 0.0,
            high: 1.0,
            is_bgr: false,
        };
        assert_eq!(planes(&floats, form), None);
    }
}

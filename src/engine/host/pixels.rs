//! Pictures that come as pixels: the graphs of host runtimes want planes of floats.

use super::port::{Port, Source};
use crate::{
    engine::{
        backend::{Item, ItemState},
        manifest::PixelForm,
        tensor::Tensor,
    },
    media::{Rgb8, convert, resize},
};

/// Puts planes in the place of pixels, in inputs and in a state that begins. An input may have other sides than the model's,
/// up to four times its pixels, as on a GPU. What cannot be used stays as it is: the check tells.
pub(super) fn with_planes((inputs, shapes): (&[Port], &[Vec<usize>]), mut item: Item) -> Item {
    for (port, shape) in inputs.iter().zip(shapes) {
        let (tensors, may_differ) = match (&port.source, &mut item.state) {
            (Source::Item, _) => (&mut item.inputs, true),
            (Source::State(_), ItemState::Fresh(tensors)) => (tensors, false),
            (Source::State(_), _) => continue,
        };
        let found = tensors.iter_mut().find(|(name, _)| **name == *port.role);
        if let (Some(form), Some((_, tensor)), &[_, _, height, width]) =
            (port.pixels, found, &shape[..])
            && let Some(picture) = picture(tensor)
        {
            *tensor = match (picture.height as usize, picture.width as usize) {
                sides if sides == (height, width) => planes(&picture, form),
                (h, w) if may_differ && h * w <= 4 * height * width => {
                    planes(&resize::whole(&picture, width as u32, height as u32), form)
                }
                _ => continue,
            };
        }
    }
    item
}

/// `[1, height, width, 3]` bytes as a picture.
fn picture(tensor: &Tensor) -> Option<Rgb8> {
    let (&[1, height, width, 3], Ok(bytes)) = (tensor.shape(), tensor.as_u8()) else {
        return None;
    };
    let picture = Rgb8 {
        width: u32::try_from(width).ok()?,
        height: u32::try_from(height).ok()?,
        data: bytes.to_vec(),
    };
    picture.is_whole().then_some(picture)
}

/// A picture as `[1, 3, height, width]` floats in the model's range.
fn planes(picture: &Rgb8, form: PixelForm) -> Tensor {
    let (columns, rows) = (picture.width, picture.height);
    let (width, height) = (columns as usize, rows as usize);
    let mut planes = vec![0.0; picture.data.len()];
    convert::rgb8_to_planar(&picture.data, columns, rows, &mut planes);
    if form.is_bgr {
        let plane = width * height;
        let (red, rest) = planes.split_at_mut(plane);
        red.swap_with_slice(&mut rest[plane..]);
    }
    if (form.low, form.high) != (0.0, 1.0) {
        let scale = form.high - form.low;
        planes.iter_mut().for_each(|x| *x = form.low + *x * scale);
    }
    Tensor::f32(vec![1, 3, height, width], planes).expect("as many floats as bytes")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one_pixel(form: PixelForm) -> Vec<f32> {
        let picture = Rgb8::filled(1, 1, [0, 51, 255]);
        planes(&picture, form).as_f32().unwrap().to_vec()
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
        assert_eq!(picture(&floats), None);
    }
}

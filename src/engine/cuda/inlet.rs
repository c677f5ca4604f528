//! What a slot takes: each item is checked before anything of it is copied, so that one that is not sound fails alone.

use super::machine::{Layout, Port, StatePort};
use crate::engine::{DType, Item, ItemState, Role, RunError, Tensor};

/// The form in which a tensor arrives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// The model's own.
    Own,
    /// A picture as interleaved bytes, of these sides; the device brings it to the model's.
    Pixels {
        /// Pixels in a row.
        width: usize,
        /// Rows.
        height: usize,
    },
}

/// The item's tensor for an input, and its form.
pub fn find<'a>(
    tensors: &'a [(Role, Tensor)],
    port: &Port,
) -> Result<(&'a Tensor, Form), RunError> {
    let found = tensors.iter().find(|(role, _)| **role == *port.role);
    let (_, tensor) = found
        .ok_or_else(|| RunError::item(format!("the item has no tensor of role `{}`", port.role)))?;
    Ok((tensor, form(tensor, port)?))
}

/// Checks type and shape.
fn form(tensor: &Tensor, port: &Port) -> Result<Form, RunError> {
    let role = &port.role;
    if let Some(wanted) = port.pixel_shape()
        && tensor.dtype() == DType::U8
    {
        return pixels(tensor, port, wanted);
    }
    if tensor.dtype() != port.dtype {
        let (want, have) = (port.dtype, tensor.dtype());
        return Err(RunError::item(format!(
            "`{role}` must be {want:?}, not {have:?}"
        )));
    }
    if tensor.shape() != port.shape {
        let (want, have) = (&port.shape, tensor.shape());
        return Err(RunError::item(format!(
            "`{role}` must have the shape {want:?}, not {have:?}"
        )));
    }
    Ok(Form::Own)
}

/// A picture of the model's sides, or of others that the place for its floats has room for: up to four times its pixels.
fn pixels(tensor: &Tensor, port: &Port, wanted: [usize; 4]) -> Result<Form, RunError> {
    match *tensor.shape() {
        [1, height, width, 3] if width * height > 0 && tensor.as_bytes().len() <= port.bytes => {
            Ok(Form::Pixels { width, height })
        }
        _ => Err(RunError::item(format!(
            "`{}` must have the shape {wanted:?} as pixels, or at most four times its pixels, not {:?}",
            port.role,
            tensor.shape()
        ))),
    }
}

/// Checks all inputs of an item, and the tensors of a state that begins.
pub fn check(item: &Item, layout: &Layout) -> Result<(), RunError> {
    for inlet in &layout.inlets {
        find(&item.inputs, inlet)?;
    }
    if let ItemState::Fresh(tensors) = &item.state {
        for StatePort { port, .. } in &layout.states {
            let (tensor, form) = find(tensors, port)?;
            let fits = port
                .pixel_shape()
                .is_some_and(|wanted| tensor.shape() == wanted);
            // A session keeps its state in the model's size: whoever begins it has the time to bring it there.
            if form != Form::Own && !fits {
                let why = format!("`{}` begins with a picture of another size", port.role);
                return Err(RunError::item(why));
            }
        }
    }
    Ok(())
}

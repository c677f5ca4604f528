//! What a slot takes: each item is checked before anything of it is copied, so that one that is not sound fails alone.

use super::machine::{Layout, Port, StatePort};
use crate::engine::{DType, Item, ItemState, Role, RunError, Tensor};

/// The form in which a tensor arrives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// The model's own.
    Own,
    /// A picture as interleaved bytes.
    Pixels,
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
    if let Some(pixels) = port.pixel_shape()
        && tensor.dtype() == DType::U8
    {
        return match tensor.shape() == pixels {
            true => Ok(Form::Pixels),
            false => Err(RunError::item(format!(
                "`{role}` must have the shape {pixels:?} as pixels, not {:?}",
                tensor.shape()
            ))),
        };
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

/// Checks all inputs of an item, and the tensors of a state that begins.
pub fn check(item: &Item, layout: &Layout) -> Result<(), RunError> {
    for inlet in &layout.inlets {
        find(&item.inputs, inlet)?;
    }
    if let ItemState::Fresh(tensors) = &item.state {
        for StatePort { port, .. } in &layout.states {
            find(tensors, port)?;
        }
    }
    Ok(())
}

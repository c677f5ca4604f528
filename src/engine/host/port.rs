//! One input of a graph as the manifest has it: where its tensor comes from, and what it must be.

use super::state::HostState;
use crate::engine::{
    backend::{Item, ItemState, RunError},
    manifest::{Advance, Manifest, PixelForm},
    tensor::{DType, Tensor},
};
use std::sync::Arc;

/// An input.
pub(super) struct Port {
    pub(super) role: Arc<str>,
    /// How it is told as pixels, if it is a picture.
    pub(super) pixels: Option<PixelForm>,
    dtype: DType,
    pub(super) source: Source,
}

/// Where its tensor comes from.
pub(super) enum Source {
    /// The item's inputs.
    Item,
    /// The session's state.
    State(Fed),
}

/// How an input takes part in the state.
pub(super) struct Fed {
    /// Its place among the tensors of [`HostState`].
    pub(super) index: usize,
    /// The role of the output that replaces it.
    pub(super) output: Arc<str>,
    /// When that is.
    pub(super) advance: Advance,
}

/// The inputs in the manifest's order.
pub(super) fn inputs_of(manifest: &Manifest) -> Vec<Port> {
    let mut fed = 0..;
    let mut source = |role: &str| {
        let state = manifest.state_of(role)?;
        Some(Source::State(Fed {
            index: fed.next()?,
            output: Arc::from(state.output.as_str()),
            advance: state.advance,
        }))
    };
    let inputs = manifest.input.iter().map(|spec| Port {
        role: Arc::from(spec.role.as_str()),
        pixels: spec.pixels(),
        dtype: spec.dtype,
        source: source(&spec.role).unwrap_or(Source::Item),
    });
    inputs.collect()
}

impl Port {
    /// This input's tensor in an item: from its state or from its inputs.
    pub(super) fn input_of<'a>(&self, item: &'a Item) -> Result<&'a Tensor, RunError> {
        let found = match (&self.source, &item.state) {
            (Source::Item, _) => item
                .inputs
                .iter()
                .find(|(role, _)| **role == *self.role)
                .map(|(_, tensor)| tensor),
            (Source::State(fed), ItemState::Kept(state)) => {
                state.get::<HostState>().and_then(|s| s.0.get(fed.index))
            }
            (Source::State(_), _) => None,
        };
        found.ok_or_else(|| {
            RunError::item(format!("the item has no tensor of role `{}`", self.role))
        })
    }

    /// Whether a tensor is what this input takes.
    pub(super) fn check(&self, tensor: &Tensor, shape: &[usize]) -> Result<(), RunError> {
        let (role, want, have) = (&self.role, self.dtype, tensor.dtype());
        if have != want {
            return Err(RunError::item(format!(
                "`{role}` must be {want:?}, not {have:?}"
            )));
        }
        if tensor.shape() != shape {
            let have = tensor.shape();
            return Err(RunError::item(format!(
                "`{role}` must have the shape {shape:?}, not {have:?}"
            )));
        }
        Ok(())
    }
}

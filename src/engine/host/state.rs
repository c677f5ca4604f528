//! Recurrent state as tensors on the host. It is replaced only when a run succeeded.

use super::port::{Fed, Port, Source};
use crate::engine::{
    backend::{EngineState, Item, ItemState, Outputs, Role},
    manifest::Advance,
    tensor::Tensor,
};

/// State tensors in the order of the graph's state inputs.
pub(super) struct HostState(pub(super) Vec<Tensor>);

/// The inputs that the state feeds, in their order.
fn fed(inputs: &[Port]) -> impl Iterator<Item = (&Port, &Fed)> {
    inputs.iter().filter_map(|port| match &port.source {
        Source::State(fed) => Some((port, fed)),
        Source::Item => None,
    })
}

/// Turns fresh state into [`HostState`]; moves, never copies. State that lacks a tensor stays as it is.
pub(super) fn with_host_state(inputs: &[Port], mut item: Item) -> Item {
    item.state = match item.state {
        ItemState::Fresh(tensors) => host_state(inputs, tensors),
        other => other,
    };
    item
}

fn host_state(inputs: &[Port], mut tensors: Vec<(Role, Tensor)>) -> ItemState {
    let at = |tensors: &[(Role, Tensor)], port: &Port| {
        tensors.iter().position(|(role, _)| **role == *port.role)
    };
    if fed(inputs).any(|(port, _)| at(&tensors, port).is_none()) {
        return ItemState::Fresh(tensors);
    }
    let take = |(port, _)| Some(tensors.swap_remove(at(&tensors, port)?).1);
    let taken = fed(inputs).filter_map(take).collect();
    ItemState::Kept(EngineState::new(HostState(taken)))
}

/// The state after a run that succeeded.
pub(super) fn advance(inputs: &[Port], item: Item, outputs: &Outputs) -> ItemState {
    let ItemState::Kept(mut state) = item.state else {
        return item.state;
    };
    if let Some(HostState(tensors)) = state.get_mut() {
        for (tensor, (_, fed)) in tensors.iter_mut().zip(fed(inputs)) {
            let due = fed.advance == Advance::EveryRun || item.boundary;
            if let Some(new) = outputs.peek(&fed.output).filter(|_| due) {
                tensor.clone_from(new);
            }
        }
    }
    ItemState::Kept(state)
}

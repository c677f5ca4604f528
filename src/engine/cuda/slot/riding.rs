//! One item in a slot, and what becomes of its state.

use super::{super::state::GpuState, parts::Parts};
use crate::engine::{EngineState, ItemState, Role, RunError, Tensor, manifest::Advance};

/// One item in the slot.
pub struct Riding {
    /// Its state.
    pub state: Held,
    /// Whether the run ends a chunk.
    pub boundary: bool,
    /// Why it does not run.
    pub fault: Option<RunError>,
}

/// An item's state while it is in the slot.
pub enum Held {
    /// As it came: there is none, or the item does not run.
    AsItCame(ItemState),
    /// It begins with this run; should that fail, it goes home as it came.
    Beginning(Vec<(Role, Tensor)>, GpuState),
    /// It goes on.
    Kept(EngineState),
}

impl Held {
    /// Takes a state into the slot.
    ///
    /// # Errors
    /// One that cannot be run goes back with the reason.
    pub fn take(state: ItemState, parts: &Parts) -> Result<Self, (ItemState, RunError)> {
        if parts.layout.states.is_empty() {
            return Ok(Self::AsItCame(state));
        }
        let lacks = || RunError::item("the item has no state, and the model needs one");
        match state {
            ItemState::Fresh(tensors) => match parts.shared.states.begin() {
                Ok(state) => Ok(Self::Beginning(tensors, state)),
                Err(e) => Err((ItemState::Fresh(tensors), RunError::item(e.to_string()))),
            },
            ItemState::Kept(state) => match state.get::<GpuState>().map(|s| s.engine) {
                Some(engine) if engine == parts.shared.states.engine() => Ok(Self::Kept(state)),
                Some(_) => {
                    let why = "the state went with an earlier engine";
                    Err((ItemState::Lost, RunError::item(why)))
                }
                None => Err((ItemState::Kept(state), lacks())),
            },
            other => Err((other, lacks())),
        }
    }

    /// The state in device memory, if it runs with one.
    pub fn state(&self) -> Option<&GpuState> {
        match self {
            Self::AsItCame(_) => None,
            Self::Beginning(_, state) => Some(state),
            Self::Kept(state) => state.get(),
        }
    }

    /// The run has failed, or there was none: the state as it came.
    pub fn back(self) -> ItemState {
        match self {
            Self::AsItCame(state) => state,
            Self::Beginning(tensors, _) => ItemState::Fresh(tensors),
            Self::Kept(state) => ItemState::Kept(state),
        }
    }

    /// The run has succeeded: successors take their places, where it is time.
    pub fn moved_on(self, parts: &mut Parts, item: usize, boundary: bool) -> ItemState {
        let mut state = match self {
            Self::AsItCame(state) => return state,
            Self::Beginning(_, state) => EngineState::new(state),
            Self::Kept(state) => state,
        };
        if let Some(GpuState { blocks, .. }) = state.get_mut() {
            let spare = parts.spare[item].iter_mut();
            let ports = &parts.layout.states;
            for ((block, spare), port) in blocks.iter_mut().zip(spare).zip(ports) {
                if boundary || port.advance == Advance::EveryRun {
                    block.exchange(spare);
                }
            }
        }
        ItemState::Kept(state)
    }
}

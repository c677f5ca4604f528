//! Work for the scripted model, with its credits and states.

use crate::{
    actors::{
        credit::{Credit, Credits},
        work::{Tag, Work, WorkDone, WorkOrder},
    },
    engine::{EngineKey, Item, ItemState, Role, Tensor, scripted},
    media::{ActionId, FrameId, StageTimes},
    session::{Class, SessionId},
};
use actix::prelude::*;
use std::{
    num::NonZeroUsize,
    sync::Arc,
    time::{Duration, Instant},
};

/// Side of the pictures that scripted sessions show, in pixels.
pub const SIDE: u32 = 8;

/// So many credits.
pub fn credits(n: usize) -> Credits {
    Credits::new(NonZeroUsize::new(n).unwrap())
}

/// The engine of [`scripted::MANIFEST`] at [`SIDE`].
pub fn key() -> EngineKey {
    key_of("scripted")
}

/// The engine of a scripted model of this name.
pub fn key_of(model: &str) -> EngineKey {
    let axes = ["height", "width"].map(|axis| (Arc::from(axis), SIDE as usize));
    EngineKey {
        model: Arc::from(model),
        axes: Arc::new(axes),
    }
}

/// State as a session begins: one picture of a single value.
pub fn fresh(value: f32) -> ItemState {
    let shape = vec![1, 3, SIDE as usize, SIDE as usize];
    let n = shape.iter().product();
    let image = Tensor::f32(shape, vec![value; n]).unwrap();
    ItemState::Fresh(vec![(Role::Borrowed("image"), image)])
}

/// An order for work that is due in a minute.
pub fn order(session: &str, credit: Credit, reply_to: &Recipient<WorkDone>) -> WorkOrder {
    let now = Instant::now();
    WorkOrder {
        session: SessionId::new(session),
        key: key(),
        class: Class::Interactive,
        deadline: now + Duration::from_secs(60),
        tag: Tag {
            frame: FrameId(1),
            action: ActionId(1),
            stages: StageTimes::default(),
            mark: now,
        },
        item: Item {
            inputs: Vec::new(),
            state: fresh(0.0),
            boundary: false,
        },
        credit,
        reply_to: reply_to.clone(),
    }
}

/// Work that is due in a minute.
pub fn work(session: &str, credit: Credit, reply_to: &Recipient<WorkDone>) -> Work {
    Work::new(order(session, credit, reply_to))
}

/// How often the scripted session of this state ran.
pub fn runs(state: &ItemState) -> Option<u64> {
    match state {
        ItemState::Kept(state) => scripted::Scripted::runs_of(state),
        _ => None,
    }
}

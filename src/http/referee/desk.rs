//! What a socket holds of the session that it writes to, and what it remarks in the logs while it does.

use crate::{
    actors::{
        keeper::{Ended, Intake, IntakeError},
        registry::SessionHandle,
    },
    dialects::referee::{Fault, Start, reply::Resumed},
    session::BoutSpec,
};
use std::sync::Arc;
use tokio::sync::watch;

/// Holes that a resumed client is told of.
const MAX_MISSING: usize = 1_000;

/// A number so far above the highest one is worth a line in the logs.
const JUMP: u64 = 10;

/// A session, and the right to write to it.
pub(super) struct Desk {
    pub(super) handle: SessionHandle,
    pub(super) intake: Intake,
    pub(super) bout: Arc<BoutSpec>,
    /// Set when the session ends before its client is done.
    pub(super) ended: Ending,
    /// Whether it was said that sizes are not what was announced.
    has_warned: bool,
}

/// How a session ended, once it has.
pub(super) type Ending = watch::Receiver<Option<Ended>>;

/// Waits until a session ends; `None` if it has gone without a word, which it cannot while its intake is held.
pub(super) async fn ending(ended: &mut Ending) -> Option<Ended> {
    let ended = ended.wait_for(Option::is_some).await;
    ended.ok().and_then(|ended| ended.clone())
}

/// Waits until the session that is written to ends.
pub(super) async fn end_of(desk: Option<&mut Desk>) -> Ended {
    if let Some(desk) = desk
        && let Some(ended) = ending(&mut desk.ended).await
    {
        return ended;
    }
    std::future::pending().await
}

impl Desk {
    /// Takes the right to write, if nobody has it and it is the same bout.
    pub(super) async fn take(handle: SessionHandle, start: &Start) -> Result<Self, Fault> {
        let id = &start.bout.id;
        let intake = handle.intake().await.map_err(|error| match error {
            IntakeError::Busy => {
                Fault::start(format!("Session {id} is in use by another connection"))
            }
            IntakeError::Gone => Fault::start(format!("Session {id} takes no more frames")),
        })?;
        let gone = || Fault::start(format!("Session {id} has ended"));
        let bout = handle.kept().await.ok_or_else(gone)?.bout;
        if (bout.width, bout.height) != (start.bout.width, start.bout.height) {
            let (width, height) = (bout.width, bout.height);
            return Err(Fault::start(format!(
                "Session {id} has frames of {width}×{height} pixels"
            )));
        }
        Ok(Self {
            ended: intake.ended(),
            handle,
            intake,
            bout,
            has_warned: false,
        })
    }

    pub(super) fn ended(&self) -> Option<Ended> {
        self.ended.borrow().clone()
    }

    pub(super) fn resumed(&self) -> Resumed {
        let ledger = self.intake.ledger();
        Resumed {
            next_frame: ledger
                .highest()
                .map_or(0, |highest| highest.saturating_add(1)),
            missing: ledger.missing_numbers(MAX_MISSING),
        }
    }

    /// Logs what is odd about a frame and no fault: a client that counts its bytes wrongly (once, since it will do so with each),
    /// and a number far above those before it. `announced` is 0 where the client says nothing.
    pub(super) fn remark(&mut self, number: u64, announced: u64, bytes: usize) {
        let session = &self.handle.id;
        if announced != 0 && announced != bytes as u64 && !self.has_warned {
            self.has_warned = true;
            tracing::warn!(%session, frame = number, announced, bytes, "a frame has another size than announced");
        }
        let highest = self.intake.ledger().highest();
        if let Some(highest) = highest.filter(|highest| number.saturating_sub(*highest) > JUMP) {
            tracing::debug!(%session, frame = number, highest, "frame numbers jump");
        }
    }
}

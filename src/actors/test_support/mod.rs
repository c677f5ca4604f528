//! What the actors' tests share: fake inboxes, a scripted track, work, and waiting for a condition instead of for time.

mod house;
mod inbox;
mod rig;
mod study;
mod track;
mod work;

pub use house::{GROUP, House, evicting, refusing};
pub use inbox::{Received, dead, inbox};
pub use rig::{Rig, device, device_of, device_on};
pub use study::{BROKEN, ENCODING, StudyLog, UNREADABLE, Vaults};
pub use track::{TrackLog, action, opened, unlimited};
pub use work::{SIDE, credits, fresh, key, key_of, order, runs, work};

use std::time::{Duration, Instant};

/// Nothing here takes a second; a loaded machine may take many.
const PATIENCE: Duration = Duration::from_secs(60);

/// Waits until the condition holds; fails, naming it, if it never does.
pub async fn eventually(what: &str, mut condition: impl FnMut() -> bool) {
    let began = Instant::now();
    while !condition() {
        assert!(began.elapsed() < PATIENCE, "never happened: {what}");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

/// Asks again and again until the answer is yes; fails, naming it, if it never is.
pub async fn until(what: &str, mut condition: impl AsyncFnMut() -> bool) {
    let asking = async {
        while !condition().await {
            tokio::task::yield_now().await;
        }
    };
    soon(what, asking).await;
}

/// Awaits an answer that must come.
pub async fn soon<T>(what: &str, answer: impl Future<Output = T>) -> T {
    let waited = tokio::time::timeout(PATIENCE, answer).await;
    waited.unwrap_or_else(|_| panic!("never happened: {what}"))
}

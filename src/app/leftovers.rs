//! Uploads that a dead process left: told of and cleaned up at the start, then looked at every hour.
//!
//! Not responsible for resuming them, which their clients do. Invariant: an upload that is alive is never touched, as it is
//! no leftover.

use crate::{
    actors::codec::{CodecThread, Run},
    config::LeftoverPolicy,
    media::spool::{Cleaned, Retention, SpoolRoot},
    pipelines::referee::is_final,
};
use actix::prelude::*;
use std::time::{Duration, SystemTime};

/// How often those that are kept are looked at again. They are kept for hours.
const LOOK_EVERY: Duration = Duration::from_secs(3_600);

/// Cleans up now, and from now on; what comes later runs on `pool`.
pub fn start(spool: SpoolRoot, policy: LeftoverPolicy, pool: Addr<CodecThread>) {
    let retention = retention(policy);
    let kept = clean(&spool, retention);
    if kept > 0 {
        let directory = spool.dir().display();
        tracing::info!(uploads = kept, %directory, "uploads of an earlier process can be resumed");
    }
    if matches!(retention, Retention::For(_)) {
        actix::spawn(clean_for_ever(spool, retention, pool));
    }
}

async fn clean_for_ever(spool: SpoolRoot, retention: Retention, pool: Addr<CodecThread>) {
    let mut hours = tokio::time::interval(LOOK_EVERY);
    // The first tick is at once, and that is done.
    hours.tick().await;
    loop {
        hours.tick().await;
        let spool = spool.clone();
        let cleaned = pool.send(Run::new(move || clean(&spool, retention))).await;
        if cleaned.is_err() {
            return;
        }
    }
}

/// Removes what need not be kept; gives how many are.
fn clean(spool: &SpoolRoot, retention: Retention) -> usize {
    let cleaned = spool.clean(retention, SystemTime::now(), is_final);
    let cleaned = cleaned.unwrap_or_else(|error| {
        let directory = spool.dir().display();
        tracing::error!(%error, %directory, "the spool cannot be read");
        Cleaned::default()
    });
    for left in &cleaned.removed {
        tracing::info!(
            session = left.name,
            frames = left.frames,
            "leftover removed"
        );
    }
    for (left, error) in &cleaned.stuck {
        tracing::warn!(session = left.name, %error, "leftover not removed");
    }
    cleaned.kept.len()
}

fn retention(policy: LeftoverPolicy) -> Retention {
    match policy {
        LeftoverPolicy::Remove => Retention::Nothing,
        LeftoverPolicy::Keep { remove_after: None } => Retention::ForEver,
        LeftoverPolicy::Keep {
            remove_after: Some(time),
        } => Retention::For(time),
    }
}

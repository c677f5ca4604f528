//! The admin listener's view of the spool: uploads that a dead process left, to be seen and removed.
//!
//! Uploads that are alive are not in the list: they are sessions. What reads the disk runs on the upload pool.

use super::{admin::problem, shared::Shared};
use crate::{
    media::spool::{Leftover, SpoolError, SpoolRoot},
    pipelines::referee::RefereeModel,
    telemetry,
};
use actix_web::{HttpResponse, http::StatusCode, web};
use serde::Serialize;
use serde_json::value::RawValue;
use std::time::SystemTime;

/// Adds the routes to the scope of the administration.
pub fn routes(scope: &mut web::ServiceConfig) {
    scope
        .route("/spool", web::get().to(list))
        .route("/spool/{name}", web::delete().to(remove));
}

#[derive(Serialize)]
struct Spool {
    directory: String,
    free_bytes: u64,
    leftovers: Vec<LeftoverJson>,
}

#[derive(Serialize)]
struct LeftoverJson {
    name: String,
    frames: u64,
    bytes: u64,
    has_signal: bool,
    idle_s: f64,
    /// What was said of the session at its start, if that was written.
    about: Option<Box<RawValue>>,
}

#[derive(Serialize)]
struct Removed {
    removed: String,
}

/// Records what the referee's sessions hold of memory and what their disk has left.
pub fn measure(referee: Option<&RefereeModel>) {
    let held = |referee: &RefereeModel| referee.budget().capacity() - referee.budget().free();
    let free = |referee: &RefereeModel| referee.spool().free_bytes().ok();
    let free = referee
        .and_then(free)
        .map_or(f64::NAN, |bytes| bytes as f64);
    telemetry::bout_memory().set(referee.map_or(0, held) as f64);
    telemetry::spool_free().set(free);
}

async fn list(shared: web::Data<Shared>) -> HttpResponse {
    let look = |root: SpoolRoot| {
        let now = SystemTime::now();
        let leftovers = root.list()?.into_iter();
        Ok(Spool {
            directory: root.dir().display().to_string(),
            free_bytes: root.free_bytes()?,
            leftovers: leftovers.map(|left| describe(left, now)).collect(),
        })
    };
    on_the_disk(&shared, look).await
}

async fn remove(shared: web::Data<Shared>, name: web::Path<String>) -> HttpResponse {
    let removed = name.into_inner();
    let remove = |root: SpoolRoot| {
        root.remove(&removed)?;
        tracing::info!(session = removed, "leftover removed by an operator");
        Ok(Removed { removed })
    };
    on_the_disk(&shared, remove).await
}

async fn on_the_disk<T: Serialize + Send + 'static>(
    shared: &Shared,
    work: impl FnOnce(SpoolRoot) -> Result<T, SpoolError> + Send + 'static,
) -> HttpResponse {
    let Some(root) = shared.referee.as_ref().map(RefereeModel::spool).cloned() else {
        return problem(
            StatusCode::NOT_FOUND,
            "no-spool",
            "This server takes no uploads.",
        );
    };
    match shared.blocking(move || work(root)).await {
        Ok(Ok(done)) => HttpResponse::Ok().json(done),
        Ok(Err(error)) => refusal(&error),
        Err(error) => failed(&error.to_string()),
    }
}

fn describe(left: Leftover, now: SystemTime) -> LeftoverJson {
    let idle = now.duration_since(left.modified).unwrap_or_default();
    LeftoverJson {
        name: left.name,
        frames: left.frames,
        bytes: left.bytes,
        has_signal: left.has_signal,
        idle_s: (idle.as_secs_f64() * 10.0).round() / 10.0,
        about: RawValue::from_string(left.head).ok(),
    }
}

fn refusal(error: &SpoolError) -> HttpResponse {
    match error {
        SpoolError::Name | SpoolError::Missing => problem(
            StatusCode::NOT_FOUND,
            "no-such-leftover",
            "No leftover has this name.",
        ),
        SpoolError::InUse => problem(
            StatusCode::CONFLICT,
            "in-use",
            "This upload is alive: end its session.",
        ),
        other => failed(&other.to_string()),
    }
}

fn failed(why: &str) -> HttpResponse {
    problem(StatusCode::INTERNAL_SERVER_ERROR, "spool-failed", why)
}

//! A verdict that was reached while nobody listened: found among the server's artifacts.
//!
//! A referee that has taken the signal goes on to the verdict, whether its client is still there or not. Invariant: whoever
//! waits here waits only as long as the server knows the session, or until it cannot be reached any more.

use super::{
    Failure,
    server::{Server, artifact},
    web,
};
use serde::Deserialize;
use serde_json::{Map, Value};
use std::time::Duration;

/// Between two looks.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// An answer takes no longer on a server that is well.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);
/// Looks that may fail one after another.
const TRIES: u32 = 20;

/// What a look finds.
enum Found {
    /// The server is at work on it.
    AtWork,
    /// It is there.
    Result(Value),
    /// Neither the session nor a result.
    Nothing,
}

/// Waits for the result of a session; `None` if the server knows neither the session any more nor a result of it.
///
/// # Errors
/// [`Failure::Connection`] if the server has gone for good, and what it refuses.
pub async fn result(server: &Server, session: &str) -> Result<Option<Value>, Failure> {
    let mut failed = 0;
    loop {
        match look(server, session).await {
            Ok(Found::Result(result)) => return Ok(Some(result)),
            Ok(Found::Nothing) => return Ok(None),
            Ok(Found::AtWork) => failed = 0,
            Err(why @ Failure::Connection(_)) if failed < TRIES => {
                tracing::debug!(%why, "no answer");
                failed += 1;
            }
            Err(why) => return Err(why),
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

async fn look(server: &Server, session: &str) -> Result<Found, Failure> {
    // As long as the session is there, what lies among the artifacts is an earlier bout's of its name; its own result is
    // written before it ends.
    if is_known(server, session).await? {
        return Ok(Found::AtWork);
    }
    let path = artifact(session, "analysis_result.json");
    let answer = web::get(server, &path, ANSWER_WITHIN).await?;
    match answer.status {
        404 => Ok(Found::Nothing),
        _ => answer.json().map(Found::Result),
    }
}

async fn is_known(server: &Server, session: &str) -> Result<bool, Failure> {
    #[derive(Deserialize)]
    struct Stats {
        #[serde(default)]
        sessions: Map<String, Value>,
    }
    let answer = web::get(server, "/streaming/stats", ANSWER_WITHIN).await?;
    let stats: Stats = answer.json()?;
    Ok(stats.sessions.contains_key(session))
}

//! Reading a request's body within a size, a time and a memory budget that all requests share.

use super::shared::Shared;
use crate::media::Lease;
use actix_web::{HttpRequest, http::header, web};
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt as _;

/// Memory is leased in steps of this as a body comes: who says that much will come, and sends nothing, keeps nobody out.
const STEP: usize = 64 * 1024;

/// A body with the memory that it takes.
pub struct Body {
    /// The bytes.
    pub bytes: Bytes,
    /// Given back when it is dropped.
    pub lease: Vec<Lease>,
}

/// Why a body was not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BodyFault {
    /// Longer than allowed.
    TooLarge {
        /// Bytes allowed.
        limit: usize,
    },
    /// It did not come in time.
    TimedOut,
    /// All memory for uploads is in use.
    NoMemory,
    /// The client broke off, or sent no proper body.
    Broken,
}

/// Reads the whole body, of at most `limit` bytes.
///
/// # Errors
/// See [`BodyFault`]; nothing is kept.
pub async fn read(
    shared: &Shared,
    request: &HttpRequest,
    payload: web::Payload,
    limit: usize,
) -> Result<Body, BodyFault> {
    let announced = request
        .headers()
        .get(header::CONTENT_LENGTH)
        .and_then(|v| v.to_str().ok()?.parse::<usize>().ok());
    if announced.is_some_and(|length| length > limit) {
        return Err(BodyFault::TooLarge { limit });
    }
    let all = collect(shared, payload, announced, limit);
    tokio::time::timeout(shared.config.limits.body_timeout, all)
        .await
        .unwrap_or(Err(BodyFault::TimedOut))
}

async fn collect(
    shared: &Shared,
    mut payload: web::Payload,
    announced: Option<usize>,
    limit: usize,
) -> Result<Body, BodyFault> {
    let lease = |bytes| shared.uploads.try_lease(bytes).ok_or(BodyFault::NoMemory);
    let announced = announced.unwrap_or(0);
    let mut leased = announced.min(STEP);
    let mut leases = vec![lease(leased)?];
    // Only addresses: the system gives memory to what is written.
    let mut bytes = BytesMut::with_capacity(announced);
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|_| BodyFault::Broken)?;
        if bytes.len() + chunk.len() > limit {
            return Err(BodyFault::TooLarge { limit });
        }
        while bytes.len() + chunk.len() > leased {
            leases.push(lease(STEP)?);
            leased += STEP;
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(Body {
        bytes: bytes.freeze(),
        lease: leases,
    })
}

//! One table from what can go wrong to what the gamecraft dialect answers.

use super::body::BodyFault;
use crate::{
    actors::{
        buffer::{OfferError, SubscribeError},
        registry::OpenError,
    },
    dialects::gamecraft::Fault,
};
use actix_web::{
    HttpResponse, ResponseError,
    http::{StatusCode, header},
};
use std::{fmt, time::Duration};

/// Seconds that a client is told to wait where nothing better is known.
const SOON: Duration = Duration::from_secs(1);

/// A fault on its way out, and when to try again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    fault: Fault,
    retry_after: Option<Duration>,
}

impl Refusal {
    fn new(status: u16, error: impl Into<String>, retry_after: Option<Duration>) -> Self {
        Self {
            fault: Fault {
                status,
                error: error.into(),
            },
            retry_after,
        }
    }

    /// A session that was not opened; `retry_after` is the configured wait of a full server.
    pub fn of_open(error: &OpenError, retry_after: Duration) -> Self {
        let text = error.to_string();
        match error {
            OpenError::Full | OpenError::NoMemory => Self::new(503, text, Some(retry_after)),
            OpenError::Exists => Self::new(409, text, None),
            OpenError::Draining | OpenError::NotReady(_) => Self::new(503, text, Some(SOON)),
            OpenError::Invalid(_) => Self::new(400, text, None),
            OpenError::Internal(_) => Self::new(500, text, None),
        }
    }
}

impl From<Fault> for Refusal {
    fn from(fault: Fault) -> Self {
        Self {
            fault,
            retry_after: None,
        }
    }
}

impl From<BodyFault> for Refusal {
    fn from(fault: BodyFault) -> Self {
        match fault {
            BodyFault::TooLarge { limit } => {
                Self::new(413, format!("the body must be at most {limit} bytes"), None)
            }
            BodyFault::TimedOut => Self::new(408, "the body did not come in time", None),
            BodyFault::NoMemory => Self::new(503, "all memory for uploads is in use", Some(SOON)),
            BodyFault::Broken => Self::new(400, "400 Bad Request: the body broke off", None),
        }
    }
}

impl From<OfferError> for Refusal {
    fn from(error: OfferError) -> Self {
        match error {
            OfferError::Gone => Fault::stream_not_found().into(),
            OfferError::TooFast { retry_after } => {
                Self::new(429, error.to_string(), Some(retry_after))
            }
        }
    }
}

impl From<SubscribeError> for Refusal {
    fn from(error: SubscribeError) -> Self {
        match error {
            SubscribeError::Gone => Fault::stream_not_found().into(),
            SubscribeError::TooMany => Self::new(503, error.to_string(), Some(SOON)),
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.fault.error)
    }
}

impl ResponseError for Refusal {
    fn status_code(&self) -> StatusCode {
        StatusCode::from_u16(self.fault.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    fn error_response(&self) -> HttpResponse {
        let mut response = HttpResponse::build(self.status_code());
        if let Some(wait) = self.retry_after {
            // Whole seconds, at least one (RFC 9110, section 10.2.3).
            response.insert_header((
                header::RETRY_AFTER,
                wait.as_secs_f64().ceil().max(1.0).to_string(),
            ));
        }
        response
            .content_type("application/json")
            .body(self.fault.body())
    }
}

//! Who may use the referee: anybody, or who names one of the tokens, in the header or in the address.
//!
//! Browsers cannot set a header on a WebSocket, hence the address.

use crate::config::Token;
use actix_web::http::{
    Uri,
    header::{AUTHORIZATION, HeaderMap},
};
use serde::Deserialize;

#[derive(Deserialize)]
struct Query {
    token: Option<String>,
}

/// Whether a request with these headers and this address may.
pub fn is_allowed(tokens: &[Token], headers: &HeaderMap, uri: &Uri) -> bool {
    let is_token = |given: &str| tokens.iter().any(|token| token.matches(given));
    tokens.is_empty()
        || bearer(headers).is_some_and(is_token)
        || in_query(uri).is_some_and(|given| is_token(&given))
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

fn in_query(uri: &Uri) -> Option<String> {
    let query = actix_web::web::Query::<Query>::from_query(uri.query()?);
    query.ok()?.into_inner().token
}

//! What is refused, in the dialect's own form: a status and `{"error": "<text>"}`.

use serde::Serialize;

/// A refusal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// HTTP status.
    pub status: u16,
    /// The text under `error`.
    pub error: String,
}

#[derive(Serialize)]
struct Body<'a> {
    error: &'a str,
}

impl Fault {
    /// The client's mistake.
    pub fn bad_request(error: impl Into<String>) -> Self {
        Self {
            status: 400,
            error: error.into(),
        }
    }

    /// A field with a wrong type or out of range.
    pub fn field(name: &str, expected: &str) -> Self {
        Self::bad_request(format!("{name} must be {expected}"))
    }

    /// A body that is no JSON; worded as the original's framework does.
    pub fn malformed(why: &str) -> Self {
        Self::bad_request(format!("400 Bad Request: {why}"))
    }

    /// A body of another type than JSON.
    pub fn wrong_type() -> Self {
        let error = "415 Unsupported Media Type: the Content-Type must be application/json";
        Self {
            status: 415,
            error: error.into(),
        }
    }

    /// No such stream, as `/control` and `/stop_stream` say it.
    pub fn stream_not_found() -> Self {
        Self {
            status: 404,
            error: "Stream not found".into(),
        }
    }

    /// No such stream, as `/video` says it.
    pub fn no_video(id: &str) -> Self {
        Self {
            status: 404,
            error: format!("Stream {id} not found"),
        }
    }

    /// A path that leads nowhere.
    pub fn no_route() -> Self {
        Self {
            status: 404,
            error: "Not Found".into(),
        }
    }

    /// A path that is there, but not for this method.
    pub fn wrong_method() -> Self {
        Self {
            status: 405,
            error: "Method Not Allowed".into(),
        }
    }

    /// The body.
    pub fn body(&self) -> String {
        // A string field always serialises.
        serde_json::to_string(&Body { error: &self.error }).unwrap_or_default()
    }
}

/// Whether a request's body may be read as JSON. Parameters such as a charset are ignored.
///
/// # Errors
/// The 415 of this dialect.
pub fn require_json(content_type: Option<&str>) -> Result<(), Fault> {
    let essence = content_type
        .and_then(|value| value.split(';').next())
        .map(str::trim)
        .unwrap_or_default();
    let is_json = essence.eq_ignore_ascii_case("application/json")
        || (essence.len() > 5
            && essence.is_char_boundary(essence.len() - 5)
            && essence[essence.len() - 5..].eq_ignore_ascii_case("+json"));
    if is_json {
        Ok(())
    } else {
        Err(Fault::wrong_type())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_json_is_read_as_json() {
        for good in [
            "application/json",
            "Application/JSON; charset=utf-8",
            "application/vnd.api+json",
        ] {
            assert_eq!(require_json(Some(good)), Ok(()), "{good}");
        }
        for bad in [
            None,
            Some(""),
            Some("text/plain"),
            Some("multipart/form-data"),
            Some("é+jso"),
        ] {
            assert_eq!(require_json(bad).unwrap_err().status, 415, "{bad:?}");
        }
    }

    #[test]
    fn the_body_is_one_error_text() {
        assert_eq!(
            Fault::no_video("stream_1").body(),
            r#"{"error":"Stream stream_1 not found"}"#
        );
    }
}

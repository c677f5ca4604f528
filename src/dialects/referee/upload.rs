//! The form of `/analyze` and what it refuses, in the words of the original's framework.

use serde::Serialize;
use std::time::Duration;
use time::OffsetDateTime;

/// Letters of a signal's name that become part of a folder's.
const STEM: usize = 96;

/// A refusal on its way out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UploadFault {
    /// HTTP status.
    pub status: u16,
    /// The body, JSON.
    pub body: String,
}

#[derive(Serialize)]
struct Body<T> {
    detail: T,
}

/// One entry of the framework's list of what is wrong with a form.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Wrong {
    #[serde(rename = "type")]
    kind: &'static str,
    loc: [&'static str; 2],
    msg: &'static str,
    input: Option<String>,
}

impl Wrong {
    /// A part is missing.
    pub fn missing(part: &'static str) -> Self {
        Self {
            kind: "missing",
            loc: ["body", part],
            msg: "Field required",
            input: None,
        }
    }

    fn no_bool(part: &'static str, given: &str) -> Self {
        Self {
            kind: "bool_parsing",
            loc: ["body", part],
            msg: "Input should be a valid boolean, unable to interpret input",
            input: Some(given.chars().take(64).collect()),
        }
    }
}

impl UploadFault {
    /// This status with this text.
    pub fn new(status: u16, detail: impl Serialize) -> Self {
        Self {
            status,
            // Texts and lists of texts always serialise.
            body: serde_json::to_string(&Body { detail }).unwrap_or_default(),
        }
    }

    /// The form's parts are not as they should be.
    pub fn form(wrong: &[Wrong]) -> Self {
        Self::new(422, wrong)
    }

    /// The video came without a name.
    pub fn unnamed_video() -> Self {
        Self::new(400, "Video file must have a filename")
    }

    /// The signal came without a name.
    pub fn unnamed_signal() -> Self {
        Self::new(400, "Signal file must have a filename")
    }

    /// The signal's name cannot be one of a file.
    pub fn signal_no_name() -> Self {
        let why = "Signal filename must be a name of 1 to 128 bytes without control characters";
        Self::new(400, why)
    }

    /// No model.
    pub fn no_model() -> Self {
        Self::new(500, "YOLO model not loaded")
    }

    /// What came could not be judged.
    pub fn failed(why: impl Into<String>) -> Self {
        Self::new(500, why.into())
    }
}

/// A switch in a form, as the original's framework reads it.
///
/// # Errors
/// If it is none.
pub fn switch(part: &'static str, text: &str) -> Result<bool, Wrong> {
    match text.trim().to_ascii_lowercase().as_str() {
        "true" | "1" | "yes" | "on" | "t" | "y" => Ok(true),
        "false" | "0" | "no" | "off" | "f" | "n" => Ok(false),
        _ => Err(Wrong::no_bool(part, text)),
    }
}

/// The name of an upload's session and folder: the signal's stem, and the moment (`unix`: time since 1970, UTC).
pub fn folder(signal: &str, unix: Duration) -> String {
    let stem = signal.rsplit_once('.').map_or(signal, |(stem, _)| stem);
    let plain = |c: char| match c {
        'A'..='Z' | 'a'..='z' | '0'..='9' | '_' | '-' => c,
        _ => '_',
    };
    let stem: String = stem.chars().map(plain).take(STEM).collect();
    format!("{stem}_{}", stamp(unix.as_secs()))
}

/// The last part of what a client calls a file, which may be a path of its own machine.
pub fn file_name(given: &str) -> &str {
    given.rsplit(['/', '\\']).next().unwrap_or_default()
}

/// `YYYYMMDDTHHMMSSZ` of seconds since 1970; a clock beyond the year 9999 counts as one that is not set.
fn stamp(seconds: u64) -> String {
    let moment = i64::try_from(seconds).map(OffsetDateTime::from_unix_timestamp);
    let moment = moment.ok().and_then(Result::ok);
    let moment = moment.unwrap_or(OffsetDateTime::UNIX_EPOCH);
    let ((year, month, day), (hour, minute, second)) = (moment.to_calendar_date(), moment.to_hms());
    let month = u8::from(month);
    format!("{year:04}{month:02}{day:02}T{hour:02}{minute:02}{second:02}Z")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn a_folder_is_named_for_its_signal_and_the_moment() {
        // `date -u -d @1762432245` says 2025-11-06 12:30:45.
        assert_eq!(
            folder("phrase 1.a.txt", at(1_762_432_245)),
            "phrase_1_a_20251106T123045Z"
        );
        assert_eq!(folder("../x.txt", at(0)), "___x_19700101T000000Z");
        assert!(folder(&"x".repeat(500), at(0)).len() <= 128);
    }

    #[test]
    fn leap_days_are_days() {
        assert_eq!(stamp(951_782_400), "20000229T000000Z");
        assert_eq!(stamp(4_107_542_399), "21000228T235959Z");
        assert_eq!(stamp(4_107_542_400), "21000301T000000Z");
    }

    #[test]
    fn switches_are_read_as_the_originals_framework_reads_them() {
        for (text, on) in [
            ("true", true),
            ("1", true),
            ("Yes", true),
            ("False", false),
            ("off", false),
            ("0", false),
        ] {
            assert_eq!(switch("save_overlay", text), Ok(on), "{text}");
        }
        assert!(switch("save_overlay", "maybe").is_err() && switch("save_overlay", "").is_err());
    }

    #[test]
    fn a_missing_part_is_told_in_the_frameworks_form() {
        let fault = UploadFault::form(&[Wrong::missing("video")]);
        assert_eq!(fault.status, 422);
        assert_eq!(
            fault.body,
            r#"{"detail":[{"type":"missing","loc":["body","video"],"msg":"Field required","input":null}]}"#
        );
    }

    #[test]
    fn a_clients_path_is_cut_down_to_its_last_part() {
        for (given, name) in [
            ("a.txt", "a.txt"),
            ("/tmp/a.txt", "a.txt"),
            (r"C:\bouts\a.txt", "a.txt"),
            ("a/", ""),
        ] {
            assert_eq!(file_name(given), name);
        }
    }
}

//! The objects of `/streaming/stats` and of the referee's half of `/health`, field by field as the original names them.

use serde::Serialize;
use std::{collections::BTreeMap, time::Duration};

/// Bytes of what the original calls a megabyte.
pub const MIB: f64 = 1_048_576.0;

/// How one session stands.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct SessionStats {
    /// Its name.
    pub session_id: String,
    /// Frames a second.
    pub fps: f64,
    /// Pixels in a row.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// Frames that were announced.
    pub expected_frames: Option<u64>,
    /// Different frames held.
    pub frames_received: u64,
    /// Frames that came, duplicates too.
    pub total_frames_received: u64,
    /// Frames that were held already.
    pub duplicate_frames: u64,
    /// Frames below the highest number so far.
    pub out_of_order_frames: u64,
    /// Holes between the lowest and the highest number.
    pub missing_frames: u64,
    /// Whether the signal has come.
    pub has_signal: bool,
    /// Age.
    pub duration_seconds: f64,
    /// Time since something came.
    pub idle_seconds: f64,
    /// Memory that it has reserved, in MiB.
    pub memory_mb: f64,
    /// What lies on disk, in MiB.
    pub spooled_mb: f64,
    /// Frames that the analysis has seen.
    pub frames_analyzed: u64,
    /// Whether its verdict is there.
    pub completed: bool,
    /// Always false: there is no way to abort one.
    pub aborted: bool,
}

/// How all of them stand.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ServerStats {
    /// Always true: see [`Disabled`].
    pub streaming_enabled: bool,
    /// Sessions that exist.
    pub active_sessions: usize,
    /// As many as there may be.
    pub max_sessions: usize,
    /// Memory that they have reserved, in MiB.
    pub total_memory_mb: f64,
    /// Memory that all of them may reserve, in MiB.
    pub max_memory_mb: f64,
    /// What lies on disk, in MiB.
    pub total_spooled_mb: f64,
    /// Different frames held by all of them.
    pub total_frames: u64,
    /// Each by its name.
    pub sessions: BTreeMap<String, SessionStats>,
}

/// The same where no streaming is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Disabled {
    streaming_enabled: bool,
    message: &'static str,
}

/// The referee's half of `/health`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Health {
    /// `ok`, or `model_not_loaded`.
    pub status: &'static str,
    /// The model that finds fencers.
    pub model_path: String,
    /// Whether it is ready.
    pub model_loaded: bool,
}

impl ServerStats {
    /// Sums the sessions up; `memory_bytes` is what all of them may reserve.
    pub fn of(sessions: Vec<SessionStats>, max_sessions: usize, memory_bytes: usize) -> Self {
        Self {
            streaming_enabled: true,
            active_sessions: sessions.len(),
            max_sessions,
            total_memory_mb: rounded(sessions.iter().map(|one| one.memory_mb).sum()),
            max_memory_mb: megabytes(memory_bytes as u64),
            total_spooled_mb: rounded(sessions.iter().map(|one| one.spooled_mb).sum()),
            total_frames: sessions.iter().map(|one| one.frames_received).sum(),
            sessions: sessions
                .into_iter()
                .map(|one| (one.session_id.clone(), one))
                .collect(),
        }
    }
}

/// What `/streaming/stats` says where no streaming is.
pub const DISABLED: Disabled = Disabled {
    streaming_enabled: false,
    message: "Streaming disabled. Use POST /analyze uploads.",
};

impl Health {
    /// Of this model.
    pub fn new(model: &str, model_loaded: bool) -> Self {
        let status = if model_loaded {
            "ok"
        } else {
            "model_not_loaded"
        };
        Self {
            status,
            model_path: model.to_owned(),
            model_loaded,
        }
    }
}

/// Bytes in MiB, to four places.
pub fn megabytes(bytes: u64) -> f64 {
    rounded(bytes as f64 / MIB)
}

/// A time in seconds, to four places.
pub fn seconds(time: Duration) -> f64 {
    rounded(time.as_secs_f64())
}

fn rounded(number: f64) -> f64 {
    (number * 1e4).round() / 1e4
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn session(name: &str) -> SessionStats {
        SessionStats {
            session_id: name.into(),
            frames_received: 3,
            memory_mb: megabytes(3 << 20),
            spooled_mb: megabytes(512 << 10),
            ..SessionStats::default()
        }
    }

    #[test]
    fn the_server_sums_its_sessions_up() {
        let stats = ServerStats::of(vec![session("a"), session("b")], 10, 2048 << 20);
        let json = serde_json::to_value(&stats).unwrap();
        assert_eq!(json["active_sessions"], 2);
        assert_eq!(json["total_memory_mb"], 6.0);
        assert_eq!(json["total_spooled_mb"], 1.0);
        assert_eq!(json["max_memory_mb"], 2048.0);
        assert_eq!(json["total_frames"], 6);
        assert_eq!(json["sessions"]["b"]["session_id"], "b");
    }

    #[test]
    fn a_session_has_every_field_of_the_original() {
        let json = serde_json::to_value(session("a")).unwrap();
        for field in [
            "session_id",
            "fps",
            "width",
            "height",
            "expected_frames",
            "frames_received",
            "total_frames_received",
            "duplicate_frames",
            "out_of_order_frames",
            "missing_frames",
            "has_signal",
            "duration_seconds",
            "idle_seconds",
            "memory_mb",
            "completed",
            "aborted",
        ] {
            assert!(json.get(field).is_some(), "{field}");
        }
    }

    #[test]
    fn disabled_and_health_are_the_originals_words() {
        let disabled = json!({"streaming_enabled": false, "message": "Streaming disabled. Use POST /analyze uploads."});
        assert_eq!(serde_json::to_value(DISABLED).unwrap(), disabled);
        let health =
            json!({"status": "model_not_loaded", "model_path": "m", "model_loaded": false});
        assert_eq!(
            serde_json::to_value(Health::new("m", false)).unwrap(),
            health
        );
    }
}

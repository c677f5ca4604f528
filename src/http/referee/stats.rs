//! A session that keeps its input, as the dialect tells of it.

use crate::{
    actors::keeper::KeptView,
    dialects::referee::stats::{SessionStats, megabytes, seconds},
};

/// How a session stands.
pub fn stats_of(view: &KeptView) -> SessionStats {
    let (bout, counts) = (&view.bout, &view.counts);
    SessionStats {
        session_id: bout.id.as_str().to_owned(),
        fps: bout.fps,
        width: bout.width,
        height: bout.height,
        expected_frames: bout.expected_frames,
        frames_received: counts.frames,
        total_frames_received: counts.total,
        duplicate_frames: counts.duplicates,
        out_of_order_frames: counts.out_of_order,
        missing_frames: counts.missing,
        has_signal: view.has_signal,
        duration_seconds: seconds(view.age),
        idle_seconds: seconds(view.idle),
        memory_mb: megabytes(view.memory_bytes as u64),
        spooled_mb: megabytes(counts.spooled_bytes),
        frames_analyzed: view.studied,
        completed: false,
        aborted: false,
    }
}

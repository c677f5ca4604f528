//! The table of all metrics: the one place with their names, kinds, units, labels and meanings.
//!
//! Names follow <https://prometheus.io/docs/practices/naming/>: the prefix `frameloom_`, base units,
//! the unit as suffix, `_total` for counters. A test proves that of each row. `process_*` comes from
//! the metrics-process crate beside it.

/// What a metric measures in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Things.
    Count,
    /// Seconds.
    Seconds,
    /// Bytes.
    Bytes,
    /// A part of a whole, 0 to 1.
    Ratio,
    /// Degrees Celsius.
    Celsius,
    /// Hertz.
    Hertz,
    /// Watts.
    Watts,
}

/// How a metric behaves.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Kind {
    /// Only grows.
    Counter,
    /// Goes up and down.
    Gauge,
    /// A distribution over these buckets' upper bounds, in the metric's unit.
    Histogram(&'static [f64]),
}

/// One metric.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Metric {
    /// The full name.
    pub name: &'static str,
    /// How it behaves.
    pub kind: Kind,
    /// What it measures in.
    pub unit: Unit,
    /// Its labels, in the order in which meters give them.
    pub labels: &'static [&'static str],
    /// What it means, for people.
    pub help: &'static str,
}

/// Bounds for times in a world of 25, 30 and 60 frames a second, in seconds: the frame times 16.7,
/// 20, 33.3, 40 and 66 ms are bounds of their own, so that "in time" can be read off exactly.
pub const FRAME_TIMES: &[f64] = &[
    0.001, 0.002, 0.005, 0.010, 0.0167, 0.020, 0.0333, 0.040, 0.066, 0.100, 0.200, 0.400, 1.0, 3.0,
];

/// Bounds for items in a batch.
pub const BATCH_SIZES: &[f64] = &[1.0, 2.0, 4.0, 8.0, 16.0, 32.0];

/// Declares the constants and [`ALL`] from the same rows.
macro_rules! table {
    ($($id:ident $name:literal $kind:expr, $unit:ident, [$($label:literal),*], $help:literal;)+) => {
        $(
            #[doc = $help]
            pub const $id: Metric = Metric {
                name: concat!("frameloom_", $name),
                kind: $kind,
                unit: Unit::$unit,
                labels: &[$($label),*],
                help: $help,
            };
        )+
        /// Every metric, in the order of the table.
        pub const ALL: &[Metric] = &[$($id),+];
    };
}

use Kind::{Counter, Gauge, Histogram};

table! {
    BUILD_INFO "build_info" Gauge, Count, ["version"],
        "Always 1; the version is in the label.";

    SESSIONS "sessions" Gauge, Count, ["pipeline", "state"],
        "Sessions that exist now, by what they are doing.";
    SESSIONS_STARTED "sessions_started_total" Counter, Count, ["pipeline"],
        "Sessions that were started.";
    SESSIONS_ENDED "sessions_ended_total" Counter, Count, ["pipeline", "reason"],
        "Sessions that ended, by why.";
    ADMISSION_REJECTED "admission_rejected_total" Counter, Count, ["pipeline", "reason"],
        "Sessions that were refused, by why.";
    SATURATED "saturated_total" Counter, Count, ["pipeline"],
        "Times that a request met a full server. Counted, because a gauge misses short peaks.";
    QUEUE_DEPTH "queue_depth" Gauge, Count, ["stage"],
        "Items waiting in a queue.";
    UPLOAD_MEMORY "upload_memory_bytes" Gauge, Bytes, [],
        "Memory that uploads hold.";
    BOUT_MEMORY "bout_memory_bytes" Gauge, Bytes, [],
        "Memory that the referee's sessions have reserved.";
    SPOOL_FREE "spool_free_bytes" Gauge, Bytes, [],
        "Room on the disk that frames lie on; NaN without a referee.";

    INGEST_FRAMES "ingest_frames_total" Counter, Count, ["pipeline", "outcome"],
        "Frames that clients sent one by one, by what became of them.";
    INGEST_BYTES "ingest_bytes_total" Counter, Bytes, ["pipeline"],
        "Bytes of these frames.";

    STAGE_DURATION "stage_duration_seconds" Histogram(FRAME_TIMES), Seconds, ["pipeline", "stage"],
        "Time that a frame spent in one stage, waiting and working apart.";
    FRAME_LATENCY "frame_latency_seconds" Histogram(FRAME_TIMES), Seconds, ["pipeline"],
        "Time from the input that a frame answers until it is ready for every socket.";
    FIRST_FRAME "first_frame_seconds" Histogram(FRAME_TIMES), Seconds, ["pipeline"],
        "Time from a session's first input to its first frame.";
    FRAME_INTERVAL "frame_interval_seconds" Histogram(FRAME_TIMES), Seconds, ["pipeline"],
        "Time between two frames of a session that was running.";
    FRAMES "frames_total" Counter, Count, ["pipeline"],
        "Frames delivered.";
    FRAMES_DROPPED "frames_dropped_total" Counter, Count, ["pipeline", "reason"],
        "Frames that were never delivered, by why.";
    VIEWERS "viewers" Gauge, Count, ["pipeline"],
        "Clients that are watching now.";
    VIEWER_FRAMES "viewer_frames_total" Counter, Count, ["pipeline", "outcome"],
        "Frames as viewers saw them: sent, or skipped because the viewer was slow.";

    BATCH_SIZE "batch_size" Histogram(BATCH_SIZES), Count, ["engine", "device"],
        "Items that ran together.";
    ENGINE_RUNS "engine_runs_total" Counter, Count, ["engine", "device", "outcome"],
        "Runs of an engine, by how they ended.";
    ENGINE_STATE "engine_state" Gauge, Count, ["engine", "device", "state"],
        "1 for the state that an engine is in, 0 for the others.";
    ENGINE_LOAD "engine_load_seconds" Gauge, Seconds, ["engine", "device"],
        "Time that the last load took, warm-up included.";

    GPU_UP "gpu_up" Gauge, Count, ["device"],
        "1 while a GPU serves, 0 once it was given up.";
    GPU_MEMORY_OURS "gpu_memory_ours_bytes" Gauge, Bytes, ["device", "owner"],
        "Memory that this server has taken on a GPU, by what it is for; pinned memory is the host's.";
    GPU_GRAPH_FALLBACKS "gpu_graph_fallbacks_total" Counter, Count, ["device"],
        "Batch sizes whose work could not be captured into a graph and is launched piece by piece.";
    GPU_UTILISATION "gpu_utilisation_ratio" Gauge, Ratio, ["device"],
        "Part of the last second in which a GPU was busy, with whosever work.";
    GPU_MEMORY_TAKEN "gpu_memory_taken_bytes" Gauge, Bytes, ["device"],
        "Memory of a GPU that is taken, by whomever.";
    GPU_MEMORY_SIZE "gpu_memory_size_bytes" Gauge, Bytes, ["device"],
        "Memory that a GPU has.";
    GPU_TEMPERATURE "gpu_temperature_celsius" Gauge, Celsius, ["device"],
        "How warm a GPU is.";
    GPU_CLOCK "gpu_clock_hertz" Gauge, Hertz, ["device", "domain"],
        "The clock at which a GPU's processors and memory run now.";
    GPU_POWER "gpu_power_watts" Gauge, Watts, ["device"],
        "What a GPU draws.";

    HTTP_REQUESTS "http_requests_total" Counter, Count, ["listener", "status"],
        "Requests answered, by status.";
    HTTP_REQUEST_DURATION "http_request_duration_seconds" Histogram(FRAME_TIMES), Seconds, ["listener"],
        "Time to the head of the answer; video goes on after it.";
    CONNECTIONS "connections" Gauge, Count, ["listener"],
        "Connections that are open now.";
    CONNECTIONS_REFUSED "connections_refused_total" Counter, Count, ["listener"],
        "Connections closed at once because the limit was reached.";
    WS_CLOSE "ws_close_total" Counter, Count, ["code"],
        "WebSockets closed, by close code; codes outside RFC 6455 and its registry are \"other\".";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_follows_the_rules() {
        for metric in ALL {
            let name = metric.name;
            assert_eq!(name.ends_with("_total"), metric.kind == Counter, "{name}");
            let unit = match metric.unit {
                Unit::Count => continue,
                Unit::Seconds => "_seconds",
                Unit::Bytes => "_bytes",
                Unit::Ratio => "_ratio",
                Unit::Celsius => "_celsius",
                Unit::Hertz => "_hertz",
                Unit::Watts => "_watts",
            };
            assert!(name.trim_end_matches("_total").ends_with(unit), "{name}");
        }
    }

    #[test]
    fn no_name_occurs_twice() {
        let names: std::collections::BTreeSet<_> = ALL.iter().map(|metric| metric.name).collect();
        assert_eq!(names.len(), ALL.len());
    }

    #[test]
    fn no_label_can_grow_without_bound() {
        let bounded = [
            "version", "pipeline", "state", "reason", "stage", "outcome", "engine", "device",
            "owner", "domain",
        ];
        let at_the_edge = ["listener", "status", "code"];
        for label in ALL.iter().flat_map(|metric| metric.labels) {
            assert!(
                bounded.contains(label) || at_the_edge.contains(label),
                "{label}"
            );
        }
    }

    #[test]
    fn bucket_bounds_ascend() {
        for bounds in [FRAME_TIMES, BATCH_SIZES] {
            assert!(bounds.is_sorted_by(|a, b| a < b), "{bounds:?}");
        }
    }
}

//! Metrics and logs, usable by every layer, using none.
//!
//! Responsible for which metrics exist, what they are called and how they are exported, and for how
//! logs look. Not for serving them: the admin listener does.
//! Invariant: no label has an unbounded set of values. Labels are enums of [`labels`], a [`Label`]
//! of something that the operator configured, or a number that the type bounds.
//!
//! [`metrics`] is the table of all names; the meters beside it are what the code records with. A
//! meter is made once for its label values and holds ready handles, so that recording costs an atomic
//! operation or two. Meters made before [`install`] record nothing.

mod engine;
mod exporter;
mod frame;
mod gpu;
mod http;
mod ingest;
pub mod labels;
mod log;
pub mod metrics;
mod session;
#[cfg(test)]
mod tests;

pub use engine::EngineMeters;
pub use exporter::{InstallError, MetricsHandle, install};
pub use frame::{FrameMeters, ViewerMeter, ViewerMeters};
pub use gpu::GpuMeters;
pub use http::{ConnectionMeter, HttpMeters, socket_closed};
pub use ingest::IngestMeters;
pub use labels::Label;
pub use log::{LogConfig, LogFilter, LogFilterError, LogFormat, LogInitError, init as init_log};
pub use session::{
    AdmissionMeters, QueueMeter, SessionMeter, bout_memory, spool_free, upload_memory,
};

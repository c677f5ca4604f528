//! Installs the process's recorder and renders it as Prometheus text.
//!
//! Invariant: there is one recorder a process; installing it again gives the same one, so that tests
//! in one process can share it.

use std::sync::{Mutex, OnceLock, PoisonError};

use ::metrics::{
    Counter, Gauge, Histogram, Label as Pair, SharedString, describe_counter, describe_gauge,
    describe_histogram,
};
use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};
use metrics_process::Collector;

use super::metrics::{self, Kind, Metric, Unit};

static INSTALLED: OnceLock<MetricsHandle> = OnceLock::new();
static INSTALLING: Mutex<()> = Mutex::new(());

/// Why the recorder could not be installed.
#[derive(Debug, thiserror::Error)]
#[error("metrics could not be installed")]
pub struct InstallError(#[from] BuildError);

/// The installed recorder.
#[derive(Clone)]
pub struct MetricsHandle {
    prometheus: PrometheusHandle,
    process: Collector,
}

impl MetricsHandle {
    /// All metrics in the Prometheus text format, the process's own read at this moment.
    pub fn render(&self) -> String {
        self.process.collect();
        self.prometheus.render()
    }

    /// Folds recorded values into the buckets. Call it every few seconds: without it they pile up
    /// for as long as nobody scrapes.
    pub fn upkeep(&self) {
        self.prometheus.run_upkeep();
    }
}

/// Installs the recorder and describes every metric, or returns the one that is installed.
///
/// # Errors
/// When another recorder was installed before by other means.
pub fn install() -> Result<MetricsHandle, InstallError> {
    let _one_at_a_time = INSTALLING.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(handle) = INSTALLED.get() {
        return Ok(handle.clone());
    }
    let prometheus = builder()?.install_recorder()?;
    let process = Collector::default();
    process.describe();
    metrics::ALL.iter().for_each(describe);
    gauge(&metrics::BUILD_INFO, [env!("CARGO_PKG_VERSION").into()]).set(1.0);
    super::http::begin_closes();
    Ok(INSTALLED
        .get_or_init(|| MetricsHandle {
            prometheus,
            process,
        })
        .clone())
}

fn builder() -> Result<PrometheusBuilder, BuildError> {
    let builder = PrometheusBuilder::new();
    metrics::ALL
        .iter()
        .try_fold(builder, |builder, metric| match metric.kind {
            Kind::Histogram(bounds) => {
                builder.set_buckets_for_metric(Matcher::Full(metric.name.to_owned()), bounds)
            }
            Kind::Counter | Kind::Gauge => Ok(builder),
        })
}

fn describe(metric: &Metric) {
    let unit = match metric.unit {
        // The library has no words for degrees, hertz and watts; the names say them.
        Unit::Count | Unit::Ratio | Unit::Celsius | Unit::Hertz | Unit::Watts => {
            ::metrics::Unit::Count
        }
        Unit::Seconds => ::metrics::Unit::Seconds,
        Unit::Bytes => ::metrics::Unit::Bytes,
    };
    match metric.kind {
        Kind::Counter => describe_counter!(metric.name, unit, metric.help),
        Kind::Gauge => describe_gauge!(metric.name, unit, metric.help),
        Kind::Histogram(_) => describe_histogram!(metric.name, unit, metric.help),
    }
}

/// A ready handle on a counter, at 0 from now on.
pub(super) fn counter<const N: usize>(metric: &Metric, values: [SharedString; N]) -> Counter {
    debug_assert_eq!(metric.kind, Kind::Counter, "{}", metric.name);
    ::metrics::counter!(metric.name, pairs(metric, values))
}

/// A ready handle on a gauge.
pub(super) fn gauge<const N: usize>(metric: &Metric, values: [SharedString; N]) -> Gauge {
    debug_assert_eq!(metric.kind, Kind::Gauge, "{}", metric.name);
    ::metrics::gauge!(metric.name, pairs(metric, values))
}

/// A ready handle on a histogram.
pub(super) fn histogram<const N: usize>(metric: &Metric, values: [SharedString; N]) -> Histogram {
    debug_assert!(matches!(metric.kind, Kind::Histogram(_)), "{}", metric.name);
    ::metrics::histogram!(metric.name, pairs(metric, values))
}

fn pairs<const N: usize>(metric: &Metric, values: [SharedString; N]) -> Vec<Pair> {
    debug_assert_eq!(metric.labels.len(), N, "{}", metric.name);
    metric
        .labels
        .iter()
        .zip(values)
        .map(|(name, value)| Pair::new(*name, value))
        .collect()
}

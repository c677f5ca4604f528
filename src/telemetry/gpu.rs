//! Meters of one GPU: whether it serves, what its memory is used for, and how it is.

use ::metrics::{Counter, Gauge};

use super::exporter::{counter, gauge};
use super::labels::{ClockDomain, Label, MemoryOwner};
use super::metrics;

/// One GPU. Make it once, when the GPU is taken.
pub struct GpuMeters {
    up: Gauge,
    ours: Vec<Gauge>,
    fallbacks: Counter,
    utilisation: Gauge,
    taken: Gauge,
    size: Gauge,
    temperature: Gauge,
    clocks: Vec<Gauge>,
    power: Gauge,
}

impl GpuMeters {
    /// Meters for `device`.
    pub fn new(device: &Label) -> Self {
        let d = || device.into();
        let ours = |o: &MemoryOwner| gauge(&metrics::GPU_MEMORY_OURS, [d(), o.as_str().into()]);
        let clock = |c: &ClockDomain| gauge(&metrics::GPU_CLOCK, [d(), c.as_str().into()]);
        let meters = Self {
            up: gauge(&metrics::GPU_UP, [d()]),
            ours: MemoryOwner::ALL.iter().map(ours).collect(),
            fallbacks: counter(&metrics::GPU_GRAPH_FALLBACKS, [d()]),
            utilisation: gauge(&metrics::GPU_UTILISATION, [d()]),
            taken: gauge(&metrics::GPU_MEMORY_TAKEN, [d()]),
            size: gauge(&metrics::GPU_MEMORY_SIZE, [d()]),
            temperature: gauge(&metrics::GPU_TEMPERATURE, [d()]),
            clocks: ClockDomain::ALL.iter().map(clock).collect(),
            power: gauge(&metrics::GPU_POWER, [d()]),
        };
        // Nothing is known of these before somebody tells, and on some machines nobody does.
        let told = [
            &meters.utilisation,
            &meters.taken,
            &meters.size,
            &meters.temperature,
            &meters.power,
        ];
        told.into_iter()
            .chain(&meters.clocks)
            .for_each(|gauge| gauge.set(f64::NAN));
        meters
    }

    /// Whether it serves.
    pub fn up(&self, up: bool) {
        self.up.set(if up { 1.0 } else { 0.0 });
    }

    /// Bytes that this server has taken for an owner.
    pub fn ours(&self, owner: MemoryOwner, bytes: usize) {
        self.ours[owner as usize].set(bytes as f64);
    }

    /// Graphs that could not be captured since the start.
    pub fn graph_fallbacks(&self, so_far: u64) {
        self.fallbacks.absolute(so_far);
    }

    /// How busy it is, 0 to 1.
    pub fn utilisation(&self, ratio: f64) {
        self.utilisation.set(ratio);
    }

    /// Bytes that are taken by whomever, and all.
    pub fn memory(&self, taken: u64, size: u64) {
        self.taken.set(taken as f64);
        self.size.set(size as f64);
    }

    /// Degrees Celsius.
    pub fn temperature(&self, celsius: f64) {
        self.temperature.set(celsius);
    }

    /// A clock, in megahertz.
    pub fn clock(&self, domain: ClockDomain, megahertz: u32) {
        self.clocks[domain as usize].set(f64::from(megahertz) * 1e6);
    }

    /// Watts.
    pub fn power(&self, watts: f64) {
        self.power.set(watts);
    }
}

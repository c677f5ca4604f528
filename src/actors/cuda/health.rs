//! How a GPU is, for the scheduler's admission and for people: one enum, one function.

use crate::actors::scheduler::Lost;
use crate::engine::{
    LoadError,
    cuda::{Gpu, nvml::Sample},
};
use dashmap::DashMap;
use serde::Serialize;
use std::sync::Arc;

/// Whether a GPU serves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Health {
    /// It serves, or its models are still loading.
    Well,
    /// It was given up: its models failed as often as they may.
    Failed,
}

/// A GPU as it is served.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct GpuView {
    /// The device's name, such as `cuda0`.
    pub device: String,
    /// What the GPU calls itself.
    pub name: String,
    /// Compute capability.
    pub compute: String,
    /// Whether it serves.
    pub health: Health,
    /// Bytes that it has.
    pub memory_bytes: usize,
    /// Bytes taken by this server: weights and code.
    pub engine_bytes: usize,
    /// Buffers of fixed shapes.
    pub slot_bytes: usize,
    /// States of sessions.
    pub session_bytes: usize,
    /// Host memory that it reaches.
    pub pinned_bytes: usize,
    /// Batch sizes that run without a graph.
    pub graph_fallbacks: u64,
    /// Bytes taken by whomever, if NVML tells.
    pub taken_bytes: Option<u64>,
    /// 0 to 1, if NVML tells.
    pub utilisation: Option<f64>,
    /// If NVML tells.
    pub celsius: Option<u32>,
    /// If NVML tells.
    pub graphics_megahertz: Option<u32>,
    /// If NVML tells.
    pub memory_megahertz: Option<u32>,
    /// If NVML tells.
    pub watts: Option<f64>,
}

/// All GPUs that are used; cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Gpus(Arc<DashMap<String, GpuView>>);

impl Health {
    /// After the device has said what it no longer serves.
    pub fn after(self, lost: &Lost) -> Self {
        match lost {
            Lost::Model(_) => self,
            Lost::Everything => Self::Failed,
        }
    }

    /// Whether it serves.
    pub fn serves(self) -> bool {
        self == Self::Well
    }

    /// Whether a session may come.
    ///
    /// # Errors
    /// If it was given up.
    pub fn admit(self) -> Result<(), LoadError> {
        match self {
            Self::Well => Ok(()),
            Self::Failed => Err(LoadError::new(
                "the GPU was given up",
                "see the log for its last failure, then restart the server",
            )),
        }
    }
}

impl Gpus {
    /// Enters a GPU, or replaces its entry.
    pub fn enter(&self, view: GpuView) {
        self.0.insert(view.device.clone(), view);
    }

    /// All of them, by name.
    pub fn views(&self) -> Vec<GpuView> {
        let mut all: Vec<_> = self.0.iter().map(|view| view.clone()).collect();
        all.sort_by(|a, b| a.device.cmp(&b.device));
        all
    }
}

impl GpuView {
    /// What is known of a GPU now.
    pub fn new(device: &str, gpu: &Gpu, health: &Health, sample: Sample) -> Self {
        let (facts, memory) = (gpu.facts(), gpu.memory());
        Self {
            device: device.to_owned(),
            name: facts.name.clone(),
            compute: format!("{}.{}", facts.compute.0, facts.compute.1),
            health: *health,
            memory_bytes: facts.memory,
            engine_bytes: memory.engines,
            slot_bytes: memory.slots,
            session_bytes: memory.sessions,
            pinned_bytes: memory.pinned,
            graph_fallbacks: gpu.graph_fallbacks(),
            taken_bytes: sample.memory.map(|(taken, _)| taken),
            utilisation: sample.utilisation,
            celsius: sample.celsius,
            graphics_megahertz: sample.graphics_megahertz,
            memory_megahertz: sample.memory_megahertz,
            watts: sample.watts,
        }
    }
}

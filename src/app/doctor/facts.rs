//! What the machine told, and what the settings ask of it. Plain data: nothing here looks at anything.

use crate::{
    config::{BackendChoice, Gpu as GpuSettings},
    engine::plans::Compute,
};
use serde::{Deserialize, Serialize};
use tensorrt_rs::{Flavour, Version};

/// Everything that was found.
#[derive(Clone, Debug)]
pub struct Facts {
    /// What the settings say of GPUs.
    pub gpu: GpuSettings,
    /// What the settings say of backends.
    pub backend: BackendChoice,
    /// Whether the settings name ONNX Runtime's library.
    pub names_onnxruntime: bool,
    /// NVIDIA's driver, or why there is none.
    pub driver: Result<Driver, String>,
    /// NVML, or why there is none.
    pub nvml: Result<Nvml, String>,
    /// TensorRT's library, or why there is none.
    pub tensorrt: Result<TensorRt, String>,
    /// The program that builds plans, or why there is none.
    pub builder: Result<BuilderProgram, String>,
    /// ONNX Runtime: library and version; or why not, and the cure.
    pub onnxruntime: Result<String, (String, String)>,
    /// Its provider for CUDA, for each GPU that is used; nothing if there is no library.
    pub onnxruntime_cuda: Vec<(u32, Provided)>,
    /// All models.
    pub models: Vec<ModelFacts>,
    /// Folders that are no models, and why.
    pub faults: Vec<(String, String)>,
    /// What the settings want to run.
    pub wanted: Vec<Wanted>,
}

/// That ONNX Runtime's provider comes up; or why not, and the cure.
pub type Provided = Result<(), (String, String)>;

/// A driver with devices.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Driver {
    /// The newest CUDA that it speaks: major, minor.
    pub cuda: (i32, i32),
    /// Each device, or why it cannot be asked.
    pub devices: Vec<Result<Device, String>>,
}

/// One GPU.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Device {
    /// Its number, by the driver's count.
    pub ordinal: u32,
    /// Its name.
    pub name: String,
    /// Compute capability: major, minor.
    pub compute: (i32, i32),
    /// Bytes of memory.
    pub memory: u64,
    /// Multiprocessors.
    pub multiprocessors: i32,
}

/// NVML.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Nvml {
    /// The driver's version, as people know it.
    pub driver: Option<String>,
}

/// TensorRT's library.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TensorRt {
    /// As it was named when it was opened.
    pub path: String,
    /// Major, minor, patch.
    version: (u32, u32, u32),
    flavour: String,
}

/// The program that builds plans.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BuilderProgram {
    /// Where it is.
    pub path: String,
    /// What it builds with.
    pub version: Version,
    /// For which library.
    pub flavour: Flavour,
}

/// One model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelFacts {
    /// Its name.
    pub name: String,
    /// Its title.
    pub title: String,
    /// The pipeline whose place it fills.
    pub slot: String,
    /// What kind of thing it is.
    pub kind: &'static str,
    /// Its version.
    pub version: String,
    /// Its file.
    pub file: String,
    /// The runtime that it was measured to prefer on the CPU.
    pub prefers: Option<String>,
    /// Whether this server has kernels that compute it.
    pub has_kernels: bool,
    /// Its plans, for each GPU that is used; for none if there is no GPU or no library.
    pub plans: Vec<PlanFacts>,
}

/// How a model's plan stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlanFacts {
    /// On this GPU; `None` if nothing here runs plans.
    pub device: Option<u32>,
    /// How it stands.
    pub state: PlanState,
    /// Its file, or what is wrong.
    pub why: String,
    /// What a person can do; nothing if it fits.
    pub fix: String,
}

/// How a plan stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum PlanState {
    /// It fits.
    Fresh,
    /// It does not fit, or cannot be used.
    Stale,
    /// It was not built.
    NotBuilt,
    /// There is one, and nothing here to hold it against.
    Unjudged,
    /// The model can have none.
    Impossible,
}

/// A model that the settings name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// The key that names it.
    pub key: &'static str,
    /// Its name, or why it cannot be used.
    pub model: Result<String, String>,
}

// === impl Facts ===

impl Facts {
    /// The GPUs that are used.
    pub fn used(&self) -> Vec<&Device> {
        let driver = self.driver.iter();
        let devices = driver.flat_map(|driver| driver.devices.iter().flatten());
        devices.filter(|device| self.is_used(device)).collect()
    }

    /// Whether the settings take a GPU.
    pub fn is_used(&self, device: &Device) -> bool {
        let shown = self.driver.as_ref().map_or(0, |d| d.devices.len());
        let shown = u32::try_from(shown).unwrap_or(u32::MAX);
        self.backend == BackendChoice::Auto && self.gpu.devices.of(shown).contains(&device.ordinal)
    }

    /// How ONNX Runtime's provider for CUDA stands on a GPU, if there is a library to ask.
    pub fn provider_on(&self, device: u32) -> Option<&Provided> {
        let asked = self.onnxruntime_cuda.iter();
        let mut found = asked.filter(|(ordinal, _)| *ordinal == device);
        found.next().map(|(_, provided)| provided)
    }

    /// A model by name.
    pub fn model(&self, name: &str) -> Option<&ModelFacts> {
        self.models.iter().find(|model| model.name == name)
    }
}

// === impl Device ===

impl Device {
    /// Its compute capability.
    pub fn compute(&self) -> Compute {
        self.compute.into()
    }
}

// === impl TensorRt ===

impl TensorRt {
    /// A library of this version.
    pub fn new(path: String, version: Version, flavour: Flavour) -> Self {
        Self {
            path,
            version: (version.major, version.minor, version.patch),
            flavour: flavour.to_string(),
        }
    }

    /// Its version.
    pub fn version(&self) -> Version {
        let (major, minor, patch) = self.version;
        Version {
            major,
            minor,
            patch,
        }
    }

    /// Which of the vendor's libraries it is.
    pub fn flavour(&self) -> Flavour {
        let all = [Flavour::Lean, Flavour::Rtx];
        let named = all.into_iter().find(|f| f.to_string() == self.flavour);
        named.unwrap_or(Flavour::Full)
    }
}

// === impl ModelFacts ===

impl ModelFacts {
    /// Whether the runtimes for ONNX files can read it.
    pub fn is_onnx(&self) -> bool {
        self.file.ends_with(".onnx")
    }

    /// How its plan stands on a GPU.
    pub fn plan_on(&self, device: u32) -> Option<&PlanFacts> {
        self.plans.iter().find(|plan| plan.device == Some(device))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_library_is_told_by_one_process_to_another() {
        let version = Version::from_raw(101_303);
        for flavour in [Flavour::Full, Flavour::Lean, Flavour::Rtx] {
            let told = TensorRt::new("lib.so".into(), version, flavour);
            let text = serde_json::to_string(&told).unwrap();
            let heard: TensorRt = serde_json::from_str(&text).unwrap();
            assert_eq!((heard.version(), heard.flavour()), (version, flavour));
        }
    }
}

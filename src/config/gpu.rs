//! `[gpu]`: NVIDIA GPUs, and the libraries that speak to them.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use super::gamecraft::directory;
use super::read::Reader;

/// NVIDIA GPUs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gpu {
    /// Which are used.
    pub devices: GpuChoice,
    /// The driver's library; `None` looks for it.
    pub driver: Option<PathBuf>,
    /// Batches that each has at a time.
    pub slots: NonZeroUsize,
    /// How long a GPU's thread looks again and again for what runs.
    pub spin: Duration,
    /// Which of ONNX Runtime's providers is tried.
    pub onnxruntime: OrtProvider,
    /// Bytes of each that are left to others.
    pub reserve_bytes: usize,
    /// How often each is asked how it is.
    pub watch: Duration,
    /// The library that is asked; `None` looks for it.
    pub nvml: Option<PathBuf>,
    /// TensorRT's library; `None` looks for it.
    pub tensorrt: Option<PathBuf>,
    /// The program that builds plans; `None` looks for it.
    pub builder: Option<PathBuf>,
    /// Directory of the plans that were built here; it need not exist.
    pub plans_dir: PathBuf,
}

/// A provider of ONNX Runtime for GPUs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OrtProvider {
    /// CUDA alone.
    Cuda,
    /// TensorRT, and CUDA for what it does not take.
    TensorRt,
}

/// A choice of GPUs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GpuChoice {
    /// All that the driver shows.
    Auto,
    /// None.
    None,
    /// Those of these numbers, by the driver's count.
    These(Vec<u32>),
}

impl Gpu {
    pub(super) fn read(reader: &mut Reader<'_>) -> Self {
        let devices = r#""auto", "none", or numbers of GPUs with commas between them"#;
        Self {
            devices: reader.text("gpu.devices", devices, GpuChoice::None, choice),
            driver: optional(reader, "gpu.driver"),
            slots: reader.count("gpu.slots", 8),
            spin: Duration::from_micros(reader.number("gpu.spin_us", 0..=100_000_u64)),
            onnxruntime: reader.choice(
                "gpu.onnxruntime_provider",
                [
                    ("cuda", OrtProvider::Cuda),
                    ("tensorrt", OrtProvider::TensorRt),
                ],
            ),
            reserve_bytes: reader.number("gpu.reserve_mb", 0..=1_048_576_usize) << 20,
            watch: reader.millis("gpu.watch_ms", 100..=60_000),
            nvml: optional(reader, "gpu.nvml"),
            tensorrt: optional(reader, "gpu.tensorrt"),
            builder: optional(reader, "gpu.builder"),
            plans_dir: reader.text("gpu.plans_dir", "a directory", PathBuf::new(), directory),
        }
    }
}

/// A path; empty is none.
pub(super) fn optional(reader: &mut Reader<'_>, key: &str) -> Option<PathBuf> {
    reader.text(key, "a path, or nothing", None, |text| {
        Some((!text.is_empty()).then(|| PathBuf::from(text)))
    })
}

fn choice(text: &str) -> Option<GpuChoice> {
    match text {
        "auto" => Some(GpuChoice::Auto),
        "none" => Some(GpuChoice::None),
        numbers => {
            let parsed = numbers.split(',').map(|number| number.trim().parse().ok());
            let mut these = parsed.collect::<Option<Vec<u32>>>()?;
            these.sort_unstable();
            these.dedup();
            Some(GpuChoice::These(these))
        }
    }
}

impl GpuChoice {
    /// The numbers that are used, of a driver that shows so many; those that are not there are left out.
    pub fn of(&self, shown: u32) -> Vec<u32> {
        match self {
            Self::Auto => (0..shown).collect(),
            Self::None => Vec::new(),
            Self::These(these) => these.iter().copied().filter(|n| *n < shown).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gpus_are_chosen_by_their_numbers() {
        assert_eq!(choice("auto").unwrap().of(2), [0, 1]);
        assert!(choice("none").unwrap().of(2).is_empty());
        assert_eq!(choice("2, 0,0").unwrap().of(4), [0, 2]);
        assert_eq!(choice("2,0").unwrap().of(1), [0]);
        assert_eq!(choice("first"), None);
        assert_eq!(choice(""), None);
    }
}

//! How a GPU is: load, memory, temperature, clocks and power, asked through NVML where that is installed.
//!
//! A question may take milliseconds, so a thread of its own asks and keeps the newest answer. Not responsible for what
//! follows from an answer. Invariant: what the library does not tell is missing, never zero.

use super::{driver::Facts, gpu::lock};
use nvml_wrapper::{
    Device, Nvml,
    enum_wrappers::device::{Clock, TemperatureSensor},
    error::NvmlError,
};
use std::{
    path::Path,
    sync::{
        Arc, Mutex,
        mpsc::{RecvTimeoutError, SyncSender, sync_channel},
    },
    time::Duration,
};

/// What NVML told at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Sample {
    /// Part of the last moments in which it was busy, 0 to 1.
    pub utilisation: Option<f64>,
    /// Bytes that are taken, and all.
    pub memory: Option<(u64, u64)>,
    /// Degrees Celsius.
    pub celsius: Option<u32>,
    /// Clock of its processors, in megahertz.
    pub graphics_megahertz: Option<u32>,
    /// Clock of its memory, in megahertz.
    pub memory_megahertz: Option<u32>,
    /// What it draws.
    pub watts: Option<f64>,
}

/// NVML, opened.
pub struct Telemetry(Nvml);

/// Asks one GPU again and again until it is dropped.
pub struct Watcher {
    newest: Arc<Mutex<Option<Sample>>>,
    /// Its end tells the thread to end.
    _stop: SyncSender<()>,
}

impl Telemetry {
    /// Opens the library (`None`: the driver's own name for it).
    ///
    /// # Errors
    /// The library's or the loader's words.
    pub fn open(library: Option<&Path>) -> Result<Self, String> {
        let nvml = match library {
            Some(path) => Nvml::builder().lib_path(path.as_os_str()).init(),
            // The unversioned name comes with development files only.
            None => Nvml::builder()
                .lib_path("libnvidia-ml.so.1".as_ref())
                .init(),
        };
        nvml.map(Self).map_err(|e| e.to_string())
    }

    /// The driver's version, as people know it.
    pub fn driver_version(&self) -> Option<String> {
        self.0.sys_driver_version().ok()
    }

    /// Asks a GPU. NVML counts GPUs in another order than CUDA, so it is named by its place on the bus.
    ///
    /// # Errors
    /// The library's words, if it does not know the GPU.
    pub fn sample(&self, facts: &Facts) -> Result<Sample, String> {
        let device = self.device(facts).map_err(|e| e.to_string())?;
        let memory = device.memory_info().ok();
        Ok(Sample {
            utilisation: device
                .utilization_rates()
                .ok()
                .map(|u| f64::from(u.gpu) / 100.0),
            memory: memory.map(|memory| (memory.used, memory.total)),
            celsius: device.temperature(TemperatureSensor::Gpu).ok(),
            graphics_megahertz: device.clock_info(Clock::Graphics).ok(),
            memory_megahertz: device.clock_info(Clock::Memory).ok(),
            watts: device
                .power_usage()
                .ok()
                .map(|milli| f64::from(milli) / 1000.0),
        })
    }

    fn device(&self, facts: &Facts) -> Result<Device<'_>, NvmlError> {
        match &facts.bus {
            Some(bus) => self.0.device_by_pci_bus_id(bus.as_str()),
            None => self.0.device_by_index(facts.ordinal),
        }
    }
}

impl Watcher {
    /// Starts asking.
    ///
    /// # Errors
    /// If the system has no thread left.
    pub fn start(telemetry: Telemetry, facts: Facts, every: Duration) -> std::io::Result<Self> {
        let (stop, stopped) = sync_channel(0);
        let newest = Arc::default();
        let answer = Arc::clone(&newest);
        let watch = move || {
            loop {
                let sample = telemetry.sample(&facts);
                if let Err(why) = &sample {
                    tracing::debug!(device = facts.ordinal, why, "nvml does not answer");
                }
                *lock(&answer) = sample.ok();
                if !matches!(stopped.recv_timeout(every), Err(RecvTimeoutError::Timeout)) {
                    return;
                }
            }
        };
        std::thread::Builder::new()
            .name("nvml".into())
            .spawn(watch)?;
        Ok(Self {
            newest,
            _stop: stop,
        })
    }

    /// The newest answer; `None` before the first, and while the library does not answer.
    pub fn newest(&self) -> Option<Sample> {
        *lock(&self.newest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_without_the_library_is_told_so_in_the_loaders_words() {
        let missing = Path::new("/nowhere/libnvidia-ml.so.1");
        let why = Telemetry::open(Some(missing)).err().expect("there is none");
        assert!(why.contains("/nowhere/libnvidia-ml.so.1"), "{why}");
    }
}

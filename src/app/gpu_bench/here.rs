//! What there is: driver, GPU, and the libraries that could run on it, or why they cannot.

use super::{
    ground::Ground,
    libraries::Libraries,
    section::{Column, Section},
};
use crate::{
    config::Config,
    engine::cuda::nvml::{Sample, Telemetry},
};

const COLUMNS: &[Column] = &[Column("what", "what"), Column("found", "found")];

/// Asks everything that answers for itself.
pub fn look(ground: &Ground, config: &Config, libraries: &Libraries) -> Section {
    let mut section = Section::new("what is there", COLUMNS);
    let facts = ground.facts();
    let (major, minor) = ground.driver.cuda();
    let telemetry = Telemetry::open(config.gpu.nvml.as_deref());
    let driver = telemetry.as_ref().ok().and_then(Telemetry::driver_version);
    let mut say = |what: &str, found: String| section.row(vec![what.into(), found.into()]);
    say(
        "driver",
        driver.unwrap_or_else(|| "told by NVML only".into()),
    );
    say("CUDA", format!("{major}.{minor}, as the driver speaks it"));
    let ordinal = facts.ordinal;
    say("device", format!("{}, number {ordinal}", facts.name));
    say(
        "compute",
        format!("{}.{}", facts.compute.0, facts.compute.1),
    );
    say("processors", facts.multiprocessors.to_string());
    say("memory", format!("{} MiB", facts.memory >> 20));
    let sample = telemetry.as_ref().map_err(Clone::clone);
    let sample = sample.and_then(|telemetry| telemetry.sample(facts));
    say(
        "NVML",
        sample.map_or_else(|why| why, |sample| told(&sample)),
    );
    say("kernels", "of this server (ptx), in the binary".to_owned());
    let [ort, tensorrt] = libraries.told();
    say("ONNX Runtime", ort);
    say("TensorRT", tensorrt);
    section
}

/// Clocks, heat and power in words; what is not told is left out.
pub fn told(sample: &Sample) -> String {
    let mega = |name: &str, clock: Option<u32>| clock.map(|mhz| format!("{name} {mhz} MHz"));
    let parts = [
        mega("processors", sample.graphics_megahertz),
        mega("memory", sample.memory_megahertz),
        sample.celsius.map(|c| format!("{c} °C")),
        sample.watts.map(|watts| format!("{watts:.0} W")),
    ];
    let told: Vec<_> = parts.into_iter().flatten().collect();
    match told.is_empty() {
        true => "tells no clocks".to_owned(),
        false => told.join(", "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_told_is_left_out() {
        let sample = Sample {
            graphics_megahertz: Some(1980),
            celsius: Some(41),
            ..Sample::default()
        };
        assert_eq!(told(&sample), "processors 1980 MHz, 41 °C");
        assert_eq!(told(&Sample::default()), "tells no clocks");
    }
}

//! One library, asked in a process of its own: opening a broken one may end the process that does it.
//!
//! The answer is the last line of the child's output, as JSON. Not responsible for what follows from it.

use super::facts::{Device, Driver, Nvml, TensorRt};
use crate::{
    app::{
        backends::surroundings,
        child::{Children, Said, Stopped},
    },
    engine::{cuda, cuda::nvml::Telemetry, ort::Ort},
};
use anyhow::Context as _;
use clap::{Args, ValueEnum};
use serde::{Serialize, de::DeserializeOwned};
use std::{
    os::unix::process::ExitStatusExt as _,
    path::{Path, PathBuf},
    process::{Command, ExitStatus},
    time::Duration,
};
use tensorrt_rs::{Library, OpenError};

/// How long a library may take to say what it is; the first contact with a GPU that sleeps takes seconds.
const PATIENCE: Duration = Duration::from_secs(60);

/// The hidden command's name.
const COMMAND: &str = "doctor-part";

/// The hidden command: which library, and where.
#[derive(Clone, Debug, Args)]
pub struct Role {
    part: Part,
    /// The library; without it, the usual ones are looked for.
    #[arg(long)]
    library: Option<PathBuf>,
    /// Whether it computes on this GPU; asked of ONNX Runtime alone.
    #[arg(long)]
    gpu: Option<u32>,
}

/// A library that can be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Part {
    /// NVIDIA's driver.
    Driver,
    /// NVML.
    Nvml,
    /// TensorRT.
    Tensorrt,
    /// ONNX Runtime.
    Onnxruntime,
}

impl Role {
    /// That library, at this path or where it is usually looked for.
    pub fn new(part: Part, library: Option<&Path>) -> Self {
        Self {
            part,
            library: library.map(Path::to_owned),
            gpu: None,
        }
    }

    /// On the GPU of this number.
    #[must_use]
    pub fn on(self, gpu: u32) -> Self {
        let gpu = Some(gpu);
        Self { gpu, ..self }
    }
}

/// Asks a library, in this process, and prints what it says.
///
/// # Errors
/// If the answer cannot be written.
pub fn answer(role: &Role) -> anyhow::Result<()> {
    let library = role.library.as_deref();
    let line = match role.part {
        Part::Driver => told(&driver(library)),
        Part::Nvml => told(&nvml(library)),
        Part::Tensorrt => told(&tensorrt(library)),
        Part::Onnxruntime => told(&onnxruntime(library, role.gpu)),
    }?;
    // The library may have printed something without an end.
    println!("\n{line}");
    Ok(())
}

fn told(answer: &impl Serialize) -> serde_json::Result<String> {
    serde_json::to_string(answer)
}

fn driver(library: Option<&Path>) -> Result<Driver, String> {
    let driver = cuda::Driver::find(library).map_err(|absent| once(&absent.to_string()))?;
    let device = |ordinal| {
        let facts = driver.facts(ordinal).map_err(|e| e.why)?;
        Ok(Device {
            ordinal,
            name: facts.name,
            compute: facts.compute,
            memory: facts.memory as u64,
            multiprocessors: facts.multiprocessors,
        })
    };
    Ok(Driver {
        cuda: driver.cuda(),
        devices: (0..driver.devices()).map(device).collect(),
    })
}

fn nvml(library: Option<&Path>) -> Result<Nvml, String> {
    let nvml = Telemetry::open(library).map_err(|why| {
        let said = why.strip_prefix("a libloading error occurred: ");
        said.unwrap_or(&why).to_owned()
    })?;
    Ok(Nvml {
        driver: nvml.driver_version(),
    })
}

/// A loader's error names the library in front of the loader's words, which name it too.
fn once(error: &str) -> String {
    match error.split_once(" cannot be opened: ") {
        Some((library, why)) if why.starts_with(library) => why.to_owned(),
        _ => error.to_owned(),
    }
}

fn tensorrt(library: Option<&Path>) -> Result<TensorRt, String> {
    let library = Library::open(library).map_err(|error| absence(&error))?;
    let path = library.path().display().to_string();
    Ok(TensorRt::new(path, library.version(), library.flavour()))
}

/// What is wrong, without a line for each name that leads nowhere.
fn absence(error: &OpenError) -> String {
    let OpenError::NotFound(each) = error else {
        return error.to_string();
    };
    let is_there = |error: &&OpenError| match error {
        // The loader names what a library needs; of the library itself it says only this.
        OpenError::Loader { why, .. } => !why.starts_with("cannot open shared object file"),
        _ => true,
    };
    let there: Vec<_> = each
        .iter()
        .filter(is_there)
        .map(ToString::to_string)
        .collect();
    match there.as_slice() {
        [] => "no TensorRT is installed where the linker looks".to_owned(),
        there => there.join("; "),
    }
}

/// Runs the smallest graph, on the CPU or on a GPU.
fn onnxruntime(library: Option<&Path>, gpu: Option<u32>) -> Result<String, (String, String)> {
    let ort = Ort::find(library, &surroundings());
    let ort = match gpu {
        Some(ordinal) => ort.cuda(ordinal),
        None => ort,
    };
    ort.ready()
        .map_err(|missing| (missing.to_string(), missing.fix()))
}

/// Asks a library, in another process.
///
/// # Errors
/// If that process could not answer: in words that say what became of it.
pub fn ask<T: DeserializeOwned>(
    children: &mut Children,
    role: &Role,
) -> anyhow::Result<Result<T, String>> {
    let program = std::env::current_exe().context("where this program is")?;
    let mut command = Command::new(program);
    let name = role.part.to_possible_value();
    command
        .arg(COMMAND)
        .args(name.iter().map(|name| name.get_name()));
    if let Some(library) = &role.library {
        command.arg("--library").arg(library);
    }
    if let Some(gpu) = role.gpu {
        command.arg("--gpu").arg(gpu.to_string());
    }
    let mut last = String::new();
    let ended = children.run(command, Some(PATIENCE), |said| {
        if let Said::Line(line) = said
            && !line.is_empty()
        {
            line.clone_into(&mut last);
        }
    });
    match ended {
        Ok(status) if status.success() => Ok(serde_json::from_str(&last)
            .map_err(|error| format!("its answer was not understood ({error}): {last}"))),
        Ok(status) => Ok(Err(death(status, &last))),
        Err(late @ Stopped::Late(_)) => Ok(Err(late.to_string())),
        Err(stopped) => Err(stopped.into()),
    }
}

fn death(status: ExitStatus, last: &str) -> String {
    let how = match status.signal() {
        Some(signal) => format!("opening it ends the process (signal {signal})"),
        None => format!("opening it ends the process ({status})"),
    };
    match last {
        "" => how,
        said => format!("{how}: {said}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn loader(name: &str, why: &str) -> OpenError {
        OpenError::Loader {
            path: name.into(),
            why: why.into(),
        }
    }

    #[test]
    fn names_that_lead_nowhere_are_not_told_one_by_one() {
        let nowhere = "cannot open shared object file: No such file or directory";
        let none = OpenError::NotFound(vec![loader("a.so", nowhere), loader("b.so", nowhere)]);
        assert_eq!(
            absence(&none),
            "no TensorRT is installed where the linker looks"
        );
        let refused = OpenError::Unspoken {
            path: "libnvinfer.so".into(),
            flavour: tensorrt_rs::Flavour::Full,
            version: tensorrt_rs::Version::from_raw(8_601),
        };
        let needs = loader("b.so", "libcudart.so.12: cannot open shared object file");
        let some = OpenError::NotFound(vec![loader("a.so", nowhere), refused, needs]);
        let told = absence(&some);
        assert!(!told.contains("a.so"), "{told}");
        assert!(told.contains("TensorRT 8.6.1"), "{told}");
        assert!(told.contains("libcudart.so.12"), "{told}");
    }

    #[test]
    fn a_library_is_named_once() {
        let why = "lib.so: cannot open shared object file";
        assert_eq!(once(&format!("lib.so cannot be opened: {why}")), why);
        for other in [
            "the driver sees no device",
            "a.so cannot be opened: b.so: no",
        ] {
            assert_eq!(once(other), other);
        }
    }

    #[test]
    fn a_death_by_a_signal_is_told_as_one() {
        let killed = ExitStatus::from_raw(11);
        assert_eq!(death(killed, ""), "opening it ends the process (signal 11)");
        let exited = ExitStatus::from_raw(3 << 8);
        assert!(death(exited, "said last").ends_with("(exit status: 3): said last"));
    }
}

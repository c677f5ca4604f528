//! The vendor's program that builds plans: finding it, asking which version it is, and how it is told what to build.
//!
//! Knows `trtexec` of TensorRT 10 and 11, and `tensorrt_rtx`. The options are those of their public documentation ("Command-
//! Line Programs", "Migrating trtexec Usage from TensorRT 10.x to 11.x"; TensorRT-RTX, "Best Practices" and "CPU-Only AOT").

use crate::{
    app::child::{Children, Said, Stopped},
    engine::plans::{
        BuiltFlavour, BuiltFor, Capability, Precision, Profiles, sidecar::parse_version,
    },
};
use rustix::fs::{Access, access};
use std::{
    ffi::{OsStr, OsString},
    fmt,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};
use tensorrt_rs::{Flavour, SPOKEN, Version};

/// What is looked for where the settings name nothing.
const NAMES: [&str; 2] = ["trtexec", "tensorrt_rtx"];

/// How long it may take to say what it is: it opens libraries of gigabytes for that.
const PATIENCE: Duration = Duration::from_secs(60);

/// A program that builds plans.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Builder {
    /// Where it is.
    pub path: PathBuf,
    /// What it builds with.
    pub version: Version,
}

/// Why there is none.
#[derive(Debug, thiserror::Error)]
pub enum NoBuilder {
    /// It is nowhere.
    #[error("neither trtexec nor tensorrt_rtx is in the PATH")]
    Absent,
    /// The one that the settings name is not there.
    #[error("gpu.builder: there is no program {0}")]
    Misnamed(String),
    /// It does not say which version it is.
    #[error("{} does not say which TensorRT it is: {said}", path.display())]
    Unknown {
        /// The program.
        path: PathBuf,
        /// Its last words.
        said: String,
    },
    /// Nobody here could run its plans.
    #[error("{} is of TensorRT {version}; this program speaks {SPOKEN}", path.display())]
    Unspoken {
        /// The program.
        path: PathBuf,
        /// Its version.
        version: Version,
    },
    /// It cannot be asked.
    #[error("{} cannot be asked: {why}", path.display())]
    Unasked {
        /// The program.
        path: PathBuf,
        /// Why not.
        why: Stopped,
    },
}

/// What shall be built.
#[derive(Clone, Debug)]
pub struct Order<'a> {
    /// The graph.
    pub onnx: &'a Path,
    /// Where the plan shall lie.
    pub plan: &'a Path,
    /// For what.
    pub built_for: BuiltFor,
    /// The shapes of every input.
    pub profiles: &'a Profiles,
    /// The inputs that have free extents.
    pub free: &'a [String],
    /// On which GPU; without one, the builder chooses.
    pub device: Option<u32>,
}

impl Builder {
    /// Looks for the program, and asks it for its version.
    ///
    /// # Errors
    /// Why there is none that could be used.
    pub fn find(
        named: Option<&Path>,
        path: Option<&OsStr>,
        children: &mut Children,
    ) -> Result<Self, NoBuilder> {
        let program = locate(named, path)?;
        let version = ask(&program, children)?;
        match version.is_spoken() {
            true => Ok(Self {
                path: program,
                version,
            }),
            false => Err(NoBuilder::Unspoken {
                path: program,
                version,
            }),
        }
    }

    /// Which library its plans are for. RTX counts its versions from 1, far below the others.
    pub fn flavour(&self) -> Flavour {
        match self.version.major {
            1 => Flavour::Rtx,
            _ => Flavour::Full,
        }
    }

    /// Whether types come from the ONNX file, and from nowhere else.
    fn types_by_the_file(&self) -> bool {
        self.flavour() == Flavour::Rtx || self.version.major >= 11
    }

    /// The precision to build with.
    ///
    /// # Errors
    /// If this version takes it from the ONNX file alone.
    pub fn precision(&self, asked: Option<Precision>) -> Result<Precision, String> {
        match (asked, self.types_by_the_file()) {
            (None | Some(Precision::Strong), true) => Ok(Precision::Strong),
            (None, false) => Ok(Precision::Fp32),
            (Some(asked), false) => Ok(asked),
            (Some(asked), true) => Err(format!(
                "{self} takes every tensor's type from the ONNX file, so --precision {asked} means nothing to it; export \
                 the file in {asked}, and leave the option out"
            )),
        }
    }

    /// The arguments that make it build.
    pub fn arguments(&self, order: &Order<'_>) -> Vec<OsString> {
        let mut arguments = vec![
            joined("--onnx=", order.onnx),
            joined("--saveEngine=", order.plan),
        ];
        if !order.free.is_empty() {
            let (profiles, free) = (order.profiles, order.free);
            arguments.extend([
                format!("--minShapes={}", profiles.min(free)).into(),
                format!("--optShapes={}", profiles.opt(free)).into(),
                format!("--maxShapes={}", profiles.max(free)).into(),
            ]);
        }
        let built = order.built_for;
        arguments.extend(self.precision_flag(built.precision).map(Into::into));
        if built.flavour == BuiltFlavour::LeanCompatible {
            arguments.extend(["--versionCompatible".into(), "--excludeLeanRuntime".into()]);
        }
        match (built.flavour, built.compute) {
            (BuiltFlavour::Rtx, Capability::Of(compute)) => {
                let digits = format!("{}{}", compute.major, compute.minor);
                arguments.push(format!("--computeCapabilities={digits}").into());
            }
            (BuiltFlavour::Rtx, Capability::Any) => {}
            _ => arguments.extend(order.device.map(|n| format!("--device={n}").into())),
        }
        // A plan is wanted, not its speed.
        arguments.push("--skipInference".into());
        arguments
    }

    fn precision_flag(&self, precision: Precision) -> Option<&'static str> {
        match precision {
            _ if self.types_by_the_file() => None,
            Precision::Fp32 => None,
            Precision::Fp16 => Some("--fp16"),
            Precision::Bf16 => Some("--bf16"),
            Precision::Int8 => Some("--int8"),
            Precision::Strong => Some("--stronglyTyped"),
        }
    }
}

impl fmt::Display for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.path.file_name().unwrap_or(self.path.as_os_str());
        write!(f, "{} {}", name.display(), self.version)
    }
}

impl NoBuilder {
    /// What a person can do about it.
    pub fn fix(&self) -> &'static str {
        match self {
            Self::Absent => {
                "install TensorRT's programs (the package libnvinfer-bin, which may put trtexec into /usr/src/tensorrt/bin), \
                 and name trtexec in gpu.builder"
            }
            Self::Misnamed(_) => "correct gpu.builder, or leave it empty",
            Self::Unknown { .. } | Self::Unasked { .. } => {
                "name another trtexec or tensorrt_rtx in gpu.builder"
            }
            Self::Unspoken { .. } => "name one of such a version in gpu.builder",
        }
    }
}

fn joined(option: &str, path: &Path) -> OsString {
    let mut joined = OsString::from(option);
    joined.push(path);
    joined
}

fn locate(named: Option<&Path>, path: Option<&OsStr>) -> Result<PathBuf, NoBuilder> {
    let Some(named) = named else {
        let found = NAMES.iter().find_map(|name| in_path(name.as_ref(), path));
        return found.ok_or(NoBuilder::Absent);
    };
    let found = match named.components().count() {
        1 => in_path(named, path),
        _ => Some(named.to_owned()).filter(|path| is_program(path)),
    };
    found.ok_or_else(|| NoBuilder::Misnamed(named.display().to_string()))
}

fn in_path(name: &Path, path: Option<&OsStr>) -> Option<PathBuf> {
    let folders = path.map(|path| std::env::split_paths(path).collect::<Vec<_>>());
    let mut candidates = folders
        .into_iter()
        .flatten()
        .map(|folder| folder.join(name));
    candidates.find(|candidate| is_program(candidate))
}

fn is_program(path: &Path) -> bool {
    path.is_file() && access(path, Access::EXEC_OK).is_ok()
}

/// Both programs begin whatever they do with a line that tells the version, as
/// `&&&& RUNNING TensorRT.trtexec [TensorRT v101303] [b9] # trtexec --help`.
fn ask(program: &Path, children: &mut Children) -> Result<Version, NoBuilder> {
    let mut command = Command::new(program);
    command.arg("--help");
    let (mut version, mut last) = (None, String::new());
    let ended = children.run(command, Some(PATIENCE), |said| {
        if let Said::Line(line) = said {
            version = version.or_else(|| version_in(line));
            if !line.is_empty() {
                line.clone_into(&mut last);
            }
        }
    });
    let path = program.to_owned();
    match (version, ended) {
        (Some(version), Ok(_)) => Ok(version),
        (_, Err(why)) => Err(NoBuilder::Unasked { path, why }),
        (None, Ok(_)) => Err(NoBuilder::Unknown { path, said: last }),
    }
}

fn version_in(line: &str) -> Option<Version> {
    let line = line.strip_prefix("&&&& RUNNING TensorRT")?;
    let told = line
        .split(['[', ']'])
        .filter_map(|part| part.rsplit_once(" v"));
    told.map(|(_, digits)| digits)
        .find_map(|digits| match digits.parse() {
            Ok(raw) => Some(Version::from_raw(raw)),
            Err(_) => parse_version(digits),
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{Repository, plans::Compute};

    fn builder(version: &str) -> Builder {
        Builder {
            path: "/opt/bin/trtexec".into(),
            version: parse_version(version).unwrap(),
        }
    }

    #[test]
    fn the_version_is_read_from_the_first_line_as_each_program_writes_it() {
        for (line, version) in [
            (
                "&&&& RUNNING TensorRT.trtexec [TensorRT v101303] [b9] # trtexec --help",
                Some("10.13.3"),
            ),
            (
                "&&&& RUNNING TensorRT.trtexec [TensorRT v8601] # trtexec",
                Some("8.6.1"),
            ),
            (
                "&&&& RUNNING TensorRT.tensorrt_rtx [TensorRT-RTX v10701] # tensorrt_rtx",
                Some("1.7.1"),
            ),
            (
                "&&&& RUNNING TensorRT.trtexec [TensorRT v11.4.0]",
                Some("11.4.0"),
            ),
            ("&&&& FAILED TensorRT.trtexec [TensorRT v101303]", None),
            ("&&&& RUNNING TensorRT.trtexec # trtexec -v 3", None),
            ("", None),
        ] {
            let told = version_in(line).map(|version| version.to_string());
            assert_eq!(told.as_deref(), version, "{line}");
        }
    }

    /// The arguments for the built-in world, joined.
    fn arguments(version: &str, change: impl FnOnce(&mut Order<'_>)) -> String {
        let repository = Repository::open(None);
        let profiles = Profiles::of(&repository.get("world-box").unwrap().manifest);
        let builder = builder(version);
        let flavour = match builder.flavour() {
            Flavour::Rtx => BuiltFlavour::Rtx,
            _ => BuiltFlavour::Full,
        };
        let free = ["image", "pose", "scene"].map(str::to_owned);
        let mut order = Order {
            onnx: Path::new("m.onnx"),
            plan: Path::new("p"),
            built_for: BuiltFor {
                version: builder.version,
                flavour,
                compute: Capability::Of(Compute::from((7, 5))),
                precision: builder.precision(None).unwrap(),
            },
            profiles: &profiles,
            free: &free,
            device: Some(1),
        };
        change(&mut order);
        let arguments = builder.arguments(&order);
        let arguments: Vec<_> = arguments.iter().map(|a| a.to_str().unwrap()).collect();
        arguments.join(" ")
    }

    const SHAPES: &str = "--minShapes=image:1x3x64x64,pose:1x6,scene:1x4 \
         --optShapes=image:8x3x352x608,pose:8x6,scene:8x4 --maxShapes=image:8x3x1280x1280,pose:8x6,scene:8x4";

    #[test]
    fn tensorrt_10_is_told_the_precision() {
        let head = format!("--onnx=m.onnx --saveEngine=p {SHAPES}");
        let plain = format!("{head} --device=1 --skipInference");
        assert_eq!(arguments("10.13.3", |_| {}), plain);
        for (precision, flag) in [
            (Precision::Fp16, "--fp16"),
            (Precision::Bf16, "--bf16"),
            (Precision::Int8, "--int8"),
            (Precision::Strong, "--stronglyTyped"),
        ] {
            let told = arguments("10.13.3", |order| order.built_for.precision = precision);
            assert_eq!(told, format!("{head} {flag} --device=1 --skipInference"));
        }
    }

    #[test]
    fn since_tensorrt_11_the_file_alone_tells_the_precision() {
        let told = arguments("11.4.0", |_| {});
        let all = format!("--onnx=m.onnx --saveEngine=p {SHAPES} --device=1 --skipInference");
        assert_eq!(told, all);
        let builder = builder("11.4.0");
        assert_eq!(builder.precision(None), Ok(Precision::Strong));
        let refused = builder.precision(Some(Precision::Fp16)).unwrap_err();
        assert!(refused.contains("export the file in fp16"), "{refused}");
    }

    #[test]
    fn rtx_builds_for_kinds_of_gpus_and_on_none() {
        let told = arguments("1.7.1", |_| {});
        assert!(
            told.ends_with("--computeCapabilities=75 --skipInference"),
            "{told}"
        );
        let told = arguments("1.7.1", |order| order.built_for.compute = Capability::Any);
        assert!(
            !told.contains("--compute") && !told.contains("--device"),
            "{told}"
        );
    }

    #[test]
    fn a_version_compatible_plan_leaves_out_the_runtime_that_is_installed_anyway() {
        let told = arguments("10.13.3", |order| {
            order.built_for.flavour = BuiltFlavour::LeanCompatible;
        });
        assert!(
            told.contains("--versionCompatible --excludeLeanRuntime"),
            "{told}"
        );
    }

    #[test]
    fn a_graph_without_free_extents_is_given_no_shapes() {
        let told = arguments("10.13.3", |order| order.free = &[]);
        assert_eq!(
            told,
            "--onnx=m.onnx --saveEngine=p --device=1 --skipInference"
        );
    }
}

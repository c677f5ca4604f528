//! The text beside a plan: what it was built from, by what, and for what.
//!
//! The form is described for people in `docs/models/tensorrt.md`. Invariant: what is written is read as the same.

use super::{profile::Profiles, target::Compute};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use std::{
    fmt,
    path::{Path, PathBuf},
    str::FromStr,
};
use tensorrt_rs::{Flavour, Version};

/// The version of the form that this server reads and writes.
pub const SCHEMA: u32 = 1;

/// What a plan was built from, by what, and for what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sidecar {
    /// Version of the form.
    pub schema: u32,
    /// The library that it was built with: major, minor, patch.
    #[serde(with = "version")]
    pub tensorrt: Version,
    /// Which of the vendor's libraries runs it.
    pub flavour: BuiltFlavour,
    /// The kind of GPU that it was built for.
    pub compute: Capability,
    /// SHA-256 of the ONNX file that it was built from, 64 hex digits.
    pub onnx_sha256: String,
    /// SHA-256 of the plan, 64 hex digits.
    pub plan_sha256: String,
    /// What it computes in.
    pub precision: Precision,
    /// Program and version that built it, for people.
    pub builder: String,
    /// When, in UTC, as `2026-11-03T12:00:00Z`, so that a later one is a greater text.
    pub built: String,
    /// The shapes that it takes, by the inputs' names in the file.
    pub profiles: Profiles,
}

/// What a plan is built for: all of a [`Sidecar`] that is known before the build, but for what the model says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BuiltFor {
    /// The library's version.
    pub version: Version,
    /// Which library will run it.
    pub flavour: BuiltFlavour,
    /// The kind of GPU.
    pub compute: Capability,
    /// What it computes in.
    pub precision: Precision,
}

/// Which of the vendor's libraries runs a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BuiltFlavour {
    /// `libnvinfer` of exactly this version.
    Full,
    /// Built to be version-compatible: `libnvinfer_lean` of this or a later version runs it, and `libnvinfer` of exactly this
    /// one. A later `libnvinfer` would have to load the lean library itself (`loadRuntime`), which is not asked of it here.
    LeanCompatible,
    /// `libtensorrt_rtx` of exactly this version.
    Rtx,
}

/// The kind of GPU that a plan runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Capability {
    /// This one.
    Of(Compute),
    /// Whatever TensorRT-RTX supports from 8.0 on: it compiles for the GPU when the plan is first run.
    Any,
}

/// What a plan computes in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Precision {
    /// Single precision; the vendor's 19-bit form of it in products.
    Fp32,
    /// Half precision, where the builder finds it faster.
    Fp16,
    /// bfloat16, where the builder finds it faster.
    Bf16,
    /// Eight-bit integers, where the ONNX file says how.
    Int8,
    /// Typed by the ONNX file, tensor for tensor: the only way since TensorRT 11.
    Strong,
}

/// A sidecar that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SidecarError {
    /// It is not there.
    #[error("there is no {}", .0.display())]
    Absent(PathBuf),
    /// It cannot be read, or is not the form.
    #[error("{} cannot be used: {why}", path.display())]
    Form {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
}

/// The path of the sidecar that belongs to a plan: the plan's with `.toml` at its end.
pub fn path_of(plan: &Path) -> PathBuf {
    let mut path = plan.as_os_str().to_owned();
    path.push(".toml");
    path.into()
}

impl Sidecar {
    /// Reads the sidecar of the plan at `plan`.
    ///
    /// # Errors
    /// If it is not there, or cannot be used.
    pub fn read(plan: &Path) -> Result<Self, SidecarError> {
        let path = path_of(plan);
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Err(SidecarError::Absent(path));
            }
            Err(error) => {
                let why = error.to_string();
                return Err(SidecarError::Form { path, why });
            }
        };
        Self::parse(&text).map_err(|why| SidecarError::Form { path, why })
    }

    /// Reads the text of a sidecar.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let sidecar: Self = toml::from_str(text).map_err(|e| e.to_string())?;
        if sidecar.schema != SCHEMA {
            let schema = sidecar.schema;
            return Err(format!("schema is {schema}, this server reads {SCHEMA}"));
        }
        let hashes = [
            ("onnx_sha256", &sidecar.onnx_sha256),
            ("plan_sha256", &sidecar.plan_sha256),
        ];
        for (key, hash) in hashes {
            if hash.len() != 64 || !hash.bytes().all(|b| b.is_ascii_hexdigit()) {
                return Err(format!("{key} must be 64 hex digits"));
            }
        }
        Ok(sidecar)
    }

    /// The text of this sidecar.
    pub fn render(&self) -> String {
        toml::to_string(self).expect("every field has a form in TOML, and the table comes last")
    }

    /// What it was built for.
    pub fn built_for(&self) -> BuiltFor {
        BuiltFor {
            version: self.tensorrt,
            flavour: self.flavour,
            compute: self.compute,
            precision: self.precision,
        }
    }
}

/// A version of three numbers, such as `10.13.3`.
pub fn parse_version(text: &str) -> Option<Version> {
    let mut numbers = text.split('.').map(|digits| digits.parse().ok());
    let version = Version {
        major: numbers.next()??,
        minor: numbers.next()??,
        patch: numbers.next()??,
    };
    numbers.next().is_none().then_some(version)
}

mod version {
    use super::*;

    pub fn serialize<S: Serializer>(version: &Version, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(version)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Version, D::Error> {
        let text = String::deserialize(from)?;
        let fault = || D::Error::custom(format!("`{text}` is no version, such as \"10.13.3\""));
        parse_version(&text).ok_or_else(fault)
    }
}

impl BuiltFlavour {
    /// Whether a library of this kind runs such a plan at all.
    pub fn runs_on(self, library: Flavour) -> bool {
        match self {
            Self::Full => library == Flavour::Full,
            Self::LeanCompatible => matches!(library, Flavour::Full | Flavour::Lean),
            Self::Rtx => library == Flavour::Rtx,
        }
    }
}

impl fmt::Display for BuiltFlavour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Full => "TensorRT",
            Self::LeanCompatible => "TensorRT (version-compatible)",
            Self::Rtx => "TensorRT-RTX",
        })
    }
}

impl fmt::Display for Capability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Of(compute) => compute.fmt(f),
            Self::Any => f.write_str("any"),
        }
    }
}

impl Serialize for Capability {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Capability {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        match String::deserialize(from)?.as_str() {
            "any" => Ok(Self::Any),
            text => text.parse().map(Self::Of).map_err(D::Error::custom),
        }
    }
}

impl Precision {
    /// All of them, with the words that people give.
    pub const ALL: [(&'static str, Self); 5] = [
        ("fp32", Self::Fp32),
        ("fp16", Self::Fp16),
        ("bf16", Self::Bf16),
        ("int8", Self::Int8),
        ("strong", Self::Strong),
    ];
}

impl fmt::Display for Precision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = Self::ALL.iter().find(|(_, is)| is == self);
        f.write_str(word.map_or("", |(word, _)| word))
    }
}

impl FromStr for Precision {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let found = Self::ALL.iter().find(|(word, _)| *word == text);
        let words = Self::ALL.map(|(word, _)| word).join(", ");
        let fault = || format!("`{text}` is none of {words}");
        found.map(|(_, is)| *is).ok_or_else(fault)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::plans::tests::sidecar;

    #[test]
    fn what_is_written_is_read_as_the_same() {
        let mut written = sidecar();
        for (compute, flavour) in [
            (Capability::Any, BuiltFlavour::Rtx),
            (
                Capability::Of(Compute::from((8, 9))),
                BuiltFlavour::LeanCompatible,
            ),
        ] {
            (written.compute, written.flavour) = (compute, flavour);
            let text = written.render();
            assert_eq!(Sidecar::parse(&text), Ok(written.clone()), "{text}");
        }
    }

    /// What is said of the sound text with this put in place of that.
    fn fault(that: &str, this: &str) -> String {
        let text = sidecar().render();
        assert!(text.contains(that), "{that} in {text}");
        Sidecar::parse(&text.replacen(that, this, 1)).unwrap_err()
    }

    #[test]
    fn a_value_that_is_not_the_form_is_told_by_its_key() {
        assert!(fault("schema = 1", "schema = 2").contains("this server reads 1"));
        assert!(fault("\"10.13.3\"", "\"10.13\"").contains("is no version"));
        assert!(fault("\"9.0\"", "\"sm_90\"").contains("compute capability"));
        assert!(fault("\"fp16\"", "\"half\"").contains("half"));
        assert!(fault("flavour = \"full\"", "flavour = \"big\"").contains("big"));
        assert!(fault("onnx_sha256 = \"", "onnx_sha256 = \"g").contains("onnx_sha256"));
    }

    #[test]
    fn a_key_that_nobody_reads_is_a_fault() {
        assert!(fault("schema = 1", "schema = 1\nspeed = 9").contains("speed"));
    }

    #[test]
    fn the_words_for_precisions_are_those_of_the_form() {
        for (word, precision) in Precision::ALL {
            let mut written = sidecar();
            written.precision = precision;
            let line = format!("precision = \"{word}\"");
            assert!(written.render().contains(&line), "{line}");
            assert_eq!(precision.to_string(), word);
            assert_eq!(word.parse(), Ok(precision));
        }
        assert!("half".parse::<Precision>().unwrap_err().contains("fp16"));
    }
}

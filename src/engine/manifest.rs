//! `model.toml`: what a model says about itself. Parsed and checked here; every fault is told at once.
//!
//! The form is described for people in `docs/models/manifest.md`.

use super::{backend::EngineKey, tensor::DType};
use serde::{Deserialize, Serialize};
use std::{
    collections::{BTreeMap, BTreeSet},
    num::NonZeroUsize,
};

/// The version of the form that this server reads.
pub const SCHEMA: u32 = 1;

/// What a model says about itself.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Version of the form.
    pub schema: u32,
    /// Name; also the folder's.
    pub name: String,
    /// Title for people.
    pub title: String,
    /// The pipeline whose place it fills, for example `world`.
    pub slot: String,
    /// What kind of thing it is.
    pub kind: ModelKind,
    /// Version of the model.
    pub version: String,
    /// File in the folder.
    pub file: String,
    /// Plans that run behind `file` when that is a TensorRT plan, in this order: what one gives and a later one takes, by its
    /// name in the files, stays on the GPU.
    #[serde(default)]
    pub then: Vec<String>,
    /// SHA-256 of the file, 64 hex digits.
    pub sha256: String,
    /// The runtime that was measured to run it fastest on the CPU, where there is a choice: a backend's name.
    #[serde(default)]
    pub prefers: Option<String>,
    /// Kernels of this server that compute what the file does, on a GPU without any further library.
    #[serde(default)]
    pub kernels: Option<String>,
    /// Licence (SPDX).
    pub licence: String,
    /// The model card's file in the folder.
    pub card: String,
    /// Batch limits.
    pub batch: Batch,
    /// Dynamic axes by name.
    #[serde(default)]
    pub axes: BTreeMap<String, Axis>,
    /// Inputs, state inputs included.
    pub input: Vec<TensorSpec>,
    /// Outputs.
    pub output: Vec<TensorSpec>,
    /// Which inputs are fed by which outputs of earlier runs.
    #[serde(default)]
    pub state: Vec<StateSpec>,
    /// Runs before the model serves.
    pub warmup: Warmup,
}

/// Shown to users, so that nothing passes for what it is not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ModelKind {
    /// Geometry and filters written by hand.
    Analytic,
    /// Weights learned from data.
    Trained,
    /// A generative model.
    Generative,
}

impl ModelKind {
    /// The word in `model.toml` and in pages.
    pub fn name(self) -> &'static str {
        match self {
            Self::Analytic => "analytic",
            Self::Trained => "trained",
            Self::Generative => "generative",
        }
    }
}

/// Batch limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Batch {
    /// Items at once, at most.
    pub max: NonZeroUsize,
    /// The same on a GPU, where it is `max` if not given: what gains nothing on a CPU may gain much there.
    #[serde(default)]
    pub gpu: Option<NonZeroUsize>,
}

/// A dynamic axis: `min`, `min + step`, … up to `max`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Axis {
    /// Smallest value.
    pub min: usize,
    /// Greatest value.
    pub max: usize,
    /// Distance between values.
    pub step: NonZeroUsize,
}

/// One input or output.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TensorSpec {
    /// The name under which the pipeline knows it.
    pub role: String,
    /// The name in the file.
    pub name: String,
    /// Element type.
    pub dtype: DType,
    /// Order of the dimensions, for example `nchw`.
    #[serde(default)]
    pub layout: Option<String>,
    /// Extents: numbers, `batch`, or names of axes.
    pub shape: Vec<Dim>,
    /// Values from, to.
    #[serde(default)]
    pub range: Option<[f32; 2]>,
    /// Order of colour channels, for example `rgb`.
    #[serde(default)]
    pub channels: Option<String>,
    /// Of an output: nobody but the model's own state wants it, so it never leaves a GPU.
    #[serde(default)]
    pub resident: bool,
}

/// How the planar floats of a picture are told as interleaved bytes, 0 to 255, red first.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PixelForm {
    /// The float that byte 0 stands for.
    pub low: f32,
    /// The float that byte 255 stands for.
    pub high: f32,
    /// Whether the planes come blue first.
    pub is_bgr: bool,
}

/// One extent.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum Dim {
    /// A number.
    Fixed(usize),
    /// `batch`, or the name of an axis.
    Named(String),
}

/// A recurrent tensor: the input of this role is fed from the session's state.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StateSpec {
    /// Role of the input that is fed.
    pub input: String,
    /// Role of the output that takes its place.
    pub output: String,
    /// When it does.
    pub advance: Advance,
}

/// When an output becomes the new state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Advance {
    /// After every run.
    EveryRun,
    /// After a run that ends a chunk.
    Boundary,
}

/// Runs before the model serves.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Warmup {
    /// How many.
    pub runs: u32,
    /// At which values of the axes.
    #[serde(default)]
    pub axes: BTreeMap<String, usize>,
}

/// A `model.toml` that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ManifestError {
    /// Not the form at all.
    #[error("{0}")]
    Form(String),
    /// The form, with these faults.
    #[error("{}", .0.join("; "))]
    Faults(Vec<String>),
}

impl Manifest {
    /// Reads and checks the text of a `model.toml`.
    ///
    /// # Errors
    /// Every fault at once.
    pub fn parse(text: &str) -> Result<Self, ManifestError> {
        let manifest: Self =
            toml::from_str(text).map_err(|e| ManifestError::Form(e.to_string()))?;
        let faults = manifest.faults();
        if faults.is_empty() {
            Ok(manifest)
        } else {
            Err(ManifestError::Faults(faults))
        }
    }

    /// The state entry that feeds the input of this role, if any.
    pub fn state_of(&self, input_role: &str) -> Option<&StateSpec> {
        self.state.iter().find(|s| s.input == input_role)
    }

    fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        if self.schema != SCHEMA {
            faults.push(format!(
                "schema is {}, this server reads {SCHEMA}",
                self.schema
            ));
        }
        for (key, value) in [
            ("name", &self.name),
            ("file", &self.file),
            ("card", &self.card),
        ] {
            if !is_plain_name(value) {
                faults.push(format!(
                    "{key} `{value}` must be a plain name: letters, digits, `.`, `_`, `-`"
                ));
            }
        }
        for file in self.then.iter().filter(|file| !is_plain_name(file)) {
            faults.push(format!("then `{file}` must be a plain name"));
        }
        if self.sha256.len() != 64 || !self.sha256.bytes().all(|b| b.is_ascii_hexdigit()) {
            faults.push("sha256 must be 64 hex digits".into());
        }
        for tensor in self.input.iter().chain(&self.output) {
            faults.extend(self.tensor_faults(tensor));
        }
        faults.extend(repeated("input role", self.input.iter().map(|t| &t.role)));
        faults.extend(repeated("output role", self.output.iter().map(|t| &t.role)));
        faults.extend(repeated("state of", self.state.iter().map(|s| &s.input)));
        for state in &self.state {
            faults.extend(self.state_fault(state));
        }
        faults.extend(self.axis_faults());
        faults
    }

    fn axis_faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        for (name, axis) in &self.axes {
            if axis.min == 0 || axis.min > axis.max {
                faults.push(format!("axis `{name}` must satisfy 0 < min ≤ max"));
            }
            match self.warmup.axes.get(name) {
                None => faults.push(format!("warmup gives no value for axis `{name}`")),
                Some(n) if !axis.admits(*n) => {
                    faults.push(format!("warmup value {n} is off axis `{name}`"))
                }
                Some(_) => {}
            }
        }
        let unknown = self.warmup.axes.keys();
        let unknown = unknown.filter(|name| !self.axes.contains_key(*name));
        faults.extend(unknown.map(|name| format!("warmup has the unknown axis `{name}`")));
        faults
    }

    /// An output can only take the place of an input that looks like it.
    fn state_fault(&self, state: &StateSpec) -> Option<String> {
        let StateSpec { input, output, .. } = state;
        let Some(fed) = self.input.iter().find(|t| t.role == *input) else {
            return Some(format!(
                "state feeds input `{input}`, which is not declared"
            ));
        };
        let Some(taken) = self.output.iter().find(|t| t.role == *output) else {
            return Some(format!(
                "state takes output `{output}`, which is not declared"
            ));
        };
        let alike = (fed.dtype, &fed.shape) == (taken.dtype, &taken.shape);
        (!alike).then(|| {
            format!(
                "output `{output}` must have the type and shape of `{input}`, which it replaces"
            )
        })
    }

    fn tensor_faults(&self, tensor: &TensorSpec) -> Vec<String> {
        let batch_first = matches!(tensor.shape.first(), Some(Dim::Named(name)) if name == "batch");
        let unbatched = || format!("the shape of `{}` must begin with `batch`", tensor.role);
        let mut faults: Vec<_> = (!batch_first).then(unbatched).into_iter().collect();
        let unknown = tensor.shape.iter().filter_map(|dim| match dim {
            Dim::Named(name) if name != "batch" && !self.axes.contains_key(name) => Some(name),
            _ => None,
        });
        faults.extend(unknown.map(|name| {
            let role = &tensor.role;
            format!("`{role}` has the axis `{name}`, which is not declared")
        }));
        faults
    }
}

impl Batch {
    /// Items at once on a GPU.
    pub fn on_gpu(self) -> NonZeroUsize {
        self.gpu.unwrap_or(self.max)
    }
}

impl TensorSpec {
    /// How this tensor is told as pixels, if it is a picture: three planes of floats in a known range.
    pub fn pixels(&self) -> Option<PixelForm> {
        let is_planar = self.layout.as_deref() == Some("nchw") && self.dtype == DType::F32;
        let has_planes = matches!(self.shape.as_slice(), [_, Dim::Fixed(3), _, _]);
        let is_bgr = match self.channels.as_deref()? {
            "rgb" => false,
            "bgr" => true,
            _ => return None,
        };
        let [low, high] = self.range.filter(|_| is_planar && has_planes)?;
        Some(PixelForm { low, high, is_bgr })
    }

    /// The extents of one item at the axes of this key: the batch is 1.
    pub fn shape_at(&self, key: &EngineKey) -> Vec<usize> {
        let extent = |dim: &Dim| match dim {
            Dim::Fixed(n) => *n,
            Dim::Named(name) => key.axis(name).unwrap_or(1),
        };
        self.shape.iter().map(extent).collect()
    }
}

impl Axis {
    /// Whether a value is on the axis.
    pub fn admits(&self, value: usize) -> bool {
        (self.min..=self.max).contains(&value) && (value - self.min).is_multiple_of(self.step.get())
    }
}

/// Each name that is given more than once; by it nobody could tell which is meant.
fn repeated<'a>(what: &str, names: impl Iterator<Item = &'a String>) -> Vec<String> {
    let (mut seen, mut twice) = (BTreeSet::new(), BTreeSet::new());
    names.for_each(|name| {
        if !seen.insert(name) {
            twice.insert(name);
        }
    });
    let fault = |name| format!("{what} `{name}` is given more than once");
    twice.into_iter().map(fault).collect()
}

/// A name inside one directory: it cannot point out of it.
pub(crate) fn is_plain_name(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= 128
        && !name.starts_with('.')
        && name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::scripted::MANIFEST;

    #[test]
    fn a_sound_manifest_is_read() {
        let m = Manifest::parse(MANIFEST).unwrap();
        assert_eq!(m.name, "scripted");
        assert_eq!(m.state_of("image").unwrap().advance, Advance::EveryRun);
    }

    #[test]
    fn all_faults_are_told_at_once() {
        let text = MANIFEST
            .replace("schema = 1", "schema = 9")
            .replace("file = \"none.bin\"", "file = \"../secret\"")
            .replace("output = \"frame\"", "output = \"elsewhere\"");
        let ManifestError::Faults(faults) = Manifest::parse(&text).unwrap_err() else {
            panic!("form")
        };
        assert_eq!(faults.len(), 3, "{faults:?}");
        assert!(faults[1].contains("../secret"));
    }

    /// The one fault of the sound manifest with this put in place of that.
    fn only_fault(that: &str, this: &str) -> String {
        assert!(MANIFEST.contains(that), "{that}");
        match Manifest::parse(&MANIFEST.replacen(that, this, 1)).unwrap_err() {
            ManifestError::Faults(faults) if faults.len() == 1 => faults[0].clone(),
            other => panic!("{other}"),
        }
    }

    #[test]
    fn state_that_could_not_take_its_inputs_place_is_a_fault() {
        let output = "name = \"frame\"\ndtype = \"f32\"";
        let fault = only_fault(output, &output.replace("f32", "u8"));
        assert!(fault.contains("type and shape of `image`"), "{fault}");
    }

    /// The one fault of the sound manifest with one output more.
    fn fault_of_output(role: &str, shape: &str) -> String {
        let lines = [
            "[[output]]".to_owned(),
            format!("role = '{role}'"),
            "name = 'more'\ndtype = 'f32'".to_owned(),
            format!("shape = {shape}"),
            "[warmup]".to_owned(),
        ];
        only_fault("[warmup]", &lines.join("\n"))
    }

    #[test]
    fn a_tensor_without_a_batch_is_a_fault() {
        let fault = fault_of_output("more", "[3]");
        assert_eq!(fault, "the shape of `more` must begin with `batch`");
    }

    #[test]
    fn a_role_that_is_given_twice_is_a_fault() {
        let fault = fault_of_output("frame", "['batch']");
        assert_eq!(fault, "output role `frame` is given more than once");
    }

    #[test]
    fn a_value_for_an_axis_that_is_not_there_is_a_fault() {
        let fault = only_fault("axes = { height = 8,", "axes = { depth = 8, height = 8,");
        assert_eq!(fault, "warmup has the unknown axis `depth`");
    }

    #[test]
    fn an_unknown_key_is_an_error() {
        assert!(matches!(
            Manifest::parse(&format!("colour = 1\n{MANIFEST}")),
            Err(ManifestError::Form(_))
        ));
    }

    #[test]
    fn an_axis_has_steps() {
        let axis = Axis {
            min: 64,
            max: 1280,
            step: NonZeroUsize::new(16).unwrap(),
        };
        assert!(axis.admits(352) && axis.admits(64) && axis.admits(1280));
        assert!(!axis.admits(350) && !axis.admits(48) && !axis.admits(1296));
    }
}

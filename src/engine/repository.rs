//! The model repository: folders with a `model.toml`, embedded in the binary or in a directory.
//!
//! A folder that cannot be read is kept as a fault with its reason; it never hides the others.

use super::{
    backend::{EngineKey, Item, ItemState, LoadError, Role},
    manifest::{Manifest, TensorSpec, is_plain_name},
    tensor::Tensor,
};
use rust_embed::RustEmbed;
use sha2::{Digest, Sha256};
use std::{
    borrow::Cow,
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Arc,
};

#[derive(RustEmbed)]
#[folder = "models"]
#[include = "*/model.toml"]
#[include = "*/*.onnx"]
#[include = "*/card.md"]
struct Embedded;

/// A known model.
#[derive(Clone, Debug)]
pub struct Model {
    /// What it says about itself.
    pub manifest: Arc<Manifest>,
    source: Source,
}

#[derive(Clone, Debug)]
enum Source {
    Embedded,
    Folder(PathBuf),
    Memory(Arc<[u8]>),
}

/// A folder that is no model, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The folder.
    pub folder: String,
    /// What is wrong with it.
    pub why: String,
}

/// All known models by name.
#[derive(Clone, Debug, Default)]
pub struct Repository {
    models: BTreeMap<String, Model>,
    faults: Vec<Fault>,
}

impl Repository {
    /// The embedded models, and those in `directory` if it exists; a model there takes the place of an embedded one.
    pub fn open(directory: Option<&Path>) -> Self {
        let mut repository = Self::default();
        for path in Embedded::iter().filter(|path| path.ends_with("/model.toml")) {
            let folder = path.trim_end_matches("/model.toml").to_owned();
            let text = Embedded::get(&path).map(|f| String::from_utf8_lossy(&f.data).into_owned());
            repository.add(
                folder,
                text.ok_or_else(|| "not readable".into()),
                Source::Embedded,
            );
        }
        if let Some(entries) = directory.and_then(|d| std::fs::read_dir(d).ok()) {
            for path in entries
                .filter_map(|e| Some(e.ok()?.path()))
                .filter(|p| p.join("model.toml").is_file())
            {
                let text =
                    std::fs::read_to_string(path.join("model.toml")).map_err(|e| e.to_string());
                let folder = path
                    .file_name()
                    .map(|n| n.to_string_lossy().into_owned())
                    .unwrap_or_default();
                repository.add(folder, text, Source::Folder(path));
            }
        }
        repository
    }

    /// Adds a model whose file is in memory.
    pub fn insert(&mut self, manifest: Manifest, file: impl Into<Arc<[u8]>>) {
        let model = Model::in_memory(manifest, file);
        self.models.insert(model.manifest.name.clone(), model);
    }

    /// A model by name.
    pub fn get(&self, name: &str) -> Option<&Model> {
        self.models.get(name)
    }

    /// All models by name.
    pub fn models(&self) -> impl Iterator<Item = &Model> {
        self.models.values()
    }

    /// The folders that are no models.
    pub fn faults(&self) -> &[Fault] {
        &self.faults
    }

    fn add(&mut self, folder: String, text: Result<String, String>, source: Source) {
        let parsed = text.and_then(|text| Manifest::parse(&text).map_err(|e| e.to_string()));
        match parsed {
            Ok(manifest) if manifest.name == folder => {
                self.models.insert(
                    folder,
                    Model {
                        manifest: Arc::new(manifest),
                        source,
                    },
                );
            }
            Ok(manifest) => {
                let why = format!(
                    "the folder is `{folder}` but model.toml says name = \"{}\"",
                    manifest.name
                );
                self.faults.push(Fault { folder, why });
            }
            Err(why) => self.faults.push(Fault { folder, why }),
        }
    }
}

/// A shape that the model does not have.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AxisError {
    /// A value off the axis.
    #[error("{axis} must be {min} to {max} in steps of {step}, not {value}")]
    Off {
        /// The axis.
        axis: String,
        /// The value.
        value: usize,
        /// Smallest value.
        min: usize,
        /// Greatest value.
        max: usize,
        /// Distance between values.
        step: usize,
    },
    /// A value is missing.
    #[error("the model needs a value for {0}")]
    Missing(String),
}

impl Model {
    /// The model in a folder that lies anywhere.
    ///
    /// # Errors
    /// If its `model.toml` is not there or cannot be used.
    pub(super) fn from_folder(folder: &Path) -> Result<Self, LoadError> {
        let path = folder.join("model.toml");
        let fix = format!("put a sound model.toml at {}", path.display());
        let fault = |why: String| LoadError::new(format!("{}: {why}", path.display()), fix);
        let text = std::fs::read_to_string(&path).map_err(|e| e.to_string());
        let parsed = text.and_then(|text| Manifest::parse(&text).map_err(|e| e.to_string()));
        Ok(Self {
            manifest: Arc::new(parsed.map_err(fault)?),
            source: Source::Folder(folder.to_owned()),
        })
    }

    /// A model whose file is in memory.
    pub(super) fn in_memory(manifest: Manifest, file: impl Into<Arc<[u8]>>) -> Self {
        Self {
            manifest: Arc::new(manifest),
            source: Source::Memory(file.into()),
        }
    }

    /// The model's name.
    pub fn name(&self) -> &str {
        &self.manifest.name
    }

    /// The folder that its file lies in; `None` if it is in the binary or in memory.
    pub fn folder(&self) -> Option<&Path> {
        match &self.source {
            Source::Folder(folder) => Some(folder),
            Source::Embedded | Source::Memory(_) => None,
        }
    }

    /// The key of this model at these axes; axes that it does not have are left out.
    ///
    /// # Errors
    /// If a value is missing or off its axis.
    pub fn key(&self, axes: &[(&str, usize)]) -> Result<EngineKey, AxisError> {
        let value_of = |name: &String, axis: &super::manifest::Axis| {
            let value = axes.iter().find(|(n, _)| n == name).map(|(_, v)| *v);
            let value = value.ok_or_else(|| AxisError::Missing(name.clone()))?;
            if axis.admits(value) {
                return Ok((Arc::from(name.as_str()), value));
            }
            let (min, max, step) = (axis.min, axis.max, axis.step.get());
            Err(AxisError::Off {
                axis: name.clone(),
                value,
                min,
                max,
                step,
            })
        };
        let axes = self
            .manifest
            .axes
            .iter()
            .map(|(n, a)| value_of(n, a))
            .collect::<Result<Vec<_>, _>>()?;
        Ok(EngineKey {
            model: Arc::from(self.name()),
            axes: axes.into(),
        })
    }

    /// The key at which the model is warmed.
    ///
    /// # Errors
    /// Never for a checked manifest.
    pub fn warmup_key(&self) -> Result<EngineKey, AxisError> {
        let axes: Vec<_> = self
            .manifest
            .warmup
            .axes
            .iter()
            .map(|(n, v)| (n.as_str(), *v))
            .collect();
        self.key(&axes)
    }

    /// Checks that a key is of this model and on its axes.
    ///
    /// # Errors
    /// The axis that is wrong.
    pub fn check(&self, key: &EngineKey) -> Result<(), LoadError> {
        let axes: Vec<_> = key.axes.iter().map(|(name, n)| (&**name, *n)).collect();
        let fix = "ask for a shape on the model's axes";
        let checked = self.key(&axes).map(drop);
        checked.map_err(|e| LoadError::new(e.to_string(), fix))
    }

    /// Zeros for every input at the axes of the key, with state where the model has state: for warming up.
    pub fn zero_item(&self, key: &EngineKey) -> Item {
        let zeros = |spec: &TensorSpec| {
            let tensor = Tensor::zeros(spec.dtype, spec.shape_at(key));
            (Role::from(spec.role.clone()), tensor)
        };
        let is_state = |spec: &&TensorSpec| self.manifest.state_of(&spec.role).is_some();
        let (state, inputs): (Vec<_>, Vec<_>) = self.manifest.input.iter().partition(is_state);
        Item {
            inputs: inputs.into_iter().map(zeros).collect(),
            state: match state.as_slice() {
                [] => ItemState::None,
                fed => ItemState::Fresh(fed.iter().map(|spec| zeros(spec)).collect()),
            },
            boundary: true,
        }
    }

    /// The file's bytes, checked against the manifest's hash.
    ///
    /// # Errors
    /// If the file is not there or is another one.
    pub fn read(&self) -> Result<Cow<'static, [u8]>, LoadError> {
        let name = &self.manifest.file;
        let bytes: Cow<'static, [u8]> = match &self.source {
            Source::Embedded => Embedded::get(&format!("{}/{name}", self.name()))
                .map(|f| f.data)
                .ok_or_else(|| {
                    LoadError::new(format!("{name} is not in the binary"), "build it again")
                })?,
            Source::Folder(folder) => {
                debug_assert!(is_plain_name(name), "checked when the manifest was parsed");
                let path = folder.join(name);
                let fix = format!("put the model's file at {}", path.display());
                Cow::Owned(
                    std::fs::read(&path)
                        .map_err(|e| LoadError::new(format!("{}: {e}", path.display()), fix))?,
                )
            }
            Source::Memory(bytes) => Cow::Owned(bytes.to_vec()),
        };
        let found = hex(&Sha256::digest(&bytes));
        if found != self.manifest.sha256.to_ascii_lowercase() {
            let why = format!(
                "{name} has the SHA-256 {found}, model.toml says {}",
                self.manifest.sha256
            );
            return Err(LoadError::new(
                why,
                "fetch or build the file again, or correct model.toml",
            ));
        }
        Ok(bytes)
    }
}

/// Two lower-case digits a byte.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::scripted;

    #[test]
    fn a_broken_folder_is_reported_and_hides_nothing() {
        let dir = tempfile::tempdir().unwrap();
        for (folder, text) in [
            ("scripted", scripted::MANIFEST),
            ("broken", "schema = "),
            ("misnamed", scripted::MANIFEST),
        ] {
            std::fs::create_dir(dir.path().join(folder)).unwrap();
            std::fs::write(dir.path().join(folder).join("model.toml"), text).unwrap();
        }
        let repository = Repository::open(Some(dir.path()));
        assert!(repository.get("scripted").is_some());
        let mut faulty: Vec<_> = repository
            .faults()
            .iter()
            .map(|f| f.folder.as_str())
            .collect();
        faulty.sort_unstable();
        assert_eq!(faulty, ["broken", "misnamed"]);
        let why = repository.get("scripted").unwrap().read().unwrap_err();
        assert!(why.fix.contains("none.bin"), "{why}");
    }

    #[test]
    fn another_file_than_the_manifest_names_is_refused() {
        let mut repository = Repository::default();
        repository.insert(
            Manifest::parse(scripted::MANIFEST).unwrap(),
            *b"something else",
        );
        let e = repository.get("scripted").unwrap().read().unwrap_err();
        assert!(e.why.contains("SHA-256"), "{e}");
    }

    #[test]
    fn a_shape_off_the_axes_is_refused_with_the_axis() {
        let mut repository = Repository::default();
        repository.insert(Manifest::parse(scripted::MANIFEST).unwrap(), *b"");
        let model = repository.get("scripted").unwrap();
        let e = model.key(&[("height", 8), ("width", 7)]).unwrap_err();
        assert_eq!(
            e.to_string(),
            "width must be 8 to 4096 in steps of 8, not 7"
        );
        assert!(model.key(&[("height", 8)]).is_err());
        assert_eq!(
            model
                .key(&[("width", 16), ("height", 8)])
                .unwrap()
                .to_string(),
            "scripted height=8 width=16"
        );
    }
}

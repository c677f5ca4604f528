//! How a plan in the cache is named: readable, and another name for whatever makes another plan.

use super::{profile::Profiles, sidecar::BuiltFor};
use crate::engine::repository::{Model, hex};
use sha2::{Digest as _, Sha256};
use std::{
    fmt::Write as _,
    path::{Path, PathBuf},
};

/// Digits of a key in a file's name: with 48 bits, a million plans of one model would share one by a chance of 1 in 500.
const SHORT: usize = 12;

/// What stands at the end of a plan's name in the cache.
const ENDING: &str = ".engine";

/// Everything that makes one plan differ from another.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Key {
    model: String,
    short: String,
}

impl Key {
    /// The key of a model's plan: of its name, its file's hash, the library, the GPU, the precision, shapes and batch.
    pub fn new(model: &Model, built: &BuiltFor) -> Self {
        let manifest = &model.manifest;
        let mut text = format!(
            "model={}\nonnx={}\ntensorrt={}\nflavour={}\ncompute={}\nprecision={}\nbatch={}\n",
            manifest.name,
            manifest.sha256.to_ascii_lowercase(),
            built.version,
            built.flavour,
            built.compute,
            built.precision,
            manifest.batch.on_gpu(),
        );
        for (name, profile) in Profiles::of(manifest).0 {
            let (min, opt, max) = (profile.min, profile.opt, profile.max);
            writeln!(text, "{name}={min:?}{opt:?}{max:?}").expect("a String takes any text");
        }
        let mut short = hex(&Sha256::digest(text.as_bytes()));
        short.truncate(SHORT);
        Self {
            model: manifest.name.clone(),
            short,
        }
    }

    /// The file's name without its ending, for example `world-box-0a1b2c3d4e5f`.
    pub fn stem(&self) -> String {
        format!("{}-{}", self.model, self.short)
    }

    /// The plan's path in the cache.
    pub fn plan(&self, cache: &Path) -> PathBuf {
        cache.join(format!("{}{ENDING}", self.stem()))
    }
}

/// The model whose plan a file of this name in the cache is.
pub(super) fn model_of(path: &Path) -> Option<&str> {
    let stem = path.file_name()?.to_str()?.strip_suffix(ENDING)?;
    let (model, short) = stem.rsplit_once('-')?;
    let is_key = short.len() == SHORT && short.bytes().all(|b| b.is_ascii_hexdigit());
    is_key.then_some(model)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::plans::{
        Precision, Target,
        tests::{model, sidecar, target},
    };

    #[test]
    fn a_file_is_named_by_its_model_and_found_by_it() {
        let key = Key::new(&model("a-b"), &sidecar().built_for());
        let path = key.plan(Path::new("plans"));
        let name = path.file_name().unwrap().to_str().unwrap();
        assert!(
            name.starts_with("a-b-") && name.ends_with(".engine"),
            "{name}"
        );
        assert_eq!(model_of(&path), Some("a-b"));
    }

    #[test]
    fn what_is_not_named_by_a_key_is_nobodys_plan() {
        for name in [
            "a-b.engine",
            "a-0a1b2c3d4e5f.engine.toml",
            "a-0a1b2c3d4e5.engine",
            "a-0a1b2c3d4e5g.engine",
            ".a-0a1b2c3d4e5f.x1.partial",
            "0a1b2c3d4e5f.engine",
        ] {
            assert_eq!(model_of(Path::new(name)), None, "{name}");
        }
    }

    #[test]
    fn whatever_makes_another_plan_makes_another_name() {
        let built = sidecar().built_for();
        let here: Target = target();
        let others = [
            BuiltFor {
                precision: Precision::Fp32,
                ..built
            },
            BuiltFor {
                version: tensorrt_rs::Version {
                    patch: 4,
                    ..here.version
                },
                ..built
            },
            BuiltFor {
                compute: super::super::Capability::Any,
                ..built
            },
            BuiltFor {
                flavour: super::super::BuiltFlavour::LeanCompatible,
                ..built
            },
        ];
        let mut names: Vec<_> = others.map(|b| Key::new(&model("m"), &b).stem()).into();
        names.push(Key::new(&model("m"), &built).stem());
        names.push(Key::new(&crate::engine::plans::tests::wider("m"), &built).stem());
        let all = names.len();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), all, "{names:?}");
    }
}

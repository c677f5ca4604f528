//! TensorRT plans as entries of the model repository: which there are, and whether one fits this machine.
//!
//! A plan is a program for one version of one library on one kind of GPU, and its file says none of that. So each has a
//! [`Sidecar`] beside it (`model.engine.toml`), and [`find`] holds that against the [`Target`].
//!
//! - [`sidecar`]: what a plan was built from, by what, and for what; [`profile`]: the shapes that it takes;
//! - [`key`]: how plans that were built here are named; [`target`]: what this machine has;
//! - [`fit`]: what differs between the two; [`unusable`]: why there is no plan, in words for people;
//! - [`graph`]: what an ONNX file says of its inputs, for whoever builds.
//!
//! Only reads files: nothing here builds, and nothing calls CUDA. Invariant: a file is a plan only if a sidecar of its own
//! name describes these very bytes; the sidecar is written last, so what a crash left is none.

pub mod fit;
pub mod graph;
pub mod key;
pub mod profile;
pub mod sidecar;
pub mod target;
pub mod unusable;

pub use fit::{Difference, FIRST_OF_ANY};
pub use key::Key;
pub use profile::{Profile, Profiles};
pub use sidecar::{BuiltFlavour, BuiltFor, Capability, Precision, Sidecar, SidecarError};
pub use target::{Compute, Target};
pub use unusable::Unusable;

use super::repository::{Model, hex};
use sha2::{Digest as _, Sha256};
use std::{
    fs::File,
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
};

/// Bytes of a file that are in memory while it is hashed.
const READ: usize = 1 << 20;

/// A plan, and what is known of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// The model's name.
    pub model: String,
    /// Its file.
    pub path: PathBuf,
    /// What it was built from and for.
    pub sidecar: Sidecar,
}

/// Where a model's plan comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The model's file is a plan.
    Own,
    /// The model's file is an ONNX graph, of which plans are built into the cache.
    Cache,
}

/// Where this model's plan comes from; `None` if it can have none.
pub fn origin(model: &Model) -> Option<Origin> {
    let file = Path::new(&model.manifest.file);
    match file.extension()?.to_str()? {
        "engine" | "plan" => Some(Origin::Own),
        "onnx" => Some(Origin::Cache),
        _ => None,
    }
}

/// The plan of a model that fits the target: beside its `model.toml` if its file is a plan, else in the cache. Of several in
/// the cache, the one that was built last.
///
/// Looks at sidecars only; [`Plan::read`] reads the plan and checks that it is the one that is described.
///
/// # Errors
/// Why there is none, and the command that builds it; `?` makes a [`LoadError`](super::LoadError) of it.
pub fn find(model: &Model, cache: &Path, target: &Target) -> Result<Plan, Unusable> {
    let mut stale: Option<(Plan, Vec<Difference>)> = None;
    let mut built = candidates(model, cache)?;
    built.sort_by(|a, b| b.sidecar.built.cmp(&a.sidecar.built));
    for plan in built {
        let differs = fit::differences(&plan.sidecar, model, target);
        if differs.is_empty() {
            return Ok(plan);
        }
        // The one that is nearest to fitting explains most.
        if stale.as_ref().is_none_or(|(_, d)| differs.len() < d.len()) {
            stale = Some((plan, differs));
        }
    }
    Err(match stale {
        Some((plan, differs)) => Unusable::stale(model, plan.path, differs),
        None => Unusable::not_built(model, cache),
    })
}

/// All plans of a model that fit the target, in the order in which they run: [`find`]'s, then those of the manifest's `then`.
///
/// # Errors
/// As [`find`], for the first that does not fit.
pub fn find_all(model: &Model, cache: &Path, target: &Target) -> Result<Vec<Plan>, Unusable> {
    let mut plans = vec![find(model, cache, target)?];
    for next in &model.manifest.then {
        let folder = model.folder().ok_or_else(|| Unusable::Foreign {
            model: model.name().to_owned(),
            file: next.clone(),
        })?;
        let plan = describe(model, folder.join(next))?;
        let differs = fit::of_machine(&plan.sidecar, target);
        if !differs.is_empty() {
            return Err(Unusable::stale(model, plan.path, differs));
        }
        plans.push(plan);
    }
    Ok(plans)
}

/// All plans of a model, whatever they were built for.
///
/// # Errors
/// If it can have none, or what there is cannot be used.
pub fn candidates(model: &Model, cache: &Path) -> Result<Vec<Plan>, Unusable> {
    match origin(model) {
        Some(Origin::Own) => own(model).map(|plan| vec![plan]),
        Some(Origin::Cache) => cached(model, cache),
        None => Err(Unusable::Foreign {
            model: model.name().to_owned(),
            file: model.manifest.file.clone(),
        }),
    }
}

fn own(model: &Model) -> Result<Plan, Unusable> {
    let file = &model.manifest.file;
    let folder = model.folder().ok_or_else(|| Unusable::Foreign {
        model: model.name().to_owned(),
        file: file.clone(),
    })?;
    describe(model, folder.join(file))
}

/// Those that are named as [`Key`] names this model's. One that cannot be read hides no other.
fn cached(model: &Model, cache: &Path) -> Result<Vec<Plan>, Unusable> {
    let entries = std::fs::read_dir(cache).into_iter().flatten();
    let paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
    let of_model = paths.filter(|path| key::model_of(path) == Some(model.name()));
    // Without a sidecar it is what a build has not finished.
    let described = of_model.filter(|path| sidecar::path_of(path).exists());
    let (mut plans, mut fault) = (Vec::new(), None);
    for path in described {
        match describe(model, path) {
            Ok(plan) => plans.push(plan),
            Err(unusable) => fault = Some(unusable),
        }
    }
    match fault {
        Some(fault) if plans.is_empty() => Err(fault),
        _ => Ok(plans),
    }
}

fn describe(model: &Model, path: PathBuf) -> Result<Plan, Unusable> {
    let sidecar = Sidecar::read(&path).map_err(|error| Unusable::described(model, &path, error))?;
    Ok(Plan {
        model: model.name().to_owned(),
        path,
        sidecar,
    })
}

impl Plan {
    /// The plan's bytes, checked against its sidecar.
    ///
    /// # Errors
    /// If it cannot be read, or is another plan than the sidecar describes.
    pub fn read(&self, model: &Model) -> Result<Vec<u8>, Unusable> {
        let bytes = std::fs::read(&self.path)
            .map_err(|error| Unusable::unreadable(model, &self.path, error.to_string()))?;
        self.check(model, &hex(&Sha256::digest(&bytes)))?;
        Ok(bytes)
    }

    /// Checks the plan's bytes without keeping them.
    ///
    /// # Errors
    /// As [`Plan::read`].
    pub fn verify(&self, model: &Model) -> Result<(), Unusable> {
        let found = sha256_of(&self.path)
            .map_err(|error| Unusable::unreadable(model, &self.path, error.to_string()))?;
        self.check(model, &found)
    }

    fn check(&self, model: &Model, found: &str) -> Result<(), Unusable> {
        if found.eq_ignore_ascii_case(&self.sidecar.plan_sha256) {
            return Ok(());
        }
        let differs = vec![Difference::Bytes {
            built: self.sidecar.plan_sha256.clone(),
            here: found.to_owned(),
        }];
        Err(Unusable::stale(model, self.path.clone(), differs))
    }
}

/// The SHA-256 of a file, which may be larger than memory, in lower-case digits.
///
/// # Errors
/// If it cannot be read.
pub fn sha256_of(path: &Path) -> std::io::Result<String> {
    let mut file = BufReader::with_capacity(READ, File::open(path)?);
    let mut digest = Sha256::new();
    loop {
        let bytes = file.fill_buf()?;
        if bytes.is_empty() {
            return Ok(hex(&digest.finalize()));
        }
        digest.update(bytes);
        let read = bytes.len();
        file.consume(read);
    }
}

#[cfg(test)]
mod tests;

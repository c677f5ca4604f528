//! Why there is no plan, and what a person can do about it.

use super::{Difference, Origin, SidecarError, origin};
use crate::engine::{backend::LoadError, repository::Model};
use std::path::{Path, PathBuf};

/// Why there is no plan.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unusable {
    /// None was built yet.
    #[error("no TensorRT plan of `{model}` was built yet (looked in {})", cache.display())]
    NotBuilt {
        /// The model.
        model: String,
        /// Where it was looked for.
        cache: PathBuf,
    },
    /// There is one, and it does not fit.
    #[error("the TensorRT plan {} does not fit: {}", path.display(), each(differs))]
    Stale {
        /// The plan.
        path: PathBuf,
        /// Everything in which it does not fit.
        differs: Vec<Difference>,
        /// What a person can do.
        cure: String,
    },
    /// There is one, and nobody can tell whether it fits; or it cannot be read.
    #[error("the TensorRT plan {} cannot be used: {why}", path.display())]
    Broken {
        /// The plan.
        path: PathBuf,
        /// What is wrong.
        why: String,
        /// What a person can do.
        cure: String,
    },
    /// The model's file is neither a plan in a folder nor a graph that one is built from.
    #[error("`{model}` can have no TensorRT plan: its file is {file}")]
    Foreign {
        /// The model.
        model: String,
        /// Its file.
        file: String,
    },
}

fn each(differs: &[Difference]) -> String {
    let told: Vec<_> = differs.iter().map(ToString::to_string).collect();
    told.join("; ")
}

/// The command that builds a model's plan.
pub fn command(model: &str) -> String {
    format!("frameloom models build {model}")
}

/// What a person can do about a plan that is there.
fn cure(model: &Model) -> String {
    let name = model.name();
    match origin(model) {
        Some(Origin::Own) => format!(
            "give `{name}` an .onnx file in its model.toml and run `{}`, or build this plan and its sidecar again on \
             this machine",
            command(name)
        ),
        _ => format!("run `{}`", command(name)),
    }
}

impl Unusable {
    /// None was built yet.
    pub fn not_built(model: &Model, cache: &Path) -> Self {
        Self::NotBuilt {
            model: model.name().to_owned(),
            cache: cache.to_owned(),
        }
    }

    pub(super) fn stale(model: &Model, path: PathBuf, differs: Vec<Difference>) -> Self {
        let cure = cure(model);
        Self::Stale {
            path,
            differs,
            cure,
        }
    }

    pub(super) fn described(model: &Model, plan: &Path, error: SidecarError) -> Self {
        Self::unreadable(model, plan, error.to_string())
    }

    pub(super) fn unreadable(model: &Model, plan: &Path, why: String) -> Self {
        Self::Broken {
            path: plan.to_owned(),
            why,
            cure: cure(model),
        }
    }

    /// What a person can do about it.
    pub fn fix(&self) -> String {
        match self {
            Self::NotBuilt { model, .. } => format!("run `{}`", command(model)),
            Self::Stale { cure, .. } | Self::Broken { cure, .. } => cure.clone(),
            Self::Foreign { .. } => {
                "plans are built from .onnx files: give the model one".to_owned()
            }
        }
    }
}

impl From<Unusable> for LoadError {
    fn from(unusable: Unusable) -> Self {
        Self::new(unusable.to_string(), unusable.fix())
    }
}

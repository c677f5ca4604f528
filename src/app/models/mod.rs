//! `frameloom models`: what the repository holds, what could run it, and TensorRT plans built of it.
//!
//! - [`mod@list`]: all models; [`mod@check`]: one, closely;
//! - [`mod@build`]: plans, one after another: for what ([`ground`]), by which program ([`builder`]), into which file
//!   ([`staging`]), and what a person sees meanwhile ([`show`]).
//!
//! Invariant: the server never comes here; a build takes minutes and a whole GPU, and only a person asks for it.

mod build;
pub mod builder;
mod check;
mod ground;
mod list;
mod show;
mod staging;

pub use build::{Options as BuildOptions, run as build};
pub use check::{Options as CheckOptions, run as check};
pub use list::{Options as ListOptions, run as list};

use crate::engine::{Model, Repository};
use anyhow::bail;

/// The model of this name.
///
/// # Errors
/// What is wrong with its folder, or which models there are.
fn named(models: &[Model], repository: &Repository, name: &str) -> anyhow::Result<Model> {
    if let Some(model) = models.iter().find(|model| model.name() == name) {
        return Ok(model.clone());
    }
    if let Some(fault) = repository.faults().iter().find(|f| f.folder == name) {
        bail!("the folder `{name}` is no model: {}", fault.why);
    }
    let names: Vec<_> = models.iter().map(Model::name).collect();
    bail!(
        "there is no model `{name}`; there are: {}",
        names.join(", ")
    )
}

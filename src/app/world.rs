//! Which model draws worlds: what the settings name, if it can.

use crate::{
    config::Config,
    engine::{Model, Repository},
};

/// What a model says in `slot` when it draws worlds.
const SLOT: &str = "world";

/// Why nothing draws worlds.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoWorld {
    /// There is no such model.
    #[error("there is no model `{0}`")]
    Absent(String),
    /// It is for something else.
    #[error("`{model}` fills the slot `{slot}`, not `{SLOT}`")]
    Other {
        /// Its name.
        model: String,
        /// What it is for.
        slot: String,
    },
}

/// The model that the settings name.
///
/// # Errors
/// If there is none, or it draws no worlds.
pub fn world_model<'a>(config: &Config, repository: &'a Repository) -> Result<&'a Model, NoWorld> {
    let name = config.gamecraft.model.as_str();
    let model = repository
        .get(name)
        .ok_or_else(|| NoWorld::Absent(name.to_owned()))?;
    let slot = &model.manifest.slot;
    match slot == SLOT {
        true => Ok(model),
        false => Err(NoWorld::Other {
            model: name.to_owned(),
            slot: slot.clone(),
        }),
    }
}

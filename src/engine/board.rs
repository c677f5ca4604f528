//! How every model stands: written by the device threads, read by health checks, pages and the admin view.

use super::{
    lifecycle::{LoadEvent, LoadState},
    manifest::ModelKind,
};
use dashmap::DashMap;
use serde::Serialize;
use std::sync::Arc;

/// One model's entry.
#[derive(Clone, Debug, Serialize)]
pub struct ModelStatus {
    /// The model's name.
    pub model: Arc<str>,
    /// Its title for people.
    pub title: String,
    /// The pipeline whose place it fills.
    pub slot: String,
    /// What kind of thing it is: nothing passes for what it is not.
    pub kind: ModelKind,
    /// The backend that runs it.
    pub backend: &'static str,
    /// The device that it is on.
    pub device: String,
    /// Threads that it computes with.
    pub threads: usize,
    /// How it stands.
    #[serde(flatten)]
    pub state: LoadState,
}

/// All entries; cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Board(Arc<DashMap<Arc<str>, ModelStatus>>);

impl Board {
    /// Enters a model, or replaces its entry.
    pub fn enter(&self, status: ModelStatus) {
        self.0.insert(Arc::clone(&status.model), status);
    }

    /// Applies an event to a model's state and gives the state after it; an event out of order changes nothing.
    pub fn apply(&self, model: &str, event: LoadEvent) -> Option<LoadState> {
        let mut entry = self.0.get_mut(model)?;
        if let Ok(next) = entry.state.after(event) {
            entry.state = next;
        }
        Some(entry.state.clone())
    }

    /// One model's entry.
    pub fn get(&self, model: &str) -> Option<ModelStatus> {
        self.0.get(model).map(|entry| entry.clone())
    }

    /// All entries by name.
    pub fn all(&self) -> Vec<ModelStatus> {
        let mut all: Vec<_> = self.0.iter().map(|entry| entry.clone()).collect();
        all.sort_by(|a, b| a.model.cmp(&b.model));
        all
    }

    /// Whether this model serves.
    pub fn is_ready(&self, model: &str) -> bool {
        self.0
            .get(model)
            .is_some_and(|entry| entry.state.is_ready())
    }
}

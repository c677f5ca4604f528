//! How every model stands: written by the device threads, read by health checks, pages and the admin view.
//!
//! Readers get a [`ModelView`], which has words and numbers but no engine types: the front end knows no engine.

use crate::engine::{LoadState, Manifest, lifecycle::LoadEvent};
use dashmap::DashMap;
use serde::Serialize;
use std::sync::Arc;

/// One model's entry, as it is written.
#[derive(Clone, Debug)]
pub struct Entry {
    /// What the model says about itself.
    pub manifest: Arc<Manifest>,
    /// The backend that runs it.
    pub backend: &'static str,
    /// The device that it is on.
    pub device: String,
    /// Threads that it computes with.
    pub threads: usize,
    /// How it stands.
    pub state: LoadState,
}

/// One model's entry, as it is read and served.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ModelView {
    /// Its name.
    pub model: String,
    /// Its title for people.
    pub title: String,
    /// The pipeline whose place it fills.
    pub slot: String,
    /// `analytic`, `trained` or `generative`: nothing passes for what it is not.
    pub kind: &'static str,
    /// Its version.
    pub version: String,
    /// Its licence (SPDX).
    pub licence: String,
    /// SHA-256 of its file.
    pub sha256: String,
    /// The backend that runs it.
    pub backend: &'static str,
    /// The device that it is on.
    pub device: String,
    /// Threads that it computes with.
    pub threads: usize,
    /// `unloaded`, `loading`, `warming`, `ready` or `failed`.
    pub state: &'static str,
    /// Whether it serves.
    pub ready: bool,
    /// Time from the beginning of loading to the end of warming, once it is ready.
    pub load_seconds: Option<f64>,
    /// What is wrong, if it failed.
    pub why: Option<String>,
    /// The cure, if it failed.
    pub fix: Option<String>,
}

/// All entries; cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Board(Arc<DashMap<String, Entry>>);

// === impl Board ===

impl Board {
    /// Enters a model, or replaces its entry.
    pub fn enter(&self, entry: Entry) {
        self.0.insert(entry.manifest.name.clone(), entry);
    }

    /// Applies an event to a model's state and gives the state after it; an event out of order changes nothing.
    pub fn apply(&self, model: &str, event: LoadEvent) -> Option<LoadState> {
        let mut entry = self.0.get_mut(model)?;
        if let Ok(next) = entry.state.after(event) {
            entry.state = next;
        }
        Some(entry.state.clone())
    }

    /// How a model stands.
    pub fn state(&self, model: &str) -> Option<LoadState> {
        self.0.get(model).map(|entry| entry.state.clone())
    }

    /// A model's entry.
    pub fn view(&self, model: &str) -> Option<ModelView> {
        self.0.get(model).map(|entry| ModelView::of(&entry))
    }

    /// All entries by name.
    pub fn views(&self) -> Vec<ModelView> {
        let mut all: Vec<_> = self.0.iter().map(|entry| ModelView::of(&entry)).collect();
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

// === impl ModelView ===

impl ModelView {
    fn of(
        Entry {
            manifest,
            backend,
            device,
            threads,
            state,
        }: &Entry,
    ) -> Self {
        let (why, fix) = match state {
            LoadState::Failed { why, fix } => (Some(why.clone()), Some(fix.clone())),
            _ => (None, None),
        };
        let load_seconds = match state {
            LoadState::Ready { took } => Some(took.as_secs_f64()),
            _ => None,
        };
        Self {
            model: manifest.name.clone(),
            title: manifest.title.clone(),
            slot: manifest.slot.clone(),
            kind: manifest.kind.name(),
            version: manifest.version.clone(),
            licence: manifest.licence.clone(),
            sha256: manifest.sha256.clone(),
            backend,
            device: device.clone(),
            threads: *threads,
            state: state.name(),
            ready: state.is_ready(),
            load_seconds,
            why,
            fix,
        }
    }

    /// What runs it, for people: `rten on cpu0, 2 threads`.
    pub fn runs_on(&self) -> String {
        let s = if self.threads == 1 { "" } else { "s" };
        format!(
            "{} on {}, {} thread{s}",
            self.backend, self.device, self.threads
        )
    }
}

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
    /// Threads that it computes with; 0 where that says nothing, as on a GPU.
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
    /// Threads that it computes with; 0 on a GPU.
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

/// All entries, by model and device; cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Board(Arc<DashMap<(String, String), Entry>>);

// === impl Board ===

impl Board {
    /// Enters a model on a device, or replaces its entry.
    pub fn enter(&self, entry: Entry) {
        let key = (entry.manifest.name.clone(), entry.device.clone());
        self.0.insert(key, entry);
    }

    /// Applies an event to a model's state on a device and gives the state after it; an event out of order changes nothing.
    pub fn apply(&self, model: &str, device: &str, event: LoadEvent) -> Option<LoadState> {
        let key = (model.to_owned(), device.to_owned());
        let mut entry = self.0.get_mut(&key)?;
        if let Ok(next) = entry.state.after(event) {
            entry.state = next;
        }
        Some(entry.state.clone())
    }

    /// How a model stands on a device.
    pub fn state(&self, model: &str, device: &str) -> Option<LoadState> {
        let key = (model.to_owned(), device.to_owned());
        self.0.get(&key).map(|entry| entry.state.clone())
    }

    /// How a model stands where it stands best: it serves if it does so on one device.
    pub fn best(&self, model: &str) -> Option<LoadState> {
        let entries = self.entries(Some(model));
        entries.into_iter().next().map(|entry| entry.state)
    }

    /// A model's entry where it stands best.
    pub fn view(&self, model: &str) -> Option<ModelView> {
        let entries = self.entries(Some(model));
        entries.first().map(ModelView::of)
    }

    /// All entries, by model; of one model, the best first.
    pub fn views(&self) -> Vec<ModelView> {
        self.entries(None).iter().map(ModelView::of).collect()
    }

    /// Whether this model serves on a device.
    pub fn is_ready(&self, model: &str) -> bool {
        self.best(model).is_some_and(|state| state.is_ready())
    }

    fn entries(&self, model: Option<&str>) -> Vec<Entry> {
        let of_model = |entry: &Entry| model.is_none_or(|name| entry.manifest.name == name);
        let all = self.0.iter().filter(|entry| of_model(entry));
        let mut all: Vec<Entry> = all.map(|entry| entry.clone()).collect();
        all.sort_by(|a, b| order(a).cmp(&order(b)));
        all
    }
}

/// By model; then those that serve, those that may come to serve, those that failed; then GPUs before the CPU, which is their
/// substitute; then by name.
fn order(entry: &Entry) -> (&str, u8, bool, &str) {
    let hope = match entry.state {
        LoadState::Ready { .. } => 0,
        LoadState::Unloaded | LoadState::Loading { .. } | LoadState::Warming { .. } => 1,
        LoadState::Failed { .. } => 2,
    };
    (&entry.manifest.name, hope, entry.threads > 0, &entry.device)
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

    /// What runs it, for people: `rten on cpu0, 2 threads`, or `ptx on cuda0`.
    pub fn runs_on(&self) -> String {
        match self.threads_in_words() {
            Some(threads) => format!("{} on {}, {threads}", self.backend, self.device),
            None => format!("{} on {}", self.backend, self.device),
        }
    }

    /// `1 thread`, `2 threads`; `None` on a GPU.
    pub fn threads_in_words(&self) -> Option<String> {
        match self.threads {
            0 => None,
            1 => Some("1 thread".into()),
            n => Some(format!("{n} threads")),
        }
    }
}

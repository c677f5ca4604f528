//! The merge: defaults < file < environment < flags, each value with its origin.
//!
//! Invariant: a [`Merged`] holds exactly the keys of the embedded document; a key that it does not
//! have is a fault of the layer that brought it.

use std::collections::BTreeMap;

use super::document::{self, DOCUMENT, Value};
use super::fault::{Fault, Problem};
use super::origin::Origin;
use super::{Sources, env};

/// A value and the layer that set it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Setting {
    pub(super) value: Value,
    pub(super) origin: Origin,
}

/// Every key with its winning value.
#[derive(Debug, Clone)]
pub(super) struct Merged {
    settings: BTreeMap<String, Setting>,
}

impl Merged {
    pub(super) fn get(&self, key: &str) -> Option<&Setting> {
        self.settings.get(key)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &Setting)> {
        self.settings
            .iter()
            .map(|(key, setting)| (key.as_str(), setting))
    }
}

/// Merges all layers; the faults are unknown keys and syntax errors.
pub(super) fn merge(sources: &Sources) -> (Merged, Vec<Fault>) {
    let (defaults, mut faults) = document::flatten(DOCUMENT, None);
    let mut merged = Merged {
        settings: defaults.into_iter().collect(),
    };
    if let Some((path, text)) = &sources.file {
        let (settings, syntax) = document::flatten(text, Some(path.clone()));
        faults.extend(syntax);
        faults.extend(
            settings
                .into_iter()
                .filter_map(|(key, setting)| merged.set(key, setting)),
        );
    }
    faults.extend(from_env(sources).filter_map(|layer| merged.set_raw(layer)));
    faults.extend(from_flags(sources).filter_map(|layer| merged.set_raw(layer)));
    (merged, faults)
}

/// A value without a type of its own: (key, text, origin).
type Raw<'a> = (String, &'a str, Origin);

/// Aliases first, so that a generic name wins.
fn from_env(sources: &Sources) -> impl Iterator<Item = Raw<'_>> {
    let all = || sources.env.iter();
    let aliases = all().filter(|(name, _)| env::is_alias(name));
    let generic = all().filter(|(name, _)| !env::is_alias(name));
    aliases.chain(generic).filter_map(|(name, value)| {
        Some((
            env::key_of(name)?,
            value.as_str(),
            Origin::Env(name.clone()),
        ))
    })
}

fn from_flags(sources: &Sources) -> impl Iterator<Item = Raw<'_>> {
    let raw = |flag: &super::Flag| (flag.key.clone(), Origin::Flag(flag.name.clone()));
    sources.flags.iter().map(move |flag| {
        let (key, origin) = raw(flag);
        (key, flag.value.as_str(), origin)
    })
}

impl Merged {
    fn set(&mut self, key: String, setting: Setting) -> Option<Fault> {
        if let Some(slot) = self.settings.get_mut(&key) {
            *slot = setting;
            return None;
        }
        let suggestion = self.suggest(&key);
        let problem = Problem::UnknownKey { suggestion };
        Some(Fault {
            value: setting.value.to_string(),
            key,
            origin: setting.origin,
            problem,
        })
    }

    fn set_raw(&mut self, (key, raw, origin): Raw<'_>) -> Option<Fault> {
        let value = match self.settings.get(&key) {
            Some(current) => Value::parse_like(raw, &current.value),
            None => Value::Text(raw.to_owned()),
        };
        self.set(key, Setting { value, origin })
    }

    /// The key that was probably meant: one that ends alike, else the one with the fewest typing
    /// mistakes, if those are at most a third of it.
    fn suggest(&self, wrong: &str) -> Option<String> {
        let ending = format!(".{wrong}");
        let alike = self.settings.keys().find(|key| key.ends_with(&ending));
        let distance = |key: &String| strsim::damerau_levenshtein(key, wrong);
        let nearest = || self.settings.keys().min_by_key(|key| distance(key));
        let near = |key: &&String| distance(key) * 3 <= key.len();
        alike.or_else(|| nearest().filter(near)).cloned()
    }
}

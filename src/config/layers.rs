//! The merge: defaults < file < environment < flags, each value with its origin.
//!
//! Invariant: a [`Merged`] holds exactly the keys of the embedded document; a key that it does not
//! have is a fault of the layer that brought it.

use std::borrow::Cow;
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

/// Every key with its winning value, and its default.
#[derive(Debug, Clone)]
pub(super) struct Merged {
    settings: BTreeMap<String, Setting>,
    defaults: BTreeMap<String, Value>,
}

impl Merged {
    pub(super) fn get(&self, key: &str) -> Option<&Setting> {
        self.settings.get(key)
    }

    pub(super) fn default_of(&self, key: &str) -> Option<&Value> {
        self.defaults.get(key)
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
    let mut merged = Merged::of(defaults);
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
type Raw<'a> = (String, Cow<'a, str>, Origin);

/// Aliases first, so that a generic name wins.
fn from_env(sources: &Sources) -> impl Iterator<Item = Raw<'_>> {
    let all = || sources.env.iter();
    let aliases = all().filter(|(name, _)| env::is_alias(name));
    let generic = all().filter(|(name, _)| !env::is_alias(name));
    aliases.chain(generic).filter_map(|(name, value)| {
        Some((
            env::key_of(name)?,
            env::value_of(name, value),
            Origin::Env(name.clone()),
        ))
    })
}

fn from_flags(sources: &Sources) -> impl Iterator<Item = Raw<'_>> {
    let raw = |flag: &super::Flag| (flag.key.clone(), Origin::Flag(flag.name.clone()));
    sources.flags.iter().map(move |flag| {
        let (key, origin) = raw(flag);
        (key, Cow::from(&flag.value), origin)
    })
}

impl Merged {
    fn of(defaults: Vec<(String, Setting)>) -> Self {
        let settings: BTreeMap<String, Setting> = defaults.into_iter().collect();
        let value = |(key, setting): (&String, &Setting)| (key.clone(), setting.value.clone());
        let defaults = settings.iter().map(value).collect();
        Self { settings, defaults }
    }

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
        // The default, and not what a file set, says of what kind the key is.
        let value = match self.defaults.get(&key) {
            Some(default) => Value::parse_like(&raw, default),
            None => Value::Text(raw.into_owned()),
        };
        self.set(key, Setting { value, origin })
    }

    /// The key that was probably meant: one that ends so (its section was left out), one whose parts
    /// are each at most half mistyped, or the only one of that name in another section.
    fn suggest(&self, wrong: &str) -> Option<String> {
        let ending = format!(".{wrong}");
        let ends_so = self.settings.keys().find(|key| key.ends_with(&ending));
        let similar = || {
            let near = self.settings.keys().filter(|key| is_near(key, wrong));
            near.min_by_key(|key| strsim::damerau_levenshtein(key, wrong))
        };
        ends_so
            .or_else(similar)
            .or_else(|| self.elsewhere(wrong))
            .cloned()
    }

    fn elsewhere(&self, wrong: &str) -> Option<&String> {
        let mut namesakes = self.settings.keys().filter(|key| leaf(key) == leaf(wrong));
        let first = namesakes.next()?;
        namesakes.next().is_none().then_some(first)
    }
}

fn leaf(key: &str) -> &str {
    key.rsplit('.').next().unwrap_or(key)
}

fn is_near(key: &str, wrong: &str) -> bool {
    let near = |(right, wrong)| strsim::damerau_levenshtein(right, wrong) * 2 <= right.len();
    let parts = || key.split('.').zip(wrong.split('.'));
    key.matches('.').count() == wrong.matches('.').count() && parts().all(near)
}

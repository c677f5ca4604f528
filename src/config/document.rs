//! A TOML text as a flat list of dotted keys, each with its value and its line.
//!
//! Not responsible for what a key means. Invariant: the embedded [`DOCUMENT`] is the one list of keys
//! and defaults; nothing else in the code knows a default.

use std::fmt;
use std::ops::Range;
use std::path::PathBuf;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::fault::{Fault, Problem};
use super::layers::Setting;
use super::origin::Origin;

/// `config/frameloom.toml`: every key with its default and the reason for it.
pub const DOCUMENT: &str = include_str!("../../config/frameloom.toml");

/// A value as it was written. Tables are not values: their keys are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Value {
    Integer(i64),
    Bool(bool),
    /// A number with a fraction, as it was written.
    Decimal(String),
    Text(String),
    /// A kind that no key takes (an array, a date, an integer beyond 64 bits), as TOML.
    Other(String),
}

impl Value {
    /// Reads `raw`, which has no type of its own, as the kind of `like`; text when it does not fit,
    /// so that the fault shows what was given.
    pub(super) fn parse_like(raw: &str, like: &Self) -> Self {
        let text = || Self::Text(raw.to_owned());
        match like {
            Self::Integer(_) => integer(raw.trim(), 10).map_or_else(text, Self::Integer),
            Self::Bool(_) => raw.trim().parse().map_or_else(|_| text(), Self::Bool),
            Self::Decimal(_) if decimal(raw.trim()).is_some() => {
                Self::Decimal(raw.trim().to_owned())
            }
            Self::Decimal(_) => text(),
            Self::Text(_) | Self::Other(_) => text(),
        }
    }
}

impl fmt::Display for Value {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Integer(value) => value.fmt(out),
            Self::Bool(value) => value.fmt(out),
            Self::Decimal(text) => text.fmt(out),
            Self::Text(value) => toml::Value::String(value.clone()).fmt(out),
            Self::Other(text) => text.fmt(out),
        }
    }
}

/// The settings of `text`, and its syntax faults. `path` is `None` for the embedded defaults.
pub(super) fn flatten(text: &str, path: Option<PathBuf>) -> (Vec<(String, Setting)>, Vec<Fault>) {
    let document = Document { text, path };
    let (table, errors) = DeTable::parse_recoverable(text);
    let mut faults: Vec<Fault> = errors
        .iter()
        .map(|error| document.syntax_fault(error))
        .collect();
    // The parser goes on after a fault; on the same line it has nothing new to say.
    faults.dedup_by(|next, first| next.origin == first.origin);
    let mut settings = Vec::new();
    document.walk("", table.get_ref(), &mut settings);
    (settings, faults)
}

struct Document<'a> {
    text: &'a str,
    path: Option<PathBuf>,
}

impl Document<'_> {
    fn walk(&self, prefix: &str, table: &DeTable<'_>, into: &mut Vec<(String, Setting)>) {
        for (name, value) in table {
            let key = join(prefix, name.get_ref());
            match value.get_ref() {
                DeValue::Table(inner) => self.walk(&key, inner, into),
                // What the parser made up to go on after a syntax fault, which is reported.
                _ if value.span().is_empty() => {}
                _ => into.push((key, self.setting(value))),
            }
        }
    }

    fn setting(&self, value: &Spanned<DeValue<'_>>) -> Setting {
        let other = || Value::Other(self.text.get(value.span()).unwrap_or_default().to_owned());
        let read = match value.get_ref() {
            DeValue::String(text) => Value::Text(text.clone().into_owned()),
            DeValue::Boolean(flag) => Value::Bool(*flag),
            DeValue::Float(number) => Value::Decimal(number.as_str().replace('_', "")),
            DeValue::Integer(number) => {
                integer(number.as_str(), number.radix()).map_or_else(other, Value::Integer)
            }
            _ => other(),
        };
        Setting {
            value: read,
            origin: self.origin(value.span()),
        }
    }

    fn origin(&self, span: Range<usize>) -> Origin {
        let Some(path) = self.path.clone() else {
            return Origin::Default;
        };
        let before = self.text.get(..span.start).unwrap_or(self.text);
        Origin::File {
            path,
            line: before.matches('\n').count() + 1,
        }
    }

    fn syntax_fault(&self, error: &toml::de::Error) -> Fault {
        let origin = self.origin(error.span().unwrap_or_default());
        let message = error.message().to_owned();
        Fault {
            key: String::new(),
            value: String::new(),
            origin,
            problem: Problem::Syntax { message },
        }
    }
}

fn join(prefix: &str, name: &str) -> String {
    if prefix.is_empty() {
        name.to_owned()
    } else {
        format!("{prefix}.{name}")
    }
}

fn integer(digits: &str, radix: u32) -> Option<i64> {
    i64::from_str_radix(&digits.replace('_', ""), radix).ok()
}

/// The number that `digits` write: a finite one, so `nan` and `inf` are none.
pub(super) fn decimal(digits: &str) -> Option<f64> {
    digits
        .parse()
        .ok()
        .filter(|number: &f64| number.is_finite())
}

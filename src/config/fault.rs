//! What can be wrong with the settings, and how each fault tells the user what to do.
//!
//! Invariant: a fault names the key, the value, where it came from and the fix; a secret's value is
//! never shown.

use std::fmt;

use super::env;
use super::origin::Origin;

/// Keys whose values are never shown.
pub(super) const SECRETS: [&str; 2] = ["admin.token", "referee.tokens"];

/// Every fault of all layers.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct ConfigErrors {
    faults: Vec<Fault>,
}

impl ConfigErrors {
    /// The faults, at least one.
    pub fn faults(&self) -> &[Fault] {
        &self.faults
    }

    pub(super) fn none_or(faults: Vec<Fault>) -> Result<(), Self> {
        if faults.is_empty() {
            Ok(())
        } else {
            Err(Self { faults })
        }
    }
}

impl fmt::Display for ConfigErrors {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let noun = if self.faults.len() == 1 {
            "fault"
        } else {
            "faults"
        };
        write!(out, "{} {noun} in the configuration", self.faults.len())?;
        self.faults
            .iter()
            .try_for_each(|fault| write!(out, "\n  {fault}"))
    }
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The key, such as `limits.body_bytes`; empty for a fault of the file's syntax.
    pub key: String,
    /// The value as it was given, as TOML.
    pub value: String,
    /// Who gave it.
    pub origin: Origin,
    /// What is wrong with it.
    pub problem: Problem,
}

/// What is wrong with a value, with what is needed to say how to mend it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// The file is not TOML.
    #[error("not valid TOML: {message}")]
    Syntax {
        /// The parser's words.
        message: String,
    },
    /// There is no such key.
    #[error("no such key")]
    UnknownKey {
        /// The key that was probably meant.
        suggestion: Option<String>,
    },
    /// The value is of another kind, or not one that the key takes.
    #[error("must be {expected}")]
    NotA {
        /// What the key takes, with its range: "a whole number from 1 to 64".
        expected: String,
        /// The key's default, as TOML.
        default: String,
    },
    /// Two listeners want the same address.
    #[error("{other} listens there already")]
    AddressTaken {
        /// The other listener's port key.
        other: String,
    },
    /// The admin listener would be open to a network without a token.
    #[error("the admin listener can end any session, so off loopback it needs a token")]
    AdminExposed,
    /// The value is of the right kind, and yet nothing can be done with it.
    #[error("{why}")]
    Unusable {
        /// Why not.
        why: &'static str,
        /// What to do.
        fix: String,
    },
    /// The value is at odds with that of another key.
    #[error("{rule}")]
    Conflict {
        /// What must hold between the two.
        rule: &'static str,
        /// What to change.
        fix: String,
    },
}

impl Fault {
    /// What the user should do.
    pub fn fix(&self) -> String {
        match &self.problem {
            Problem::Syntax { .. } => "correct that line".to_owned(),
            Problem::UnknownKey {
                suggestion: Some(key),
            } => {
                format!("did you mean {}?", self.name_as_given(key))
            }
            Problem::UnknownKey { suggestion: None } => {
                "remove it; `frameloom config print` shows every key".to_owned()
            }
            Problem::NotA { default, .. } => {
                format!("correct it, or remove it for the default {default}")
            }
            Problem::AddressTaken { .. } => format!("give {} a port of its own", self.key),
            Problem::AdminExposed => format!(
                "set {} to 16 characters or more, or {} to 127.0.0.1",
                env::name_of("admin.token"),
                self.key
            ),
            Problem::Unusable { fix, .. } | Problem::Conflict { fix, .. } => fix.clone(),
        }
    }

    /// `key` in the words of the layer that has the fault.
    fn name_as_given(&self, key: &str) -> String {
        match self.origin {
            Origin::Env(_) => env::name_of(key),
            _ => key.to_owned(),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.key.is_empty() {
            write!(out, "{} = {} ", self.key, shown(&self.key, &self.value))?;
        }
        write!(
            out,
            "({}): {}; fix: {}",
            self.origin,
            self.problem,
            self.fix()
        )
    }
}

/// The value as it may be shown.
pub(super) fn shown<'a>(key: &str, value: &'a str) -> &'a str {
    let hidden = SECRETS.contains(&key) && value != "\"\"";
    if hidden { "\"(hidden)\"" } else { value }
}

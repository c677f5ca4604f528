//! What has been called and moved, for tests to look at.
//!
//! Not responsible for keeping what lives: those numbers are counted when somebody asks.

pub use fake_cuda_control::Tally;
use std::collections::BTreeMap;

/// How often each function was called, in vain or not.
#[derive(Debug, Default)]
pub struct Calls(BTreeMap<&'static str, u64>);

impl Calls {
    /// One more call.
    pub fn count(&mut self, name: &'static str) {
        *self.0.entry(name).or_default() += 1;
    }

    /// Calls of a function until now.
    #[must_use]
    pub fn of(&self, name: &str) -> u64 {
        self.0.get(name).copied().unwrap_or(0)
    }
}

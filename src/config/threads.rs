//! A number of threads that may be left to the machine.

use std::num::NonZeroUsize;

/// How many threads a pool gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Threads {
    /// One for each core.
    Auto,
    /// Exactly so many.
    Fixed(NonZeroUsize),
}

impl Threads {
    pub(super) fn from_setting(number: usize) -> Self {
        NonZeroUsize::new(number).map_or(Self::Auto, Self::Fixed)
    }

    /// The number of threads on a machine with `cores` cores.
    pub fn resolve(self, cores: NonZeroUsize) -> NonZeroUsize {
        match self {
            Self::Auto => cores,
            Self::Fixed(threads) => threads,
        }
    }
}

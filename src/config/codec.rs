//! `[codec]`: the pool that encodes frames.

use super::read::Reader;
use super::threads::Threads;

/// The codec pool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Codec {
    /// Its threads.
    pub threads: Threads,
}

impl Codec {
    pub(super) fn read(reader: &mut Reader<'_>) -> Self {
        Self {
            threads: reader.threads("codec.threads"),
        }
    }
}

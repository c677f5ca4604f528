//! What a test can choose.

/// How much of the work is carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Execution {
    /// Nothing: work is counted and takes its time, for measuring what the caller costs by itself.
    Accounted = 0,
    /// Copies and fills, but no kernels.
    Copies = 1,
    /// Everything.
    Full = 2,
}

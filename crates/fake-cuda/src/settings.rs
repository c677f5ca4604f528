//! What a test can choose.
//!
//! Invariant: the defaults are a machine with one modern device, where everything is carried out and nothing is ready at
//! the first look.

pub use fake_cuda_control::Execution;

/// What a test has chosen.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Their compute capability.
    pub capability: (i32, i32),
    /// Memory of each, in bytes.
    pub total_memory: u64,
    /// The driver's version: 1000 × major + 10 × minor.
    pub driver_version: i32,
    /// How much of the work is carried out.
    pub execution: Execution,
    /// How often queued work is not ready when somebody looks.
    pub looks: u32,
    /// What each piece of work takes on a stream's clock, in nanoseconds.
    pub launch_ns: u64,
    /// What each byte of a copy or a fill takes besides, in picoseconds.
    pub byte_ps: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            capability: (9, 0),
            total_memory: 8 << 30,
            driver_version: 12_040,
            execution: Execution::Full,
            looks: 1,
            // About what a launch and a byte over PCIe 4 take.
            launch_ns: 5_000,
            byte_ps: 40,
        }
    }
}

//! What an error of the driver condemns, and how it is told.

use crate::engine::{LoadError, RunError, Scope};
use cust::{error::CudaError, sys::CUresult};
use std::fmt;

/// A driver's error code (CUDA Driver API, `CUresult`). Not an enum: a driver knows codes that no binding has heard of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Code(pub u32);

/// What a call to the driver gives.
pub type Checked<T> = Result<T, Code>;

/// A call's result, to be looked at.
pub trait Check {
    /// Success, or the code.
    fn check(self) -> Checked<()>;
}

impl Code {
    /// `CUDA_ERROR_OUT_OF_MEMORY`.
    pub const OUT_OF_MEMORY: Self = Self(2);
    /// A capture that ended without a graph and without an error of its own: `CUDA_ERROR_STREAM_CAPTURE_INVALIDATED`.
    pub const NO_GRAPH: Self = Self(901);

    /// How far it goes.
    ///
    /// The codes after which "any further CUDA work will return the same error" take the context, and with it everything
    /// on the device. All others, lack of memory among them, take the slot.
    pub fn scope(self) -> Scope {
        match self.0 {
            // Deinitialised; bad context; uncorrectable memory; uncorrectable NVLink; illegal address; timeout; destroyed
            // context; assertion; stack; illegal instruction; misaligned address; address space; program counter; launch
            // failed; unknown.
            4 | 201 | 214 | 220 | 700 | 702 | 709 | 710 | 714..=719 | 999 => Scope::Device,
            _ => Scope::Slot,
        }
    }

    /// An error during a run.
    pub fn run(self, doing: &str) -> RunError {
        RunError {
            scope: self.scope(),
            message: format!("{doing}: {self}"),
        }
    }

    /// An error while something is made.
    pub fn load(self, doing: &str) -> LoadError {
        let fix = match self.scope() {
            Scope::Device => {
                "see the system's log for the device; a reset or a restart may cure it"
            }
            _ => "run `frameloom doctor`; update the driver if it is older than the device",
        };
        LoadError::new(format!("{doing}: {self}"), fix)
    }
}

/// The driver's own words and the code.
impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match cuda_lazy::words(self.0) {
            Some(words) => write!(f, "{words} (CUDA error {})", self.0),
            None => write!(f, "CUDA error {}", self.0),
        }
    }
}

impl std::error::Error for Code {}

impl From<CudaError> for Code {
    fn from(error: CudaError) -> Self {
        Self(error as u32)
    }
}

impl Check for CUresult {
    fn check(self) -> Checked<()> {
        match self as u32 {
            0 => Ok(()),
            code => Err(Code(code)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lack_of_memory_takes_the_slot_and_a_bad_address_the_device() {
        assert_eq!(Code::OUT_OF_MEMORY.scope(), Scope::Slot);
        assert_eq!(Code(1).scope(), Scope::Slot);
        assert_eq!(Code(700).scope(), Scope::Device);
        assert_eq!(Code(719).scope(), Scope::Device);
    }

    #[test]
    fn a_code_that_nobody_knows_is_told_by_its_number() {
        assert_eq!(Code(987_654).to_string(), "CUDA error 987654");
    }
}

//! Whether a GPU has room for one session more: pure.

use crate::engine::{LoadError, cuda::Gpu};

/// What is free on a GPU, as far as is known without asking it: the question would wait behind the frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Room {
    free: usize,
    size: usize,
}

impl Room {
    /// By NVML's newest answer (bytes taken by whomever, and all), else by what this server has taken itself.
    pub fn of(gpu: &Gpu, told: Option<(u64, u64)>) -> Self {
        let ours = gpu.memory();
        let told = told.and_then(|(taken, size)| {
            Some((usize::try_from(taken).ok()?, usize::try_from(size).ok()?))
        });
        let (taken, size) = told.unwrap_or((
            ours.engines + ours.slots + ours.sessions,
            gpu.facts().memory,
        ));
        Self {
            free: size.saturating_sub(taken),
            size,
        }
    }

    /// Whether a session may come. What it needs is known by the device alone, which refuses for itself; here the memory is
    /// kept that others were promised.
    ///
    /// # Errors
    /// What is free, and what is to be left.
    pub fn admit(self, reserve: usize) -> Result<(), LoadError> {
        if self.free > reserve {
            return Ok(());
        }
        let mib = |bytes: usize| bytes >> 20;
        Err(LoadError::new(
            format!(
                "{} MiB of the GPU's {} are free, and {} are left to others",
                mib(self.free),
                mib(self.size),
                mib(reserve)
            ),
            "end sessions, or lower gpu.reserve_mb",
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_is_refused_when_only_the_reserve_is_left() {
        let room = |free: usize| Room {
            free: free << 20,
            size: 1024 << 20,
        };
        assert_eq!(room(257).admit(256 << 20), Ok(()));
        let refused = room(256).admit(256 << 20).unwrap_err();
        assert_eq!(
            refused.why,
            "256 MiB of the GPU's 1024 are free, and 256 are left to others"
        );
    }
}

//! The proof that the CUDA driver has answered with a device; nothing else yet.

/// A proof that the driver answered with at least one device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Present {
    _private: (),
}

impl Present {
    /// A proof that nobody gave: for tests of libraries that are doubles themselves.
    ///
    /// # Safety
    /// Whatever is made by it must not need a driver.
    #[must_use]
    pub unsafe fn assume() -> Self {
        Self { _private: () }
    }
}

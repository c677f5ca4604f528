//! The driver's double, in the place of a driver: found beside the tests, where cargo builds it.

use fake_cuda_control::Control;
use frameloom::engine::{
    Platform,
    cuda::{Driver, Gpu, GpuPlatform},
};
use std::{path::PathBuf, sync::Arc};

/// A GPU of the double's, its context current on this thread.
#[allow(dead_code, reason = "each test binary uses what it needs")]
pub struct FakeGpu {
    /// What a test may ask of the double.
    pub control: Control,
    /// The driver.
    pub driver: Driver,
    /// The GPU.
    pub gpu: Arc<Gpu>,
    /// What the device's thread would hold.
    pub platform: GpuPlatform,
}

/// Puts the double back to what it is when it is loaded, and finds it.
pub fn reset() -> (Control, Driver) {
    let driver = Driver::find(Some(&library())).unwrap();
    let control = Control::of(library()).unwrap();
    control.reset();
    // As a program that begins would.
    cust::init(cust::CudaFlags::empty()).unwrap();
    (control, driver)
}

/// The double's file.
pub fn library() -> PathBuf {
    let exe = std::env::current_exe().unwrap();
    exe.with_file_name("libfake_cuda.so")
}

#[allow(dead_code, reason = "each test binary uses what it needs")]
impl FakeGpu {
    /// Enters the first device of a double that is as it is when it is loaded. Nobody else in this process may use it.
    pub fn clean() -> Self {
        reset();
        Self::enter()
    }

    /// Enters the first device of a double that is as other tests of this process left it.
    pub fn enter() -> Self {
        let driver = Driver::find(Some(&library())).unwrap();
        let gpu = Gpu::new(driver.facts(0).unwrap());
        let mut platform = GpuPlatform::new(Arc::clone(&gpu));
        platform.enter().unwrap();
        Self {
            control: Control::of(library()).unwrap(),
            driver,
            gpu,
            platform,
        }
    }
}

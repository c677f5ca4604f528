//! The driver: found when the program runs, and asked for its devices.
//!
//! Not responsible for contexts. Invariant: a [`Driver`] exists only after the library has been opened and has answered.

use super::fault::{Check as _, Code};
use crate::engine::LoadError;
use cust::{
    device::{Device, DeviceAttribute},
    sys::cuDeviceGetPCIBusId,
};
use std::{
    ffi::{CStr, c_char},
    path::Path,
};

pub use cuda_lazy::{Absent, Present};

/// A driver with at least one device.
#[derive(Clone, Copy, Debug)]
pub struct Driver(Present);

/// What a device says about itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// Its number, by the driver's count.
    pub ordinal: u32,
    /// Its name.
    pub name: String,
    /// Compute capability: major, minor.
    pub compute: (i32, i32),
    /// Bytes of memory.
    pub memory: usize,
    /// Multiprocessors.
    pub multiprocessors: i32,
    /// Its place on the bus, such as `0000:01:00.0`, if the driver tells.
    pub bus: Option<String>,
}

impl Driver {
    /// Opens the driver's library (`None`: the vendor's own name for it) and starts it. The first call in a program decides.
    ///
    /// # Errors
    /// Why there is no device.
    pub fn find(library: Option<&Path>) -> Result<Self, Absent> {
        cuda_lazy::present(library.map(Path::as_os_str)).map(Self)
    }

    /// Devices that it has.
    pub fn devices(&self) -> u32 {
        self.0.devices()
    }

    /// The newest CUDA that it speaks: major, minor.
    pub fn cuda(&self) -> (i32, i32) {
        self.0.cuda()
    }

    /// The proof that libraries ask for.
    pub fn present(&self) -> &Present {
        &self.0
    }

    /// Asks a device for its facts. Makes no context.
    ///
    /// # Errors
    /// If it cannot be asked.
    pub fn facts(&self, ordinal: u32) -> Result<Facts, LoadError> {
        let ask = || -> cust::error::CudaResult<Facts> {
            let device = Device::get_device(ordinal)?;
            let attribute = |which| device.get_attribute(which);
            Ok(Facts {
                ordinal,
                name: device.name()?,
                compute: (
                    attribute(DeviceAttribute::ComputeCapabilityMajor)?,
                    attribute(DeviceAttribute::ComputeCapabilityMinor)?,
                ),
                memory: device.total_memory()?,
                multiprocessors: attribute(DeviceAttribute::MultiprocessorCount)?,
                bus: bus(device),
            })
        };
        ask().map_err(|e| Code::from(e).load("asking the device what it is"))
    }
}

fn bus(device: Device) -> Option<String> {
    let mut text = [0 as c_char; 32];
    // SAFETY: the driver writes no more than the length that it is given, with a zero at the end.
    unsafe {
        let length = i32::try_from(text.len() - 1).ok()?;
        let told = cuDeviceGetPCIBusId(text.as_mut_ptr(), length, device.as_raw());
        told.check().ok()?;
        Some(CStr::from_ptr(text.as_ptr()).to_string_lossy().into_owned())
    }
}

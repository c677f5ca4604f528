//! The driver itself and its devices.
#![expect(
    missing_docs,
    reason = "as the driver's manual names and describes them"
)]
#![expect(
    clippy::missing_safety_doc,
    reason = "pointers as the driver's manual asks for"
)]

use super::{Answer, DeviceNumber, call, put, put_text, ready};
use crate::{
    code::Code,
    launch::{SHARED_BYTES, THREADS},
};
use std::ffi::c_char;

#[unsafe(no_mangle)]
pub extern "C" fn cuInit(flags: u32) -> Answer {
    call("cuInit", |machine| match (flags, machine.devices.len()) {
        (0, 0) => Err(Code::NO_DEVICE),
        (0, _) => {
            machine.initialised = true;
            Ok(())
        }
        _ => Err(Code::INVALID_VALUE),
    })
}

#[unsafe(no_mangle)]
pub extern "C" fn cuDriverGetVersion(version: Option<&mut i32>) -> Answer {
    call("cuDriverGetVersion", |machine| {
        put(version, machine.shared.settings.driver_version)
    })
}

#[unsafe(no_mangle)]
pub extern "C" fn cuDeviceGetCount(count: Option<&mut i32>) -> Answer {
    ready("cuDeviceGetCount", |machine| {
        put(count, machine.devices.len() as i32)
    })
}

#[unsafe(no_mangle)]
pub extern "C" fn cuDeviceGet(device: Option<&mut DeviceNumber>, ordinal: i32) -> Answer {
    ready("cuDeviceGet", |machine| {
        machine.device(ordinal)?;
        put(device, ordinal)
    })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn cuDeviceGetName(
    name: *mut c_char,
    room: i32,
    device: DeviceNumber,
) -> Answer {
    ready("cuDeviceGetName", |machine| {
        machine.device(device)?;
        let room = usize::try_from(room).map_err(|_| Code::INVALID_VALUE)?;
        // SAFETY: the caller gives a place of that length.
        unsafe { put_text(name, room, "Fake GPU") };
        Ok(())
    })
}

#[unsafe(no_mangle)]
pub extern "C" fn cuDeviceGetUuid(uuid: Option<&mut [u8; 16]>, device: DeviceNumber) -> Answer {
    ready("cuDeviceGetUuid", |machine| {
        machine.device(device)?;
        let mut bytes = *b"fake-cuda-device";
        bytes[15] = device as u8;
        put(uuid, bytes)
    })
}

#[unsafe(no_mangle)]
pub extern "C" fn cuDeviceTotalMem_v2(bytes: Option<&mut usize>, device: DeviceNumber) -> Answer {
    ready("cuDeviceTotalMem_v2", |machine| {
        machine.device(device)?;
        put(bytes, machine.shared.settings.total_memory as usize)
    })
}

/// Values of `CUdevice_attribute` that are the same for every fake device.
const ATTRIBUTES: [(u32, i32); 29] = [
    (1, THREADS as i32),      // MAX_THREADS_PER_BLOCK
    (2, 1024),                // MAX_BLOCK_DIM_X
    (3, 1024),                // MAX_BLOCK_DIM_Y
    (4, 64),                  // MAX_BLOCK_DIM_Z
    (5, i32::MAX),            // MAX_GRID_DIM_X
    (6, 65_535),              // MAX_GRID_DIM_Y
    (7, 65_535),              // MAX_GRID_DIM_Z
    (8, SHARED_BYTES as i32), // MAX_SHARED_MEMORY_PER_BLOCK
    (9, 65_536),              // TOTAL_CONSTANT_MEMORY
    (10, 32),                 // WARP_SIZE
    (12, 65_536),             // MAX_REGISTERS_PER_BLOCK
    (13, 1_000_000),          // CLOCK_RATE
    (15, 1),                  // GPU_OVERLAP
    (16, 4),                  // MULTIPROCESSOR_COUNT
    (17, 0),                  // KERNEL_EXEC_TIMEOUT
    (18, 0),                  // INTEGRATED
    (19, 1),                  // CAN_MAP_HOST_MEMORY
    (20, 0),                  // COMPUTE_MODE
    (31, 1),                  // CONCURRENT_KERNELS
    (32, 0),                  // ECC_ENABLED
    (34, 0),                  // PCI_DEVICE_ID
    (36, 1_000_000),          // MEMORY_CLOCK_RATE
    (37, 256),                // GLOBAL_MEMORY_BUS_WIDTH
    (39, 2048),               // MAX_THREADS_PER_MULTIPROCESSOR
    (40, 2),                  // ASYNC_ENGINE_COUNT
    (41, 1),                  // UNIFIED_ADDRESSING
    (50, 0),                  // PCI_DOMAIN_ID
    (78, 1),                  // STREAM_PRIORITIES_SUPPORTED
    (115, 0),                 // MEMORY_POOLS_SUPPORTED
];

#[unsafe(no_mangle)]
pub extern "C" fn cuDeviceGetAttribute(
    value: Option<&mut i32>,
    attribute: u32,
    device: DeviceNumber,
) -> Answer {
    ready("cuDeviceGetAttribute", |machine| {
        machine.device(device)?;
        let (major, minor) = machine.shared.settings.capability;
        let found = match attribute {
            33 => Some(device + 1), // PCI_BUS_ID
            75 => Some(major),      // COMPUTE_CAPABILITY_MAJOR
            76 => Some(minor),      // COMPUTE_CAPABILITY_MINOR
            _ => ATTRIBUTES
                .iter()
                .find(|(number, _)| *number == attribute)
                .map(|(_, value)| *value),
        };
        put(value, found.ok_or(Code::INVALID_VALUE)?)
    })
}

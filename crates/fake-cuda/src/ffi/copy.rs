//! Copies.
#![expect(
    missing_docs,
    reason = "as the driver's manual names and describes them"
)]
#![expect(
    clippy::missing_safety_doc,
    reason = "pointers as the driver's manual asks for"
)]

use super::{Answer, DeviceAddress, Handle, current, stream_handle};
use std::ffi::c_void;

#[unsafe(no_mangle)]
pub unsafe extern "C" fn cuMemcpyHtoD_v2(
    to: DeviceAddress,
    from: *const c_void,
    bytes: usize,
) -> Answer {
    current("cuMemcpyHtoD_v2", |context, shared| {
        context.synchronously(shared, |context, shared| {
            // SAFETY: the caller gives `bytes` readable bytes, and this call carries the copy out.
            unsafe { context.copy_to_device(shared, (to, from as usize, bytes), 0) }
        })
    })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn cuMemcpyDtoH_v2(
    to: *mut c_void,
    from: DeviceAddress,
    bytes: usize,
) -> Answer {
    current("cuMemcpyDtoH_v2", |context, shared| {
        context.synchronously(shared, |context, shared| {
            // SAFETY: the caller gives `bytes` writable bytes, and this call carries the copy out.
            unsafe { context.copy_to_host(shared, (to as usize, from, bytes), 0) }
        })
    })
}

#[unsafe(no_mangle)]
pub extern "C" fn cuMemcpyDtoD_v2(to: DeviceAddress, from: DeviceAddress, bytes: usize) -> Answer {
    // The driver does not wait for this one either.
    current("cuMemcpyDtoD_v2", |context, shared| {
        context.copy_within(shared, (to, from, bytes), 0)
    })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn cuMemcpyHtoDAsync_v2(
    to: DeviceAddress,
    from: *const c_void,
    bytes: usize,
    stream: Handle,
) -> Answer {
    current("cuMemcpyHtoDAsync_v2", |context, shared| {
        let stream = stream_handle(stream)?;
        // SAFETY: the caller gives `bytes` readable bytes, until the copy is done if they are pinned.
        unsafe { context.copy_to_device(shared, (to, from as usize, bytes), stream) }
    })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn cuMemcpyDtoHAsync_v2(
    to: *mut c_void,
    from: DeviceAddress,
    bytes: usize,
    stream: Handle,
) -> Answer {
    current("cuMemcpyDtoHAsync_v2", |context, shared| {
        let stream = stream_handle(stream)?;
        // SAFETY: the caller gives `bytes` writable bytes, until the copy is done if they are pinned.
        unsafe { context.copy_to_host(shared, (to as usize, from, bytes), stream) }
    })
}

#[unsafe(no_mangle)]
pub extern "C" fn cuMemcpyDtoDAsync_v2(
    to: DeviceAddress,
    from: DeviceAddress,
    bytes: usize,
    stream: Handle,
) -> Answer {
    current("cuMemcpyDtoDAsync_v2", |context, shared| {
        context.copy_within(shared, (to, from, bytes), stream_handle(stream)?)
    })
}

//! Primary contexts, and which one is current on a thread.
#![expect(
    missing_docs,
    reason = "as the driver's manual names and describes them"
)]

use super::{Answer, CURRENT, DeviceNumber, Handle, current, current_handle, put, ready};
use crate::code::Code;

/// Flags that a primary context can have: scheduling, mapped host memory, local memory kept.
const FLAGS: u32 = 0x1F;

#[unsafe(no_mangle)]
pub extern "C" fn cuDevicePrimaryCtxRetain(
    context: Option<&mut Handle>,
    device: DeviceNumber,
) -> Answer {
    ready("cuDevicePrimaryCtxRetain", |machine| {
        let context = context.ok_or(Code::INVALID_VALUE)?;
        *context = machine.retain(device)?;
        Ok(())
    })
}

#[unsafe(no_mangle)]
pub extern "C" fn cuDevicePrimaryCtxRelease(device: DeviceNumber) -> Answer {
    ready("cuDevicePrimaryCtxRelease", |machine| {
        machine.release(device)
    })
}

#[unsafe(no_mangle)]
pub extern "C" fn cuDevicePrimaryCtxRelease_v2(device: DeviceNumber) -> Answer {
    ready("cuDevicePrimaryCtxRelease_v2", |machine| {
        machine.release(device)
    })
}

#[unsafe(no_mangle)]
pub extern "C" fn cuDevicePrimaryCtxReset(device: DeviceNumber) -> Answer {
    ready("cuDevicePrimaryCtxReset", |machine| {
        machine.reset_context(device)
    })
}

#[unsafe(no_mangle)]
pub extern "C" fn cuDevicePrimaryCtxReset_v2(device: DeviceNumber) -> Answer {
    ready("cuDevicePrimaryCtxReset_v2", |machine| {
        machine.reset_context(device)
    })
}

#[unsafe(no_mangle)]
pub extern "C" fn cuDevicePrimaryCtxSetFlags(device: DeviceNumber, flags: u32) -> Answer {
    set_flags("cuDevicePrimaryCtxSetFlags", device, flags)
}

#[unsafe(no_mangle)]
pub extern "C" fn cuDevicePrimaryCtxSetFlags_v2(device: DeviceNumber, flags: u32) -> Answer {
    set_flags("cuDevicePrimaryCtxSetFlags_v2", device, flags)
}

fn set_flags(name: &'static str, device: DeviceNumber, flags: u32) -> Answer {
    ready(name, |machine| {
        let device = machine.device(device)?;
        if flags & !FLAGS != 0 {
            return Err(Code::INVALID_VALUE);
        }
        device.flags = flags;
        Ok(())
    })
}

#[unsafe(no_mangle)]
pub extern "C" fn cuDevicePrimaryCtxGetState(
    device: DeviceNumber,
    flags: Option<&mut u32>,
    active: Option<&mut i32>,
) -> Answer {
    ready("cuDevicePrimaryCtxGetState", |machine| {
        let device = machine.device(device)?;
        put(flags, device.flags)?;
        put(active, i32::from(device.context.is_some()))
    })
}

#[unsafe(no_mangle)]
pub extern "C" fn cuCtxSetCurrent(context: Handle) -> Answer {
    ready("cuCtxSetCurrent", |machine| {
        if context != 0 {
            machine.device_of(context)?;
        }
        CURRENT.with_borrow_mut(|stack| {
            stack.pop();
            stack.extend((context != 0).then_some(context));
        });
        Ok(())
    })
}

#[unsafe(no_mangle)]
pub extern "C" fn cuCtxGetCurrent(context: Option<&mut Handle>) -> Answer {
    ready("cuCtxGetCurrent", |machine| {
        let handle = current_handle();
        let known = machine.device_of(handle).map_or(0, |_| handle);
        put(context, known)
    })
}

#[unsafe(no_mangle)]
pub extern "C" fn cuCtxGetDevice(device: Option<&mut DeviceNumber>) -> Answer {
    current("cuCtxGetDevice", |context, _| {
        put(device, context.device as DeviceNumber)
    })
}

#[unsafe(no_mangle)]
pub extern "C" fn cuCtxPushCurrent_v2(context: Handle) -> Answer {
    ready("cuCtxPushCurrent_v2", |machine| {
        machine.device_of(context)?;
        CURRENT.with_borrow_mut(|stack| stack.push(context));
        Ok(())
    })
}

#[unsafe(no_mangle)]
pub extern "C" fn cuCtxPopCurrent_v2(context: Option<&mut Handle>) -> Answer {
    ready("cuCtxPopCurrent_v2", |_| {
        let popped = CURRENT.with_borrow_mut(Vec::pop);
        let popped = popped.ok_or(Code::INVALID_CONTEXT)?;
        // The manual allows `NULL` here.
        context.map_or(Ok(()), |context| put(Some(context), popped))
    })
}

#[unsafe(no_mangle)]
pub extern "C" fn cuCtxSynchronize() -> Answer {
    current("cuCtxSynchronize", |context, shared| {
        context.synchronise(shared)
    })
}

#[unsafe(no_mangle)]
pub extern "C" fn cuCtxGetApiVersion(context: Handle, version: Option<&mut u32>) -> Answer {
    ready("cuCtxGetApiVersion", |machine| {
        machine.device_of(context)?;
        // The version of the interface that contexts have had since CUDA 3.2.
        put(version, 3020)
    })
}

#[unsafe(no_mangle)]
pub extern "C" fn cuCtxGetFlags(flags: Option<&mut u32>) -> Answer {
    let mut device = 0;
    let found = current("cuCtxGetFlags", |context, _| {
        device = context.device as DeviceNumber;
        Ok(())
    });
    if found != 0 {
        return found;
    }
    super::answer(
        super::machine()
            .device(device)
            .and_then(|device| put(flags, device.flags)),
    )
}

#[unsafe(no_mangle)]
pub extern "C" fn cuCtxGetStreamPriorityRange(
    least: Option<&mut i32>,
    greatest: Option<&mut i32>,
) -> Answer {
    current("cuCtxGetStreamPriorityRange", |_, _| {
        // The manual allows `NULL` for either.
        least.map_or(Ok(()), |least| put(Some(least), LEAST_PRIORITY))?;
        greatest.map_or(Ok(()), |greatest| put(Some(greatest), GREATEST_PRIORITY))
    })
}

/// Priorities that streams can have, as devices since Ampere tell them.
pub(super) const LEAST_PRIORITY: i32 = 0;
pub(super) const GREATEST_PRIORITY: i32 = -5;

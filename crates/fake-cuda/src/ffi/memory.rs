//! Device memory and pinned host memory.
#![expect(
    missing_docs,
    reason = "as the driver's manual names and describes them"
)]

use super::{Answer, DeviceAddress, Handle, current, put};
use crate::code::Code;

/// Flags of registered memory: for every context, mapped, of a device's own space, only read.
const REGISTER_FLAGS: u32 = 15;

/// Flags of pinned memory: for every context, mapped, write combined.
const HOST_FLAGS: u32 = 7;

#[unsafe(no_mangle)]
pub extern "C" fn cuMemGetInfo_v2(free: Option<&mut usize>, total: Option<&mut usize>) -> Answer {
    current("cuMemGetInfo_v2", |context, _| {
        put(free, context.space.free_bytes() as usize)?;
        put(total, context.space.total() as usize)
    })
}

#[unsafe(no_mangle)]
pub extern "C" fn cuMemAlloc_v2(address: Option<&mut DeviceAddress>, bytes: usize) -> Answer {
    current("cuMemAlloc_v2", |context, _| {
        let address = address.ok_or(Code::INVALID_VALUE)?;
        *address = context.allocate(bytes)?;
        Ok(())
    })
}

#[unsafe(no_mangle)]
pub extern "C" fn cuMemFree_v2(address: DeviceAddress) -> Answer {
    current("cuMemFree_v2", |context, shared| {
        context.release(shared, address)
    })
}

#[unsafe(no_mangle)]
pub extern "C" fn cuMemAllocHost_v2(address: Option<&mut Handle>, bytes: usize) -> Answer {
    current("cuMemAllocHost_v2", |context, _| {
        let address = address.ok_or(Code::INVALID_VALUE)?;
        *address = context.allocate_pinned(bytes)?;
        Ok(())
    })
}

#[unsafe(no_mangle)]
pub extern "C" fn cuMemHostAlloc(address: Option<&mut Handle>, bytes: usize, flags: u32) -> Answer {
    current("cuMemHostAlloc", |context, _| {
        let address = address.filter(|_| flags & !HOST_FLAGS == 0);
        let address = address.ok_or(Code::INVALID_VALUE)?;
        *address = context.allocate_pinned(bytes)?;
        Ok(())
    })
}

#[unsafe(no_mangle)]
pub extern "C" fn cuMemFreeHost(address: Handle) -> Answer {
    current("cuMemFreeHost", |context, shared| {
        context.release_pinned(shared, address)
    })
}

#[unsafe(no_mangle)]
pub extern "C" fn cuMemHostRegister_v2(address: Handle, bytes: usize, flags: u32) -> Answer {
    current("cuMemHostRegister_v2", |context, _| {
        match flags & !REGISTER_FLAGS {
            0 => context.register(address, bytes),
            _ => Err(Code::INVALID_VALUE),
        }
    })
}

#[unsafe(no_mangle)]
pub extern "C" fn cuMemHostUnregister(address: Handle) -> Answer {
    current("cuMemHostUnregister", |context, shared| {
        context.unregister(shared, address)
    })
}

macro_rules! fills {
    ($($at_once:ident, $queued:ident: $pattern:ty;)*) => {
        $(
            #[unsafe(no_mangle)]
            pub extern "C" fn $at_once(to: DeviceAddress, pattern: $pattern, count: usize) -> Answer {
                let name = stringify!($at_once);
                current(name, |context, shared| {
                    let pattern = pattern.to_ne_bytes();
                    context.fill(shared, (to, &pattern, count), 0)
                })
            }

            #[unsafe(no_mangle)]
            pub extern "C" fn $queued(
                to: DeviceAddress,
                pattern: $pattern,
                count: usize,
                stream: Handle,
            ) -> Answer {
                current(stringify!($queued), |context, shared| {
                    let pattern = pattern.to_ne_bytes();
                    let stream = super::stream_handle(stream)?;
                    context.fill(shared, (to, &pattern, count), stream)
                })
            }
        )*
    };
}

fills! {
    cuMemsetD8_v2, cuMemsetD8Async: u8;
    cuMemsetD16_v2, cuMemsetD16Async: u16;
    cuMemsetD32_v2, cuMemsetD32Async: u32;
}

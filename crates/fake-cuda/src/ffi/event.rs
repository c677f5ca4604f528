//! Events.
#![expect(
    missing_docs,
    reason = "as the driver's manual names and describes them"
)]

use super::{Answer, Handle, current, put, stream_handle};
use crate::code::Code;

#[unsafe(no_mangle)]
pub extern "C" fn cuEventCreate(event: Option<&mut Handle>, flags: u32) -> Answer {
    current("cuEventCreate", |context, shared| {
        let event = event.ok_or(Code::INVALID_VALUE)?;
        *event = context.event(shared, flags)?;
        Ok(())
    })
}

#[unsafe(no_mangle)]
pub extern "C" fn cuEventDestroy_v2(event: Handle) -> Answer {
    current("cuEventDestroy_v2", |context, _| {
        context.destroy_event(event)
    })
}

#[unsafe(no_mangle)]
pub extern "C" fn cuEventRecord(event: Handle, stream: Handle) -> Answer {
    current("cuEventRecord", |context, shared| {
        context.record(shared, event, stream_handle(stream)?)
    })
}

#[unsafe(no_mangle)]
pub extern "C" fn cuEventQuery(event: Handle) -> Answer {
    current("cuEventQuery", |context, shared| {
        context.query_event(shared, event)
    })
}

#[unsafe(no_mangle)]
pub extern "C" fn cuEventSynchronize(event: Handle) -> Answer {
    current("cuEventSynchronize", |context, shared| {
        context.synchronise_event(shared, event)
    })
}

#[unsafe(no_mangle)]
pub extern "C" fn cuEventElapsedTime(
    milliseconds: Option<&mut f32>,
    start: Handle,
    end: Handle,
) -> Answer {
    current("cuEventElapsedTime", |context, _| {
        put(milliseconds, context.elapsed(start, end)?)
    })
}

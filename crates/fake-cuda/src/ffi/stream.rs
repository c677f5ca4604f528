//! Streams and their capture.
#![expect(
    missing_docs,
    reason = "as the driver's manual names and describes them"
)]

use super::{
    Answer, Handle,
    context::{GREATEST_PRIORITY, LEAST_PRIORITY},
    current, put, stream_handle,
};
use crate::{capture::Mode, code::Code, queue::NON_BLOCKING};

fn create(name: &'static str, stream: Option<&mut Handle>, flags: u32, priority: i32) -> Answer {
    current(name, |context, shared| {
        let stream = stream.filter(|_| flags & !NON_BLOCKING == 0);
        let stream = stream.ok_or(Code::INVALID_VALUE)?;
        // The driver takes the nearest priority that there is.
        let priority = priority.clamp(GREATEST_PRIORITY, LEAST_PRIORITY);
        *stream = context.stream(shared, flags, priority);
        Ok(())
    })
}

#[unsafe(no_mangle)]
pub extern "C" fn cuStreamCreate(stream: Option<&mut Handle>, flags: u32) -> Answer {
    create("cuStreamCreate", stream, flags, LEAST_PRIORITY)
}

#[unsafe(no_mangle)]
pub extern "C" fn cuStreamCreateWithPriority(
    stream: Option<&mut Handle>,
    flags: u32,
    priority: i32,
) -> Answer {
    create("cuStreamCreateWithPriority", stream, flags, priority)
}

#[unsafe(no_mangle)]
pub extern "C" fn cuStreamDestroy_v2(stream: Handle) -> Answer {
    current("cuStreamDestroy_v2", |context, shared| {
        context.destroy_stream(shared, stream)
    })
}

#[unsafe(no_mangle)]
pub extern "C" fn cuStreamGetFlags(stream: Handle, flags: Option<&mut u32>) -> Answer {
    current("cuStreamGetFlags", |context, _| {
        put(flags, context.streams.get(stream_handle(stream)?)?.flags)
    })
}

#[unsafe(no_mangle)]
pub extern "C" fn cuStreamGetPriority(stream: Handle, priority: Option<&mut i32>) -> Answer {
    current("cuStreamGetPriority", |context, _| {
        put(
            priority,
            context.streams.get(stream_handle(stream)?)?.priority,
        )
    })
}

#[unsafe(no_mangle)]
pub extern "C" fn cuStreamQuery(stream: Handle) -> Answer {
    current("cuStreamQuery", |context, shared| {
        context.query_stream(shared, stream_handle(stream)?)
    })
}

#[unsafe(no_mangle)]
pub extern "C" fn cuStreamSynchronize(stream: Handle) -> Answer {
    current("cuStreamSynchronize", |context, shared| {
        context.synchronise_stream(shared, stream_handle(stream)?)
    })
}

#[unsafe(no_mangle)]
pub extern "C" fn cuStreamWaitEvent(stream: Handle, event: Handle, flags: u32) -> Answer {
    current("cuStreamWaitEvent", |context, shared| match flags {
        0 => context.wait(shared, stream_handle(stream)?, event),
        _ => Err(Code::INVALID_VALUE),
    })
}

#[unsafe(no_mangle)]
pub extern "C" fn cuStreamBeginCapture_v2(stream: Handle, mode: u32) -> Answer {
    current("cuStreamBeginCapture_v2", |context, shared| {
        let stream = stream_handle(stream)?;
        context.begin_capture(shared, stream, Mode::numbered(mode)?)
    })
}

#[unsafe(no_mangle)]
pub extern "C" fn cuStreamEndCapture(stream: Handle, graph: Option<&mut Handle>) -> Answer {
    current("cuStreamEndCapture", |context, shared| {
        let graph = graph.ok_or(Code::INVALID_VALUE)?;
        *graph = 0;
        *graph = context.end_capture(shared, stream_handle(stream)?)?;
        Ok(())
    })
}

#[unsafe(no_mangle)]
pub extern "C" fn cuStreamIsCapturing(stream: Handle, status: Option<&mut u32>) -> Answer {
    current("cuStreamIsCapturing", |context, _| {
        put(status, context.capture_status(stream_handle(stream)?)?)
    })
}

//! Graphs.
#![expect(
    missing_docs,
    reason = "as the driver's manual names and describes them"
)]
#![expect(
    clippy::missing_safety_doc,
    reason = "pointers as the driver's manual asks for"
)]

use super::{Answer, Handle, current, stream_handle};
use crate::code::Code;
use std::ffi::c_char;

fn instantiate(
    name: &'static str,
    executable: Option<&mut Handle>,
    graph: Handle,
    flags: u64,
) -> Answer {
    current(name, |context, shared| {
        let executable = executable.filter(|_| flags == 0);
        let executable = executable.ok_or(Code::INVALID_VALUE)?;
        *executable = context.instantiate(shared, graph)?;
        Ok(())
    })
}

#[unsafe(no_mangle)]
pub extern "C" fn cuGraphInstantiate_v2(
    executable: Option<&mut Handle>,
    graph: Handle,
    _error_node: Option<&mut Handle>,
    _log: *mut c_char,
    _room: usize,
) -> Answer {
    instantiate("cuGraphInstantiate_v2", executable, graph, 0)
}

#[unsafe(no_mangle)]
pub extern "C" fn cuGraphInstantiateWithFlags(
    executable: Option<&mut Handle>,
    graph: Handle,
    flags: u64,
) -> Answer {
    instantiate("cuGraphInstantiateWithFlags", executable, graph, flags)
}

#[unsafe(no_mangle)]
pub extern "C" fn cuGraphLaunch(executable: Handle, stream: Handle) -> Answer {
    current("cuGraphLaunch", |context, shared| {
        context.launch_graph(shared, executable, stream_handle(stream)?)
    })
}

#[unsafe(no_mangle)]
pub extern "C" fn cuGraphDestroy(graph: Handle) -> Answer {
    current("cuGraphDestroy", |context, _| context.destroy_graph(graph))
}

#[unsafe(no_mangle)]
pub extern "C" fn cuGraphExecDestroy(executable: Handle) -> Answer {
    current("cuGraphExecDestroy", |context, _| {
        context.destroy_executable(executable)
    })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn cuGraphGetNodes(
    graph: Handle,
    nodes: *mut Handle,
    count: Option<&mut usize>,
) -> Answer {
    current("cuGraphGetNodes", |context, _| {
        let count = count.ok_or(Code::INVALID_VALUE)?;
        let found = &context.graph(graph)?.nodes;
        if nodes.is_null() {
            *count = found.len();
            return Ok(());
        }
        // SAFETY: the caller gives a place for `count` handles.
        let places = unsafe { std::slice::from_raw_parts_mut(nodes, *count) };
        *count = found.len().min(places.len());
        // The manual: places that are left over become `NULL`.
        let padded = found.iter().copied().chain(std::iter::repeat(0));
        for (place, node) in places.iter_mut().zip(padded) {
            *place = node;
        }
        Ok(())
    })
}

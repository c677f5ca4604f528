//! What is behind a runtime: it reads plans.

use crate::{
    abi::{Body, Vtable, body, make},
    engine::Engine,
    layout::Layout,
    plan::Plan,
    state::{Class, note, state},
    version::OWN,
    words::Words,
};
use std::{ffi::c_void, sync::Arc};

pub(crate) struct Runtime {
    pub(crate) layout: &'static Layout,
    pub(crate) words: Words,
}

impl Body for Runtime {
    const CLASS: Class = Class::Runtime;

    fn methods(layout: &'static Layout) -> &'static Vtable {
        &layout.runtime
    }
}

pub(crate) unsafe extern "C" fn deserialize(
    this: *mut c_void,
    blob: *const u8,
    size: usize,
) -> *mut c_void {
    note("deserializeCudaEngine", size);
    // SAFETY: runtimes are only read; a caller gives as many bytes as it says.
    let (runtime, bytes) = unsafe {
        (
            body::<Runtime>(this),
            std::slice::from_raw_parts(blob, size),
        )
    };
    if let Some(instead) = crate::control::instead(Class::Engine) {
        return instead;
    }
    if state().fails(Class::Engine as usize) {
        runtime
            .words
            .complain("deserializeCudaEngine: no memory for the weights");
        return std::ptr::null_mut();
    }
    match Plan::read(bytes, *OWN) {
        Ok(plan) => {
            let engine = Engine {
                plan: Arc::new(plan),
                layout: runtime.layout,
                words: runtime.words,
            };
            make(runtime.layout, Some(this), engine)
        }
        Err(why) => {
            runtime
                .words
                .complain(&format!("deserializeCudaEngine: {why}"));
            std::ptr::null_mut()
        }
    }
}

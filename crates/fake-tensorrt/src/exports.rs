//! What the vendor's libraries export, as far as the binding looks for it.

use crate::{
    abi::{make, wrong},
    layout::Layout,
    runtime::Runtime,
    state::{Class, note, state},
    version::OWN,
    words::Words,
};
use std::ffi::c_void;

#[unsafe(no_mangle)]
extern "C" fn getInferLibVersion() -> i32 {
    OWN.raw()
}

#[unsafe(no_mangle)]
unsafe extern "C" fn createInferRuntime_INTERNAL(logger: *mut c_void, version: i32) -> *mut c_void {
    note("createInferRuntime", version);
    let Some(layout) = Layout::of(*OWN) else {
        wrong("a runtime was asked for of a version that nobody knows")
    };
    // SAFETY: callers give a logger of the version's form, which they keep.
    let words = unsafe { Words::new(logger, layout.log) };
    state().words = Some(words);
    if let Some(instead) = crate::control::instead(Class::Runtime) {
        words.complain("createInferRuntime: CUDA initialization failure");
        return instead;
    }
    if version != OWN.raw() {
        words.complain("createInferRuntime: the caller was compiled for another version");
        return std::ptr::null_mut();
    }
    if state().fails(Class::Runtime as usize) {
        words.complain("createInferRuntime: no runtime");
        return std::ptr::null_mut();
    }
    make(layout, None, Runtime { layout, words })
}

#[unsafe(no_mangle)]
extern "C" fn createInferBuilder_INTERNAL() -> *mut c_void {
    wrong("a builder was asked for")
}

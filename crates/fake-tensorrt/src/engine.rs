//! What is behind an engine: a plan, and what it says of itself.

use crate::{
    abi::{Body, Vtable, body, make},
    context::Context,
    layout::Layout,
    plan::{Extents, Plan, Tensor},
    state::{Class, note, state},
    words::Words,
};
use std::{
    ffi::{CStr, c_char, c_void},
    sync::Arc,
};

pub(crate) struct Engine {
    pub(crate) plan: Arc<Plan>,
    pub(crate) layout: &'static Layout,
    pub(crate) words: Words,
}

impl Body for Engine {
    const CLASS: Class = Class::Engine;

    fn methods(layout: &'static Layout) -> &'static Vtable {
        &layout.engine
    }
}

/// The engine that a method was called on; engines are only read.
fn engine<'a>(this: *mut c_void) -> &'a Engine {
    // SAFETY: nothing changes an engine after it was made.
    unsafe { body(this) }
}

/// # Safety
/// `name` is null or ends with a zero byte.
pub(crate) unsafe fn name_of<'a>(name: *const c_char) -> &'a CStr {
    if name.is_null() {
        return c"";
    }
    // SAFETY: the caller vouches for it.
    unsafe { CStr::from_ptr(name) }
}

impl Engine {
    /// # Safety
    /// As for [`name_of`].
    unsafe fn tensor(&self, call: &str, name: *const c_char) -> Option<&Tensor> {
        // SAFETY: passed on to the caller.
        let name = unsafe { name_of(name) };
        let found = self.plan.find(name).map(|at| &self.plan.tensors[at]);
        if found.is_none() {
            let name = name.to_string_lossy();
            self.words
                .complain(&format!("{call}: there is no tensor {name}"));
        }
        found
    }
}

pub(crate) unsafe extern "C" fn create_context(this: *mut c_void, strategy: i32) -> *mut c_void {
    note("createExecutionContext", strategy);
    let engine = engine(this);
    if let Some(instead) = crate::control::instead(Class::Context) {
        return instead;
    }
    if state().fails(Class::Context as usize) {
        engine
            .words
            .complain("createExecutionContext: out of memory");
        return std::ptr::null_mut();
    }
    make(engine.layout, Some(this), Context::new(engine, strategy))
}

pub(crate) unsafe extern "C" fn profiles(this: *mut c_void) -> i32 {
    // One without shapes is always there.
    engine(this).plan.profiles.len().max(1) as i32
}

pub(crate) unsafe extern "C" fn shape(this: *mut c_void, name: *const c_char) -> Extents {
    // SAFETY: callers give names that end with a zero byte.
    let tensor = unsafe { engine(this).tensor("getTensorShape", name) };
    tensor.map_or(Extents::NONE, |tensor| tensor.shape)
}

pub(crate) unsafe extern "C" fn dtype(this: *mut c_void, name: *const c_char) -> i32 {
    // SAFETY: callers give names that end with a zero byte.
    let tensor = unsafe { engine(this).tensor("getTensorDataType", name) };
    tensor.map_or(0, |tensor| tensor.dtype.number)
}

pub(crate) unsafe extern "C" fn location(this: *mut c_void, name: *const c_char) -> i32 {
    // SAFETY: callers give names that end with a zero byte.
    let tensor = unsafe { engine(this).tensor("getTensorLocation", name) };
    tensor.map_or(0, |tensor| i32::from(tensor.host))
}

pub(crate) unsafe extern "C" fn mode(this: *mut c_void, name: *const c_char) -> i32 {
    // SAFETY: callers give names that end with a zero byte.
    let tensor = unsafe { engine(this).tensor("getTensorIOMode", name) };
    tensor.map_or(0, |tensor| if tensor.input { 1 } else { 2 })
}

pub(crate) unsafe extern "C" fn format(this: *mut c_void, name: *const c_char) -> i32 {
    // SAFETY: callers give names that end with a zero byte.
    let tensor = unsafe { engine(this).tensor("getTensorFormat", name) };
    tensor.map_or(0, |tensor| tensor.format)
}

pub(crate) unsafe extern "C" fn profile_shape(
    this: *mut c_void,
    name: *const c_char,
    profile: i32,
    bound: i32,
) -> Extents {
    let engine = engine(this);
    // SAFETY: callers give names that end with a zero byte.
    let tensor = engine.plan.find(unsafe { name_of(name) });
    let shapes = tensor.and_then(|tensor| engine.plan.profiles.get(profile as usize)?.of(tensor));
    let shape = shapes.and_then(|shapes| shapes.get(bound as usize));
    if shape.is_none() {
        engine
            .words
            .complain("getProfileShape: there is no such input or profile");
    }
    shape.copied().unwrap_or(Extents::NONE)
}

pub(crate) unsafe extern "C" fn tensors(this: *mut c_void) -> i32 {
    engine(this).plan.tensors.len() as i32
}

pub(crate) unsafe extern "C" fn tensor_name(this: *mut c_void, at: i32) -> *const c_char {
    let tensor = engine(this).plan.tensors.get(at as usize);
    tensor.map_or(std::ptr::null(), |tensor| tensor.name.as_ptr())
}

pub(crate) unsafe extern "C" fn aux_streams(this: *mut c_void) -> i32 {
    engine(this).plan.aux
}

pub(crate) unsafe extern "C" fn device_memory_size(this: *mut c_void) -> i64 {
    engine(this).plan.memory
}

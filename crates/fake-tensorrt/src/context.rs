//! What is behind a context: shapes and addresses, and runs.
//!
//! Refuses what a real context refuses, in words that name the method. Everything that it is told is noted.

use crate::{
    abi::{Body, Vtable, body},
    driver::{Driver, done},
    engine::{Engine, name_of},
    layout::Layout,
    plan::{Extents, Plan},
    state::{Class, note, state},
    words::Words,
};
use std::{
    ffi::{c_char, c_void},
    sync::Arc,
};

pub(crate) struct Context {
    plan: Arc<Plan>,
    words: Words,
    profile: usize,
    /// For each tensor: what an input was set to.
    shapes: Vec<Option<Extents>>,
    addresses: Vec<*mut c_void>,
    /// What the caller gave for activations, if it is the caller's to give.
    memory: Option<i64>,
    consumed: *mut c_void,
}

/// `ExecutionContextAllocationStrategy::kUSER_MANAGED`.
const CALLERS_MEMORY: i32 = 2;
/// The number of runs among the faults.
const RUN: usize = 3;

impl Body for Context {
    const CLASS: Class = Class::Context;

    fn methods(layout: &'static Layout) -> &'static Vtable {
        &layout.context
    }
}

/// The context that a method was called on.
fn context<'a>(this: *mut c_void) -> &'a mut Context {
    // SAFETY: a context is used by one thread at a time; whoever breaks that breaks the real one too.
    unsafe { body(this) }
}

impl Context {
    pub(crate) fn new(engine: &Engine, strategy: i32) -> Self {
        let tensors = engine.plan.tensors.len();
        Self {
            plan: engine.plan.clone(),
            words: engine.words,
            profile: 0,
            shapes: vec![None; tensors],
            addresses: vec![std::ptr::null_mut(); tensors],
            memory: (strategy == CALLERS_MEMORY).then_some(0),
            consumed: std::ptr::null_mut(),
        }
    }

    /// Logs why not.
    fn agree(&self, call: &str, answer: Result<(), String>) -> bool {
        if let Err(why) = &answer {
            self.words.complain(&format!("{call}: {why}"));
        }
        answer.is_ok()
    }

    /// # Safety
    /// As for [`name_of`].
    unsafe fn find(&self, name: *const c_char) -> Result<usize, String> {
        // SAFETY: passed on to the caller.
        let name = unsafe { name_of(name) };
        let found = self.plan.find(name);
        found.ok_or_else(|| format!("there is no tensor {}", name.to_string_lossy()))
    }

    /// Inputs as they were set, outputs as they follow from them.
    fn shape(&self, at: usize) -> Extents {
        let tensor = &self.plan.tensors[at];
        if tensor.input {
            return self.shapes[at].unwrap_or(tensor.shape);
        }
        let copies = self.plan.copies.iter().map(|copy| (copy.from, copy.to));
        let parts = self.plan.parts.iter().map(|part| (part.from.0, part.to.0));
        let source = copies.chain(parts).find(|(_, to)| *to == at);
        source.map_or(tensor.shape, |(from, _)| {
            tensor.shape.filled(&self.shape(from))
        })
    }

    fn allow(&self, at: usize, shape: &Extents) -> Result<(), String> {
        let tensor = &self.plan.tensors[at];
        let name = tensor.name.to_string_lossy();
        if !tensor.input {
            return Err(format!("{name} is no input"));
        }
        if !tensor.shape.admits(shape) {
            return Err(format!("{name} is {}, not {shape}", tensor.shape));
        }
        let profile = self.plan.profiles.get(self.profile);
        match profile.and_then(|profile| profile.of(at)) {
            Some([min, _, max]) if !(min.within(shape) && shape.within(max)) => {
                Err(format!("{name} may be from {min} to {max}, not {shape}"))
            }
            _ => Ok(()),
        }
    }

    /// Inputs whose shape is yet to be set.
    fn unset(&self) -> Vec<usize> {
        let tensors = 0..self.plan.tensors.len();
        tensors
            .filter(|&at| self.plan.tensors[at].input && !self.shape(at).fixed())
            .collect()
    }

    fn ready(&self) -> Result<(), String> {
        if let Some(&at) = self.unset().first() {
            let name = self.plan.tensors[at].name.to_string_lossy();
            return Err(format!("{name} has no shape"));
        }
        if let Some(at) = self.addresses.iter().position(|address| address.is_null()) {
            let name = self.plan.tensors[at].name.to_string_lossy();
            return Err(format!("{name} has no address"));
        }
        match self.memory {
            Some(given) if given < self.plan.memory => Err(format!("{given} bytes are too few")),
            _ => Ok(()),
        }
    }

    /// Elements of one item of a batch.
    fn item(&self, tensor: usize) -> usize {
        let extents = self.shape(tensor);
        let each = extents.as_slice().get(1..).unwrap_or(&[]);
        each.iter().map(|extent| *extent as usize).product()
    }

    /// The address of an element.
    fn element(&self, tensor: usize, at: usize) -> u64 {
        let bytes = self.plan.tensors[tensor].dtype.bytes;
        self.addresses[tensor].addr() as u64 + (at * bytes) as u64
    }

    fn run(&self, stream: *mut c_void) -> Result<(), String> {
        if state().fails(RUN) {
            return Err("an error that was asked for".into());
        }
        self.ready()?;
        let driver = Driver::get()?;
        if state().faults.waits {
            // SAFETY: the caller gave a stream of the driver's.
            done("cuStreamSynchronize", unsafe { (driver.wait)(stream) })?;
        }
        let copy = |to: u64, from: u64, bytes: usize| {
            // SAFETY: the caller gave a stream, and addresses of memory that is as large as the shapes say.
            let code = unsafe { (driver.copy)(to, from, bytes, stream) };
            done("cuMemcpyDtoDAsync", code)
        };
        for of in &self.plan.copies {
            let bytes = self.shape(of.from).elements() * self.plan.tensors[of.from].dtype.bytes;
            copy(self.element(of.to, 0), self.element(of.from, 0), bytes)?;
        }
        for part in &self.plan.parts {
            let bytes = part.count * self.plan.tensors[part.from.0].dtype.bytes;
            let items = self.shape(part.from.0).as_slice().first().copied();
            for item in 0..items.unwrap_or(1) as usize {
                let place = |(tensor, at)| self.element(tensor, item * self.item(tensor) + at);
                copy(place(part.to), place(part.from), bytes)?;
            }
        }
        if self.consumed.is_null() {
            return Ok(());
        }
        // SAFETY: the caller gave a stream and an event.
        done("cuEventRecord", unsafe {
            (driver.record)(self.consumed, stream)
        })
    }
}

pub(crate) unsafe extern "C" fn set_profile(
    this: *mut c_void,
    profile: i32,
    stream: *mut c_void,
) -> bool {
    note(
        "setOptimizationProfileAsync",
        format_args!("{profile} {stream:?}"),
    );
    let context = context(this);
    let profiles = context.plan.profiles.len().max(1);
    match usize::try_from(profile) {
        Ok(profile) if profile < profiles => {
            context.profile = profile;
            context.shapes.fill(None);
            true
        }
        _ => context.agree(
            "setOptimizationProfileAsync",
            Err(format!("there is no profile {profile}")),
        ),
    }
}

pub(crate) unsafe extern "C" fn set_input_shape(
    this: *mut c_void,
    name: *const c_char,
    shape: *const Extents,
) -> bool {
    let context = context(this);
    // SAFETY: callers give names that end with a zero byte, and shapes.
    let (name, found, shape) = unsafe { (name_of(name), context.find(name), *shape) };
    note(
        "setInputShape",
        format_args!("{} {shape}", name.to_string_lossy()),
    );
    let answer = found.and_then(|at| {
        context.allow(at, &shape)?;
        context.shapes[at] = Some(shape);
        Ok(())
    });
    context.agree("setInputShape", answer)
}

pub(crate) unsafe extern "C" fn tensor_shape(this: *mut c_void, name: *const c_char) -> Extents {
    let context = context(this);
    // SAFETY: callers give names that end with a zero byte.
    match unsafe { context.find(name) } {
        Ok(at) => context.shape(at),
        Err(why) => {
            context.words.complain(&format!("getTensorShape: {why}"));
            Extents::NONE
        }
    }
}

pub(crate) unsafe extern "C" fn set_tensor_address(
    this: *mut c_void,
    name: *const c_char,
    address: *mut c_void,
) -> bool {
    let context = context(this);
    // SAFETY: callers give names that end with a zero byte.
    let (name, found) = unsafe { (name_of(name), context.find(name)) };
    note(
        "setTensorAddress",
        format_args!("{} {address:?}", name.to_string_lossy()),
    );
    let answer = found.map(|at| context.addresses[at] = address);
    context.agree("setTensorAddress", answer)
}

pub(crate) unsafe extern "C" fn infer_shapes(
    this: *mut c_void,
    most: i32,
    names: *mut *const c_char,
) -> i32 {
    note("inferShapes", "");
    let context = context(this);
    let unset = context.unset();
    for (place, &at) in unset.iter().take(most as usize).enumerate() {
        // SAFETY: callers have room for as many as they say.
        unsafe {
            names
                .add(place)
                .write(context.plan.tensors[at].name.as_ptr())
        }
    }
    unset.len() as i32
}

pub(crate) unsafe extern "C" fn set_input_consumed_event(
    this: *mut c_void,
    event: *mut c_void,
) -> bool {
    note("setInputConsumedEvent", format_args!("{event:?}"));
    context(this).consumed = event;
    true
}

pub(crate) unsafe extern "C" fn enqueue(this: *mut c_void, stream: *mut c_void) -> bool {
    note("enqueueV3", format_args!("{stream:?}"));
    let context = context(this);
    let answer = context.run(stream);
    context.agree("enqueueV3", answer)
}

pub(crate) unsafe extern "C" fn set_persistent_cache_limit(this: *mut c_void, bytes: usize) {
    context(this);
    note("setPersistentCacheLimit", bytes);
}

pub(crate) unsafe extern "C" fn set_aux_streams(
    this: *mut c_void,
    streams: *const *mut c_void,
    count: i32,
) {
    context(this);
    // SAFETY: callers give as many as they say.
    let streams = unsafe { std::slice::from_raw_parts(streams, count as usize) };
    note("setAuxStreams", format_args!("{streams:?}"));
}

pub(crate) unsafe extern "C" fn update_memory_size(this: *mut c_void) -> usize {
    note("updateDeviceMemorySizeForShapes", "");
    let context = context(this);
    if context.unset().is_empty() {
        return context.plan.memory as usize;
    }
    context
        .words
        .complain("updateDeviceMemorySizeForShapes: not every input has a shape");
    0
}

pub(crate) unsafe extern "C" fn set_memory(this: *mut c_void, memory: *mut c_void, bytes: i64) {
    note("setDeviceMemoryV2", format_args!("{memory:?} {bytes}"));
    context(this).memory = Some(bytes);
}

pub(crate) unsafe extern "C" fn set_unsized_memory(this: *mut c_void, memory: *mut c_void) {
    note("setDeviceMemory", format_args!("{memory:?}"));
    context(this).memory = Some(i64::MAX);
}

//! One execution of an engine at a time: shapes and addresses are set, then work is put on a stream.
//!
//! Streams and events are the driver's, as raw pointers; memory is the caller's. So whatever takes one of them is unsafe:
//! only the caller knows how long it lives. Invariant: a context is used by one thread at a time, which `&mut` ensures.

use crate::{
    dims::Dims,
    engine::{Engine, c_name, index},
    error::{Error, agreed, heard, refused},
    logger,
    object::{Method, Object, This},
    table::{Name, Table},
};
use std::{
    ffi::{CStr, c_void},
    fmt,
};

/// One execution of an engine at a time. The order matters: fields are dropped as they are declared.
pub struct Context {
    object: Object,
    engine: Engine,
}

/// Names that [`Context::infer_shapes`] has room for; engines have a handful of inputs.
const NAMED: usize = 16;

// === impl Context ===

impl Context {
    pub(crate) fn new(object: Object, engine: Engine) -> Self {
        Self { object, engine }
    }

    /// The engine that it runs.
    #[must_use]
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    fn method<F: Copy>(&self, method: impl FnOnce(&Table) -> Method<F>) -> (F, This) {
        // SAFETY: the object is a context of the table's version; this file names no other class's methods.
        unsafe { self.object.method(method(self.engine.table())) }
    }

    /// Chooses an optimisation profile; what that copies is put on `stream`. Input shapes are forgotten.
    ///
    /// # Errors
    /// There is no such profile, or another context has it.
    ///
    /// # Safety
    /// `stream` is a stream of the engine's device that lives until it has been waited for, and the stream of the next
    /// [`Context::enqueue`] waits for it.
    pub unsafe fn set_profile(&mut self, profile: usize, stream: *mut c_void) -> Result<(), Error> {
        let (set_profile, this) = self.method(|table| table.set_profile);
        agreed("setOptimizationProfileAsync", || {
            // SAFETY: the caller vouches for the stream.
            unsafe { set_profile(this, index(profile), stream) }
        })
    }

    /// Fixes the shape of an input.
    ///
    /// # Errors
    /// There is no such input, or the profile does not allow the shape.
    pub fn set_input_shape(&mut self, tensor: &str, shape: &Dims) -> Result<(), Error> {
        let name = c_name(tensor)?;
        let (set_shape, this) = self.method(|table| table.set_input_shape);
        agreed("setInputShape", || {
            // SAFETY: name and shape live through the call.
            unsafe { set_shape(this, name.as_ptr(), shape) }
        })
    }

    /// The shape of an input or output as far as it is known: -1 for what depends on shapes that are yet to be set.
    ///
    /// # Errors
    /// There is no such tensor.
    pub fn tensor_shape(&self, tensor: &str) -> Result<Dims, Error> {
        let name = c_name(tensor)?;
        let (shape, this) = self.method(|table| table.tensor_shape);
        heard("getTensorShape", || {
            // SAFETY: the name lives through the call.
            unsafe { shape(this, name.as_ptr()) }.checked()
        })
    }

    /// Says where an input or output lies. It stays set; nothing is read or written before [`Context::enqueue`].
    ///
    /// # Errors
    /// There is no such tensor.
    ///
    /// # Safety
    /// `address` is memory of the place that the engine wants ([`crate::Location`]), aligned to 256 bytes, large enough for
    /// the tensor's shape, until it is replaced and every execution that was enqueued with it has ended.
    pub unsafe fn set_tensor_address(
        &mut self,
        tensor: &str,
        address: *mut c_void,
    ) -> Result<(), Error> {
        let name = c_name(tensor)?;
        let (set_address, this) = self.method(|table| table.set_tensor_address);
        agreed("setTensorAddress", || {
            // SAFETY: the name lives through the call; the caller vouches for the memory.
            unsafe { set_address(this, name.as_ptr(), address) }
        })
    }

    /// Works out the outputs' shapes, and says whether every input has what it needs.
    ///
    /// # Errors
    /// [`Error::Missing`] names inputs that have no shape, or no values where shapes depend on them.
    pub fn infer_shapes(&mut self) -> Result<(), Error> {
        const CALL: &str = "inferShapes";
        let mut names: [Name; NAMED] = [std::ptr::null(); NAMED];
        let (infer, this) = self.method(|table| table.infer_shapes);
        logger::listen();
        // SAFETY: there is room for as many names as it is told.
        let missing = unsafe { infer(this, NAMED as i32, names.as_mut_ptr()) };
        match usize::try_from(missing) {
            Ok(0) => Ok(()),
            Err(_) => Err(refused(CALL)),
            Ok(count) => Err(Error::Missing {
                missing: names
                    .iter()
                    .take(count)
                    .filter_map(|&name| text(name))
                    .collect(),
            }),
        }
    }

    /// Bytes of the device's persisting cache that activations may take; 0, the library's default, means none.
    pub fn set_persistent_cache_limit(&mut self, bytes: usize) {
        let (set_limit, this) = self.method(|table| table.set_persistent_cache_limit);
        // SAFETY: it takes a number.
        unsafe { set_limit(this, bytes) }
    }

    /// Gives streams for what can run beside the main one, in place of the library's own. It uses no more than
    /// [`Engine::aux_streams`], makes those that are missing, and joins them with the main stream by itself.
    ///
    /// # Safety
    /// The streams are different from each other, from the main one and from the default one, of the engine's device, and
    /// live as long as this context.
    pub unsafe fn set_aux_streams(&mut self, streams: &[*mut c_void]) {
        let count = i32::try_from(streams.len()).unwrap_or(i32::MAX);
        let (set_streams, this) = self.method(|table| table.set_aux_streams);
        // SAFETY: there are as many as it is told, and they are copied during the call; the caller vouches for them.
        unsafe { set_streams(this, streams.as_ptr(), count) }
    }

    /// Bytes that activations take with the shapes as they are set; for a context with [`crate::Allocation::Caller`].
    ///
    /// # Errors
    /// Not every input has its shape.
    pub fn update_device_memory_size_for_shapes(&mut self) -> Result<usize, Error> {
        let (update, this) = self.method(|table| table.update_device_memory_size);
        heard("updateDeviceMemorySizeForShapes", || {
            // SAFETY: it takes nothing.
            let size = unsafe { update(this) };
            // 0 means an error, but also that nothing is needed; the library logs errors.
            (size > 0 || logger::overheard().is_none()).then_some(size)
        })
    }

    /// Gives memory for activations, to a context with [`crate::Allocation::Caller`].
    ///
    /// # Safety
    /// `memory` is `bytes` long, on the engine's device, aligned as the driver's allocations are, at least as large as
    /// [`Context::update_device_memory_size_for_shapes`] says at each [`Context::enqueue`], and used by nothing else
    /// until it is replaced and every execution that was enqueued with it has ended.
    pub unsafe fn set_device_memory(&mut self, memory: *mut c_void, bytes: usize) {
        if self.engine.table().sized_memory {
            let bytes = i64::try_from(bytes).unwrap_or(i64::MAX);
            let (set_memory, this) = self.method(|table| table.set_device_memory);
            // SAFETY: the caller vouches for the memory.
            unsafe { set_memory(this, memory, bytes) }
        } else {
            let (set_memory, this) = self.method(|table| table.set_unsized_memory);
            // SAFETY: the caller vouches for the memory.
            unsafe { set_memory(this, memory) }
        }
    }

    /// Has `event` recorded once the inputs have been read, so that they can be filled again before the outputs are
    /// there; null for none.
    ///
    /// # Errors
    /// The library refuses it.
    ///
    /// # Safety
    /// `event` is null, or an event of the engine's device that lives until it is replaced and every execution that was
    /// enqueued with it has ended.
    pub unsafe fn set_input_consumed_event(&mut self, event: *mut c_void) -> Result<(), Error> {
        let (set_event, this) = self.method(|table| table.set_input_consumed_event);
        // SAFETY: the caller vouches for the event.
        agreed("setInputConsumedEvent", || unsafe {
            set_event(this, event)
        })
    }

    /// Puts one execution on `stream` and returns without waiting for it. It can be captured into a graph once it has run
    /// with these shapes, for the first run may do work that cannot.
    ///
    /// # Errors
    /// Something is not set, or the device has failed; the error has the library's words.
    ///
    /// # Safety
    /// `stream` is a stream of the engine's device. Until what was put on it has ended, it and this context live, and every
    /// address that was set stays valid and is written by nobody else.
    pub unsafe fn enqueue(&mut self, stream: *mut c_void) -> Result<(), Error> {
        let (enqueue, this) = self.method(|table| table.enqueue);
        // SAFETY: the caller vouches for the stream and for what was set.
        agreed("enqueueV3", || unsafe { enqueue(this, stream) })
    }
}

fn text(name: Name) -> Option<String> {
    if name.is_null() {
        return None;
    }
    // SAFETY: the names that the library wrote end with a zero byte and live as long as the engine; the rest are null.
    let name = unsafe { CStr::from_ptr(name) };
    Some(name.to_string_lossy().into_owned())
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Context")
    }
}

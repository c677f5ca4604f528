//! An execution context for one size of a batch: its shapes are set when it is made, and never again.

use crate::engine::{EngineKey, Manifest};
use cust::{stream::Stream, sys::CUdeviceptr};
use std::ffi::c_void;
use tensorrt_rs::{Allocation, Context, Dims, Engine, Error};

/// A context with its inputs' shapes.
pub struct Shaped {
    context: Context,
    items: usize,
}

impl Shaped {
    /// A context for so many items, without memory yet.
    ///
    /// # Errors
    /// The library's words, for instance that the plan's profile does not hold the shapes.
    pub fn new(
        engine: &Engine,
        (manifest, key): (&Manifest, &EngineKey),
        items: usize,
    ) -> Result<Self, Error> {
        let mut context = engine.context_with(Allocation::Caller)?;
        for spec in &manifest.input {
            let mut extents: Vec<_> = spec.shape_at(key).into_iter().map(|n| n as i64).collect();
            // The batch comes first; the manifest's check says so.
            extents[0] = items as i64;
            context.set_input_shape(&spec.name, &Dims::new(&extents)?)?;
        }
        context.infer_shapes()?;
        Ok(Self { context, items })
    }

    /// Items that it runs.
    pub fn items(&self) -> usize {
        self.items
    }

    /// Bytes that it works in at the shapes as they are set.
    ///
    /// # Errors
    /// The library's words.
    pub fn activations(&mut self) -> Result<usize, Error> {
        self.context.update_device_memory_size_for_shapes()
    }

    /// Gives it memory to work in.
    ///
    /// # Safety
    /// The memory is the context's alone, and outlives it and all that it put on a stream.
    pub unsafe fn work_in(&mut self, at: CUdeviceptr, bytes: usize) {
        // SAFETY: the caller's promise.
        unsafe { self.context.set_device_memory(at as *mut c_void, bytes) };
    }

    /// Says where a tensor lies.
    ///
    /// # Errors
    /// The library's words.
    ///
    /// # Safety
    /// There is room for the largest batch at the address, for as long as the context runs.
    pub unsafe fn bind(&mut self, name: &str, at: CUdeviceptr) -> Result<(), Error> {
        // SAFETY: the caller's promise.
        unsafe { self.context.set_tensor_address(name, at as *mut c_void) }
    }

    /// Puts a run on the stream.
    ///
    /// # Errors
    /// The library's words.
    ///
    /// # Safety
    /// The stream is of the device, everything is bound, and lives until the stream has come past the run.
    pub unsafe fn enqueue(&mut self, stream: &Stream) -> Result<(), Error> {
        // SAFETY: the caller's promise.
        unsafe { self.context.enqueue(stream.as_inner().cast()) }
    }
}

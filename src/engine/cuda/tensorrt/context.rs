//! An execution context, and the shapes that it has: set again only when another number of items runs.

use crate::engine::{EngineKey, Manifest};
use cust::{stream::Stream, sys::CUdeviceptr};
use std::ffi::c_void;
use tensorrt_rs::{Allocation, Context, Dims, Engine, Error};

/// A context with its inputs' shapes.
pub struct Shaped {
    context: Context,
    /// Inputs by name; the first extent is the number of items.
    inputs: Vec<(String, Vec<i64>)>,
    items: usize,
}

impl Shaped {
    /// A context that has neither shapes nor memory yet.
    ///
    /// # Errors
    /// The library's words.
    pub fn new(engine: &Engine, manifest: &Manifest, key: &EngineKey) -> Result<Self, Error> {
        let extents = |shape: Vec<usize>| shape.into_iter().map(|n| n as i64).collect();
        let inputs = manifest.input.iter();
        Ok(Self {
            context: engine.context_with(Allocation::Caller)?,
            inputs: inputs
                .map(|spec| (spec.name.clone(), extents(spec.shape_at(key))))
                .collect(),
            items: 0,
        })
    }

    /// Sets the shapes for so many items, unless they are set.
    ///
    /// # Errors
    /// The library's words: the plan's profile does not hold them.
    pub fn shape(&mut self, items: usize) -> Result<(), Error> {
        if self.items == items {
            return Ok(());
        }
        self.items = 0;
        for (name, extents) in &mut self.inputs {
            if let Some(batch) = extents.first_mut() {
                *batch = items as i64;
            }
            let dims = Dims::new(extents)?;
            self.context.set_input_shape(name, &dims)?;
        }
        self.context.infer_shapes()?;
        self.items = items;
        Ok(())
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

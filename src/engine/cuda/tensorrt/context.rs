//! An execution context for one size of a batch: its shapes are set when it is made, and never again.

use super::{super::stream::Stream, chain::Shapes};
use cust::sys::CUdeviceptr;
use std::ffi::c_void;
use tensorrt_rs::{Allocation, Context, Dims, Engine, Error, Mode, TensorInfo};

/// A context with its inputs' shapes.
pub struct Shaped {
    context: Context,
    /// All its tensors by name.
    names: Vec<String>,
}

impl Shaped {
    /// A context for inputs of these shapes, without memory yet.
    ///
    /// # Errors
    /// The library's words, for instance that the plan's profile does not hold the shapes.
    pub fn new(engine: &Engine, tensors: &[TensorInfo], shapes: &Shapes) -> Result<Self, Error> {
        let mut context = engine.context_with(Allocation::Caller)?;
        for input in tensors.iter().filter(|t| t.mode == Mode::Input) {
            if let Some(shape) = shapes.get(&input.name) {
                context.set_input_shape(&input.name, shape)?;
            }
        }
        context.infer_shapes()?;
        Ok(Self {
            context,
            names: tensors.iter().map(|tensor| tensor.name.clone()).collect(),
        })
    }

    /// The extents of a tensor at these shapes; what the library cannot say is -1.
    ///
    /// # Errors
    /// The library's words.
    pub fn extents(&self, name: &str) -> Result<Dims, Error> {
        self.context.tensor_shape(name)
    }

    /// Bytes that it works in at these shapes.
    ///
    /// # Errors
    /// The library's words.
    pub fn activations(&mut self) -> Result<usize, Error> {
        self.context.update_device_memory_size_for_shapes()
    }

    /// Gives it memory to work in, and says where its tensors lie.
    ///
    /// # Errors
    /// The library's words.
    ///
    /// # Safety
    /// The memory is what [`Self::activations`] said and used by nothing else while the context runs; each address has room for
    /// its tensor; all of it outlives the context and all that it put on a stream.
    pub unsafe fn bind(
        &mut self,
        (at, bytes): (CUdeviceptr, usize),
        address: impl Fn(&str) -> Option<CUdeviceptr>,
    ) -> Result<(), Error> {
        // SAFETY: the caller's promise.
        unsafe { self.context.set_device_memory(at as *mut c_void, bytes) };
        for name in &self.names {
            if let Some(at) = address(name) {
                // SAFETY: the caller's promise.
                unsafe { self.context.set_tensor_address(name, at as *mut c_void) }?;
            }
        }
        Ok(())
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

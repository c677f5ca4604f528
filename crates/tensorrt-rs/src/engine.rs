//! A plan that has been read: what it takes and gives, and what it needs.
//!
//! Nothing here runs it; that is [`Context`]'s. Invariant: an engine outlives every context that it made.

use crate::{
    context::Context,
    dims::Dims,
    error::{Error, heard},
    object::{Method, Object, This},
    runtime::Runtime,
    table::{Name, Table},
    tensor::{Bound, TensorInfo},
};
use std::{
    ffi::{CStr, CString},
    fmt,
    sync::Arc,
};

/// A plan that has been read; its weights are on the device. Clones are the same one.
#[derive(Clone)]
pub struct Engine(Arc<Inner>);

/// The order matters: fields are dropped as they are declared.
struct Inner {
    object: Object,
    runtime: Runtime,
}

/// Who provides the memory for a context's activations (`ExecutionContextAllocationStrategy`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Allocation {
    /// The library, once, for the largest profile.
    Static = 0,
    /// The library, anew for each profile that is chosen.
    OnProfileChange = 1,
    /// The caller, by [`Context::set_device_memory`].
    Caller = 2,
}

// SAFETY: what is done with it, asking it and making contexts, may be done from several threads ("How TensorRT Works", thread
// safety, in the vendor's documentation).
unsafe impl Sync for Inner {}

/// A tensor's name as the libraries take it.
pub(crate) fn c_name(name: &str) -> Result<CString, Error> {
    CString::new(name).map_err(|_| Error::Name(name.into()))
}

// === impl Engine ===

impl Engine {
    pub(crate) fn new(object: Object, runtime: Runtime) -> Self {
        Self(Arc::new(Inner { object, runtime }))
    }

    pub(crate) fn table(&self) -> &'static Table {
        self.0.runtime.table()
    }

    fn method<F: Copy>(&self, method: impl FnOnce(&Table) -> Method<F>) -> (F, This) {
        // SAFETY: the object is an engine of the table's version; this file names no other class's methods.
        unsafe { self.0.object.method(method(self.table())) }
    }

    /// Its inputs and outputs, in the plan's order.
    ///
    /// # Errors
    /// The library does not answer as its version should.
    pub fn tensors(&self) -> Result<Vec<TensorInfo>, Error> {
        let (tensors, this) = self.method(|table| table.tensors);
        // SAFETY: it takes nothing.
        let count = unsafe { tensors(this) };
        (0..count).map(|at| self.tensor(at)).collect()
    }

    fn tensor(&self, at: i32) -> Result<TensorInfo, Error> {
        let name = self.name(at)?;
        Ok(TensorInfo {
            mode: self.number(&name, |table| table.mode).into(),
            dtype: self.number(&name, |table| table.dtype).into(),
            location: self.number(&name, |table| table.location).into(),
            format: self.number(&name, |table| table.format).into(),
            shape: self.shape(&name)?,
            name: name.to_string_lossy().into_owned(),
        })
    }

    fn name(&self, at: i32) -> Result<CString, Error> {
        let (tensor_name, this) = self.method(|table| table.tensor_name);
        heard("getIOTensorName", || {
            // SAFETY: the name, if there is one, ends with a zero byte and lives as long as the engine.
            unsafe {
                let name = tensor_name(this, at);
                (!name.is_null()).then(|| CStr::from_ptr(name).to_owned())
            }
        })
    }

    fn number(
        &self,
        name: &CStr,
        method: impl FnOnce(&Table) -> Method<unsafe extern "C" fn(This, Name) -> i32>,
    ) -> i32 {
        let (number, this) = self.method(method);
        // SAFETY: the name lives through the call.
        unsafe { number(this, name.as_ptr()) }
    }

    fn shape(&self, name: &CStr) -> Result<Dims, Error> {
        let (shape, this) = self.method(|table| table.shape);
        heard("getTensorShape", || {
            // SAFETY: the name lives through the call.
            unsafe { shape(this, name.as_ptr()) }.checked()
        })
    }

    /// How many optimisation profiles there are: ranges of shapes, at least one.
    #[must_use]
    pub fn profiles(&self) -> usize {
        let (profiles, this) = self.method(|table| table.profiles);
        // SAFETY: it takes nothing.
        usize::try_from(unsafe { profiles(this) }).unwrap_or(0)
    }

    /// An end of what `profile` allows the input `tensor` to be.
    ///
    /// # Errors
    /// There is no such input or profile.
    pub fn profile_shape(&self, tensor: &str, profile: usize, bound: Bound) -> Result<Dims, Error> {
        let name = c_name(tensor)?;
        let profile = index(profile);
        let (profile_shape, this) = self.method(|table| table.profile_shape);
        heard("getProfileShape", || {
            // SAFETY: the name lives through the call.
            unsafe { profile_shape(this, name.as_ptr(), profile, bound as i32) }.checked()
        })
    }

    /// Bytes on the device that a context's activations take in the largest profile.
    #[must_use]
    pub fn device_memory_size(&self) -> u64 {
        let (size, this) = self.method(|table| table.device_memory_size);
        // SAFETY: it takes nothing.
        u64::try_from(unsafe { size(this) }).unwrap_or(0)
    }

    /// How many streams besides the one it is given an execution can use.
    #[must_use]
    pub fn aux_streams(&self) -> usize {
        let (aux_streams, this) = self.method(|table| table.aux_streams);
        // SAFETY: it takes nothing.
        usize::try_from(unsafe { aux_streams(this) }).unwrap_or(0)
    }

    /// A context whose memory the library takes at once, for the largest profile ([`Allocation::Static`]).
    ///
    /// # Errors
    /// There is no memory for it; the error has the library's words.
    pub fn context(&self) -> Result<Context, Error> {
        self.context_with(Allocation::Static)
    }

    /// A context, with who provides its memory.
    ///
    /// # Errors
    /// As for [`Engine::context`].
    pub fn context_with(&self, allocation: Allocation) -> Result<Context, Error> {
        let (create, this) = self.method(|table| table.create_context);
        let object = heard("createExecutionContext", || {
            // SAFETY: what it returns is ours.
            unsafe { Object::from_raw(create(this, allocation as i32)) }
        })?;
        Ok(Context::new(object, self.clone()))
    }
}

/// A profile's number as the libraries take it; one that is too large is none of theirs either way.
pub(crate) fn index(profile: usize) -> i32 {
    i32::try_from(profile).unwrap_or(i32::MAX)
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Engine")
    }
}

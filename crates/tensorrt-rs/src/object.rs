//! An object of a library's: how its methods are reached, and how it is deleted.
//!
//! Every interface of the libraries' is a class with one virtual destructor and one member, a pointer to the
//! implementation; the implementation's virtual methods are two destructors and then the methods in the order in which
//! they are declared. So a method is a number (see [`crate::table`]), and deleting is the interface's second slot
//! (Itanium C++ ABI, 2.5.2: the complete destructor comes first, the deleting one second).
//!
//! Invariant: an [`Object`] points to a live object of a library that is never closed, and deletes it when dropped.

use std::{ffi::c_void, marker::PhantomData, ptr::NonNull};

/// What creating methods return.
pub(crate) type Raw = *mut c_void;

/// The implementation, as its methods take it.
#[repr(transparent)]
#[derive(Clone, Copy)]
pub(crate) struct This(*mut c_void);

/// An interface's own destructors, in the order in which they lie.
const DELETE: usize = 1;
/// The implementation's destructors, which come before its methods.
const DESTRUCTORS: usize = 2;
/// Addresses below the first page are no objects: without a driver TensorRT 10.16 and 11.4 return 0x228 for a runtime.
const FIRST_PAGE: usize = 4096;

/// A method by its number, called as `F`.
pub(crate) struct Method<F> {
    slot: usize,
    called_as: PhantomData<F>,
}

/// An object that is ours to delete.
pub(crate) struct Object(NonNull<Interface>);

#[repr(C)]
struct Interface {
    methods: Methods,
    implementation: *mut Methods,
}

/// Where a class's virtual functions lie, one after the other.
type Methods = *const *const c_void;

// SAFETY: the libraries' objects know no owning thread; calls have to be serialised, which ownership does ("How TensorRT
// Works", thread safety, in the vendor's documentation).
unsafe impl Send for Object {}

// === impl Method ===

impl<F> Clone for Method<F> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<F> Copy for Method<F> {}

impl<F> Method<F> {
    /// The method that is declared as number `slot`, from 0.
    ///
    /// # Safety
    /// `F` is a function pointer that takes [`This`] and what that method takes, as C passes it.
    pub(crate) const unsafe fn at(slot: usize) -> Self {
        assert!(size_of::<F>() == size_of::<*const c_void>());
        Self {
            slot,
            called_as: PhantomData,
        }
    }
}

// === impl Object ===

impl Object {
    /// Takes over what a creating method returned; `None` if that is no object.
    ///
    /// # Safety
    /// An address past the first page is that of a live interface, which nobody else deletes, of a library that is never
    /// closed.
    pub(crate) unsafe fn from_raw(raw: Raw) -> Option<Self> {
        if raw.addr() < FIRST_PAGE {
            return None;
        }
        NonNull::new(raw.cast()).map(Self)
    }

    /// The method and what it is called on.
    ///
    /// # Safety
    /// The object is of the class, and of the library's version, whose methods the number counts.
    pub(crate) unsafe fn method<F: Copy>(&self, method: Method<F>) -> (F, This) {
        // SAFETY: by this type's invariant both pointers are live. The caller vouches that the class has that many
        // methods, and whoever made the number that the function there is an `F`, which is as large as a pointer.
        unsafe {
            let implementation = self.0.as_ref().implementation;
            let function = (*implementation).add(DESTRUCTORS + method.slot);
            (function.cast::<F>().read(), This(implementation.cast()))
        }
    }
}

impl Drop for Object {
    fn drop(&mut self) {
        type Delete = unsafe extern "C" fn(*mut Interface);
        // SAFETY: every interface begins with its destructors; the deleting one takes the object alone, and this is the
        // only owner.
        unsafe {
            let delete = self.0.as_ref().methods.add(DELETE).cast::<Delete>();
            delete.read()(self.0.as_ptr());
        }
    }
}

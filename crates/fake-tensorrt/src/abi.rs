//! How an object lies in memory: a pointer to methods, and behind it what we like.
//!
//! Knows nothing of what the methods do. Every slot that is not filled ends the process and says which it was.
//! Invariant: [`body`] gives out only what is alive and of the right class.

use crate::{
    layout::Layout,
    state::{Class, state},
};
use std::ffi::c_void;

/// Slots of a class's methods, more than any version has.
const METHODS: usize = 64;
/// An implementation's two destructors come before its methods.
const DESTRUCTORS: usize = 2;

/// An address of code.
pub(crate) type Code = *const ();

/// An implementation's virtual functions.
pub(crate) struct Vtable([Code; DESTRUCTORS + METHODS]);

// SAFETY: addresses of code, which never change.
unsafe impl Sync for Vtable {}

/// What a caller holds.
#[repr(C)]
pub(crate) struct Interface {
    methods: *const Code,
    implementation: *mut c_void,
}

/// What methods are called on.
#[repr(C)]
struct Implementation<B> {
    methods: *const Code,
    body: B,
}

/// What is behind an object of one class.
pub(crate) trait Body: Sized {
    /// The class.
    const CLASS: Class;
    /// Its methods.
    fn methods(layout: &'static Layout) -> &'static Vtable;
}

/// Ends the process: somebody did what is undefined with a real library.
pub(crate) fn wrong(what: &str) -> ! {
    eprintln!("fake TensorRT: {what}");
    std::process::abort()
}

/// Stands in every slot that nobody has business with.
extern "C" fn unbound<const CLASS: u8, const SLOT: usize>() -> ! {
    let class = Class::NAMES[CLASS as usize];
    match SLOT.checked_sub(DESTRUCTORS) {
        Some(method) => wrong(&format!("method {method} of {class} was called")),
        None => wrong(&format!(
            "destructor {SLOT} of {class}'s implementation was called"
        )),
    }
}

/// Stands in place of an interface's complete destructor: objects here are deleted, never destroyed in place.
extern "C" fn in_place() -> ! {
    wrong("an object was destroyed without being deleted")
}

macro_rules! every_slot {
    ($($slot:literal)*) => {
        const fn nothing_bound<const CLASS: u8>() -> [Code; DESTRUCTORS + METHODS] {
            [$(unbound::<CLASS, $slot> as Code),*]
        }
    };
}

every_slot! {
    0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31 32
    33 34 35 36 37 38 39 40 41 42 43 44 45 46 47 48 49 50 51 52 53 54 55 56 57 58 59 60 61 62 63 64 65
}

// === impl Vtable ===

impl Vtable {
    /// These methods at these numbers, counted without destructors; every other slot ends the process.
    pub(crate) const fn of<const CLASS: u8>(methods: &[(usize, Code)]) -> Self {
        let mut slots = nothing_bound::<CLASS>();
        let mut at = 0;
        while at < methods.len() {
            slots[DESTRUCTORS + methods[at].0] = methods[at].1;
            at += 1;
        }
        Self(slots)
    }
}

/// The two slots of an interface, for each class.
struct Destructors<B>(std::marker::PhantomData<B>);

impl<B: Body> Destructors<B> {
    const PAIR: [Code; 2] = [in_place as Code, delete::<B> as Code];
}

/// A new object; `parent` is what it was made of, as its methods see it.
pub(crate) fn make<B: Body>(
    layout: &'static Layout,
    parent: Option<*mut c_void>,
    body: B,
) -> *mut c_void {
    let implementation = Box::into_raw(Box::new(Implementation {
        methods: B::methods(layout).0.as_ptr(),
        body,
    }));
    state().born(
        implementation.addr(),
        B::CLASS,
        parent.map(|parent| parent.addr()),
    );
    Box::into_raw(Box::new(Interface {
        methods: const { &Destructors::<B>::PAIR }.as_ptr(),
        implementation: implementation.cast(),
    }))
    .cast()
}

unsafe extern "C" fn delete<B: Body>(this: *mut Interface) {
    // SAFETY: the caller deletes an object that `make` gave it; that it is the first time, the next line's check says for
    // its implementation.
    let implementation = unsafe { (*this).implementation };
    state().died(implementation.addr(), B::CLASS);
    // SAFETY: both were boxed by `make` and nobody has them any longer.
    unsafe {
        drop(Box::from_raw(implementation.cast::<Implementation<B>>()));
        drop(Box::from_raw(this));
    }
}

/// What is behind an object that a method is called on.
///
/// # Safety
/// Nobody else uses the object meanwhile, unless all of them only read.
pub(crate) unsafe fn body<'a, B: Body>(this: *mut c_void) -> &'a mut B {
    state().expect(this.addr(), B::CLASS);
    // SAFETY: it is alive and of this class; the caller vouches for the rest.
    unsafe { &mut (*this.cast::<Implementation<B>>()).body }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::version::Version;
    use std::process::Command;

    /// Something of TensorRT 10's runtime class.
    struct Some;

    impl Body for Some {
        const CLASS: Class = Class::Runtime;

        fn methods(layout: &'static Layout) -> &'static Vtable {
            &layout.runtime
        }
    }

    fn some(parent: Option<*mut c_void>) -> *mut Interface {
        let layout = Layout::of(Version([10, 13, 3])).unwrap();
        make(layout, parent, Some).cast()
    }

    /// Calls an interface's or implementation's virtual function.
    fn call(methods: *const Code, slot: usize, this: *mut c_void) {
        type Function = unsafe extern "C" fn(*mut c_void);
        // SAFETY: there are as many slots; what they take beside the object, or return, does not matter to those called.
        unsafe { methods.add(slot).cast::<Function>().read()(this) }
    }

    fn implementation(of: *mut Interface) -> *mut c_void {
        // SAFETY: it was made by `some` and not deleted.
        unsafe { (*of).implementation }
    }

    fn call_method(of: *mut Interface, slot: usize) {
        let this = implementation(of);
        // SAFETY: an implementation begins with its methods.
        call(unsafe { *this.cast::<*const Code>() }, slot, this);
    }

    fn delete_it(it: *mut Interface) {
        // SAFETY: it was made by `some` and not deleted.
        call(unsafe { (*it).methods }, 1, it.cast());
    }

    /// Runs the test again in a process of its own, which `does` something that ends it; gives what it said.
    fn last_words(test: &str, does: impl FnOnce()) -> String {
        const CHILD: &str = "FAKE_TENSORRT_CHILD";
        if std::env::var_os(CHILD).is_some() {
            does();
            std::process::exit(0);
        }
        let mut again = Command::new(std::env::current_exe().unwrap());
        let name = format!("abi::tests::{test}");
        again
            .args(["--exact", &name, "--nocapture"])
            .env(CHILD, "1");
        let done = again.output().unwrap();
        assert!(!done.status.success());
        String::from_utf8_lossy(&done.stderr).into_owned()
    }

    #[test]
    fn a_method_that_nobody_has_business_with_says_its_number() {
        let says = last_words(
            "a_method_that_nobody_has_business_with_says_its_number",
            || {
                call_method(some(None), DESTRUCTORS + 10);
            },
        );
        assert!(says.contains("method 10 of runtime was called"), "{says}");
    }

    #[test]
    fn the_implementations_own_destructor_is_not_the_callers() {
        let says = last_words(
            "the_implementations_own_destructor_is_not_the_callers",
            || {
                call_method(some(None), 1);
            },
        );
        let expected = "destructor 1 of runtime's implementation was called";
        assert!(says.contains(expected), "{says}");
    }

    #[test]
    fn what_is_deleted_before_what_was_made_of_it_ends_the_process() {
        let says = last_words(
            "what_is_deleted_before_what_was_made_of_it_ends_the_process",
            || {
                let parent = some(None);
                some(Option::Some(implementation(parent)));
                delete_it(parent);
            },
        );
        assert!(
            says.contains("a runtime was deleted before its runtime"),
            "{says}"
        );
    }

    #[test]
    fn what_is_no_object_of_the_class_ends_the_process() {
        let says = last_words("what_is_no_object_of_the_class_ends_the_process", || {
            state().died(0x1000, Class::Engine);
        });
        assert!(says.contains("0x1000 is no live engine"), "{says}");
    }
}

//! TensorRT 10, TensorRT 11 and TensorRT-RTX in one binary: found, and bound, when the program runs.
//!
//! Nothing of the vendor's is needed to build this, and nothing is linked. A library is opened by name, says which version
//! it is, and that chooses one table of virtual methods. In the order in which they are met:
//!
//! - [`Library`]: opened once, never closed; refuses every version whose methods are not known here ([`library`]).
//! - [`Logger`]: where the library's words go; what it says of a failure is carried by that failure's [`Error`].
//! - [`Runtime`]: made with a proof that there is a device; reads plans ([`runtime`]).
//! - [`Engine`]: a plan that has been read; shared by threads ([`engine`]).
//! - [`Context`]: one execution of it at a time; owned by one thread at a time ([`context`]).
//!
//! Plans are not built here: programs of the vendor's do that (`trtexec`, `tensorrt_rtx`).
//!
//! Invariant: an object is deleted exactly once, by its own library, and never before what was made of it.

#[cfg(not(all(unix, target_pointer_width = "64")))]
compile_error!("the methods' tables are those of 64-bit systems with the Itanium C++ interface");

pub mod context;
mod dims;
pub mod engine;
mod error;
pub mod library;
mod logger;
mod object;
pub mod runtime;
mod table;
mod tensor;
mod version;

pub use context::Context;
pub use dims::{Dims, TooManyDims};
pub use engine::{Allocation, Engine};
pub use error::Error;
pub use library::{Library, OpenError};
pub use logger::{Logger, Report, Severity};
pub use runtime::Runtime;
pub use table::SPOKEN;
pub use tensor::{Bound, DType, Format, Location, Mode, TensorInfo};
pub use version::{Flavour, Version};

//! PTX: text to a compact form, and its execution on the host.
//!
//! Not responsible for where memory lies or when a kernel runs. Invariants: what is not understood is refused by name
//! when a module is read, never when it runs; every arithmetic result has the bits that the manual of the ISA defines.

mod arithmetic;
mod float;
mod forms;
mod instruction;
mod lexer;
mod op;
mod parse;
mod run;
mod types;

pub use op::Kernel;
pub use parse::{Program, Variable, parse};
pub use run::{Launch, Trap};

/// Why a text is no module that can be run here.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PtxError {
    /// It ends in the middle of something.
    #[error("the text ends too early")]
    Ends,
    /// Something stands where the language has something else.
    #[error("line {line}: `{found}` where {wanted} belongs")]
    Unexpected {
        /// The line, from 1.
        line: u32,
        /// What stands there.
        found: String,
        /// What belongs there.
        wanted: &'static str,
    },
    /// Language that this interpreter does not have.
    #[error("line {line}: `{what}` is not supported")]
    Unsupported {
        /// The line, from 1.
        line: u32,
        /// The instruction or directive.
        what: String,
    },
    /// A name that stands for nothing.
    #[error("line {line}: there is no `{name}`")]
    Unknown {
        /// The line, from 1.
        line: u32,
        /// The name.
        name: String,
    },
}

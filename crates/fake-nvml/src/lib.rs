//! A double of NVML (`libnvidia-ml.so.1`): two GPUs whose load, memory, temperature, clocks and power are whatever a test says.
//!
//! It exports the functions that the server's binding calls ([`exports`]), with the vendor's names and layouts, and functions
//! of its own by which a test sets values and failures ([`control`]). Tests use [`Double`]. Its GPUs are counted in another
//! order than they lie on the bus, as NVML's may be in another order than CUDA's.
//! Invariant: what was not initialised, or is no handle of its own, is answered with the vendor's code for that.

mod control;
mod double;
mod exports;
mod state;

pub use double::Double;
pub use state::{BUSES, DRIVER, INITIAL, Values};

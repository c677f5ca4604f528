//! The composition root: command line, settings, and which actor gets what.
//!
//! - [`cli`]: what a person can type; [`assemble`]: settings become actors; [`devices`]: which devices, and what each loads;
//! - [`backends`]: what runs the models on the CPU; [`order`]: what comes first on a GPU; [`world`]: which model draws worlds;
//! - [`bare`]: what `bench engine` compares the server with; [`gpu_bench`]: what a GPU draws and reaches; [`phrases`]: how often
//!   the referee agrees with humans;
//! - [`models`]: what the repository holds, and plans built of it; [`doctor`]: what this machine has; [`child`]: programs that are
//!   run for both;
//! - [`serve`]: from start to stop, and [`say`]: what it tells; [`system`]: what it asks of the system; [`pid`]: the pid file and `frameloom stop`; [`exit`]: exit codes;
//! - [`leftovers`]: uploads that a dead process left.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "this is the layer that talks to a person"
)]

mod assemble;
mod backends;
mod bare;
mod child;
mod cli;
mod devices;
mod doctor;
mod draw;
mod exit;
mod gpu_bench;
mod leftovers;
mod models;
mod order;
mod phrases;
mod pid;
mod referee;
mod say;
mod serve;
mod system;
mod world;

pub use cli::run;

//! What the double knows: its GPUs, which functions fail, and how often it was asked. One for the process that loads it.

use std::{
    collections::HashMap,
    ffi::c_int,
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
};

/// The driver's version.
pub const DRIVER: &str = "580.95.05";
/// Where the GPUs lie on the bus, in NVML's order: the second one is CUDA's first.
pub const BUSES: [&str; 2] = ["00000000:41:00.0", "00000000:01:00.0"];

/// What one GPU answers.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Values {
    /// Load, in per cent.
    pub load: u32,
    /// Bytes that are taken.
    pub used: u64,
    /// All bytes.
    pub total: u64,
    /// Degrees Celsius.
    pub celsius: u32,
    /// Clock of its processors, in megahertz.
    pub graphics: u32,
    /// Clock of its memory, in megahertz.
    pub memory: u32,
    /// What it draws, in milliwatts.
    pub milliwatts: u32,
}

/// What each GPU answers until it is told otherwise.
pub const INITIAL: [Values; 2] = [
    Values {
        load: 37,
        used: 3 << 30,
        total: 24 << 30,
        celsius: 54,
        graphics: 1_410,
        memory: 6_251,
        milliwatts: 71_500,
    },
    Values {
        load: 5,
        used: 1 << 30,
        total: 80 << 30,
        celsius: 31,
        graphics: 345,
        memory: 2_619,
        milliwatts: 48_250,
    },
];

pub(crate) struct State {
    pub(crate) gpus: [Values; 2],
    /// By the function's name: what it gives instead of an answer.
    pub(crate) failures: HashMap<String, c_int>,
    /// How often NVML was initialised and not shut down.
    pub(crate) users: u32,
    /// How often a GPU was looked for.
    pub(crate) lookups: u64,
}

static STATE: Mutex<Option<State>> = Mutex::new(None);
static LOOKED: Condvar = Condvar::new();

/// Does something with the state.
pub(crate) fn with<T>(work: impl FnOnce(&mut State) -> T) -> T {
    work(lock().get_or_insert_with(State::new))
}

/// Counts a look for a GPU, and wakes whoever waits for one.
pub(crate) fn looked() {
    with(|state| state.lookups += 1);
    LOOKED.notify_all();
}

/// Waits until GPUs have been looked for this often.
pub(crate) fn await_lookups(count: u64) {
    let is_few = |state: &mut Option<State>| state.get_or_insert_with(State::new).lookups < count;
    drop(
        LOOKED
            .wait_while(lock(), is_few)
            .unwrap_or_else(PoisonError::into_inner),
    );
}

fn lock() -> MutexGuard<'static, Option<State>> {
    STATE.lock().unwrap_or_else(PoisonError::into_inner)
}

impl State {
    fn new() -> Self {
        Self {
            gpus: INITIAL,
            failures: HashMap::new(),
            users: 0,
            lookups: 0,
        }
    }
}

//! What this library knows of itself: which objects live, what was called, and what shall go wrong.
//!
//! Invariant: an object is born once, dies once, and not before what was made of it.

use crate::{abi::wrong, driver::Driver};
use std::{
    collections::{HashMap, VecDeque},
    fmt::Display,
    sync::{LazyLock, Mutex, MutexGuard, PoisonError},
};

/// The three classes of objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Class {
    Runtime = 0,
    Engine = 1,
    Context = 2,
}

struct Live {
    class: Class,
    parent: Option<usize>,
}

/// Faults that are still to happen.
#[derive(Default)]
pub(crate) struct Faults {
    /// How often the creation of each class, by its number, and then a run, still fails.
    pub(crate) failures: [u32; 4],
    /// What the next creation of each class returns in place of an object.
    pub(crate) addresses: [Option<usize>; 3],
    /// Runs wait for their stream, which is illegal in a capture.
    pub(crate) waits: bool,
}

#[derive(Default)]
pub(crate) struct State {
    live: HashMap<usize, Live>,
    calls: HashMap<&'static str, u64>,
    journal: VecDeque<String>,
    pub(crate) faults: Faults,
    pub(crate) driver: Option<Driver>,
    /// The logger that the newest runtime was given.
    pub(crate) words: Option<crate::words::Words>,
}

/// Lines of the journal that are kept: a test reads what it did last.
const KEPT: usize = 4096;

static STATE: LazyLock<Mutex<State>> = LazyLock::new(Mutex::default);

/// The state; held for the length of a statement.
pub(crate) fn state() -> MutexGuard<'static, State> {
    STATE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Notes a call and what it was given.
pub(crate) fn note(call: &'static str, with: impl Display) {
    let mut state = state();
    *state.calls.entry(call).or_default() += 1;
    state.write(format!("{call} {with}").trim_end());
}

// === impl Class ===

impl Class {
    /// By number.
    pub(crate) const NAMES: [&str; 3] = ["runtime", "engine", "context"];

    fn name(self) -> &'static str {
        Self::NAMES[self as usize]
    }
}

// === impl State ===

impl State {
    fn write(&mut self, line: &str) {
        if self.journal.len() == KEPT {
            self.journal.pop_front();
        }
        self.journal.push_back(line.to_owned());
    }

    /// An object of that class came to be at `address`.
    pub(crate) fn born(&mut self, address: usize, class: Class, parent: Option<usize>) {
        self.live.insert(address, Live { class, parent });
        self.write(&format!("+{}", class.name()));
    }

    /// It is deleted.
    pub(crate) fn died(&mut self, address: usize, class: Class) {
        self.expect(address, class);
        if let Some(child) = self.live.values().find(|live| live.parent == Some(address)) {
            let (class, child) = (class.name(), child.class.name());
            wrong(&format!("a {class} was deleted before its {child}"));
        }
        self.live.remove(&address);
        self.write(&format!("-{}", class.name()));
    }

    /// It must be alive, and of that class.
    pub(crate) fn expect(&self, address: usize, class: Class) {
        let live = self.live.get(&address);
        if live.is_none_or(|live| live.class != class) {
            wrong(&format!("{address:#x} is no live {}", class.name()));
        }
    }

    pub(crate) fn alive(&self, class: u32) -> usize {
        let of_class = |live: &&Live| live.class as u32 == class;
        self.live.values().filter(of_class).count()
    }

    pub(crate) fn calls(&self, call: &str) -> u64 {
        self.calls.get(call).copied().unwrap_or(0)
    }

    pub(crate) fn journal(&self) -> String {
        let lines: Vec<&str> = self.journal.iter().map(String::as_str).collect();
        lines.join("\n")
    }

    /// Whether the next of that number shall fail; uses one failure up.
    pub(crate) fn fails(&mut self, number: usize) -> bool {
        let left = &mut self.faults.failures[number];
        let fails = *left > 0;
        *left = left.saturating_sub(1);
        fails
    }
}

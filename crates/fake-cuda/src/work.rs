//! Single pieces of work: what a stream's queue and a graph are made of, and what carrying them out does.
//!
//! Not responsible for their order. Invariant: a piece reads and writes host memory only when it is carried out, unless that
//! memory is pageable and was copied when the call was made, as the driver does.
#![allow(unsafe_code)]

use crate::{
    code::Code,
    module::Function,
    settings::{Execution, Settings},
    space::Space,
    tally::Tally,
};
use std::sync::{Arc, OnceLock};

/// What work changes, beside the queues.
pub(crate) struct Bench<'a> {
    pub space: &'a mut Space,
    pub settings: &'a Settings,
    pub tally: &'a mut Tally,
}

/// Host memory that a copy reads.
#[derive(Clone, Debug)]
pub(crate) enum Source {
    /// Pinned: read when the copy is carried out.
    Pinned(usize),
    /// Pageable: as it was when the call was made.
    Kept(Arc<[u8]>),
}

/// A launch with its arguments as they were at the call.
#[derive(Debug)]
pub(crate) struct KernelLaunch {
    pub function: Arc<Function>,
    pub grid: [u32; 3],
    pub block: [u32; 3],
    pub parameters: Vec<u8>,
}

/// A place in a stream's queue, and the stream's time when it was reached.
#[derive(Debug)]
pub(crate) struct Stamp {
    pub stream: usize,
    pub number: u64,
    pub reached: OnceLock<u64>,
}

/// One piece of work.
#[derive(Clone, Debug)]
pub(crate) enum Work {
    ToDevice {
        to: u64,
        from: Source,
        bytes: usize,
    },
    ToHost {
        to: usize,
        from: u64,
        bytes: usize,
    },
    Within {
        to: u64,
        from: u64,
        bytes: usize,
    },
    Fill {
        to: u64,
        pattern: Vec<u8>,
        count: usize,
    },
    Kernel(Arc<KernelLaunch>),
    Graph(Arc<[Work]>),
    /// An event: its place is reached.
    Record(Arc<Stamp>),
    /// Nothing, until another queue has reached a place.
    Wait(Arc<Stamp>),
}

impl Work {
    /// Carries it out; gives what it takes on the stream's clock, in nanoseconds.
    pub fn perform(&self, bench: &mut Bench) -> Result<u64, Code> {
        let launch_ns = bench.settings.launch_ns;
        let bytes = match self {
            Self::Record(_) | Self::Wait(_) => return Ok(0),
            Self::Graph(works) => return self.graph(works, bench),
            Self::Kernel(launch) => {
                kernel(launch, bench)?;
                0
            }
            Self::ToDevice { to, from, bytes } => {
                bench.tally.bytes_to_device += *bytes as u64;
                to_device(*to, from, *bytes, bench)?
            }
            Self::ToHost { to, from, bytes } => {
                bench.tally.bytes_to_host += *bytes as u64;
                to_host(*to, *from, *bytes, bench)?
            }
            Self::Within { to, from, bytes } => {
                bench.tally.bytes_within += *bytes as u64;
                within(*to, *from, *bytes, bench)?
            }
            Self::Fill { to, pattern, count } => fill(*to, pattern, *count, bench)?,
        };
        Ok(launch_ns + bytes as u64 * bench.settings.byte_ps / 1000)
    }

    fn graph(&self, works: &[Work], bench: &mut Bench) -> Result<u64, Code> {
        bench.tally.graph_launches += 1;
        let mut takes = 0;
        for work in works {
            takes += work.perform(bench)?;
        }
        Ok(takes)
    }
}

fn kernel(launch: &KernelLaunch, bench: &mut Bench) -> Result<(), Code> {
    bench.tally.kernels += 1;
    if bench.settings.execution < Execution::Full {
        return Ok(());
    }
    let run = launch
        .function
        .launch(launch.grid, launch.block, &launch.parameters)
        .run(bench.space);
    run.map_err(|trap| trap.code())
}

fn to_device(to: u64, from: &Source, bytes: usize, bench: &mut Bench) -> Result<usize, Code> {
    if bench.settings.execution < Execution::Copies {
        return Ok(bytes);
    }
    let copied = match from {
        Source::Kept(kept) => bench.space.put(to, kept),
        Source::Pinned(address) => {
            // SAFETY: `Context::source` found these bytes inside a live pinned block, and giving one back first carries out
            // all that is queued. A graph keeps the address for longer, by the promise of whoever captured it.
            let held = unsafe { std::slice::from_raw_parts(*address as *const u8, bytes) };
            bench.space.put(to, held)
        }
    };
    copied.ok_or(Code::ILLEGAL_ADDRESS)?;
    Ok(bytes)
}

fn to_host(to: usize, from: u64, bytes: usize, bench: &mut Bench) -> Result<usize, Code> {
    if bench.settings.execution < Execution::Copies {
        return Ok(bytes);
    }
    let held = bench.space.read(&mut 0, from, bytes);
    let held = held.ok_or(Code::ILLEGAL_ADDRESS)?;
    // SAFETY: the caller of the copy promised `bytes` writable bytes at `to`; into pageable memory the copy is carried out
    // before the call returns, and pinned memory outlives all that is queued. Device memory is never host memory.
    unsafe { std::ptr::copy_nonoverlapping(held.as_ptr(), to as *mut u8, bytes) };
    Ok(bytes)
}

fn within(to: u64, from: u64, bytes: usize, bench: &mut Bench) -> Result<usize, Code> {
    if bench.settings.execution < Execution::Copies {
        return Ok(bytes);
    }
    let held = bench.space.get(from, bytes).ok_or(Code::ILLEGAL_ADDRESS)?;
    bench.space.put(to, &held).ok_or(Code::ILLEGAL_ADDRESS)?;
    Ok(bytes)
}

fn fill(to: u64, pattern: &[u8], count: usize, bench: &mut Bench) -> Result<usize, Code> {
    let bytes = pattern.len() * count;
    if bench.settings.execution < Execution::Copies {
        return Ok(bytes);
    }
    let held = bench.space.write(&mut 0, to, bytes);
    for part in held
        .ok_or(Code::ILLEGAL_ADDRESS)?
        .chunks_exact_mut(pattern.len())
    {
        part.copy_from_slice(pattern);
    }
    Ok(bytes)
}

//! A primary context: everything that lives on one device.
//!
//! Not responsible for who has it current. Invariant: once an error is sticky, nothing is carried out any more and every call
//! answers with it, until the context is destroyed.

use crate::{
    capture::Capture,
    code::Code,
    event::Event,
    graph::Graph,
    machine::Shared,
    memory::Pinned,
    module::{Function, Module},
    queue::Streams,
    space::{Owner, Space},
    tally::Tally,
    work::{Bench, Work},
};
use std::{collections::BTreeMap, sync::Arc};

/// One context.
#[derive(Debug)]
pub(crate) struct Context {
    pub device: usize,
    pub sticky: Option<Code>,
    pub space: Space,
    pub streams: Streams,
    pub events: BTreeMap<usize, Event>,
    pub modules: BTreeMap<usize, Module>,
    pub functions: BTreeMap<usize, (usize, Arc<Function>)>,
    pub captures: BTreeMap<usize, Capture>,
    pub graphs: BTreeMap<usize, Graph>,
    pub executables: BTreeMap<usize, Arc<[Work]>>,
    pub pinned: Pinned,
}

impl Context {
    pub fn new(device: usize, total_memory: u64) -> Self {
        Self {
            device,
            sticky: None,
            space: Space::new(device, total_memory),
            streams: Streams::new(),
            events: BTreeMap::new(),
            modules: BTreeMap::new(),
            functions: BTreeMap::new(),
            captures: BTreeMap::new(),
            graphs: BTreeMap::new(),
            executables: BTreeMap::new(),
            pinned: Pinned::default(),
        }
    }

    /// Lets the queues do something; an error of carrying work out stays.
    pub fn carry_out(
        &mut self,
        shared: &mut Shared,
        how: impl FnOnce(&mut Streams, &mut Bench) -> Result<(), Code>,
    ) -> Result<(), Code> {
        let mut bench = Bench {
            space: &mut self.space,
            settings: &shared.settings,
            tally: &mut shared.tally,
        };
        let done = how(&mut self.streams, &mut bench);
        if let Err(code) = done
            && code != Code::NOT_READY
            && code != Code::INVALID_HANDLE
        {
            self.poison(code);
        }
        done
    }

    /// The error that everything answers from now on.
    pub fn poison(&mut self, code: Code) {
        self.sticky = Some(code);
        self.streams.abandon();
    }

    /// Waits for all of the context, as giving memory back does.
    pub fn settle(&mut self, shared: &mut Shared) -> Result<(), Code> {
        shared.tally.implicit_synchronises += 1;
        self.carry_out(shared, |streams, bench| streams.run_all(bench))
    }

    /// `cuCtxSynchronize`.
    pub fn synchronise(&mut self, shared: &mut Shared) -> Result<(), Code> {
        shared.tally.context_synchronises += 1;
        if !self.captures.is_empty() {
            self.captures.values_mut().for_each(Capture::invalidate);
            return Err(Code::STREAM_CAPTURE_UNSUPPORTED);
        }
        self.carry_out(shared, |streams, bench| streams.run_all(bench))
    }

    /// `cuStreamCreateWithPriority`.
    pub fn stream(&mut self, shared: &mut Shared, flags: u32, priority: i32) -> usize {
        let handle = shared.handle();
        self.streams.add(handle, flags, priority);
        handle
    }

    /// `cuStreamDestroy`: what is queued is still carried out.
    pub fn destroy_stream(&mut self, shared: &mut Shared, handle: usize) -> Result<(), Code> {
        if handle < crate::machine::FIRST_HANDLE {
            return Err(Code::INVALID_HANDLE);
        }
        if let Some(capture) = self.streams.get(handle)?.capture {
            self.invalidate(capture);
        }
        self.carry_out(shared, |streams, bench| {
            streams.run(handle, u64::MAX, bench)
        })?;
        self.streams.remove(handle);
        Ok(())
    }

    /// `cuStreamQuery`.
    pub fn query_stream(&mut self, shared: &mut Shared, handle: usize) -> Result<(), Code> {
        self.look_is_allowed(handle)?;
        self.carry_out(shared, |streams, bench| streams.look(handle, bench))
    }

    /// `cuStreamSynchronize`.
    pub fn synchronise_stream(&mut self, shared: &mut Shared, handle: usize) -> Result<(), Code> {
        self.look_is_allowed(handle)?;
        self.carry_out(shared, |streams, bench| {
            streams.run(handle, u64::MAX, bench)
        })
    }

    fn look_is_allowed(&mut self, handle: usize) -> Result<(), Code> {
        if let Some(capture) = self.streams.get(handle)?.capture {
            self.invalidate(capture);
            return Err(Code::STREAM_CAPTURE_UNSUPPORTED);
        }
        self.outside_captures()
    }

    /// Adds what lives here.
    pub fn add_to(&self, tally: &mut Tally) {
        let (allocations, bytes) = self.space.held(Owner::Caller);
        let (pinned, pinned_bytes) = self.pinned.held();
        tally.allocations += allocations;
        tally.device_bytes += bytes;
        tally.pinned_allocations += pinned;
        tally.pinned_bytes += pinned_bytes;
        tally.streams += self.streams.made();
        tally.queued += self.streams.queued();
        tally.events += self.events.len() as u64;
        tally.modules += self.modules.len() as u64;
        tally.graphs += self.graphs.len() as u64;
        tally.executable_graphs += self.executables.len() as u64;
    }
}

//! Stream capture: work that is noted instead of queued, and the calls that it does not go with.
//!
//! Not responsible for graphs that exist. Invariants: an invalidated capture gives no graph; work of several streams is
//! noted in the order of the calls, which is one of the orders that their dependencies allow.

use crate::{
    code::Code,
    context::Context,
    event::Captured,
    graph::Graph,
    machine::Shared,
    queue::{LEGACY, NON_BLOCKING},
    work::Work,
};
use std::{
    collections::BTreeMap,
    sync::Arc,
    thread::{self, ThreadId},
};

/// Which calls of which threads a capture forbids.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Unsafe calls of any thread.
    Global,
    /// Those of the thread that began it.
    ThreadLocal,
    /// None.
    Relaxed,
}

impl Mode {
    /// A value of `CUstreamCaptureMode`.
    pub fn numbered(number: u32) -> Result<Self, Code> {
        match number {
            0 => Ok(Self::Global),
            1 => Ok(Self::ThreadLocal),
            2 => Ok(Self::Relaxed),
            _ => Err(Code::INVALID_VALUE),
        }
    }
}

/// A capture under way.
#[derive(Debug)]
pub(crate) struct Capture {
    origin: usize,
    mode: Mode,
    thread: ThreadId,
    works: Vec<Work>,
    /// Streams that take part, and up to where the others must be joined: nothing once they are.
    members: BTreeMap<usize, Option<usize>>,
    invalid: bool,
}

impl Capture {
    pub fn invalidate(&mut self) {
        self.invalid = true;
    }

    /// Whether the calling thread must not make unsafe calls.
    fn forbids(&self) -> bool {
        match self.mode {
            Mode::Global => true,
            Mode::ThreadLocal => self.thread == thread::current().id(),
            Mode::Relaxed => false,
        }
    }
}

impl Context {
    /// `cuStreamBeginCapture`.
    pub fn begin_capture(
        &mut self,
        shared: &mut Shared,
        stream: usize,
        mode: Mode,
    ) -> Result<(), Code> {
        if stream == LEGACY {
            return Err(Code::STREAM_CAPTURE_UNSUPPORTED);
        }
        let handle = shared.handle();
        let found = self.streams.get_mut(stream)?;
        if found.capture.is_some() {
            return Err(Code::ILLEGAL_STATE);
        }
        found.capture = Some(handle);
        let capture = Capture {
            origin: stream,
            mode,
            thread: thread::current().id(),
            works: Vec::new(),
            members: BTreeMap::from([(stream, None)]),
            invalid: false,
        };
        self.captures.insert(handle, capture);
        Ok(())
    }

    /// `cuStreamEndCapture`: the graph's handle.
    pub fn end_capture(&mut self, shared: &mut Shared, stream: usize) -> Result<usize, Code> {
        let handle = self.streams.get(stream)?.capture;
        let handle = handle.ok_or(Code::ILLEGAL_STATE)?;
        let capture = self.captures.get_mut(&handle);
        let capture = capture.ok_or(Code::ILLEGAL_STATE)?;
        if capture.origin != stream {
            capture.invalidate();
            return Err(Code::STREAM_CAPTURE_UNMATCHED);
        }
        if capture.mode != Mode::Relaxed && capture.thread != thread::current().id() {
            return Err(Code::STREAM_CAPTURE_WRONG_THREAD);
        }
        let capture = self.leave(handle).ok_or(Code::ILLEGAL_STATE)?;
        if capture.invalid {
            return Err(Code::STREAM_CAPTURE_INVALIDATED);
        }
        if capture.members.values().any(Option::is_some) {
            return Err(Code::STREAM_CAPTURE_UNJOINED);
        }
        let graph = Graph::of(shared, capture.works);
        let handle = shared.handle();
        self.graphs.insert(handle, graph);
        Ok(handle)
    }

    fn leave(&mut self, handle: usize) -> Option<Capture> {
        let all = self.streams.all_mut();
        for stream in all.filter(|stream| stream.capture == Some(handle)) {
            stream.capture = None;
        }
        let events = self.events.values_mut();
        for event in events.filter(|e| e.captured.is_some_and(|place| place.capture == handle)) {
            event.captured = None;
        }
        self.captures.remove(&handle)
    }

    /// A value of `CUstreamCaptureStatus`.
    pub fn capture_status(&self, stream: usize) -> Result<u32, Code> {
        let handle = self.streams.get(stream)?.capture;
        let capture = handle.and_then(|handle| self.captures.get(&handle));
        Ok(capture.map_or(0, |capture| 1 + u32::from(capture.invalid)))
    }

    /// Queues work, or notes it in the capture that the stream takes part in.
    pub fn enqueue(&mut self, shared: &mut Shared, stream: usize, work: Work) -> Result<(), Code> {
        if let Some(place) = self.captured_place(stream)? {
            let capture = self.captures.get_mut(&place.capture);
            let capture = capture.ok_or(Code::ILLEGAL_STATE)?;
            capture.works.push(work);
            if stream != capture.origin {
                capture.members.insert(stream, Some(capture.works.len()));
            }
            return Ok(());
        }
        self.legacy_is_allowed(stream)?;
        self.streams.push(stream, work, shared.settings.looks)
    }

    /// Where a stream is in a capture; nothing if it takes part in none.
    pub fn captured_place(&mut self, stream: usize) -> Result<Option<Captured>, Code> {
        let Some(handle) = self.streams.get(stream)?.capture else {
            return Ok(None);
        };
        let capture = self.captures.get(&handle).ok_or(Code::ILLEGAL_STATE)?;
        match capture.invalid {
            true => Err(Code::STREAM_CAPTURE_INVALIDATED),
            false => Ok(Some(Captured {
                capture: handle,
                stream,
                at: capture.works.len(),
            })),
        }
    }

    /// `cuStreamWaitEvent`.
    pub fn wait(&mut self, shared: &mut Shared, stream: usize, event: usize) -> Result<(), Code> {
        let place = self.captured_place(stream)?;
        let event = self.found(event)?;
        match (event.captured, place, event.stamp.clone()) {
            (Some(event), _, _) => self.join(stream, event, place),
            (None, Some(place), _) => {
                self.invalidate(place.capture);
                Err(Code::STREAM_CAPTURE_ISOLATION)
            }
            (None, None, Some(stamp)) => self.enqueue(shared, stream, Work::Wait(stamp)),
            (None, None, None) => Ok(()),
        }
    }

    /// A stream waits for a place in a capture: it takes part from then on, and the other stream is joined.
    fn join(
        &mut self,
        stream: usize,
        event: Captured,
        place: Option<Captured>,
    ) -> Result<(), Code> {
        if let Some(place) = place.filter(|place| place.capture != event.capture) {
            self.invalidate(place.capture);
            self.invalidate(event.capture);
            return Err(Code::STREAM_CAPTURE_MERGE);
        }
        let capture = self.captures.get_mut(&event.capture);
        let capture = capture.ok_or(Code::ILLEGAL_STATE)?;
        if capture.invalid {
            return Err(Code::STREAM_CAPTURE_INVALIDATED);
        }
        if let Some(open) = capture.members.get_mut(&event.stream) {
            *open = open.filter(|&until| until > event.at);
        }
        if stream != capture.origin {
            capture.members.insert(stream, Some(capture.works.len()));
        }
        self.streams.get_mut(stream)?.capture = Some(event.capture);
        Ok(())
    }

    pub fn invalidate(&mut self, capture: usize) {
        if let Some(capture) = self.captures.get_mut(&capture) {
            capture.invalidate();
        }
    }

    /// Before a call that might wait for streams: while a capture forbids it, it fails and the capture with it.
    pub fn outside_captures(&mut self) -> Result<(), Code> {
        let mut answer = Ok(());
        for capture in self.captures.values_mut().filter(|c| c.forbids()) {
            capture.invalidate();
            answer = Err(Code::STREAM_CAPTURE_UNSUPPORTED);
        }
        answer
    }

    /// The legacy stream would wait for streams that block, so it goes with no capture of one.
    pub fn legacy_is_allowed(&mut self, stream: usize) -> Result<(), Code> {
        let mut answer = Ok(());
        for capture in self.captures.values_mut().filter(|_| stream == LEGACY) {
            let origin = self.streams.get(capture.origin)?;
            if origin.flags & NON_BLOCKING == 0 {
                capture.invalidate();
                answer = Err(Code::STREAM_CAPTURE_IMPLICIT);
            }
        }
        answer
    }

    /// `cuGraphLaunch`.
    pub fn launch_graph(
        &mut self,
        shared: &mut Shared,
        executable: usize,
        stream: usize,
    ) -> Result<(), Code> {
        let works = self.executables.get(&executable).map(Arc::clone);
        let works = works.ok_or(Code::INVALID_HANDLE)?;
        self.enqueue(shared, stream, Work::Graph(works))
    }
}

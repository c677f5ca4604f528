//! Events: places in a stream's queue, and the times at which they were reached.
//!
//! Not responsible for the clock, which streams keep. Invariant: an event stands for the place of its last record.

use crate::{code::Code, context::Context, machine::Shared, work::Stamp};
use std::sync::Arc;

/// `CU_EVENT_DISABLE_TIMING`.
const DISABLE_TIMING: u32 = 2;

/// All flags that the driver knows: blocking synchronisation, no timing, between processes.
const FLAGS: u32 = 7;

/// One event.
#[derive(Debug)]
pub(crate) struct Event {
    timed: bool,
    /// Where it was recorded last; nothing if it never was, or in a capture.
    pub stamp: Option<Arc<Stamp>>,
    /// How often somebody may still look in vain.
    looks: u32,
    /// The place in a capture where it was recorded last.
    pub captured: Option<Captured>,
}

/// A place in a capture.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Captured {
    pub capture: usize,
    pub stream: usize,
    /// Pieces of work before it.
    pub at: usize,
}

impl Context {
    /// `cuEventCreate`.
    pub fn event(&mut self, shared: &mut Shared, flags: u32) -> Result<usize, Code> {
        if flags & !FLAGS != 0 {
            return Err(Code::INVALID_VALUE);
        }
        let handle = shared.handle();
        let event = Event {
            timed: flags & DISABLE_TIMING == 0,
            stamp: None,
            looks: 0,
            captured: None,
        };
        self.events.insert(handle, event);
        Ok(handle)
    }

    /// `cuEventDestroy`.
    pub fn destroy_event(&mut self, event: usize) -> Result<(), Code> {
        let gone = self.events.remove(&event);
        gone.map(|_| ()).ok_or(Code::INVALID_HANDLE)
    }

    pub fn found(&mut self, event: usize) -> Result<&mut Event, Code> {
        self.events.get_mut(&event).ok_or(Code::INVALID_HANDLE)
    }

    /// `cuEventRecord`.
    pub fn record(&mut self, shared: &mut Shared, event: usize, stream: usize) -> Result<(), Code> {
        self.found(event)?;
        if let Some(place) = self.captured_place(stream)? {
            let event = self.found(event)?;
            event.captured = Some(place);
            event.stamp = None;
            return Ok(());
        }
        self.legacy_is_allowed(stream)?;
        let looks = shared.settings.looks;
        let stamp = self.streams.record(stream, looks)?;
        let event = self.found(event)?;
        event.stamp = Some(stamp);
        event.captured = None;
        event.looks = looks;
        Ok(())
    }

    /// `cuEventQuery`: an event that was never recorded is complete.
    pub fn query_event(&mut self, shared: &mut Shared, event: usize) -> Result<(), Code> {
        self.event_is_outside(event)?;
        let event = self.found(event)?;
        let Some(stamp) = event.stamp.clone() else {
            return Ok(());
        };
        if stamp.reached.get().is_none() && event.looks > 0 {
            event.looks -= 1;
            return Err(Code::NOT_READY);
        }
        self.reach(shared, &stamp)
    }

    /// `cuEventSynchronize`.
    pub fn synchronise_event(&mut self, shared: &mut Shared, event: usize) -> Result<(), Code> {
        self.event_is_outside(event)?;
        match self.found(event)?.stamp.clone() {
            Some(stamp) => self.reach(shared, &stamp),
            None => Ok(()),
        }
    }

    /// Carries out its stream's queue up to it, and no farther.
    fn reach(&mut self, shared: &mut Shared, stamp: &Stamp) -> Result<(), Code> {
        self.carry_out(shared, |streams, bench| {
            streams.run(stamp.stream, stamp.number, bench)
        })
    }

    fn event_is_outside(&mut self, event: usize) -> Result<(), Code> {
        if let Some(place) = self.found(event)?.captured {
            self.invalidate(place.capture);
            return Err(Code::CAPTURED_EVENT);
        }
        self.outside_captures()
    }

    /// `cuEventElapsedTime`, in milliseconds.
    pub fn elapsed(&mut self, start: usize, end: usize) -> Result<f32, Code> {
        let start = self.time(start)?;
        let end = self.time(end)?;
        let reached = |time: Option<u64>| time.ok_or(Code::NOT_READY);
        let (start, end) = (reached(start)?, reached(end)?);
        Ok(((end as f64 - start as f64) / 1e6) as f32)
    }

    fn time(&mut self, event: usize) -> Result<Option<u64>, Code> {
        let event = self.found(event)?;
        let stamp = event.stamp.as_ref().filter(|_| event.timed);
        let stamp = stamp.ok_or(Code::INVALID_HANDLE)?;
        Ok(stamp.reached.get().copied())
    }
}

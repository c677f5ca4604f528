//! Streams: queues of work that is carried out only when somebody looks.
//!
//! Not responsible for what work does. Invariants: a queue is carried out in order; work that waits for a place in another
//! queue never runs before that place is reached; work only waits for what was queued before it, so nothing waits for ever.

use crate::{
    code::Code,
    work::{Bench, Stamp, Work},
};
use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, OnceLock},
};

/// The stream that every context has by itself: `NULL`.
pub(crate) const LEGACY: usize = 0;

/// `CU_STREAM_NON_BLOCKING`: no order with the legacy stream.
pub(crate) const NON_BLOCKING: u32 = 1;

#[derive(Debug)]
struct Queued {
    number: u64,
    work: Work,
}

/// One stream.
#[derive(Debug)]
pub(crate) struct Stream {
    pub flags: u32,
    pub priority: i32,
    /// The capture that it takes part in.
    pub capture: Option<usize>,
    queue: VecDeque<Queued>,
    /// When what was carried out last had ended, in nanoseconds.
    clock: u64,
    /// How often somebody may still look in vain.
    looks: u32,
}

/// The streams of a context.
#[derive(Debug)]
pub(crate) struct Streams {
    all: BTreeMap<usize, Stream>,
    /// The number of the piece of work that was queued last.
    last: u64,
}

impl Streams {
    pub fn new() -> Self {
        let mut streams = Self {
            all: BTreeMap::new(),
            last: 0,
        };
        streams.add(LEGACY, 0, 0);
        streams
    }

    /// Adds a stream; its clock shows what the latest of the others does.
    pub fn add(&mut self, handle: usize, flags: u32, priority: i32) {
        let clock = self.all.values().map(|stream| stream.clock).max();
        let stream = Stream {
            flags,
            priority,
            capture: None,
            queue: VecDeque::new(),
            clock: clock.unwrap_or(0),
            looks: 0,
        };
        self.all.insert(handle, stream);
    }

    pub fn remove(&mut self, handle: usize) {
        self.all.remove(&handle);
    }

    pub fn get(&self, handle: usize) -> Result<&Stream, Code> {
        self.all.get(&handle).ok_or(Code::INVALID_HANDLE)
    }

    pub fn get_mut(&mut self, handle: usize) -> Result<&mut Stream, Code> {
        self.all.get_mut(&handle).ok_or(Code::INVALID_HANDLE)
    }

    pub fn all_mut(&mut self) -> impl Iterator<Item = &mut Stream> {
        self.all.values_mut()
    }

    /// Streams that callers have made.
    pub fn made(&self) -> u64 {
        self.all.len() as u64 - 1
    }

    pub fn queued(&self) -> u64 {
        self.all.values().map(|s| s.queue.len() as u64).sum()
    }

    /// Forgets all that is queued: the context has died.
    pub fn abandon(&mut self) {
        for stream in self.all.values_mut() {
            stream.queue.clear();
        }
    }

    /// Queues work behind what is there, and behind what the legacy stream's rules put before it.
    pub fn push(&mut self, handle: usize, work: Work, looks: u32) -> Result<(), Code> {
        for other in self.before(handle)? {
            let stamp = self.stamp(other);
            self.append(handle, Work::Wait(stamp), looks);
        }
        self.append(handle, work, looks);
        Ok(())
    }

    /// Queues an event, and gives its place.
    pub fn record(&mut self, handle: usize, looks: u32) -> Result<Arc<Stamp>, Code> {
        self.get(handle)?;
        let stamp = Arc::new(Stamp {
            stream: handle,
            number: self.last + 1 + self.before(handle)?.len() as u64,
            reached: OnceLock::new(),
        });
        self.push(handle, Work::Record(Arc::clone(&stamp)), looks)?;
        Ok(stamp)
    }

    /// The streams that new work of this one must wait for: of the legacy stream all that block, of one that blocks the
    /// legacy stream.
    fn before(&self, handle: usize) -> Result<Vec<usize>, Code> {
        let blocks = self.get(handle)?.flags & NON_BLOCKING == 0;
        let comes_before = |(&other, stream): (&usize, &Stream)| {
            let ordered = other != handle
                && blocks
                && stream.flags & NON_BLOCKING == 0
                && (handle == LEGACY || other == LEGACY);
            (ordered && !stream.queue.is_empty()).then_some(other)
        };
        Ok(self.all.iter().filter_map(comes_before).collect())
    }

    /// The end of a stream's queue as it is now.
    fn stamp(&self, handle: usize) -> Arc<Stamp> {
        let stream = &self.all[&handle];
        Arc::new(Stamp {
            stream: handle,
            number: stream.queue.back().map_or(0, |queued| queued.number),
            reached: OnceLock::new(),
        })
    }

    fn append(&mut self, handle: usize, work: Work, looks: u32) {
        self.last += 1;
        let number = self.last;
        if let Some(stream) = self.all.get_mut(&handle) {
            stream.queue.push_back(Queued { number, work });
            stream.looks = looks;
        }
    }

    /// Whether a look at the stream finds it done; the last look that does not is the one before it is carried out.
    pub fn look(&mut self, handle: usize, bench: &mut Bench) -> Result<(), Code> {
        let stream = self.get_mut(handle)?;
        if !stream.queue.is_empty() && stream.looks > 0 {
            stream.looks -= 1;
            return Err(Code::NOT_READY);
        }
        self.run(handle, u64::MAX, bench)
    }

    /// Carries out all of every queue.
    pub fn run_all(&mut self, bench: &mut Bench) -> Result<(), Code> {
        let handles: Vec<usize> = self.all.keys().copied().collect();
        for handle in handles {
            self.run(handle, u64::MAX, bench)?;
        }
        Ok(())
    }

    /// Carries out a stream's queue up to the piece of this number.
    pub fn run(&mut self, handle: usize, until: u64, bench: &mut Bench) -> Result<(), Code> {
        while let Some(work) = self.next(handle, until) {
            let takes = work.perform(bench)?;
            let mut clock = self.clock(handle) + takes;
            match &work {
                Work::Record(stamp) => {
                    stamp.reached.get_or_init(|| clock);
                }
                Work::Wait(stamp) => {
                    self.run(stamp.stream, stamp.number, bench)?;
                    let other = self.clock(stamp.stream);
                    clock = clock.max(*stamp.reached.get().unwrap_or(&other));
                }
                _ => {}
            }
            if let Some(stream) = self.all.get_mut(&handle) {
                stream.clock = clock;
            }
        }
        Ok(())
    }

    fn next(&mut self, handle: usize, until: u64) -> Option<Work> {
        let queue = &mut self.all.get_mut(&handle)?.queue;
        let due = queue.front()?.number <= until;
        due.then(|| queue.pop_front().map(|queued| queued.work))?
    }

    /// 0 of a stream that is gone: it was carried out before it went.
    fn clock(&self, handle: usize) -> u64 {
        self.all.get(&handle).map_or(0, |stream| stream.clock)
    }
}

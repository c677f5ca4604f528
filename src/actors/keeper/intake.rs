//! The right to write to a session: whoever holds it is the only one, and gives it back by dropping it.
//!
//! A frame is written where its bytes were read, without a message and without a hop: the spool hands it to the kernel, which is
//! what an acknowledgement promises. The keeper hears of it afterwards, once for as many frames as have come since it last
//! looked. Nothing here waits for another session: memory is reserved, or the frame is refused.

use super::{
    Keeper,
    messages::{Arrived, Conclude, Counts, Ended, IntakeError, IntakeHome, Watching},
};
use crate::{
    actors::post::post,
    media::{
        ByteBudget, Encoding, Lease,
        spool::{FrameRef, SpoolError, SpoolWriter},
    },
    session::{
        EndReason, SignalFile,
        ledger::{Ledger, Noted},
    },
    telemetry::{IngestMeters, labels::IngestOutcome},
};
use actix::Addr;
use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Instant,
};
use tokio::sync::watch;

/// Frames whose bookkeeping is reserved at a time.
const STEP: u64 = 1_024;

/// Why a frame or a signal was not kept.
#[derive(Debug, thiserror::Error)]
pub enum FrameFault {
    /// The session has ended: nothing is kept any more.
    #[error("the session has ended")]
    Ended,
    /// As many frames as a session may have.
    #[error("the session has as many frames as it may have ({0})")]
    TooMany(u64),
    /// The memory of all sessions is used up.
    #[error("the server has no memory for more frames at the moment")]
    Memory,
    /// The spool did not take it; nothing of it was kept.
    #[error(transparent)]
    Spool(#[from] SpoolError),
}

/// What the writer and the keeper both know.
#[derive(Debug)]
pub(super) struct Arrivals {
    books: Mutex<Books>,
    /// Whether the keeper has been told of frames that it has not fetched.
    told: AtomicBool,
    /// The session has ended, so nothing may be acknowledged.
    closed: AtomicBool,
    /// What it kept shall go with it.
    doomed: AtomicBool,
    /// Bytes of memory reserved for frames.
    reserved: AtomicUsize,
    /// Set when the keeper has gone: then what the writer holds is all that is left of the session.
    ended: watch::Sender<Option<Ended>>,
}

#[derive(Debug)]
struct Books {
    fresh: Vec<FrameRef>,
    counts: Counts,
    touched: Instant,
}

/// What the right to write consists of; at home in the keeper, or out in an [`Intake`]. It owns the session's folder: dropped
/// after the session was doomed it removes it, which may take the disk a while.
pub(super) struct Desk {
    /// Gone only while it is dropped.
    pub(super) writer: Option<SpoolWriter>,
    pub(super) ledger: Ledger,
    pub(super) arrivals: Arc<Arrivals>,
    pub(super) reserved: Reserved,
    pub(super) budget: ByteBudget,
    pub(super) max_frames: u64,
    pub(super) message_bytes: usize,
    pub(super) bytes_a_frame: usize,
    pub(super) meters: IngestMeters,
    /// Whether the keeper wants to hear of each frame.
    pub(super) tell: bool,
}

/// What frames cost in memory, reserved ahead.
pub(super) struct Reserved {
    /// Frames for which there is enough.
    frames: u64,
    leases: Vec<Lease>,
    /// Whom others ask how much it is.
    arrivals: Arc<Arrivals>,
}

/// The right to write. Not `Clone`; dropping it leaves the session resumable.
pub struct Intake {
    desk: Option<Desk>,
    keeper: Addr<Keeper>,
}

// === impl Arrivals ===

impl Arrivals {
    pub(super) fn new(counts: Counts) -> Self {
        let books = Books {
            fresh: Vec::new(),
            counts,
            touched: Instant::now(),
        };
        Self {
            books: Mutex::new(books),
            told: AtomicBool::new(false),
            closed: AtomicBool::new(false),
            doomed: AtomicBool::new(false),
            reserved: AtomicUsize::new(0),
            ended: watch::Sender::new(None),
        }
    }

    /// A panic while the books were open cannot have left them half written: each write is one assignment or push.
    fn books(&self) -> MutexGuard<'_, Books> {
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The frames that came since the last call.
    pub(super) fn fetch(&self) -> Vec<FrameRef> {
        // First, so that a frame that comes now is told again rather than forgotten.
        self.told.store(false, Ordering::SeqCst);
        std::mem::take(&mut self.books().fresh)
    }

    pub(super) fn counts(&self) -> Counts {
        self.books().counts
    }

    /// When something last came.
    pub(super) fn touched(&self) -> Instant {
        self.books().touched
    }

    /// Bytes of memory reserved for frames, whoever has the right to write.
    pub(super) fn reserved_bytes(&self) -> usize {
        self.reserved.load(Ordering::Relaxed)
    }

    /// Nothing is kept from now on.
    pub(super) fn close(&self) {
        self.closed.store(true, Ordering::SeqCst);
    }

    /// What was kept goes as soon as nobody writes any more.
    pub(super) fn doom(&self) {
        self.close();
        self.doomed.store(true, Ordering::SeqCst);
    }

    /// The keeper goes, and nobody is there to take the right to write home; the first reason counts.
    pub(super) fn end(&self, reason: EndReason) {
        self.close();
        let idle = self.touched().elapsed();
        self.ended.send_if_modified(|ended| {
            let is_first = ended.is_none();
            ended.get_or_insert(Ended { reason, idle });
            is_first
        });
    }

    fn is_closed(&self) -> bool {
        self.closed.load(Ordering::SeqCst)
    }

    pub(super) fn touch(&self) {
        self.books().touched = Instant::now();
    }
}

// === impl Reserved ===

impl Reserved {
    /// For `frames` that are there already, with what was reserved for them.
    pub(super) fn new(arrivals: &Arc<Arrivals>, frames: u64, lease: Option<Lease>) -> Self {
        let mut reserved = Self {
            frames: 0,
            leases: Vec::new(),
            arrivals: Arc::clone(arrivals),
        };
        if let Some(lease) = lease {
            reserved.add(frames, lease);
        }
        reserved
    }

    fn add(&mut self, frames: u64, lease: Lease) {
        self.frames += frames;
        let bytes = lease.bytes();
        self.arrivals.reserved.fetch_add(bytes, Ordering::Relaxed);
        self.leases.push(lease);
    }
}

impl Drop for Reserved {
    fn drop(&mut self) {
        let bytes = self.leases.iter().map(Lease::bytes).sum();
        self.arrivals.reserved.fetch_sub(bytes, Ordering::Relaxed);
    }
}

// === impl Desk ===

impl Desk {
    fn frame(
        &mut self,
        number: u64,
        encoding: Encoding,
        bytes: &[u8],
    ) -> Result<Noted, FrameFault> {
        self.open()?;
        if self.ledger.holds(number) {
            let noted = self.ledger.note(number);
            self.enter(None);
            return Ok(noted);
        }
        self.reserve()?;
        let at = self.writer_mut().append(number, encoding, bytes)?;
        let noted = self.ledger.note(number);
        self.enter(Some(at));
        Ok(noted)
    }

    /// Whether anything may be promised: what a session that has ended keeps goes with it.
    fn open(&self) -> Result<(), FrameFault> {
        match self.arrivals.is_closed() {
            true => Err(FrameFault::Ended),
            false => Ok(()),
        }
    }

    /// Makes sure that one more frame has its bookkeeping.
    fn reserve(&mut self) -> Result<(), FrameFault> {
        let held = self.ledger.distinct();
        if held >= self.max_frames {
            return Err(FrameFault::TooMany(self.max_frames));
        }
        if held >= self.reserved.frames {
            let more = self.budget.try_lease(STEP as usize * self.bytes_a_frame);
            self.reserved.add(STEP, more.ok_or(FrameFault::Memory)?);
        }
        Ok(())
    }

    fn enter(&self, fresh: Option<FrameRef>) {
        let counts = counts(&self.ledger, self.writer());
        let mut books = self.arrivals.books();
        books.fresh.extend(fresh);
        books.counts = counts;
        books.touched = Instant::now();
    }

    fn writer(&self) -> &SpoolWriter {
        self.writer.as_ref().expect(WRITES)
    }

    fn writer_mut(&mut self) -> &mut SpoolWriter {
        self.writer.as_mut().expect(WRITES)
    }

    /// What its frames cost, for whoever uses that memory from now on.
    pub(super) fn take_reserved(&mut self) -> Reserved {
        let nothing = Reserved::new(&self.arrivals, 0, None);
        std::mem::replace(&mut self.reserved, nothing)
    }

    /// Keeps the file that ends the session beside its frames.
    fn keep_signal(&mut self, signal: &SignalFile) -> Result<(), FrameFault> {
        self.open()?;
        let writer = self.writer_mut();
        writer.keep_signal(&signal.filename, &signal.bytes)?;
        Ok(())
    }

    fn sync(&mut self) -> Result<(), FrameFault> {
        self.open()?;
        self.writer_mut().sync()?;
        Ok(())
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        let writer = self.writer.take();
        if !self.arrivals.doomed.load(Ordering::SeqCst) {
            return;
        }
        if let Some(Err(error)) = writer.map(SpoolWriter::discard) {
            tracing::warn!(%error, "a session's folder was not removed");
        }
    }
}

/// What the books say of a ledger and a spool.
pub(super) fn counts(ledger: &Ledger, writer: &SpoolWriter) -> Counts {
    Counts {
        frames: ledger.distinct(),
        total: ledger.total(),
        duplicates: ledger.duplicates(),
        out_of_order: ledger.out_of_order(),
        missing: ledger.missing(),
        spooled_bytes: writer.bytes(),
    }
}

// === impl Intake ===

/// An intake without its desk exists only inside `conclude` and `drop`.
const WRITES: &str = "a desk has its writer until it is dropped";
const AT_WORK: &str = "an intake has its desk until it is consumed";

impl Intake {
    pub(super) fn new(desk: Desk, keeper: Addr<Keeper>) -> Self {
        Self {
            desk: Some(desk),
            keeper,
        }
    }

    fn desk(&self) -> &Desk {
        self.desk.as_ref().expect(AT_WORK)
    }

    fn desk_mut(&mut self) -> &mut Desk {
        self.desk.as_mut().expect(AT_WORK)
    }

    /// Keeps a frame. When this returns the kernel has its bytes. Blocks for the time of a write to the page cache; a number that
    /// is held already is counted and not stored again.
    ///
    /// # Errors
    /// If it was not kept; nothing has changed then.
    pub fn frame(
        &mut self,
        number: u64,
        encoding: Encoding,
        bytes: &[u8],
    ) -> Result<Noted, FrameFault> {
        let noted = self.desk_mut().frame(number, encoding, bytes);
        self.count(&noted, bytes.len());
        let noted = noted?;
        let desk = self.desk();
        let news = desk.tell && noted == Noted::Received;
        if news && !desk.arrivals.told.swap(true, Ordering::SeqCst) {
            post(&self.keeper.clone().recipient(), Arrived);
        }
        Ok(noted)
    }

    /// A frame of so many bytes came that is none, and is not kept.
    pub fn flawed(&self, bytes: usize) {
        self.desk().meters.frame(IngestOutcome::Flawed, bytes);
    }

    fn count(&self, noted: &Result<Noted, FrameFault>, bytes: usize) {
        let meters = &self.desk().meters;
        let outcome = match noted {
            Ok(Noted::Received) => IngestOutcome::Received,
            Ok(Noted::Duplicate) => IngestOutcome::Duplicate,
            Err(_) => IngestOutcome::Refused,
        };
        meters.frame(outcome, bytes);
        if matches!(noted, Err(FrameFault::Memory)) {
            meters.saturated();
        }
    }

    /// Which frames are held.
    pub fn ledger(&self) -> &Ledger {
        &self.desk().ledger
    }

    /// Bytes that one message may have: memory for so many is reserved.
    pub fn message_bytes(&self) -> usize {
        self.desk().message_bytes
    }

    /// Bytes in the spool.
    pub fn spooled_bytes(&self) -> u64 {
        self.desk().writer().bytes()
    }

    /// How the session ended, once it has: whoever sees it drops the intake, since it is all that is left of the session.
    pub fn ended(&self) -> watch::Receiver<Option<Ended>> {
        self.desk().arrivals.ended.subscribe()
    }

    /// Hands all that was kept to the disk, as far as the spool's policy says so. Blocks.
    ///
    /// # Errors
    /// If the disk does not take it, or the session has ended.
    pub fn sync(&mut self) -> Result<(), FrameFault> {
        self.desk_mut().sync()
    }

    /// Keeps the signal beside the frames, so that a restart finds it. Blocks, under most policies until the disk has it and
    /// them.
    ///
    /// # Errors
    /// If the disk does not take it, or the session has ended.
    pub fn keep_signal(&mut self, signal: &SignalFile) -> Result<(), FrameFault> {
        self.desk_mut().keep_signal(signal)
    }

    /// Ends the upload with the signal, and asks for the verdict.
    ///
    /// # Errors
    /// If the session has ended meanwhile.
    pub async fn conclude(mut self, signal: SignalFile) -> Result<Watching, IntakeError> {
        let desk = self.desk.take().expect(AT_WORK);
        let answer = self.keeper.send(Conclude { desk, signal }).await;
        answer.unwrap_or(Err(IntakeError::Gone))
    }
}

impl Drop for Intake {
    fn drop(&mut self) {
        if let Some(desk) = self.desk.take() {
            // Nobody is at home any more; folder and memory are given back before this returns.
            if desk.arrivals.ended.borrow().is_some() {
                return drop(desk);
            }
            post(&self.keeper.clone().recipient(), IntakeHome(desk));
        }
    }
}

impl std::fmt::Debug for Intake {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Intake").finish_non_exhaustive()
    }
}

//! Streams and events of our own: cust's streams always wait for the default stream, which a library may use, and its results
//! fold every code that it does not know into one.
//!
//! Both are made, used and destroyed on the device's thread.

use super::fault::{Check as _, Checked, Code};
use cust::sys::{
    CUevent, CUstream, cuEventCreate, cuEventDestroy_v2, cuEventElapsedTime, cuEventQuery,
    cuEventRecord, cuStreamCreate, cuStreamDestroy_v2, cuStreamSynchronize,
};
use std::{ptr, time::Duration};

/// `CU_STREAM_NON_BLOCKING`: it waits for no other stream.
const NON_BLOCKING: u32 = 1;
/// `CU_EVENT_DEFAULT`: with times.
const TIMED: u32 = 0;
/// `CUDA_ERROR_NOT_READY`.
const NOT_READY: Code = Code(600);

/// Work in order.
#[derive(Debug)]
pub struct Stream(CUstream);

/// A mark in a stream, and when it was passed.
#[derive(Debug)]
pub struct Event(CUevent);

impl Stream {
    /// An empty stream.
    pub fn new() -> Checked<Self> {
        let mut stream = ptr::null_mut();
        // SAFETY: the pointer is good for the call; a context is current, or the driver says so.
        unsafe { cuStreamCreate(&raw mut stream, NON_BLOCKING) }.check()?;
        Ok(Self(stream))
    }

    /// The driver's handle, good for as long as this is.
    pub fn as_inner(&self) -> CUstream {
        self.0
    }

    /// Waits until everything on it is done.
    pub fn synchronize(&self) -> Checked<()> {
        // SAFETY: the stream is alive.
        unsafe { cuStreamSynchronize(self.0) }.check()
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        // SAFETY: ours alone; the driver lets what is on it end by itself.
        unsafe { cuStreamDestroy_v2(self.0) };
    }
}

impl Event {
    /// An event that has been recorded nowhere.
    pub fn new() -> Checked<Self> {
        let mut event = ptr::null_mut();
        // SAFETY: the pointer is good for the call.
        unsafe { cuEventCreate(&raw mut event, TIMED) }.check()?;
        Ok(Self(event))
    }

    /// Marks what is on the stream by now.
    pub fn record(&self, stream: &Stream) -> Checked<()> {
        // SAFETY: both are alive, and of one context.
        unsafe { cuEventRecord(self.0, stream.0) }.check()
    }

    /// Whether the stream has come past it.
    pub fn is_past(&self) -> Checked<bool> {
        // SAFETY: the event is alive.
        match unsafe { cuEventQuery(self.0) }.check() {
            Ok(()) => Ok(true),
            Err(NOT_READY) => Ok(false),
            Err(code) => Err(code),
        }
    }

    /// Time since another event; zero if the driver cannot tell. Both must be past.
    pub fn since(&self, earlier: &Self) -> Duration {
        let mut millis = 0.0_f32;
        // SAFETY: the pointer is good for the call, and both events are alive.
        let told = unsafe { cuEventElapsedTime(&raw mut millis, earlier.0, self.0) }.check();
        match told {
            // As a driver tells it: never negative, about half a microsecond fine.
            Ok(()) => Duration::try_from_secs_f32(millis / 1000.0).unwrap_or_default(),
            Err(_) => Duration::ZERO,
        }
    }
}

impl Drop for Event {
    fn drop(&mut self) {
        // SAFETY: ours alone.
        unsafe { cuEventDestroy_v2(self.0) };
    }
}

//! The whole machine: devices, their primary contexts, and what all share.
//!
//! Not responsible for threads: which context is current is told by the caller. Invariants: a context exists exactly while
//! it is active; a handle is never given twice.

use crate::{
    code::Code,
    context::Context,
    faults::Faults,
    settings::Settings,
    tally::{Calls, Tally},
};

/// Handles below are the driver's own: no stream, the legacy stream, the stream of each thread.
pub(crate) const FIRST_HANDLE: usize = 0x1000;

/// What the devices share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub settings: Settings,
    pub tally: Tally,
    pub calls: Calls,
    pub faults: Faults,
    /// Why a module was refused last.
    pub refusal: String,
    next_handle: usize,
}

impl Shared {
    /// A handle that nothing has had before.
    pub fn handle(&mut self) -> usize {
        self.next_handle += 0x10;
        self.next_handle
    }
}

/// A device and its primary context.
#[derive(Debug)]
pub(crate) struct Device {
    handle: usize,
    retained: u32,
    pub flags: u32,
    pub context: Option<Context>,
}

/// Everything.
#[derive(Debug)]
pub(crate) struct Machine {
    pub shared: Shared,
    pub devices: Vec<Device>,
    pub initialised: bool,
}

impl Machine {
    /// A machine that nobody has used; handles go on behind `after`.
    pub fn new(after: usize) -> Self {
        let mut machine = Self {
            shared: Shared {
                settings: Settings::default(),
                tally: Tally::default(),
                calls: Calls::default(),
                faults: Faults::default(),
                refusal: String::new(),
                next_handle: after.max(FIRST_HANDLE),
            },
            devices: Vec::new(),
            initialised: false,
        };
        machine.set_devices(1);
        machine
    }

    /// Back to the beginning. Handles are not given again, so that a thread's current context from before is none.
    pub fn reset(&mut self) {
        *self = Self::new(self.shared.next_handle);
    }

    /// Changes how many devices there are; those that stay keep their contexts.
    pub fn set_devices(&mut self, count: usize) {
        self.devices.truncate(count);
        while self.devices.len() < count {
            let handle = self.shared.handle();
            self.devices.push(Device {
                handle,
                retained: 0,
                flags: 0,
                context: None,
            });
        }
    }

    /// Changes how much memory each device has, now and later.
    pub fn set_total_memory(&mut self, bytes: u64) {
        self.shared.settings.total_memory = bytes;
        for context in self.contexts_mut() {
            context.space.set_total(bytes);
        }
    }

    /// Counts a call, and lets it fail if a test has asked for that.
    pub fn enter(&mut self, name: &'static str) -> Result<(), Code> {
        self.shared.calls.count(name);
        self.shared.faults.check(name)
    }

    pub fn device(&mut self, device: i32) -> Result<&mut Device, Code> {
        let at = usize::try_from(device).ok();
        let device = at.and_then(|at| self.devices.get_mut(at));
        device.ok_or(Code::INVALID_DEVICE)
    }

    /// `cuDevicePrimaryCtxRetain`: the context's handle.
    pub fn retain(&mut self, device: i32) -> Result<usize, Code> {
        let total = self.shared.settings.total_memory;
        let number = device;
        let device = self.device(device)?;
        device.retained += 1;
        let fresh = || Context::new(number as usize, total);
        device.context.get_or_insert_with(fresh);
        Ok(device.handle)
    }

    /// `cuDevicePrimaryCtxRelease`: the last one destroys it.
    pub fn release(&mut self, device: i32) -> Result<(), Code> {
        let device = self.device(device)?;
        let left = device.retained.checked_sub(1);
        device.retained = left.ok_or(Code::INVALID_CONTEXT)?;
        if device.retained == 0 {
            device.context = None;
        }
        Ok(())
    }

    /// `cuDevicePrimaryCtxReset`: all of it is gone, a sticky error too; who goes on must retain it again.
    pub fn reset_context(&mut self, device: i32) -> Result<(), Code> {
        self.device(device)?.context = None;
        Ok(())
    }

    /// The number of the device whose context this is.
    pub fn device_of(&self, handle: usize) -> Result<usize, Code> {
        let at = self.devices.iter().position(|d| d.handle == handle);
        at.ok_or(Code::INVALID_CONTEXT)
    }

    /// A context that is current, and healthy.
    pub fn context(&mut self, handle: usize) -> Result<(&mut Context, &mut Shared), Code> {
        let device = self.device_of(handle)?;
        let context = self.devices[device].context.as_mut();
        let context = context.ok_or(Code::CONTEXT_IS_DESTROYED)?;
        match context.sticky {
            Some(code) => Err(code),
            None => Ok((context, &mut self.shared)),
        }
    }

    fn contexts_mut(&mut self) -> impl Iterator<Item = &mut Context> {
        self.devices.iter_mut().filter_map(|d| d.context.as_mut())
    }

    /// What lives and what has happened.
    pub fn tally(&self) -> Tally {
        let mut tally = self.shared.tally;
        for context in self.devices.iter().filter_map(|d| d.context.as_ref()) {
            tally.contexts += 1;
            context.add_to(&mut tally);
        }
        tally
    }
}

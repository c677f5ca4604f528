//! The vendor's functions, as `nvml.h` declares them. Only those that the server's binding calls.

use crate::state::{self, BUSES, DRIVER, Values};
use std::ffi::{CStr, c_char, c_int, c_uint, c_void};

/// `nvmlDevice_t`: the GPU's number and one, as a pointer.
type Device = *mut c_void;

// `nvmlReturn_t`.
const SUCCESS: c_int = 0;
const UNINITIALIZED: c_int = 1;
const INVALID_ARGUMENT: c_int = 2;
const NOT_FOUND: c_int = 6;
const INSUFFICIENT_SIZE: c_int = 7;
const ARGUMENT_VERSION_MISMATCH: c_int = 25;

/// `NVML_TEMPERATURE_GPU`.
const SENSOR_GPU: c_uint = 0;
/// `NVML_CLOCK_GRAPHICS` and `NVML_CLOCK_MEM`.
const CLOCKS: [c_uint; 2] = [0, 2];

/// `nvmlUtilization_t`.
#[repr(C)]
pub struct Utilization {
    gpu: c_uint,
    memory: c_uint,
}

/// `nvmlMemory_v2_t`.
#[repr(C)]
pub struct Memory {
    version: c_uint,
    total: u64,
    reserved: u64,
    free: u64,
    used: u64,
}

/// What an answer costs: the test's failure for this function, or that nobody has initialised the library.
fn permit(function: &str) -> Result<(), c_int> {
    state::with(|state| match state.failures.get(function) {
        Some(code) => Err(*code),
        None if state.users == 0 => Err(UNINITIALIZED),
        None => Ok(()),
    })
}

fn code(answer: Result<(), c_int>) -> c_int {
    answer.err().unwrap_or(SUCCESS)
}

fn values(device: Device) -> Result<Values, c_int> {
    let number = (device as usize).checked_sub(1).ok_or(INVALID_ARGUMENT)?;
    state::with(|state| state.gpus.get(number).copied().ok_or(INVALID_ARGUMENT))
}

/// Answers about a GPU.
///
/// # Safety
/// `to` is null or may be written to.
unsafe fn answer<T>(
    function: &str,
    device: Device,
    to: *mut T,
    of: impl FnOnce(Values) -> Result<T, c_int>,
) -> c_int {
    code((|| {
        permit(function)?;
        let told = of(values(device)?)?;
        // SAFETY: as promised.
        unsafe { put(to, told) }
    })())
}

/// # Safety
/// `to` is null or may be written to.
unsafe fn put<T>(to: *mut T, value: T) -> Result<(), c_int> {
    if to.is_null() {
        return Err(INVALID_ARGUMENT);
    }
    // SAFETY: it is not null, and else as promised.
    unsafe { to.write(value) };
    Ok(())
}

/// `nvmlInit_v2()`
#[unsafe(no_mangle)]
pub extern "C" fn nvmlInit_v2() -> c_int {
    let failure = state::with(|state| state.failures.get("nvmlInit_v2").copied());
    if failure.is_none() {
        state::with(|state| state.users += 1);
    }
    failure.unwrap_or(SUCCESS)
}

/// `nvmlShutdown()`
#[unsafe(no_mangle)]
pub extern "C" fn nvmlShutdown() -> c_int {
    code(state::with(|state| {
        state.users = state.users.checked_sub(1).ok_or(UNINITIALIZED)?;
        Ok(())
    }))
}

/// `nvmlSystemGetDriverVersion(version, length)`
///
/// # Safety
/// `to` has room for `length` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nvmlSystemGetDriverVersion(to: *mut c_char, length: c_uint) -> c_int {
    code((|| {
        permit("nvmlSystemGetDriverVersion")?;
        if (length as usize) <= DRIVER.len() {
            return Err(INSUFFICIENT_SIZE);
        }
        // SAFETY: there is room for the text and a zero.
        unsafe {
            to.cast::<u8>().copy_from(DRIVER.as_ptr(), DRIVER.len());
            to.add(DRIVER.len()).write(0);
        }
        Ok(())
    })())
}

/// `nvmlDeviceGetHandleByIndex_v2(index, device)`
///
/// # Safety
/// `to` is null or may be written to.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nvmlDeviceGetHandleByIndex_v2(index: c_uint, to: *mut Device) -> c_int {
    state::looked();
    code((|| {
        permit("nvmlDeviceGetHandleByIndex_v2")?;
        let number = index as usize;
        let device = (number < BUSES.len()).then_some(number + 1);
        // SAFETY: as promised.
        unsafe { put(to, device.ok_or(INVALID_ARGUMENT)? as Device) }
    })())
}

/// `nvmlDeviceGetHandleByPciBusId_v2(bus, device)`: the domain may have four digits or eight.
///
/// # Safety
/// `bus` is a text that ends with a zero; `to` is null or may be written to.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nvmlDeviceGetHandleByPciBusId_v2(
    bus: *const c_char,
    to: *mut Device,
) -> c_int {
    state::looked();
    code((|| {
        permit("nvmlDeviceGetHandleByPciBusId_v2")?;
        // SAFETY: as promised.
        let asked = unsafe { CStr::from_ptr(bus) }.to_string_lossy();
        let is_it = |own: &str| own.ends_with(&*asked) && asked.len() >= "0000:00:00.0".len();
        let number = BUSES.iter().position(|own| is_it(own)).ok_or(NOT_FOUND)?;
        // SAFETY: as promised.
        unsafe { put(to, (number + 1) as Device) }
    })())
}

/// `nvmlDeviceGetUtilizationRates(device, utilization)`
///
/// # Safety
/// `to` is null or may be written to.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nvmlDeviceGetUtilizationRates(
    device: Device,
    to: *mut Utilization,
) -> c_int {
    // SAFETY: as promised.
    unsafe {
        answer("nvmlDeviceGetUtilizationRates", device, to, |values| {
            Ok(Utilization {
                gpu: values.load,
                memory: values.load / 2,
            })
        })
    }
}

/// `nvmlDeviceGetMemoryInfo_v2(device, memory)`, whose structure says which version of it is asked for.
///
/// # Safety
/// `to` is null or such a structure.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nvmlDeviceGetMemoryInfo_v2(device: Device, to: *mut Memory) -> c_int {
    let second = size_of::<Memory>() as c_uint | 2 << 24;
    // SAFETY: as promised.
    let version = unsafe { to.as_ref() }.map_or(0, |memory| memory.version);
    let told = |values: Values| match version == second {
        true => Ok(Memory {
            version,
            total: values.total,
            reserved: 0,
            free: values.total - values.used,
            used: values.used,
        }),
        false => Err(ARGUMENT_VERSION_MISMATCH),
    };
    // SAFETY: as promised.
    unsafe { answer("nvmlDeviceGetMemoryInfo_v2", device, to, told) }
}

/// `nvmlDeviceGetTemperature(device, sensor, celsius)`
///
/// # Safety
/// `to` is null or may be written to.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nvmlDeviceGetTemperature(
    device: Device,
    sensor: c_uint,
    to: *mut c_uint,
) -> c_int {
    let told = |values: Values| match sensor {
        SENSOR_GPU => Ok(values.celsius),
        _ => Err(INVALID_ARGUMENT),
    };
    // SAFETY: as promised.
    unsafe { answer("nvmlDeviceGetTemperature", device, to, told) }
}

/// `nvmlDeviceGetClockInfo(device, clock, megahertz)`
///
/// # Safety
/// `to` is null or may be written to.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nvmlDeviceGetClockInfo(
    device: Device,
    clock: c_uint,
    to: *mut c_uint,
) -> c_int {
    let [graphics, memory] = CLOCKS;
    let told = |values: Values| match clock {
        clock if clock == graphics => Ok(values.graphics),
        clock if clock == memory => Ok(values.memory),
        _ => Err(INVALID_ARGUMENT),
    };
    // SAFETY: as promised.
    unsafe { answer("nvmlDeviceGetClockInfo", device, to, told) }
}

/// `nvmlDeviceGetPowerUsage(device, milliwatts)`
///
/// # Safety
/// `to` is null or may be written to.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nvmlDeviceGetPowerUsage(device: Device, to: *mut c_uint) -> c_int {
    // SAFETY: as promised.
    unsafe {
        answer("nvmlDeviceGetPowerUsage", device, to, |values| {
            Ok(values.milliwatts)
        })
    }
}

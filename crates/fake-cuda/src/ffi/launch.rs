//! Modules, functions and launches.
#![expect(
    missing_docs,
    reason = "as the driver's manual names and describes them"
)]
#![expect(
    clippy::missing_safety_doc,
    reason = "pointers as the driver's manual asks for"
)]

use super::{Answer, DeviceAddress, Handle, current, put, put_text, stream_handle, text};
use crate::{
    code::Code,
    context::Context,
    launch::{Shape, THREADS},
    machine::Shared,
};
use std::ffi::{c_char, c_void};

/// Values of `CUjit_option`: where the compiler's errors go, and how much room is there.
const ERROR_LOG: u32 = 5;
const ERROR_LOG_ROOM: u32 = 6;

/// Loads what is PTX; a text that is none, such as a cubin, is refused as PTX.
unsafe fn load(
    context: &mut Context,
    shared: &mut Shared,
    module: Option<&mut Handle>,
    image: *const c_void,
) -> Result<(), Code> {
    let module = module.ok_or(Code::INVALID_VALUE)?;
    // SAFETY: the caller gives PTX, which ends with a zero.
    let text = unsafe { text(image.cast()) };
    let text = text.map_err(|code| {
        if image.is_null() {
            code
        } else {
            Code::INVALID_PTX
        }
    })?;
    *module = context.load(shared, text)?;
    Ok(())
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn cuModuleLoadData(
    module: Option<&mut Handle>,
    image: *const c_void,
) -> Answer {
    current("cuModuleLoadData", |context, shared| {
        // SAFETY: the caller's promise.
        unsafe { load(context, shared, module, image) }
    })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn cuModuleLoadDataEx(
    module: Option<&mut Handle>,
    image: *const c_void,
    count: u32,
    options: *const u32,
    values: *const *mut c_void,
) -> Answer {
    current("cuModuleLoadDataEx", |context, shared| {
        // SAFETY: the caller's promise.
        let loaded = unsafe { load(context, shared, module, image) };
        if loaded.is_err() && count > 0 {
            // SAFETY: the caller gives `count` options and their values, and a log as long as it says.
            unsafe { log(count, options, values, &shared.refusal) };
        }
        loaded
    })
}

/// Writes why a module was refused to where the options say.
unsafe fn log(count: u32, options: *const u32, values: *const *mut c_void, why: &str) {
    let value = |option: u32| {
        (0..count as usize).find_map(|at| {
            // SAFETY: below `count`.
            unsafe { (*options.add(at) == option).then(|| *values.add(at)) }
        })
    };
    if let (Some(to), Some(room)) = (value(ERROR_LOG), value(ERROR_LOG_ROOM)) {
        // The value of the second is a number in the place of a pointer.
        // SAFETY: the caller's log is that long.
        unsafe { put_text(to.cast(), room as usize, why) };
    }
}

#[unsafe(no_mangle)]
pub extern "C" fn cuModuleUnload(module: Handle) -> Answer {
    current("cuModuleUnload", |context, shared| {
        context.unload(shared, module)
    })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn cuModuleGetFunction(
    function: Option<&mut Handle>,
    module: Handle,
    name: *const c_char,
) -> Answer {
    current("cuModuleGetFunction", |context, shared| {
        let function = function.ok_or(Code::INVALID_VALUE)?;
        // SAFETY: the caller gives a text.
        *function = context.function(shared, module, unsafe { text(name) }?)?;
        Ok(())
    })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn cuModuleGetGlobal_v2(
    address: Option<&mut DeviceAddress>,
    bytes: Option<&mut usize>,
    module: Handle,
    name: *const c_char,
) -> Answer {
    current("cuModuleGetGlobal_v2", |context, _| {
        // SAFETY: the caller gives a text.
        let name = unsafe { text(name) }?;
        let (found, long) = context.module(module)?.variable(name)?;
        // The manual allows `NULL` for either.
        address.map_or(Ok(()), |address| put(Some(address), found))?;
        bytes.map_or(Ok(()), |bytes| put(Some(bytes), long))
    })
}

#[unsafe(no_mangle)]
pub extern "C" fn cuFuncGetAttribute(
    value: Option<&mut i32>,
    attribute: u32,
    function: Handle,
) -> Answer {
    current("cuFuncGetAttribute", |context, shared| {
        let (module, called) = context.called(function)?;
        let (major, minor) = shared.settings.capability;
        let found = match attribute {
            0 => THREADS as i32,                            // MAX_THREADS_PER_BLOCK
            1 | 2 => 0,                                     // SHARED_SIZE_BYTES, CONST_SIZE_BYTES
            3 => called.kernel.local_bytes() as i32,        // LOCAL_SIZE_BYTES
            4 => 32,                                        // NUM_REGS
            5 => context.module(*module)?.version() as i32, // PTX_VERSION
            6 => major * 10 + minor,                        // BINARY_VERSION
            _ => return Err(Code::INVALID_VALUE),
        };
        put(value, found)
    })
}

#[unsafe(no_mangle)]
pub extern "C" fn cuFuncSetAttribute(function: Handle, attribute: u32, value: i32) -> Answer {
    current("cuFuncSetAttribute", |context, _| {
        context.called(function)?;
        // MAX_DYNAMIC_SHARED_SIZE_BYTES and PREFERRED_SHARED_MEMORY_CARVEOUT can be set, and mean nothing here.
        match attribute {
            8 | 9 if value >= -1 => Ok(()),
            _ => Err(Code::INVALID_VALUE),
        }
    })
}

#[unsafe(no_mangle)]
pub extern "C" fn cuFuncSetCacheConfig(function: Handle, config: u32) -> Answer {
    current("cuFuncSetCacheConfig", |context, _| {
        context.called(function)?;
        (config <= 3).then_some(()).ok_or(Code::INVALID_VALUE)
    })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn cuLaunchKernel(
    function: Handle,
    grid_x: u32,
    grid_y: u32,
    grid_z: u32,
    block_x: u32,
    block_y: u32,
    block_z: u32,
    shared_bytes: u32,
    stream: Handle,
    parameters: *const *const c_void,
    extra: *const *const c_void,
) -> Answer {
    let shape = Shape {
        grid: [grid_x, grid_y, grid_z],
        block: [block_x, block_y, block_z],
        shared_bytes,
    };
    current("cuLaunchKernel", |context, shared| {
        // Arguments in one buffer are a way that the server does not take.
        if !extra.is_null() {
            return Err(Code::NOT_SUPPORTED);
        }
        // SAFETY: the caller gives an argument for each parameter.
        let packed = unsafe { arguments(context, function, parameters) }?;
        context.launch(shared, function, shape, packed, stream_handle(stream)?)
    })
}

/// The arguments, each as long as the kernel declares its parameter.
unsafe fn arguments(
    context: &Context,
    function: Handle,
    parameters: *const *const c_void,
) -> Result<Vec<u8>, Code> {
    let kernel = &context.called(function)?.1.kernel;
    let mut arguments = Vec::new();
    for (at, bytes) in kernel.parameter_bytes().enumerate() {
        if parameters.is_null() {
            return Err(Code::INVALID_VALUE);
        }
        // SAFETY: the caller gives a pointer for each parameter, to a value as long as the kernel declares.
        let argument = unsafe { std::slice::from_raw_parts((*parameters.add(at)).cast(), bytes) };
        arguments.push(argument);
    }
    kernel.pack(&arguments).ok_or(Code::INVALID_VALUE)
}

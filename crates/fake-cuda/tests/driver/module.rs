//! Modules, functions, launches.

use crate::support::{Driver, INVALID_HANDLE, INVALID_VALUE, PTX, ok, place};
use fake_cuda::{control as symbols, ffi::*};
use std::ffi::{CStr, CString, c_void};

#[test]
fn a_kernel_runs_when_its_stream_is_looked_at() {
    let driver = Driver::ready();
    let (stream, memory) = (driver.stream(), driver.holding(&[1, 2, 3, 4, 5, 6]));
    driver
        .add(driver.kernel("add"), stream, memory, 10, 5)
        .unwrap();
    assert_eq!(driver.tally().kernels, 0);
    driver.synchronise(stream).unwrap();
    assert_eq!(driver.held(memory), Ok([11, 12, 13, 14, 15, 6]));
    assert_eq!(driver.tally().kernels, 1);
}

#[test]
fn arguments_are_those_of_the_call_whatever_comes_after() {
    let driver = Driver::ready();
    let (stream, memory) = (driver.stream(), driver.holding(&[1; 4]));
    let add = driver.kernel("add");
    let mut by = 1_u32;
    let count = 4_u32;
    let arguments = [place(&memory), place(&by), place(&count)];
    driver.launch(add, (1, 4), stream, &arguments).unwrap();
    by = 100;
    driver.synchronise(stream).unwrap();
    assert_eq!((driver.held(memory), by), (Ok([2; 4]), 100));
}

#[test]
fn text_that_is_not_understood_is_refused_and_the_log_says_why() {
    let driver = Driver::ready();
    let text = CString::new(PTX.replace("add.s64", "add.cc.s64")).unwrap();
    let mut log = [0_u8; 200];
    let options = [6, 5];
    let values = [log.len() as *mut c_void, log.as_mut_ptr().cast()];
    let (text, values) = (text.as_ptr().cast(), values.as_ptr());
    let mut module = 0;
    // SAFETY: a text of C, two options and their values, a log of that length.
    let loaded =
        unsafe { cuModuleLoadDataEx(Some(&mut module), text, 2, options.as_ptr(), values) };
    let log = CStr::from_bytes_until_nul(&log).unwrap().to_str().unwrap();
    assert_eq!(
        (loaded, log),
        (218, "line 14: `add.cc.s64` is not supported")
    );
    assert_eq!(driver.tally().modules, 0);
}

#[test]
fn a_module_for_a_newer_device_is_refused() {
    let driver = Driver::ready();
    symbols::fake_cuda_set_capability(7, 0);
    assert_eq!(driver.load(PTX), Err(209));
}

#[test]
fn a_function_has_one_handle_and_a_missing_one_none() {
    let driver = Driver::ready();
    let module = driver.load(PTX).unwrap();
    assert_eq!(
        driver.function(module, "add"),
        driver.function(module, "add")
    );
    assert_ne!(
        driver.function(module, "add"),
        driver.function(module, "stray")
    );
    assert_eq!(driver.function(module, "subtract"), Err(500));
    assert_eq!(driver.function(1, "add"), Err(400));
}

#[test]
fn an_unloaded_module_takes_functions_and_variables_along_and_lets_queued_work_end() {
    let driver = Driver::ready();
    let (stream, memory) = (driver.stream(), driver.holding(&[1; 4]));
    let module = driver.load(PTX).unwrap();
    let add = driver.function(module, "add").unwrap();
    driver.add(add, stream, memory, 1, 4).unwrap();
    ok(cuModuleUnload(module)).unwrap();
    assert_eq!(
        (driver.held(memory), driver.tally().modules),
        (Ok([2; 4]), 0)
    );
    assert_eq!(driver.add(add, stream, memory, 1, 4), INVALID_HANDLE);
    assert_eq!(ok(cuModuleUnload(module)), INVALID_HANDLE);
    let (mut free, mut total) = (0, 0);
    ok(cuMemFree_v2(memory)).unwrap();
    ok(cuMemGetInfo_v2(Some(&mut free), Some(&mut total))).unwrap();
    assert_eq!(free, total);
}

#[test]
fn a_variable_has_an_address_and_its_first_value() {
    let driver = Driver::ready();
    let module = driver.load(PTX).unwrap();
    let (mut address, mut bytes) = (0, 0);
    let mut find = |name: &CStr| {
        // SAFETY: a text of C.
        let found = unsafe {
            cuModuleGetGlobal_v2(Some(&mut address), Some(&mut bytes), module, name.as_ptr())
        };
        ok(found).map(|()| (address, bytes))
    };
    let (address, bytes) = find(c"seven").unwrap();
    assert_eq!((driver.held(address), bytes), (Ok([7, 0, 0, 0]), 4));
    assert_eq!(find(c"eight"), Err(500));
}

#[test]
fn a_launch_without_threads_or_with_too_many_is_refused() {
    let driver = Driver::ready();
    let (add, memory) = (driver.kernel("add"), driver.memory(4).unwrap());
    let (by, count) = (1_u32, 4_u32);
    let arguments = [place(&memory), place(&by), place(&count)];
    for shape in [(0, 1), (1, 0), (1, 1025), (u32::MAX, 1)] {
        assert_eq!(
            driver.launch(add, shape, 0, &arguments),
            INVALID_VALUE,
            "{shape:?}"
        );
    }
}

#[test]
fn a_kernel_that_strays_is_told_at_the_look_and_stays() {
    let driver = Driver::prompt();
    let (stray, stream) = (driver.kernel("stray"), driver.stream());
    let memory = driver.memory(4).unwrap();
    let nowhere = memory + 4;
    driver
        .launch(stray, (1, 1), stream, &[place(&nowhere)])
        .unwrap();
    assert_eq!(cuStreamQuery(stream), 700);
    assert_eq!((driver.memory(1), cuCtxSynchronize()), (Err(700), 700));
}

#[test]
fn a_store_across_its_alignment_is_told_too() {
    let driver = Driver::prompt();
    let (stray, stream) = (driver.kernel("stray"), driver.stream());
    let crooked = driver.memory(8).unwrap() + 2;
    driver
        .launch(stray, (1, 1), stream, &[place(&crooked)])
        .unwrap();
    assert_eq!(cuStreamQuery(stream), 716);
}

#[test]
fn a_function_tells_what_it_needs() {
    let driver = Driver::ready();
    let function = driver.kernel("stray");
    let attribute = |number| {
        let mut value = -1;
        ok(cuFuncGetAttribute(Some(&mut value), number, function)).map(|()| value)
    };
    assert_eq!(
        [0, 3, 5, 6].map(attribute),
        [Ok(1024), Ok(12), Ok(78), Ok(90)]
    );
    assert_eq!(attribute(99), Err(1));
}

#[test]
fn hints_about_a_function_are_taken_and_wrong_ones_refused() {
    let driver = Driver::ready();
    let function = driver.kernel("add");
    assert_eq!(ok(cuFuncSetAttribute(function, 8, 0)), Ok(()));
    assert_eq!(ok(cuFuncSetAttribute(function, 0, 1)), INVALID_VALUE);
    assert_eq!(ok(cuFuncSetCacheConfig(function, 1)), Ok(()));
    assert_eq!(ok(cuFuncSetCacheConfig(1, 1)), INVALID_HANDLE);
}

//! The driver itself and its devices.

use crate::support::{Driver, INVALID_VALUE, ok};
use fake_cuda::{code, control as symbols, ffi::*};
use std::ffi::CStr;

#[test]
fn before_it_is_initialised_the_driver_tells_its_version_only() {
    let _driver = Driver::untouched();
    let (mut version, mut count) = (0, 0);
    assert_eq!(cuDriverGetVersion(Some(&mut version)), 0);
    assert_eq!(version, 12_040);
    assert_eq!(cuDeviceGetCount(Some(&mut count)), 3);
}

#[test]
fn without_devices_it_cannot_be_initialised() {
    let _driver = Driver::untouched();
    symbols::fake_cuda_set_devices(0);
    assert_eq!(cuInit(0), 100);
}

#[test]
fn a_device_tells_name_memory_and_capability() {
    let _driver = Driver::ready();
    symbols::fake_cuda_set_capability(7, 5);
    symbols::fake_cuda_set_total_memory(1 << 20);
    let mut name = [1; 64];
    // SAFETY: the place is as long as is said.
    ok(unsafe { cuDeviceGetName(name.as_mut_ptr(), 64, 0) }).unwrap();
    // SAFETY: the driver has written a zero.
    assert_eq!(unsafe { CStr::from_ptr(name.as_ptr()) }, c"Fake GPU");
    let (mut bytes, mut major, mut minor) = (0, 0, 0);
    ok(cuDeviceTotalMem_v2(Some(&mut bytes), 0)).unwrap();
    ok(cuDeviceGetAttribute(Some(&mut major), 75, 0)).unwrap();
    ok(cuDeviceGetAttribute(Some(&mut minor), 76, 0)).unwrap();
    assert_eq!((bytes, major, minor), (1 << 20, 7, 5));
}

#[test]
fn a_name_is_cut_to_the_place_for_it() {
    let _driver = Driver::ready();
    let mut name = [1; 8];
    // SAFETY: the place is longer than is said.
    ok(unsafe { cuDeviceGetName(name.as_mut_ptr(), 5, 0) }).unwrap();
    assert_eq!(name.map(|c| c as u8), *b"Fake\0\x01\x01\x01");
}

#[test]
fn devices_are_told_apart_by_their_identities() {
    let _driver = Driver::ready();
    symbols::fake_cuda_set_devices(2);
    let mut both = [[0; 16]; 2];
    for (device, uuid) in both.iter_mut().enumerate() {
        ok(cuDeviceGetUuid(Some(uuid), device as i32)).unwrap();
    }
    assert_ne!(both[0], both[1]);
}

#[test]
fn a_device_that_is_not_there_is_refused() {
    let _driver = Driver::ready();
    let mut device = 7;
    for ordinal in [-1, 1] {
        assert_eq!(cuDeviceGet(Some(&mut device), ordinal), 101);
    }
    assert_eq!(device, 7);
}

#[test]
fn an_attribute_that_is_not_known_and_a_missing_place_are_invalid_values() {
    let _driver = Driver::ready();
    let mut value = 0;
    assert_eq!(
        ok(cuDeviceGetAttribute(Some(&mut value), 9999, 0)),
        INVALID_VALUE
    );
    assert_eq!(ok(cuDeviceGetAttribute(None, 1, 0)), INVALID_VALUE);
}

#[test]
fn errors_have_names_and_texts() {
    let _driver = Driver::untouched();
    let mut text = std::ptr::null();
    ok(cuGetErrorName(2, Some(&mut text))).unwrap();
    // SAFETY: the driver gives a text of C.
    assert_eq!(unsafe { CStr::from_ptr(text) }, c"CUDA_ERROR_OUT_OF_MEMORY");
    ok(cuGetErrorString(2, Some(&mut text))).unwrap();
    // SAFETY: the driver gives a text of C.
    assert_eq!(Some(unsafe { CStr::from_ptr(text) }), code::text(2));
    assert_eq!(ok(cuGetErrorName(-5, Some(&mut text))), INVALID_VALUE);
    assert!(text.is_null());
}

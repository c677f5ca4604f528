//! The shared library, as a server loads it.

use fake_cuda::{Control, ControlError, ffi};
use std::{
    env,
    ffi::{CString, c_void},
    path::PathBuf,
    process::{Command, Output},
    sync::{Mutex, PoisonError},
};

/// Cargo puts the library beside this program, or one folder up.
fn library() -> PathBuf {
    let program = env::current_exe().unwrap();
    let folders = program.ancestors().skip(1).take(2);
    let mut files = folders.map(|folder| folder.join("libfake_cuda.so"));
    files.find(|file| file.exists()).unwrap()
}

/// A function of the loaded library.
fn symbol(name: &str) -> *mut c_void {
    let path = CString::new(library().to_str().unwrap()).unwrap();
    let name = CString::new(name).unwrap();
    // SAFETY: texts of C; the library stays open.
    unsafe { libc::dlsym(libc::dlopen(path.as_ptr(), libc::RTLD_NOW), name.as_ptr()) }
}

fn call<T>(name: &str, call: impl FnOnce(T) -> i32) -> i32 {
    let address = symbol(name);
    assert!(!address.is_null() && size_of::<T>() == size_of::<usize>());
    // SAFETY: the tests name the type that the function has.
    call(unsafe { std::mem::transmute_copy(&address) })
}

fn init() -> i32 {
    call::<extern "C" fn(u32) -> i32>("cuInit", |init| init(0))
}

/// Tests in here share the loaded copy.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

#[test]
fn every_function_is_exported() {
    let missing: Vec<&str> = ffi::names().filter(|name| symbol(name).is_null()).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn a_function_that_is_not_supported_says_so() {
    let _alone = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let link = call::<extern "C" fn() -> i32>("cuLinkDestroy", |link| link());
    assert_eq!(link, 801);
}

#[test]
fn a_control_reaches_the_copy_that_was_loaded() {
    let _alone = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let control = Control::of(library()).unwrap();
    control.reset();
    control.fail("cuInit", 0, 1, 999);
    assert_eq!([init(), init()], [999, 0]);
    assert_eq!(control.calls("cuInit"), 2);
    control.reset();
    assert_eq!(control.calls("cuInit"), 0);
}

#[test]
fn a_control_chooses_and_learns() {
    let _alone = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let control = Control::of(library()).unwrap();
    control.reset();
    control.set_devices(0);
    assert_eq!(init(), 100);
    control.set_devices(1);
    control.set_driver_version(11_080);
    let mut version = 0;
    call::<extern "C" fn(&mut i32) -> i32>("cuDriverGetVersion", |ask| ask(&mut version));
    assert_eq!(version, 11_080);
    assert_eq!(
        (control.tally().contexts, control.refusal()),
        (0, String::new())
    );
    assert!(!control.poison(0, 700));
    control.reset();
}

#[test]
#[should_panic(expected = "is no function of the driver")]
fn a_misspelt_function_is_a_slip_of_the_test() {
    let control = Control::of(library()).unwrap();
    control.fail("cuInitialise", 0, 1, 999);
}

#[test]
fn another_library_cannot_be_controlled() {
    let other = Control::of("libc.so.6").unwrap_err();
    assert!(matches!(other, ControlError::Symbol(..)), "{other}");
    let none = Control::of("/nonexistent.so").unwrap_err();
    assert!(matches!(none, ControlError::Load(..)), "{none}");
}

/// This program again, with nothing but the test of this name, under these variables.
fn again(test: &str, variables: &[(&str, &str)]) -> Output {
    let mut program = Command::new(env::current_exe().unwrap());
    let program = program.args([test, "--exact", "--nocapture", "--ignored"]);
    program.envs(variables.iter().copied()).output().unwrap()
}

/// How often an empty wait's event is not ready.
fn looks_in_vain() -> usize {
    let mut handles = [0_usize; 2];
    let [context, event] = &mut handles;
    assert_eq!(init(), 0);
    type Made = extern "C" fn(&mut usize, i32) -> i32;
    call::<Made>("cuDevicePrimaryCtxRetain", |retain| retain(context, 0));
    call::<extern "C" fn(usize) -> i32>("cuCtxSetCurrent", |set| set(*context));
    call::<Made>("cuEventCreate", |create| create(event, 0));
    call::<extern "C" fn(usize, usize) -> i32>("cuEventRecord", |record| record(*event, 0));
    let ready = || call::<extern "C" fn(usize) -> i32>("cuEventQuery", |query| query(*event)) == 0;
    (0..).take_while(|_| !ready()).count()
}

#[test]
#[ignore = "another test starts it, under variables"]
fn under_variables() {
    assert_eq!(looks_in_vain(), 7);
    let control = Control::of(library()).unwrap();
    control.reset();
    assert_eq!(looks_in_vain(), 1, "the default again");
}

#[test]
fn a_process_chooses_by_its_environment() {
    let told = again("loaded::under_variables", &[("FAKE_CUDA_LOOKS", "7")]);
    let printed = String::from_utf8_lossy(&told.stdout);
    assert!(told.status.success(), "{printed}");
    assert!(printed.contains("1 passed"), "{printed}");
}

#[test]
fn an_environment_that_is_misspelt_ends_the_process() {
    let variables = [("FAKE_CUDA_EXECUTION", "half")];
    let told = again("loaded::under_variables", &variables);
    let printed = String::from_utf8_lossy(&told.stderr);
    assert!(!told.status.success());
    assert!(
        printed.contains("FAKE_CUDA_EXECUTION is accounted, copies or full, not half"),
        "{printed}"
    );
}

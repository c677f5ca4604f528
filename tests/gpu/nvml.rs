//! How a GPU is, as NVML tells it: on a double of NVML, whose answers and failures are ours to set.

use fake_nvml::{DRIVER, Double, INITIAL, Values};
use frameloom::engine::cuda::{
    Facts,
    nvml::{Sample, Telemetry, Watcher},
};
use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

/// `NVML_ERROR_NOT_SUPPORTED` and `NVML_ERROR_GPU_IS_LOST`.
const NOT_SUPPORTED: i32 = 3;
const LOST: i32 = 15;

/// The double is the process's, so its tests take turns.
static TURN: Mutex<()> = Mutex::new(());

struct Rig {
    double: Double,
    _turn: MutexGuard<'static, ()>,
}

impl Rig {
    fn new() -> Self {
        let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
        Self {
            double: Double::load().unwrap(),
            _turn: turn,
        }
    }

    fn telemetry(&self) -> Telemetry {
        Telemetry::open(Some(self.double.path())).unwrap()
    }

    /// Somebody who asks at every opportunity, after the first answer.
    fn watcher(&self, facts: Facts) -> Watcher {
        let every = Duration::from_millis(1);
        let watcher = Watcher::start(self.telemetry(), facts, every).unwrap();
        self.await_an_answer();
        watcher
    }

    /// Returns when a question that was asked after this call has been answered.
    fn await_an_answer(&self) {
        self.double.await_lookups(2);
    }
}

/// A GPU that lies there on the bus, by the driver's count.
fn gpu(ordinal: u32, bus: Option<&str>) -> Facts {
    Facts {
        ordinal,
        name: "Some GPU".into(),
        compute: (8, 9),
        memory: 24 << 30,
        multiprocessors: 58,
        bus: bus.map(str::to_owned),
    }
}

fn told(values: Values) -> Sample {
    Sample {
        utilisation: Some(f64::from(values.load) / 100.0),
        memory: Some((values.used, values.total)),
        celsius: Some(values.celsius),
        graphics_megahertz: Some(values.graphics),
        memory_megahertz: Some(values.memory),
        watts: Some(f64::from(values.milliwatts) / 1000.0),
    }
}

#[test]
fn a_gpu_is_found_by_its_place_on_the_bus_whatever_its_number() {
    let rig = Rig::new();
    let nvml = rig.telemetry();
    let first = nvml.sample(&gpu(0, Some("0000:01:00.0")));
    assert_eq!(first, Ok(told(INITIAL[1])));
    let second = nvml.sample(&gpu(1, Some("0000:41:00.0")));
    assert_eq!(second, Ok(told(INITIAL[0])));
}

#[test]
fn a_gpu_whose_place_the_driver_does_not_tell_is_found_by_its_number() {
    let rig = Rig::new();
    let nvml = rig.telemetry();
    assert_eq!(nvml.sample(&gpu(1, None)), Ok(told(INITIAL[1])));
}

#[test]
fn a_gpu_that_nvml_does_not_know_is_an_error() {
    let rig = Rig::new();
    let nvml = rig.telemetry();
    for unknown in [gpu(0, Some("0000:99:00.0")), gpu(2, None)] {
        assert!(nvml.sample(&unknown).is_err(), "{unknown:?}");
    }
}

#[test]
fn the_drivers_version_is_the_one_that_people_know() {
    let rig = Rig::new();
    assert_eq!(rig.telemetry().driver_version().as_deref(), Some(DRIVER));
    rig.double.fail("nvmlSystemGetDriverVersion", NOT_SUPPORTED);
    assert_eq!(rig.telemetry().driver_version(), None);
}

#[test]
fn what_a_gpu_does_not_tell_is_missing_and_hides_nothing_else() {
    let rig = Rig::new();
    let nvml = rig.telemetry();
    let all = told(INITIAL[0]);
    for (function, without) in [
        (
            "nvmlDeviceGetUtilizationRates",
            Sample {
                utilisation: None,
                ..all
            },
        ),
        (
            "nvmlDeviceGetMemoryInfo_v2",
            Sample {
                memory: None,
                ..all
            },
        ),
        (
            "nvmlDeviceGetTemperature",
            Sample {
                celsius: None,
                ..all
            },
        ),
        (
            "nvmlDeviceGetClockInfo",
            Sample {
                graphics_megahertz: None,
                memory_megahertz: None,
                ..all
            },
        ),
        ("nvmlDeviceGetPowerUsage", Sample { watts: None, ..all }),
    ] {
        rig.double.fail(function, NOT_SUPPORTED);
        assert_eq!(nvml.sample(&gpu(0, None)), Ok(without), "{function}");
        rig.double.fail(function, 0);
    }
    assert_eq!(nvml.sample(&gpu(0, None)), Ok(all));
}

#[test]
fn a_library_that_does_not_start_is_told_in_its_words() {
    let rig = Rig::new();
    rig.double.fail("nvmlInit_v2", 9);
    let why = Telemetry::open(Some(rig.double.path())).err().unwrap();
    assert!(why.contains("driver"), "{why}");
}

#[test]
fn a_watcher_keeps_the_newest_answer() {
    let rig = Rig::new();
    let watcher = rig.watcher(gpu(0, None));
    assert_eq!(watcher.newest(), Some(told(INITIAL[0])));
    let hot = Values {
        celsius: 88,
        load: 100,
        ..INITIAL[0]
    };
    rig.double.set(0, hot);
    rig.await_an_answer();
    assert_eq!(watcher.newest(), Some(told(hot)));
}

#[test]
fn of_a_gpu_that_does_not_answer_nothing_is_kept_until_it_does_again() {
    let rig = Rig::new();
    let watcher = rig.watcher(gpu(0, None));
    rig.double.fail("nvmlDeviceGetHandleByIndex_v2", LOST);
    rig.await_an_answer();
    assert_eq!(watcher.newest(), None);
    rig.double.fail("nvmlDeviceGetHandleByIndex_v2", 0);
    rig.await_an_answer();
    assert_eq!(watcher.newest(), Some(told(INITIAL[0])));
}

#[test]
fn a_watcher_that_is_dropped_lets_go_of_the_library() {
    let rig = Rig::new();
    let before = rig.double.users();
    let watcher = rig.watcher(gpu(0, None));
    assert!(rig.double.users() > before);
    drop(watcher);
    // Its thread ends by itself; a test that hangs here is ended by the runner.
    while rig.double.users() > before {
        std::thread::yield_now();
    }
}

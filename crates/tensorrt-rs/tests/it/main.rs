//! The binding against doubles of each version that it speaks, and, where they can be had, against the vendor's own headers
//! and libraries.

#![allow(
    clippy::unwrap_used,
    reason = "a test's helpers fail as the test does, where it is called"
)]

mod children;
mod contexts;
mod engines;
mod failures;
mod lifetimes;
mod logs;
mod opening;
mod real;
mod runs;
mod vendor;

use cuda_lazy::Present;
use fake_tensorrt::Double;
use tensorrt_rs::{Context, Engine, Library, Logger, Runtime};

/// A version of each layout, and both ends of the first.
const VERSIONS: [&str; 5] = ["10.0.1", "10.13.3", "10.16.1", "11.4.0", "1.7.1"];

/// A double that is open.
struct Bench {
    double: Double,
    library: Library,
}

impl Bench {
    fn new(version: &str) -> Self {
        let double = Double::install(version).unwrap();
        let library = Library::open(Some(double.path())).unwrap();
        Self { double, library }
    }

    fn runtime(&self) -> Runtime {
        self.runtime_that_tells(Logger::new(|_, _| ()))
    }

    fn runtime_that_tells(&self, logger: Logger) -> Runtime {
        self.library.runtime(&assumed(), logger).unwrap()
    }

    fn engine(&self, plan: &str) -> Engine {
        self.runtime()
            .deserialize(self.plan(plan).as_bytes())
            .unwrap()
    }

    fn context(&self, plan: &str) -> Context {
        self.engine(plan).context().unwrap()
    }

    /// A plan of this version.
    fn plan(&self, rest: &str) -> String {
        let version = self.library.version();
        format!("fake-plan {}.{}\n{rest}", version.major, version.minor)
    }
}

/// A proof for doubles.
fn assumed() -> Present {
    // SAFETY: doubles need no driver.
    unsafe { Present::assume() }
}

fn on_each_version(test: impl Fn(&Bench)) {
    for version in VERSIONS {
        println!("on {version}");
        test(&Bench::new(version));
    }
}

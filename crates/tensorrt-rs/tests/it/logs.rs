//! A library's words reach the callback, in both forms of the logger.

use crate::{Bench, VERSIONS};
use std::sync::Mutex;
use tensorrt_rs::{Logger, Severity};

/// What all tests' callbacks were told; each test's messages are its own.
static TOLD: Mutex<Vec<(Severity, String)>> = Mutex::new(Vec::new());

fn tell(severity: Severity, message: &str) {
    TOLD.lock().unwrap().push((severity, message.to_owned()));
}

fn told(message: &str) -> Vec<Severity> {
    let told = TOLD.lock().unwrap();
    let of_message = told.iter().filter(|(_, told)| told == message);
    of_message.map(|(severity, _)| *severity).collect()
}

#[test]
fn messages_of_every_severity_arrive() {
    for version in VERSIONS {
        let bench = Bench::new(version);
        let _runtime = bench.runtime_that_tells(Logger::new(tell));
        let message = format!("from {version}");
        (0..6).for_each(|severity| bench.double.say(severity, &message));
        let expected = [
            Severity::InternalError,
            Severity::Error,
            Severity::Warning,
            Severity::Info,
            Severity::Verbose,
            Severity::Verbose,
        ];
        assert_eq!(told(&message), expected);
    }
}

#[test]
fn a_message_from_another_thread_arrives() {
    for version in VERSIONS {
        let bench = Bench::new(version);
        let _runtime = bench.runtime_that_tells(Logger::new(tell));
        let message = format!("from a thread of {version}");
        std::thread::scope(|scope| {
            scope.spawn(|| bench.double.say(3, &message));
        });
        assert_eq!(told(&message), [Severity::Info]);
    }
}

#[test]
fn one_logger_serves_libraries_of_both_forms() {
    let (ten, eleven, logger) = (Bench::new("10"), Bench::new("11"), Logger::new(tell));
    let _runtimes = (
        ten.runtime_that_tells(logger),
        eleven.runtime_that_tells(logger),
    );
    ten.double.say(2, "by the older form");
    eleven.double.say(2, "by the newer form");
    assert_eq!(told("by the older form"), [Severity::Warning]);
    assert_eq!(told("by the newer form"), [Severity::Warning]);
}

#[test]
fn a_callback_that_panics_does_not_end_the_call() {
    for version in VERSIONS {
        let bench = Bench::new(version);
        let logger = Logger::new(|_, _| panic!("of the callback"));
        let runtime = bench.runtime_that_tells(logger);
        let says = runtime.deserialize(b"garbage").unwrap_err().to_string();
        assert!(says.ends_with("this is no plan"), "{says}");
    }
}

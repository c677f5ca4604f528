//! What a library cannot or will not make.

use crate::{Bench, assumed, on_each_version};
use fake_tensorrt::Kind;
use tensorrt_rs::{Error, Logger};

fn deserialize(bench: &Bench, plan: &str) -> String {
    let error = bench.runtime().deserialize(plan.as_bytes()).unwrap_err();
    assert_eq!(bench.double.live(Kind::Engine), 0);
    error.to_string()
}

#[test]
fn garbage_is_refused_in_the_librarys_words() {
    on_each_version(|bench| {
        let says = deserialize(bench, "PK\u{3}\u{4}");
        assert_eq!(
            says,
            "deserializeCudaEngine failed: deserializeCudaEngine: this is no plan"
        );
        deserialize(bench, "");
    });
}

#[test]
fn a_plan_of_another_version_is_refused_with_both() {
    on_each_version(|bench| {
        let says = deserialize(bench, "fake-plan 10.3\n");
        assert!(
            says.contains("the plan was built by 10.3, and this is "),
            "{says}"
        );
    });
}

#[test]
fn a_plan_with_a_fault_is_refused_with_its_line() {
    on_each_version(|bench| {
        let faults = [
            ("input x f99 1", "line 2 of the plan: f99 is no type"),
            ("input x f32 1 1 1 1 1 1 1 1 1", "more than eight extents"),
            (
                "input x f32 1\n\nop copy x y",
                "line 4 of the plan: there is no y",
            ),
            ("input x f32 1\noutput y f16 1\nop copy x y", "of one type"),
            ("weights 3", "weights means nothing"),
        ];
        for (plan, expected) in faults {
            let says = deserialize(bench, &bench.plan(plan));
            assert!(says.contains(expected), "{says}");
        }
    });
}

#[test]
fn a_deserialisation_that_fails_once_succeeds_the_next_time() {
    on_each_version(|bench| {
        let (runtime, plan) = (bench.runtime(), bench.plan(""));
        bench.double.fail(Kind::Engine, 1);
        let says = runtime
            .deserialize(plan.as_bytes())
            .unwrap_err()
            .to_string();
        assert!(says.ends_with("no memory for the weights"), "{says}");
        assert!(runtime.deserialize(plan.as_bytes()).is_ok());
    });
}

#[test]
fn a_context_for_which_there_is_no_memory_is_an_error() {
    on_each_version(|bench| {
        let engine = bench.engine("");
        bench.double.fail(Kind::Context, 1);
        let says = engine.context().unwrap_err().to_string();
        assert_eq!(
            says,
            "createExecutionContext failed: createExecutionContext: out of memory"
        );
        assert!(engine.context().is_ok());
    });
}

#[test]
fn null_and_addresses_of_the_first_page_are_no_runtime() {
    on_each_version(|bench| {
        // 0x228 is what TensorRT 10.16 and 11.4 return without a driver.
        for address in [0, 1, 0x228, 4095] {
            bench.double.answer(Kind::Runtime, address);
            let made = bench.library.runtime(&assumed(), Logger::new(|_, _| ()));
            let says = made.unwrap_err().to_string();
            assert!(says.ends_with("CUDA initialization failure"), "{says}");
        }
    });
}

#[test]
fn null_and_addresses_of_the_first_page_are_no_engine_and_no_context() {
    on_each_version(|bench| {
        let (runtime, plan) = (bench.runtime(), bench.plan(""));
        let engine = runtime.deserialize(plan.as_bytes()).unwrap();
        for address in [0, 0x228, 4095] {
            bench.double.answer(Kind::Engine, address);
            assert!(runtime.deserialize(plan.as_bytes()).is_err());
            bench.double.answer(Kind::Context, address);
            assert!(engine.context().is_err());
        }
    });
}

#[test]
fn a_failure_without_words_says_that_there_were_none() {
    on_each_version(|bench| {
        let (runtime, plan) = (bench.runtime(), bench.plan(""));
        bench.double.answer(Kind::Engine, 0);
        let error = runtime.deserialize(plan.as_bytes()).unwrap_err();
        let said = "the library gave no reason".into();
        let call = "deserializeCudaEngine";
        assert_eq!(error, Error::Refused { call, said });
    });
}

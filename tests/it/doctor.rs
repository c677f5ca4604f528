//! `frameloom doctor`, on whatever machine this is.

use crate::support::{gpu, runtime::onnxruntime, server::Launch};
use serde_json::Value;
use std::fs;

/// Its status, and what it found.
fn doctor(arguments: &[&str]) -> (Option<i32>, Value) {
    let launch = Launch::command(&["doctor", "--json"]).args(arguments);
    let (code, printed) = launch.run();
    let found = serde_json::from_str(&printed).unwrap_or_else(|e| panic!("{e}: {printed}"));
    (code, found)
}

fn finding<'a>(found: &'a Value, subject: &str) -> &'a Value {
    let findings = found["findings"].as_array().unwrap();
    let finding = findings
        .iter()
        .find(|finding| finding["subject"] == subject);
    finding.unwrap_or_else(|| panic!("no {subject} in {found}"))
}

#[test]
fn it_needs_no_settings_and_finds_what_runs_the_models() {
    let (code, found) = doctor(&[]);
    assert_eq!((code, &found["can_run"]), (Some(0), &Value::Bool(true)));
    for subject in [
        "driver",
        "nvml",
        "tensorrt",
        "builder",
        "plans",
        "onnxruntime",
    ] {
        let mark = finding(&found, subject)["mark"].as_str().unwrap();
        assert!(["ok", "not-used"].contains(&mark), "{subject}: {found}");
    }
    for subject in ["rten", "gamecraft.model", "referee.model"] {
        assert_eq!(finding(&found, subject)["mark"], "ok", "{found}");
    }
}

#[test]
fn a_machine_without_a_gpu_is_told_why_and_what_would_help() {
    let (_, found) = doctor(&[]);
    let driver = finding(&found, "driver");
    if driver["mark"] == "ok" {
        println!("skipped: this machine has a GPU");
        return;
    }
    assert!(
        driver["fix"]
            .as_str()
            .unwrap()
            .contains("install its driver")
    );
    let model = finding(&found, "gamecraft.model")["text"].as_str().unwrap();
    assert!(model.contains("rten on the CPU"), "{model}");
    assert!(model.contains("there is no GPU"), "{model}");
}

#[test]
fn people_get_aligned_lines_with_a_verdict() {
    let (code, printed) = Launch::command(&["doctor"]).run();
    assert_eq!(code, Some(0), "{printed}");
    assert!(printed.ends_with("The server can run here.\n"), "{printed}");
    let begins = |line: &&str| {
        ["ok  ", "not used  "]
            .iter()
            .any(|mark| line.starts_with(mark))
    };
    assert!(printed.lines().filter(begins).count() >= 9, "{printed}");
    assert!(
        printed.lines().all(|line| line.chars().count() <= 100),
        "{printed}"
    );
}

#[test]
fn a_gpu_that_is_named_and_not_there_is_trouble() {
    let (code, found) = doctor(&["--set", "gpu.devices=63"]);
    assert_eq!((code, &found["can_run"]), (Some(1), &Value::Bool(false)));
    let text = finding(&found, "gpu.devices")["text"].as_str().unwrap();
    assert!(text.contains("63"), "{text}");
}

#[test]
fn a_path_that_leads_nowhere_is_trouble_and_names_its_key() {
    for (key, subject) in [
        ("gpu.driver", "driver"),
        ("gpu.nvml", "nvml"),
        ("gpu.tensorrt", "tensorrt"),
        ("gpu.builder", "builder"),
    ] {
        let (code, found) = doctor(&["--set", &format!("{key}=/nowhere/file")]);
        assert_eq!(code, Some(1), "{found}");
        let finding = finding(&found, subject);
        assert_eq!(finding["mark"], "trouble", "{finding}");
        let text = finding["text"].as_str().unwrap();
        assert!(
            text.contains(key) && text.contains("/nowhere/file"),
            "{text}"
        );
    }
}

#[test]
fn onnx_runtime_is_tried_on_a_gpu_and_its_refusal_is_told_with_a_cure() {
    let Some(library) = onnxruntime() else { return };
    let driver = format!("gpu.driver={}", gpu::driver().display());
    let library = format!("engine.onnxruntime={}", library.display());
    let (code, found) = doctor(&["--set", &driver, "--set", &library]);
    assert_eq!(code, Some(0), "{found}");
    // The driver's double has one GPU, and does not know all that the provider asks of a driver.
    let runtime = finding(&found, "onnxruntime");
    let text = runtime["text"].as_str().unwrap();
    assert!(text.contains("not on cuda0: ONNX Runtime"), "{text}");
    let fix = runtime["fix"].as_str().unwrap();
    assert!(fix.contains("onnxruntime-gpu"), "{fix}");
    let model = finding(&found, "gamecraft.model")["text"].as_str().unwrap();
    assert!(model.contains("own kernels on cuda0"), "{model}");
}

#[test]
fn a_model_that_is_not_there_is_trouble() {
    let (code, found) = doctor(&["--set", "gamecraft.model=none-such"]);
    assert_eq!(code, Some(1), "{found}");
    assert_eq!(finding(&found, "gamecraft.model")["mark"], "trouble");
}

/// A library of this process, by its path.
fn some_library() -> String {
    let maps = fs::read_to_string("/proc/self/maps").unwrap();
    let mut paths = maps
        .lines()
        .filter_map(|line| line.split_whitespace().nth(5));
    paths
        .find(|path| path.contains("libc.so"))
        .unwrap()
        .to_owned()
}

#[test]
fn a_library_that_is_none_or_is_cut_short_does_not_end_it() {
    let folder = tempfile::tempdir().unwrap();
    let whole = fs::read(some_library()).unwrap();
    // A text; a header without its segments; half a library, whose second half is missing when it is opened.
    for (name, bytes) in [
        ("text.so", &b"no library"[..]),
        ("head.so", &whole[..4096]),
        ("half.so", &whole[..whole.len() / 2]),
        ("another.so", &whole[..]),
    ] {
        let path = folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        for (key, subject) in [
            ("gpu.tensorrt", "tensorrt"),
            ("gpu.driver", "driver"),
            ("gpu.nvml", "nvml"),
        ] {
            let set = format!("{key}={}", path.display());
            let (code, found) = doctor(&["--set", &set]);
            assert_eq!(code, Some(1), "{name}: {found}");
            assert_eq!(
                finding(&found, subject)["mark"],
                "trouble",
                "{name}: {found}"
            );
        }
    }
}

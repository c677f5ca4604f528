//! `frameloom bench gpu` and `scripts/gpu-session` on the driver's double: that all of it works and tells, not how fast it is.
//!
//! The double is loaded by the program as a driver would be, and told by its environment what to carry out.

use crate::support::server::Launch;
use serde_json::Value;
use std::{
    path::{Path, PathBuf},
    process::{Command, Output},
};

/// The driver's double, built beside this test.
fn driver() -> String {
    let exe = std::env::current_exe().unwrap();
    let library = exe.with_file_name("libfake_cuda.so");
    library.to_str().unwrap().to_owned()
}

/// `frameloom bench gpu` with the smallest of everything, on a double that carries out so much.
fn quick(execution: &str, arguments: &[&str]) -> (Option<i32>, String) {
    Launch::command(&["bench", "gpu", "--quick"])
        .args(arguments)
        .env("FRAMELOOM__GPU__DRIVER", &driver())
        .env("FAKE_CUDA_EXECUTION", execution)
        .run()
}

/// The rows of a section.
fn rows<'a>(report: &'a Value, section: &str) -> &'a Vec<Value> {
    let mut sections = report["sections"].as_array().unwrap().iter();
    let found = sections.find(|one| one["name"] == section);
    found.expect(section)["rows"].as_array().unwrap()
}

fn number(row: &Value, name: &str) -> f64 {
    row[name]
        .as_f64()
        .unwrap_or_else(|| panic!("{name} of {row}"))
}

#[test]
fn a_gpu_that_draws_what_the_cpu_draws_passes_and_every_section_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let json = folder.path().join("bench.json");
    let (code, printed) = quick("full", &["--json", json.to_str().unwrap()]);
    assert_eq!(code, Some(0), "{printed}");
    let report: Value = serde_json::from_slice(&std::fs::read(json).unwrap()).unwrap();
    assert_eq!(report["passed"], true);
    is_plausible(&report);
    let sections = report["sections"].as_array().unwrap();
    for section in sections {
        let name = section["name"].as_str().unwrap();
        assert!(printed.contains(&format!("\n{name}\n")), "{printed}");
        assert_eq!(section["faults"], serde_json::json!([]), "{section}");
    }
    for told in [
        "all in one",
        "≥ 95",
        "≤ 1.05",
        "skipped: TensorRT: ",
        "skipped: ONNX Runtime with CUDA: ",
    ] {
        assert!(printed.contains(told), "{told}: {printed}");
    }
    let widest = printed.lines().max_by_key(|line| line.chars().count());
    assert!(widest.unwrap().chars().count() <= 100, "{widest:?}");
}

/// Every section has its rows, and no ratio is one that cannot be.
fn is_plausible(report: &Value) {
    let found = |row: &&Value| row["what"] == "device" && row["found"] == "Fake GPU, number 0";
    assert_eq!(
        rows(report, "what is there").iter().filter(found).count(),
        1
    );
    let truth = rows(report, "truth");
    assert_eq!(truth.len(), 2, "batches of 1 and 4");
    for row in truth {
        assert_eq!(
            (&row["verdict"], &row["frames"]),
            (&"right".into(), &12.into())
        );
    }
    let laps = rows(report, "bare loop");
    assert_eq!(
        laps.len(),
        9,
        "three batches, with one and two slots, and without graphs"
    );
    for row in laps {
        for name in [
            "frames_per_s",
            "infer_us",
            "wall_us",
            "wall_of_work",
            "cpu_us_a_frame",
        ] {
            assert!(number(row, name) > 0.0, "{row}");
        }
    }
    let copies = rows(report, "copies");
    assert_eq!(copies.len(), 4 + 3);
    assert!(copies.iter().all(|row| number(row, "gb_per_s") > 0.0));
    let walks = rows(report, "scheduler");
    assert_eq!(
        walks.len(),
        4,
        "one and four sessions, with and without a pace"
    );
    for row in walks {
        let batch = number(row, "mean_batch");
        assert!((1.0..=4.0).contains(&batch), "{row}");
        assert!(number(row, "p50_ms") <= number(row, "p99_ms"), "{row}");
        match row["pace"] == "none" {
            true => assert!(number(row, "percent_of_loop") > 0.0, "{row}"),
            false => assert!(
                (0.0..=100.0).contains(&number(row, "percent_in_time")),
                "{row}"
            ),
        }
    }
    let kernels = rows(report, "kernel limit");
    assert!(
        kernels.len() == 3
            && kernels
                .iter()
                .all(|row| number(row, "percent_of_memory") > 0.0)
    );
    assert!(rows(report, "libraries").is_empty());
}

#[test]
fn a_gpu_whose_frames_are_wrong_fails_and_says_which() {
    let (code, printed) = quick("copies", &[]);
    assert_eq!(code, Some(1), "{printed}");
    assert!(printed.contains("WRONG"), "{printed}");
    assert!(
        printed.contains("FAILED: ptx, 64×64, batch 4: frames differ by"),
        "{printed}"
    );
}

#[test]
fn without_a_driver_it_says_why_in_one_line_and_ends_with_69() {
    let (code, printed) = Launch::command(&["bench", "gpu"])
        .env("FRAMELOOM__GPU__DRIVER", "/nowhere/libcuda.so.1")
        .run();
    assert_eq!(code, Some(69), "{printed}");
    assert_eq!(printed.lines().count(), 1, "{printed}");
    assert!(printed.contains("/nowhere/libcuda.so.1"), "{printed}");
}

#[test]
fn without_a_gpu_that_the_settings_take_it_ends_with_69_too() {
    let (code, printed) = Launch::command(&["bench", "gpu", "--set", "gpu.devices=none"])
        .env("FRAMELOOM__GPU__DRIVER", &driver())
        .run();
    assert_eq!(code, Some(69), "{printed}");
    assert!(printed.contains("gpu.devices"), "{printed}");
}

/// A folder with the world as an interpreter of kernels can warm it up, and where the script may write.
struct Session(tempfile::TempDir);

impl Session {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/world-box");
        let to = folder.path().join("models/world-box");
        std::fs::create_dir_all(&to).unwrap();
        for name in ["model.onnx", "card.md"] {
            std::fs::copy(from.join(name), to.join(name)).unwrap();
        }
        let usual = std::fs::read_to_string(from.join("model.toml")).unwrap();
        let small = usual
            .replace("gpu = 8", "gpu = 2")
            .replace("height = 352, width = 608", "height = 64, width = 64");
        assert_ne!(small, usual);
        std::fs::write(to.join("model.toml"), small).unwrap();
        Self(folder)
    }

    fn out(&self) -> PathBuf {
        self.0.path().join("out")
    }

    /// The script on the double, which carries out so much.
    fn run(&self, execution: &str, arguments: &[&str]) -> Output {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/gpu-session");
        Command::new(script)
            .args(arguments)
            .current_dir(self.0.path())
            .env("HOME", self.0.path())
            .env("OUT", self.out())
            .env(
                "FRAMELOOM__ENGINE__MODELS_DIR",
                self.0.path().join("models"),
            )
            .env("FRAMELOOM__GPU__DRIVER", driver())
            .env("FAKE_CUDA_EXECUTION", execution)
            .env_remove("ORT_DYLIB_PATH")
            .env_remove("VIRTUAL_ENV")
            .output()
            .unwrap()
    }

    fn file(&self, name: &str) -> String {
        let bytes = std::fs::read(self.out().join(name)).unwrap();
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

#[test]
fn a_session_on_a_bare_machine_leaves_everything_in_one_folder() {
    let session = Session::new();
    let ended = session.run("full", &["--quick", env!("CARGO_BIN_EXE_frameloom")]);
    let printed = String::from_utf8_lossy(&ended.stdout);
    assert_eq!(ended.status.code(), Some(0), "{printed}");
    assert_eq!(session.file("session.txt"), printed);
    assert!(printed.ends_with("every check passed\n"), "{printed}");
    let report: Value = serde_json::from_str(&session.file("bench.json")).unwrap();
    assert_eq!(report["passed"], true);
    let told = session.file("server.txt");
    for part in [
        "\"name\":\"Fake GPU\"",
        "\"backend\":\"ptx\"",
        "frameloom_gpu_up",
    ] {
        assert!(told.contains(part), "{part}: {told}");
    }
    assert!(session.file("walk.mjpeg").contains("image/jpeg"));
    let files = std::fs::read_dir(session.out()).unwrap().count();
    assert_eq!(files, 5, "few enough to be carried back");
}

#[test]
fn a_check_that_fails_stops_no_later_step_and_is_in_the_exit_code() {
    let session = Session::new();
    let ended = session.run("copies", &["--quick", env!("CARGO_BIN_EXE_frameloom")]);
    let printed = String::from_utf8_lossy(&ended.stdout);
    assert_eq!(ended.status.code(), Some(1), "{printed}");
    for part in [
        "FAILED: bench gpu ended with 1",
        "frames in 4 seconds",
        "\n1 checks FAILED\n",
    ] {
        assert!(printed.contains(part), "{part}: {printed}");
    }
}

#[test]
fn a_session_that_is_called_wrongly_says_how_and_runs_nothing() {
    let session = Session::new();
    for arguments in [
        &["--quick"][..],
        &["--minutes", "9", env!("CARGO_BIN_EXE_frameloom")],
    ] {
        let ended = session.run("full", arguments);
        assert_eq!(ended.status.code(), Some(2));
        let told = String::from_utf8_lossy(&ended.stderr);
        assert!(told.contains("Usage: gpu-session"), "{told}");
        assert!(!session.out().exists());
    }
}

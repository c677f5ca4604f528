//! Somebody else's client, in Python with the `websockets` library, against the real server.
//!
//! Needs Python and, once, its registry; says so where they are missing.

use std::{
    fs::File,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::Value;

use super::real;

const FOLDER: &str = env!("CARGO_MANIFEST_DIR");

/// A Python with the client's packages, in `target/peers`; made where it is not there yet.
fn python() -> Result<PathBuf, String> {
    let target = Path::new(FOLDER).join("target");
    std::fs::create_dir_all(&target).map_err(|why| why.to_string())?;
    // Tests run in processes of their own: the first makes it, the others wait.
    let lock = File::create(target.join("peers.lock")).map_err(|why| why.to_string())?;
    lock.lock().map_err(|why| why.to_string())?;
    let venv = target.join("peers");
    let python = venv.join("bin/python");
    let packages = ["-c", "import websockets, PIL"];
    if succeeds(Command::new(&python).args(packages)).is_err() {
        succeeds(Command::new("python3").arg("-m").arg("venv").arg(&venv))?;
        let install = [
            "-m",
            "pip",
            "install",
            "-q",
            "-r",
            "tests/peers/requirements.txt",
        ];
        succeeds(Command::new(&python).args(install))?;
    }
    Ok(python)
}

fn succeeds(command: &mut Command) -> Result<String, String> {
    let output = command
        .current_dir(FOLDER)
        .output()
        .map_err(|why| format!("{command:?}: {why}"))?;
    let printed = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    match output.status.success() {
        true => Ok(printed),
        false => Err(format!("{command:?}: {printed}")),
    }
}

/// Streams a bout with the Python client: what it printed, and the result that it saved.
fn stream(more: &[&str]) -> Option<(String, Value)> {
    let python = match python() {
        Ok(python) => python,
        Err(why) => {
            println!("skipped: no Python with the packages of tests/peers/requirements.txt: {why}");
            return None;
        }
    };
    let server = real::server();
    let bout = real::bout();
    let result = bout.folder.path().join("result.json");
    let printed = succeeds(
        Command::new(python)
            .arg("tests/peers/referee_client.py")
            .arg(server.url("main"))
            .args([&bout.video, &bout.signal])
            .arg("--output")
            .arg(&result)
            .args(more),
    );
    let printed = printed.unwrap_or_else(|why| panic!("{why}\n{}", server.printed()));
    let result = std::fs::read(result).expect("the client saves the result");
    Some((
        printed,
        serde_json::from_slice(&result).expect("the result is JSON"),
    ))
}

fn stages(printed: &str) -> Vec<&str> {
    let lines = printed
        .lines()
        .filter_map(|line| line.strip_prefix("Progress: "));
    let mut stages: Vec<&str> = lines.filter_map(|line| line.split(' ').next()).collect();
    stages.sort_unstable();
    stages.dedup();
    stages
}

#[test]
fn a_python_client_that_waits_for_each_answer_gets_its_verdict() {
    let Some((printed, result)) = stream(&["--session-id", "python"]) else {
        return;
    };
    let stages = stages(&printed);
    for stage in ["video_reconstruction", "fisheye", "yolo", "decision"] {
        assert!(stages.contains(&stage), "{stage}: {printed}");
    }
    assert!(result["decision"]["winner"].is_string(), "{result}");
    assert_eq!(result["artifact_dir"], "python");
    assert_eq!(result["streaming_stats"]["duplicate_frames"], 0);
}

#[test]
fn a_python_client_that_pipelines_200_frames_gets_its_verdict() {
    let Some((printed, result)) = stream(&["--pipeline", "200"]) else {
        return;
    };
    assert!(
        result["decision"]["winner"].is_string(),
        "{printed}\n{result}"
    );
    assert_eq!(result["streaming_stats"]["missing_frames"], 0);
}

//! The server on a machine with a GPU, which is the driver's double here, and on one without.

#[path = "../common/fake_gpu.rs"]
mod fake_gpu;
#[path = "../common/fake_trt.rs"]
mod fake_trt;

use std::{path::PathBuf, process::Command};

use super::support::{
    gpu::{driver, small_world},
    http::get,
    server::{Launch, Server},
    world::World,
};

/// A server that finds the double's GPU.
fn with_gpu(models: &tempfile::TempDir) -> Server {
    let (driver, models) = (driver(), models.path());
    Server::with_settings(&format!(
        "[gpu]\ndriver = {driver:?}\nwatch_ms = 100\n[engine]\nmodels_dir = {models:?}\n\
         [referee]\nenabled = false\n"
    ))
}

#[test]
fn a_world_is_drawn_by_the_gpu_and_everybody_is_told_so() {
    let models = small_world();
    let server = with_gpu(&models);
    let world = World::start(&server);
    let mut video = world.video();
    let start = video.picture().unwrap();
    world.press("w");
    let moved = (0..20).find_map(|_| video.picture().filter(|picture| *picture != start));
    assert!(moved.is_some(), "the picture moves");

    let described = world.describe();
    assert_eq!(described["backend"], "ptx");
    let infer = &described["recent"].as_array().unwrap().last().unwrap()["us"]["infer"];
    assert!(
        infer.as_u64() > Some(0),
        "the device's own time: {described}"
    );
    let admin = server.addr("admin");
    let gpus = get(admin, "/admin/gpus").json();
    assert_eq!(gpus["gpus"][0]["device"], "cuda0");
    assert_eq!(gpus["gpus"][0]["health"], "well");
    let world_models = get(admin, "/admin/models").json();
    let entries = world_models["models"].as_array().unwrap();
    let of = |device: &str| {
        let is_it = |m: &&serde_json::Value| m["device"] == device && m["slot"] == "world";
        entries.iter().find(is_it).expect("an entry a device")
    };
    assert_eq!(
        (&of("cuda0")["backend"], &of("cuda0")["ready"]),
        (&"ptx".into(), &true.into())
    );
    assert_eq!(of("cpu0")["backend"], "rten", "its substitute");
    let metrics = get(admin, "/metrics").text();
    for line in [
        r#"frameloom_gpu_up{device="cuda0"} 1"#,
        r#"frameloom_engine_state{engine="world-box",device="cuda0",state="ready"} 1"#,
        r#"frameloom_gpu_memory_ours_bytes{device="cuda0",owner="slot"}"#,
    ] {
        assert!(metrics.contains(line), "{line}");
    }
    super::grafana::assert_gpus_exported(&metrics);
    let health = get(server.addr("gamecraft"), "/health").text();
    assert!(health.contains("ptx"), "{health}");
    server.await_printed("ptx on cuda0");
    assert!(server.terminate().success());
}

/// The world's manifest for a plan that shows the session's picture and nothing else.
fn still_world() -> String {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("models/world-box/model.toml");
    let manifest = std::fs::read_to_string(path).unwrap();
    let sha256 = manifest
        .lines()
        .find(|line| line.starts_with("sha256"))
        .unwrap();
    manifest
        .replace("name = \"world-box\"", "name = \"still-world\"")
        .replace("model.onnx", "model.engine")
        .replace("kernels = \"world-box-1\"", "")
        .replace("gpu = 8", "gpu = 2")
        .replace("height = 352, width = 608", "height = 64, width = 64")
        .replace(sha256, "sha256 = \"SHA\"")
}

const STILL_PLAN: &str = "input image f32 -1 3 -1 -1\n\
    input pose f32 -1 6\n\
    input scene f32 -1 4\n\
    output frame f32 -1 3 -1 -1\n\
    profile image 1x3x64x64 1x3x64x64 2x3x1280x1280\n\
    profile pose 1x6 1x6 2x6\n\
    profile scene 1x4 1x4 2x4\n\
    memory 4096\n\
    op copy image frame\n";

#[test]
fn a_world_is_drawn_by_a_plan_of_tensorrts_and_a_plan_for_another_gpu_is_refused_by_name() {
    let trt = fake_trt::FakeTrt::install("11");
    trt.model(&still_world(), STILL_PLAN);
    let (driver, library, models) = (driver(), trt.double.path(), trt.folder());
    let settings = format!(
        "[gpu]\ndriver = {driver:?}\ntensorrt = {library:?}\n[engine]\nmodels_dir = {models:?}\n\
         [gamecraft]\nmodel = \"still-world\"\n[referee]\nenabled = false\n"
    );
    let launch = || {
        let driver = driver.to_str().unwrap();
        Launch::new()
            .settings(&settings)
            .env("FRAMELOOM_CUDA_LIBRARY", driver)
    };
    let server = launch().start();
    let world = World::start(&server);
    world.press("w");
    let mut video = world.video();
    assert!(video.picture().is_some() && video.picture().is_some());
    assert_eq!(world.describe()["backend"], "tensorrt");
    assert!(server.terminate().success());

    let sidecar = models.join("still-world/model.engine.toml");
    let text = std::fs::read_to_string(&sidecar).unwrap();
    std::fs::write(&sidecar, text.replace("\"9.0\"", "\"8.6\"")).unwrap();
    let server = launch().unready().start();
    server.await_printed("frameloom models build still-world");
    let models = get(server.addr("admin"), "/admin/models").json();
    let entries = models["models"].as_array().unwrap();
    let entry = entries
        .iter()
        .find(|m| m["model"] == "still-world")
        .unwrap();
    assert_eq!(
        (&entry["device"], &entry["state"]),
        (&"cuda0".into(), &"failed".into())
    );
    assert!(entry["why"].as_str().unwrap().contains("8.6"), "{entry}");
    assert_eq!(get(server.addr("main"), "/readyz").status(), 503);
}

#[test]
fn a_machine_without_a_driver_starts_and_says_why_it_uses_no_gpu() {
    let server = Server::with_settings("[gpu]\ndriver = \"/nowhere/libcuda.so.1\"\n");
    assert!(
        server.printed().contains("no gpu is used"),
        "{}",
        server.printed()
    );
    assert!(server.printed().contains("/nowhere/libcuda.so.1"));
    let gpus = get(server.addr("admin"), "/admin/gpus").json();
    assert_eq!(gpus["gpus"], serde_json::json!([]));
}

#[test]
fn gpus_that_are_left_to_others_are_not_looked_for() {
    let (driver, settings) = (driver(), "devices = \"none\"");
    let server = Server::with_settings(&format!("[gpu]\ndriver = {driver:?}\n{settings}\n"));
    assert!(!server.printed().contains("gpu"), "{}", server.printed());
}

#[test]
fn the_binary_needs_no_library_of_a_gpu_to_start() {
    let Ok(needed) = Command::new("ldd")
        .arg(env!("CARGO_BIN_EXE_frameloom"))
        .output()
    else {
        println!("skipped: there is no ldd");
        return;
    };
    let needed = String::from_utf8_lossy(&needed.stdout);
    assert!(needed.contains("libc.so"), "{needed}");
    for library in ["cuda", "nvinfer", "nvrtc", "nvidia", "cudnn", "onnxruntime"] {
        assert!(!needed.contains(library), "{needed}");
    }
    // The option's own help starts it without any settings.
    assert!(Launch::command(&["--version"]).run().0 == Some(0));
}

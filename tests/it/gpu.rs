//! The server on a machine with a GPU, which is the driver's double here, and on one without.

use std::{path::PathBuf, process::Command};

use super::support::{
    http::get,
    server::{Launch, Server},
    world::World,
};

/// The driver's double: cargo builds it beside the tests.
fn double() -> PathBuf {
    std::env::current_exe()
        .unwrap()
        .with_file_name("libfake_cuda.so")
}

/// A folder of models with the built-in world, warmed at a size that an interpreter of kernels gets through.
fn small_world() -> tempfile::TempDir {
    let models = tempfile::tempdir().unwrap();
    let (from, to) = (
        PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("models/world-box"),
        models.path().join("world-box"),
    );
    std::fs::create_dir(&to).unwrap();
    for file in ["model.onnx", "card.md"] {
        std::fs::copy(from.join(file), to.join(file)).unwrap();
    }
    let manifest = std::fs::read_to_string(from.join("model.toml")).unwrap();
    let manifest = manifest
        .replace("height = 352, width = 608", "height = 64, width = 64")
        .replace("gpu = 8", "gpu = 1");
    std::fs::write(to.join("model.toml"), manifest).unwrap();
    models
}

/// A server that finds the double's GPU.
fn with_gpu(models: &tempfile::TempDir) -> Server {
    let (driver, models) = (double(), models.path());
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
    assert!(
        server.printed().contains("ptx on cuda0"),
        "{}",
        server.printed()
    );
    assert!(server.terminate().success());
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
    let (driver, settings) = (double(), "devices = \"none\"");
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

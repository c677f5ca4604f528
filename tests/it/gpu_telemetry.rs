//! How a GPU is, for people and for Prometheus: the server on doubles of the driver and of NVML.

use super::support::{
    gpu::{driver, small_world},
    http::get,
    observe::eventually,
    server::Server,
};
use fake_nvml::INITIAL;
use serde_json::{Value, json};

/// The only GPU, once NVML has told of it.
fn told(server: &Server) -> Value {
    let mut gpu = Value::Null;
    eventually("NVML tells of the GPU", || {
        gpu = get(server.addr("admin"), "/admin/gpus").json()["gpus"][0].clone();
        !gpu["celsius"].is_null()
    });
    gpu
}

#[test]
fn load_memory_temperature_clocks_and_power_are_shown_as_nvml_tells_them() {
    let nvml = std::env::current_exe()
        .unwrap()
        .with_file_name("libfake_nvml.so");
    let (driver, models) = (driver(), small_world());
    let server = Server::with_settings(&format!(
        "[gpu]\ndriver = {driver:?}\nnvml = {nvml:?}\nwatch_ms = 100\n\
         [engine]\nmodels_dir = {:?}\n[referee]\nenabled = false\n",
        models.path()
    ));
    let gpu = told(&server);
    // The driver's double tells no place on the bus, so the number counts.
    let values = INITIAL[0];
    let expected = [
        ("utilisation", json!(f64::from(values.load) / 100.0)),
        ("taken_bytes", json!(values.used)),
        ("celsius", json!(values.celsius)),
        ("graphics_megahertz", json!(values.graphics)),
        ("memory_megahertz", json!(values.memory)),
        ("watts", json!(f64::from(values.milliwatts) / 1000.0)),
    ];
    for (key, value) in expected {
        assert_eq!(gpu[key], value, "{key} of {gpu}");
    }
    let metrics = get(server.addr("admin"), "/metrics").text();
    let (load, watts) = (
        f64::from(values.load) / 100.0,
        f64::from(values.milliwatts) / 1000.0,
    );
    for line in [
        format!(r#"frameloom_gpu_utilisation_ratio{{device="cuda0"}} {load}"#),
        format!(
            r#"frameloom_gpu_memory_taken_bytes{{device="cuda0"}} {}"#,
            values.used
        ),
        format!(
            r#"frameloom_gpu_memory_size_bytes{{device="cuda0"}} {}"#,
            values.total
        ),
        format!(
            r#"frameloom_gpu_temperature_celsius{{device="cuda0"}} {}"#,
            values.celsius
        ),
        format!(
            r#"frameloom_gpu_clock_hertz{{device="cuda0",domain="graphics"}} {}000000"#,
            values.graphics
        ),
        format!(
            r#"frameloom_gpu_clock_hertz{{device="cuda0",domain="memory"}} {}000000"#,
            values.memory
        ),
        format!(r#"frameloom_gpu_power_watts{{device="cuda0"}} {watts}"#),
    ] {
        assert!(metrics.contains(&line), "{line}");
    }
    assert!(server.terminate().success());
}
